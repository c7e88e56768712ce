//! Settings, read by the host and by each policy.

use std::collections::HashSet;

use admit::settings::Settings;
use admit_guest::Policy;
use admit_guest::contract::Field;
use admit_properties::value;

use super::{is_fit_for_a_log, refused};

/// Bytes as settings.
///
/// What the reader takes comes out the same when it is written and read again. Each policy takes it
/// or says, in one line for each bad value, which of its settings is wrong.
pub fn settings(bytes: &[u8]) -> bool {
    let settings = match Settings::parse(bytes) {
        Ok(settings) => settings,
        Err(error) => return refused(&error),
    };
    let members = settings.as_json();
    let written = serde_json::to_vec(members).expect("settings are JSON");
    let again = Settings::parse(&written).expect("what was written can be read");
    assert_eq!(again.as_json().keys().collect::<Vec<_>>(), members.keys().collect::<Vec<_>>());
    let field = |(name, json)| Field { name: String::clone(name), value: value(json) };
    let fields: Vec<_> = members.iter().map(field).collect();
    let taken = [
        configure::<windows_mdm_1::WindowsMdm>(&fields),
        configure::<windows_mdm_2::WindowsMdm>(&fields),
        configure::<intune_mam::IntuneMam>(&fields),
    ];
    taken.contains(&true)
}

fn configure<P: Policy>(fields: &[Field]) -> bool {
    let Err(errors) = P::configured(fields) else { return true };
    assert!(!errors.is_empty(), "refused without a word");
    let known: HashSet<_> = P::ABOUT.settings.iter().map(|setting| setting.name).collect();
    for error in errors {
        assert!(known.contains(&*error.setting), "{}", error.setting);
        is_fit_for_a_log(&error.message);
    }
    false
}
