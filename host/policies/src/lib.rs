//! The policies that come with Admit, as components, built from `policy/` by the build script.
//!
//! ```
//! let policy = admit_policies::find("windows-mdm@2.0.0").unwrap();
//! assert!(policy.component.starts_with(b"\0asm"));
//! ```

/// A policy that is part of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The name the policy gives itself.
    pub name: &'static str,
    /// The version the policy gives itself, a semantic version.
    pub version: &'static str,
    /// The component, in binary form.
    pub component: &'static [u8],
}

/// Windows MDM enrolment with v1.0 tokens.
pub const WINDOWS_MDM_1: Embedded = Embedded {
    name: "windows-mdm",
    version: "1.0.0",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/windows-mdm-1.wasm")),
};

/// Windows MDM enrolment with v1.0 and v2.0 tokens.
pub const WINDOWS_MDM_2: Embedded = Embedded {
    name: "windows-mdm",
    version: "2.0.0",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/windows-mdm-2.wasm")),
};

/// Intune MAM sign-in.
pub const INTUNE_MAM: Embedded = Embedded {
    name: "intune-mam",
    version: "1.0.0",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/intune-mam.wasm")),
};

/// Returns every embedded policy, the versions of one name from old to new.
pub const fn all() -> &'static [Embedded] {
    &[WINDOWS_MDM_1, WINDOWS_MDM_2, INTUNE_MAM]
}

/// Returns the policy that `reference` names, `windows-mdm@2.0.0` or `windows-mdm` for the newest
/// version; absent if there is none.
pub fn find(reference: &str) -> Option<&'static Embedded> {
    let (name, version) = match reference.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    };
    let mut newest_first = all().iter().rev().filter(|policy| policy.name == name);
    newest_first.find(|policy| version.is_none_or(|version| policy.version == version))
}

#[cfg(test)]
mod tests {
    use super::{INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2, find};

    #[test]
    fn a_policy_is_found_by_name_and_version() {
        for (reference, expected) in [
            ("windows-mdm@1.0.0", Some(&WINDOWS_MDM_1)),
            ("windows-mdm@2.0.0", Some(&WINDOWS_MDM_2)),
            ("windows-mdm", Some(&WINDOWS_MDM_2)),
            ("intune-mam", Some(&INTUNE_MAM)),
            ("windows-mdm@3.0.0", None),
            ("windows-mdm@", None),
            ("windows", None),
            ("", None),
        ] {
            assert_eq!(find(reference), expected, "{reference}");
        }
    }
}
