//! The tenant: `tid`.

use admit_rules::Guid;

use super::ClaimsError;
use crate::json::{self, Object};
use crate::text::Shown;

/// The tenant id of the token, letter case as it came.
///
/// Source: Microsoft Entra "Claims validation": `tid` is a GUID.
pub(super) fn tid(claims: &Object) -> Result<&str, ClaimsError> {
    let tid = json::text(claims, "tid").ok_or(ClaimsError::Missing { claim: "tid" })?;
    match Guid::parse(tid) {
        Ok(_) => Ok(tid),
        Err(_) => Err(ClaimsError::Tenant { found: Shown::new(tid) }),
    }
}
