//! What holds of the policy whatever it is asked, natively.
#![cfg(test)]

use admit_properties::{hold_natively, never_widens, removals};
use windows_mdm_1::WindowsMdm;

hold_natively!(WindowsMdm, windows_mdm_1, ["allow"]);

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
