//! The tenant: `tid`.

use super::ClaimsError;
use crate::json::Object;
use crate::text::Shown;

const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// The tenant id of the token, letter case as it came.
///
/// Source: Microsoft Entra "Claims validation": `tid` is a GUID.
pub(super) fn tid(claims: &Object) -> Result<&str, ClaimsError> {
    let tid = claims.text("tid").ok_or(ClaimsError::Missing { claim: "tid" })?;
    if is_guid(tid) { Ok(tid) } else { Err(ClaimsError::Tenant { found: Shown::new(tid) }) }
}

/// Whether the text is 8-4-4-4-12 ASCII hexadecimal digits and nothing else.
fn is_guid(text: &str) -> bool {
    let mut lengths = GROUPS.into_iter();
    text.len() == 36
        && text.split('-').all(|group| {
            Some(group.len()) == lengths.next()
                && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_one_form() {
        let guid = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";
        assert!(is_guid(guid));
        assert!(is_guid(&guid.to_uppercase()));
        for text in [
            "",
            "common",
            "f645ad92e38d4d1ab510d1b09a74a8ca",
            "{f645ad92-e38d-4d1a-b510-d1b09a74a8ca}",
            "urn:uuid:f645ad92-e38d-4d1a-b510-d1b09a74a8ca",
            " f645ad92-e38d-4d1a-b510-d1b09a74a8ca",
            "f645ad92-e38d-4d1a-b510-d1b09a74a8c",
            "f645ad92-e38d-4d1a-b510-d1b09a74a8caa",
            "f645ad9-2e38d-4d1a-b510-d1b09a74a8ca",
            "f645ad92-e38d-4d1a-b510d1b09a74a8ca-",
            "g645ad92-e38d-4d1a-b510-d1b09a74a8ca",
            "f645ad92-e38d-4d1a-b510-d1b09a74a8c\u{0661}",
        ] {
            assert!(!is_guid(text), "{text}");
        }
    }
}
