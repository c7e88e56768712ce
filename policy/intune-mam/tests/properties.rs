//! What holds of the policy whatever it is asked, natively.
#![cfg(test)]

use admit_properties::{
    Native, World, ignores_letter_case, ignores_order, ignores_unrelated_claims, never_fails,
    recasings, worlds,
};
use intune_mam::IntuneMam;

const CASES: u32 = 20_000;
const POLICY: Native<IntuneMam> = Native::new();

fn world() -> World {
    worlds::intune_mam::<IntuneMam>()
}

#[test]
fn every_input_has_an_answer() {
    let world = world();
    let seen = never_fails(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow", "ask", "refused"]);
}

#[test]
fn the_order_of_claims_does_not_matter() {
    let world = world();
    let seen = ignores_order(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow", "ask"]);
}

#[test]
fn unrelated_claims_do_not_matter() {
    let world = world();
    let seen = ignores_unrelated_claims(&POLICY, &world, world.any_settings(), CASES);
    seen.demand(world.reasons);
    seen.demand(["allow", "ask"]);
}

#[test]
fn the_letter_case_of_guids_does_not_matter() {
    let world = world();
    let settings = recasings(world.any_settings());
    let seen = ignores_letter_case(&POLICY, &world, settings, CASES);
    seen.demand(world.reasons);
    seen.demand(["allow", "ask"]);
}
