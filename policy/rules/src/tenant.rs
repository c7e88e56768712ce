//! Whose token it is: the claim `tid`.

use crate::{Guid, GuidSet};

/// The tenant of personal Microsoft accounts; it belongs to no organisation and is never configured.
///
/// Source: Microsoft identity platform, access token claims reference (`tid`).
pub const CONSUMERS: Guid = Guid::from_bytes([
    0x91, 0x88, 0x04, 0x0d, 0x6c, 0x67, 0x4c, 0x5b, 0xb1, 0x12, 0x36, 0xa3, 0x04, 0xb6, 0x6d, 0xad,
]);

/// Whether the tenant that issued a token is on the list. An empty list holds no tenant.
#[must_use]
pub fn is_listed(tid: &str, tenants: &GuidSet) -> bool {
    Guid::parse(tid).is_ok_and(|tid| tenants.contains(&tid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";

    #[test]
    fn finds_a_listed_tenant_in_either_case() {
        let tenants = GuidSet::from_iter([Guid::parse(TENANT).unwrap()]);
        assert!(is_listed(TENANT, &tenants));
        assert!(is_listed(&TENANT.to_uppercase(), &tenants));
    }

    #[test]
    fn refuses_everything_else() {
        let tenants = GuidSet::from_iter([Guid::parse(TENANT).unwrap()]);
        let braces = format!("{{{TENANT}}}");
        for tid in ["", "*", "common", "organizations", "consumers", "example.com", &braces] {
            assert!(!is_listed(tid, &tenants), "{tid}");
        }
        assert!(!is_listed("3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c54", &tenants));
        assert!(!is_listed(TENANT, &GuidSet::default()));
    }

    #[test]
    fn knows_the_consumer_tenant() {
        assert_eq!(Guid::parse("9188040d-6c67-4c5b-b112-36a304b66dad"), Ok(CONSUMERS));
    }
}
