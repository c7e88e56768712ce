//! What a refusal points at, as far as it is shown: in the decision log, in the status, in the
//! examples of a candidate.
//!
//! An administrator who looks for the reason of a refusal needs what came, whatever `decision_log.claims` names.
//! What names a person is not shown, and that is said: it is not the same as missing.

use admit::decision::Observed;
use admit_api::evidence::{Evidence, Withheld};
use serde_json::Value;

use crate::config::names_a_person;

/// Names of claims and facts that hold the name or an address of a person besides those that
/// [`names_a_person`] knows: without separators, in lower case.
const PERSONAL: [&str; 23] = [
    "displayname",
    "employeename",
    "familyname",
    "firstname",
    "fullname",
    "givenname",
    "ipaddr",
    "ipaddress",
    "lastname",
    "login",
    "mail",
    "mobilephone",
    "onpremisessamaccountname",
    "phone",
    "samaccountname",
    "streetaddress",
    "surname",
    "telephonenumber",
    "userid",
    "userprincipalname",
    "windowsaccountname",
    "homephone",
    "postaladdress",
];

/// What may be shown of what came; `listed` are the claims of `decision_log.claims`.
pub fn of(observed: &Observed, listed: &[String]) -> Evidence {
    let withheld = withheld(observed, listed);
    let observed = match withheld {
        None => observed.clone(),
        Some(_) => Observed { value: None, entries: None, cut: false, ..observed.clone() },
    };
    Evidence { observed, withheld }
}

fn withheld(observed: &Observed, listed: &[String]) -> Option<Withheld> {
    let value = observed.value.as_ref()?;
    let (name, is_fact) = match (&observed.claim, &observed.fact) {
        (Some(claim), _) => (claim, false),
        (None, fact) => (fact.as_ref()?, true),
    };
    if listed.contains(name) {
        return None;
    }
    if !is_fact && names_a_person(name) {
        return Some(Withheld::NamesAPerson);
    }
    // What a platform says in a text is known to it alone.
    let hides = may_name_a_person(name) || may_be_of_a_person(value) || is_fact && is_text(value);
    hides.then_some(Withheld::MayNameAPerson)
}

/// Whether a claim's value may be shown that a text quotes.
pub(crate) fn is_shown(claim: &str, text: &str, listed: &[String]) -> bool {
    let is_personal = || names_a_person(claim) || may_name_a_person(claim) || text.contains('@');
    listed.iter().any(|listed| listed == claim) || !is_personal()
}

/// Whether the last part of a name is one of people: `http://…/claims/upn`, `account.mail`,
/// `extension_0f1e_mail`.
fn may_name_a_person(name: &str) -> bool {
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or(name);
    let last = match last.strip_prefix("extension_").and_then(|rest| rest.split_once('_')) {
        Some((_, attribute)) => attribute,
        None => last,
    };
    let bare: String = last.chars().filter(|c| c.is_alphanumeric()).collect();
    names_a_person(last) || PERSONAL.contains(&&*bare.to_ascii_lowercase())
}

/// Whether a value looks like an address of a person, or has members that are not listed.
fn may_be_of_a_person(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('@'),
        Value::Array(items) => items.iter().any(may_be_of_a_person),
        Value::Object(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(is_text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use admit::bounded::Bounded;
    use serde_json::json;

    use super::*;

    fn of(name: &str, value: Value) -> Value {
        let value = (!value.is_null()).then(|| Bounded::new(&value));
        let observed = match name.strip_prefix("fact ") {
            Some(fact) => Observed::fact(fact, value),
            None => Observed::claim(name, value),
        };
        let evidence = super::of(&observed, &["listed".to_owned(), "mail".to_owned()]);
        serde_json::to_value(evidence).unwrap()
    }

    #[test]
    fn what_a_refusal_points_at_is_shown_unless_it_names_a_person() {
        for (name, value) in [
            ("groups", json!(["a", "b"])),
            ("acrs", json!("p1")),
            ("app_displayname", json!("Fleet")),
            ("listed", json!({"a": "dana@example.com"})),
            ("mail", json!("dana@example.com")),
            ("amr", json!(7)),
            ("fact account.exists", json!(true)),
        ] {
            let shown = of(name, value.clone());
            assert_eq!((&shown["value"], shown.get("withheld")), (&value, None), "{name}");
        }
        for (name, value, why) in [
            ("upn", json!("dana"), "names_a_person"),
            ("telephoneNumber", json!("+49 30 1"), "may_name_a_person"),
            ("windowsaccountname", json!("CONTOSO\\dana"), "may_name_a_person"),
            ("UPN", json!("dana"), "names_a_person"),
            ("preferred_username", json!(["x"]), "names_a_person"),
            (
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
                json!("d"),
                "may_name_a_person",
            ),
            ("extn.displayName", json!("Dana"), "may_name_a_person"),
            ("extension_0f1e_mail", json!("x"), "may_name_a_person"),
            ("ipaddr", json!("192.0.2.1"), "may_name_a_person"),
            ("verified", json!(["a", "dana@example.com"]), "may_name_a_person"),
            ("cnf", json!({"kid": "dana"}), "may_name_a_person"),
            ("fact platform.name", json!("dana"), "may_name_a_person"),
            ("fact device.owner", json!("Dana"), "may_name_a_person"),
        ] {
            let hidden = of(name, value);
            assert_eq!((hidden.get("value"), &hidden["withheld"]), (None, &json!(why)), "{name}");
        }
        for name in ["upn", "groups", "fact platform.name"] {
            let missing = of(name, Value::Null);
            assert_eq!((missing.get("value"), missing.get("withheld")), (None, None), "{name}");
        }
    }
}
