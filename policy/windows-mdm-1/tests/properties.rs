//! What holds of the policy whatever it is asked, natively.
#![cfg(test)]

use admit_properties::{
    Native, World, ignores_letter_case, ignores_order, ignores_unrelated_claims, never_fails,
    never_widens, recasings, removals, worlds,
};
use windows_mdm_1::WindowsMdm;

const CASES: u32 = 20_000;
const POLICY: Native<WindowsMdm> = Native::new();

fn world() -> World {
    worlds::windows_mdm_1::<WindowsMdm>()
}

#[test]
fn every_input_has_an_answer() {
    let world = world();
    let seen = never_fails(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow", "refused"]);
}

#[test]
fn the_order_of_claims_does_not_matter() {
    let world = world();
    let seen = ignores_order(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow"]);
}

#[test]
fn unrelated_claims_do_not_matter() {
    let world = world();
    let seen = ignores_unrelated_claims(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow"]);
}

#[test]
fn the_letter_case_of_guids_does_not_matter() {
    let world = world();
    let settings = recasings(world.any_settings());
    let seen = ignores_letter_case(&POLICY, &world, settings, CASES);
    seen.demand(world.reasons);
    seen.demand(["allow"]);
}

/// `allowed_apps` restricts instead of admitting, so that its last entry is what restricts.
#[test]
fn taking_an_entry_out_of_a_list_admits_nobody_new() {
    let world = world();
    let seen = never_widens(&POLICY, &world, removals(world.any_settings()), CASES);
    for list in ["windows_entra_tenant_ids", "scopes"] {
        seen.demand([format!("narrowed {list}").as_str()]);
        assert_eq!(seen.count(&format!("widened {list}")), 0, "{list}");
    }
    seen.demand(["narrowed allowed_apps", "widened allowed_apps", "refused scopes"]);
}
