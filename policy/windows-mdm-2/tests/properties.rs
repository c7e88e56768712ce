//! What holds of the policy whatever it is asked, natively.
#![cfg(test)]

use admit_properties::{hold_natively, never_widens, removals};
use windows_mdm_2::WindowsMdm;

hold_natively!(WindowsMdm, windows_mdm_2, ["allow"]);

/// Where a list restricts instead of admitting, its last entry is what restricts: `allowed_apps`
/// as a whole, `client_tenant_pairs` for each client id.
#[test]
fn taking_an_entry_out_of_a_list_admits_nobody_new() {
    let world = world();
    let seen = never_widens(&POLICY, &world, removals(world.any_settings()), 2 * CASES);
    for list in ["windows_entra_tenant_ids", "windows_entra_client_ids", "token_versions", "scopes"]
    {
        seen.demand([format!("narrowed {list}").as_str()]);
        assert_eq!(seen.count(&format!("widened {list}")), 0, "{list}");
    }
    for list in ["allowed_apps", "client_tenant_pairs"] {
        let kinds = [format!("narrowed {list}"), format!("widened {list}")];
        seen.demand(kinds.iter().map(String::as_str));
    }
    seen.demand(["refused scopes", "refused token_versions", "refused windows_entra_client_ids"]);
}
