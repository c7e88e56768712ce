//! The policies that come with Admit, as components, built from `policy/` by the build script.
//!
//! ```
//! let policy = admit_policies::find("windows-mdm@2.0.0").unwrap();
//! assert!(policy.component.starts_with(b"\0asm"));
//! ```

/// A policy that is part of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
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

pub const INTUNE_MAM: Embedded = Embedded {
    name: "intune-mam",
    version: "1.0.0",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/intune-mam.wasm")),
};

/// Returns every embedded policy, the versions of one name from old to new.
pub const fn all() -> &'static [Embedded] {
    &[WINDOWS_MDM_1, WINDOWS_MDM_2, INTUNE_MAM]
}

/// Returns the policy that `reference` names; absent if there is none.
///
/// `windows-mdm@2.0.0` names one version; `windows-mdm@2.0` and `windows-mdm@2` the newest of that line,
/// `windows-mdm` the newest of all.
pub fn find(reference: &str) -> Option<&'static Embedded> {
    let (name, version) = match reference.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    };
    let mut newest_first = all().iter().rev().filter(|policy| policy.name == name);
    newest_first.find(|policy| version.is_none_or(|version| is_of_line(policy.version, version)))
}

/// Whether `line` is this version, or the first one or two of its numbers.
fn is_of_line(version: &str, line: &str) -> bool {
    let is_version = version == line;
    let numbers = line.split('.').count();
    let is_line = !line.is_empty() && numbers < 3 && line.bytes().all(is_of_number);
    // A pre-release is no version of its line: whoever wants it names it.
    let is_release = version.bytes().all(is_of_number);
    let rest = version.strip_prefix(line);
    is_version || is_line && is_release && rest.is_some_and(|rest| rest.starts_with('.'))
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// Returns how each embedded policy is named, for a message: `` `windows-mdm@1.0.0`, … ``.
pub fn names() -> String {
    let names = all().iter().map(|policy| format!("`{}@{}`", policy.name, policy.version));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2, all, find, is_of_line, names};

    #[test]
    fn a_policy_is_found_by_name_and_version() {
        for (reference, expected) in [
            ("windows-mdm@1.0.0", Some(&WINDOWS_MDM_1)),
            ("windows-mdm@2.0.0", Some(&WINDOWS_MDM_2)),
            ("windows-mdm", Some(&WINDOWS_MDM_2)),
            ("intune-mam", Some(&INTUNE_MAM)),
            ("windows-mdm@1", Some(&WINDOWS_MDM_1)),
            ("windows-mdm@1.0", Some(&WINDOWS_MDM_1)),
            ("windows-mdm@2", Some(&WINDOWS_MDM_2)),
            ("windows-mdm@2.0", Some(&WINDOWS_MDM_2)),
            ("intune-mam@1", Some(&INTUNE_MAM)),
            ("windows-mdm@3", None),
            ("windows-mdm@2.1", None),
            ("windows-mdm@3.0.0", None),
            ("windows-mdm@2.", None),
            ("windows-mdm@.", None),
            ("windows-mdm@v2", None),
            ("windows-mdm@02", None),
            ("windows-mdm@^2", None),
            ("windows-mdm@ 2", None),
            ("windows-mdm@2.0.0.0", None),
            ("windows-mdm@2@2", None),
            ("windows-mdm@", None),
            ("windows", None),
            ("", None),
        ] {
            assert_eq!(find(reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_line_is_whole_numbers_of_a_version_that_is_released() {
        for (version, line, expected) in [
            ("2.10.3", "2", true),
            ("2.10.3", "2.10", true),
            ("2.10.3", "2.1", false),
            ("20.1.0", "2", false),
            ("2.10.3", "2.10.3", true),
            ("2.10.3", "2.10.", false),
            ("2.1.0-rc.1", "2", false),
            ("2.1.0-rc.1", "2.1", false),
            ("2.1.0-rc.1", "2.1.0-rc", false),
            ("2.1.0-rc.1", "2.1.0-rc.1", true),
            ("2.1.0-rc.1", "2.1.0", false),
        ] {
            assert_eq!(is_of_line(version, line), expected, "{version} {line}");
        }
    }

    /// `find` takes the last that fits.
    #[test]
    fn the_versions_of_a_name_stand_from_old_to_new() {
        for (before, after) in all().iter().zip(&all()[1..]) {
            let numbers = |version: &str| -> Vec<u64> {
                version.split('.').map(|number| number.parse().unwrap()).collect()
            };
            let is_newer = numbers(before.version) < numbers(after.version);
            assert!(before.name != after.name || is_newer, "{} {}", after.name, after.version);
        }
        assert_eq!(names(), "`windows-mdm@1.0.0`, `windows-mdm@2.0.0`, `intune-mam@1.0.0`");
    }
}
