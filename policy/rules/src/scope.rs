//! What a token may be used for: the claim `scp`.

/// Whether the claim `scp` holds this scope as a whole item.
///
/// The claim is one text, its items are separated by single spaces and compared exactly.
///
/// Source: RFC 6749 §3.3.
#[must_use]
pub fn is_granted(scp: &str, scope: &str) -> bool {
    !scope.is_empty() && scp.split(' ').any(|item| item == scope)
}

/// Whether a text can be a scope: printable ASCII, not empty, without space, quote or backslash.
///
/// Source: RFC 6749 §3.3, `scope-token`.
#[must_use]
pub fn is_well_formed(scope: &str) -> bool {
    let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_whole_items_only() {
        let cases = [
            ("alone", "mdm_delegation", true),
            ("first", "mdm_delegation User.Read", true),
            ("last", "User.Read mdm_delegation", true),
            ("empty", "", false),
            ("substring", "mdm_delegation_extra", false),
            ("suffix", "no_mdm_delegation", false),
            ("comma list", "mdm_delegation,User.Read", false),
            ("other case", "MDM_delegation", false),
            ("tab", "User.Read\tmdm_delegation", false),
            ("newline", "mdm_delegation\n", false),
            ("cyrillic letter", "mdm_deleg\u{430}tion", false),
            ("non-breaking space", "User.Read\u{a0}mdm_delegation", false),
        ];
        for (name, scp, expected) in cases {
            assert_eq!(is_granted(scp, "mdm_delegation"), expected, "{name}");
        }
        assert!(!is_granted("", ""));
        assert!(!is_granted("a  b", ""));
    }

    #[test]
    fn knows_well_formed_scopes() {
        for scope in ["mdm_delegation", "login.mattermost", "User.Read", "api://x/y", "!#[]^~"] {
            assert!(is_well_formed(scope), "{scope}");
        }
        for scope in ["", " ", "a b", "a\"", "a\\", "a\n", "a\u{7f}", "\u{e9}"] {
            assert!(!is_well_formed(scope), "{scope:?}");
        }
    }
}
