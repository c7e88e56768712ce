//! Values that scenarios name: `$client` for a client id, `{$token: {...}}` for a token of this moment with
//! other claims, `{$settings: {...}}` for the fixture's settings with changes.

use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::{CLIENT, TID, with};
use admit_tests::guests::{CoreModule, patched};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::harness::server::{DROP, token, token_v1, windows_settings};

/// Names with their values; a scenario may add some.
pub(super) struct Values(Map<String, Value>);

impl Values {
    pub(super) fn new() -> Self {
        let known = json!({
            "settings": windows_settings(),
            "client": CLIENT,
            "tid": TID,
            "other": "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31",
            "drop": DROP,
        });
        let Value::Object(known) = known else { unreachable!("an object, see above") };
        Self(known)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value with what it names put into it.
    pub(super) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$').and_then(|name| self.0.get(name)) {
                Some(value) => value.clone(),
                None => Value::String(self.text(text)),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => match members.iter().next() {
                Some((name, argument)) if members.len() == 1 && name.starts_with('$') => {
                    made(name, self.fill(argument))
                }
                _ => members
                    .iter()
                    .map(|(name, member)| (self.text(name), self.fill(member)))
                    .collect(),
            },
            other => other.clone(),
        }
    }

    /// The text with what it names put into it.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // One name may begin with another.
        let mut names: Vec<_> = self.0.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in names {
            let named = format!("${name}");
            if text.contains(&named) {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text = text.replace(&named, &value);
            }
        }
        text
    }
}

fn made(name: &str, argument: Value) -> Value {
    if name == "$settings" {
        return with(windows_settings(), argument);
    }
    let text = || argument.as_str().unwrap_or_else(|| panic!("{name}: {argument}")).to_owned();
    json!(match name {
        "$token" => token(argument),
        "$token_v1" => token_v1(argument),
        "$base64" => STANDARD.encode(text()),
        "$component" => STANDARD.encode(component(&text())),
        "$long" => "x".repeat(argument.as_u64().unwrap_or_default() as usize),
        _ => panic!("{name} is unknown"),
    })
}

/// The bytes of a component: bundled (`windows-mdm@1.0.0`), a newer one (`windows-mdm@2.0.1`), the policy
/// that misbehaves on demand (`misbehave`, `misbehave@1.0.1-guest`), or the text itself.
pub(super) fn component(name: &str) -> Vec<u8> {
    let misbehave = || CoreModule::misbehave().component();
    match name {
        "misbehave" => misbehave(),
        "misbehave@1.0.1-guest" => patched(&misbehave(), "1.0.0-guest", "1.0.1-guest"),
        "windows-mdm@2.0.1" => patched(WINDOWS_MDM_2.component, "2.0.0", "2.0.1"),
        _ => match admit_policies::find(name) {
            Some(bundled) => bundled.component.to_vec(),
            None => name.as_bytes().to_vec(),
        },
    }
}
