//! GUIDs: the ids of tenants, clients and objects.

const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// Whether the text is 8-4-4-4-12 ASCII hexadecimal digits, in either letter case, and nothing else.
pub fn is_guid(text: &str) -> bool {
    let mut lengths = GROUPS.into_iter();
    text.len() == 36
        && text.split('-').all(|group| {
            Some(group.len()) == lengths.next()
                && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// Whether the text is a GUID, or GUIDs with `@` between them, as in `client-id@tenant-id`.
pub fn is_of_guids(text: &str) -> bool {
    text.split('@').all(is_guid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";

    #[test]
    fn a_guid_has_one_form() {
        assert!(is_guid(ONE));
        assert!(is_guid(&ONE.to_uppercase()));
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
            assert!(!is_of_guids(text), "{text}");
        }
    }

    #[test]
    fn guids_stand_alone_or_with_an_at_sign_between_them() {
        for (text, expected) in [
            (ONE.to_owned(), true),
            (format!("{ONE}@{ONE}"), true),
            (format!("{ONE}@"), false),
            (format!("@{ONE}"), false),
            (format!("{ONE}@example.com"), false),
            (format!("{ONE} @ {ONE}"), false),
            (format!("{ONE}{ONE}"), false),
        ] {
            assert_eq!(is_of_guids(&text), expected, "{text}");
        }
    }
}
