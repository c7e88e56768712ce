//! Variation of claims.

use admit::cases::ISSUER;
use admit::release::Inspected;
use admit::rules::Guid;
use fastrand::Rng;
use serde_json::{Map, Value};

use super::super::input::Input;

/// What the host decides alone: with these changed, a policy would seldom see the token.
const OF_THE_HOST: [&str; 4] = ["iss", "exp", "nbf", "iat"];

const MAX_CHANGES: usize = 4;

/// Rare values are kept for their own sake up to here; a log can have one per line.
const MAX_VALUES: usize = 1_000;

/// The claims that a policy wants, as they came.
pub(super) struct Seen<'a> {
    inputs: &'a [Input],
    claims: Vec<(&'a str, Vec<&'a Value>)>,
}

impl<'a> Seen<'a> {
    /// The different values in the inputs of every claim that one of the policies wants.
    pub(super) fn of(inputs: &'a [Input], policies: [&'a Inspected; 2]) -> Self {
        let mut claims: Vec<(&str, Vec<&Value>)> = Vec::new();
        for name in policies.into_iter().flat_map(|policy| &policy.description().claims) {
            let is_known = claims.iter().any(|(known, _)| known == name);
            if !is_known && !OF_THE_HOST.contains(&name.as_str()) {
                claims.push((name, values(inputs, name)));
            }
        }
        Self { inputs, claims }
    }

    /// Changes one to four claims, and leaves the issuer to the host.
    ///
    /// Half of the values are taken as often as they came, so that enough stays good to be admitted;
    /// the others are taken equally often, so that none is left out.
    pub(super) fn vary(&self, random: &mut Rng, claims: &mut Map<String, Value>) {
        claims.insert("iss".to_owned(), ISSUER.into());
        for _ in 0..random.usize(1..=MAX_CHANGES) {
            let Some((name, values)) = random.choice(&self.claims) else {
                return;
            };
            match random.u8(..9) {
                0 => set(claims, name, None),
                1 => with_string(random, claims.get_mut(*name), other_letter_case),
                2 => self.vary_audience(random, claims),
                3..=5 => set(claims, name, self.of_any_input(random, name)),
                _ => set(claims, name, random.choice(values).copied()),
            }
        }
    }

    fn of_any_input(&self, random: &mut Rng, name: &str) -> Option<&Value> {
        random.choice(self.inputs)?.request.claims.get(name)
    }

    /// Writes the audience as an array, or adds another one.
    fn vary_audience(&self, random: &mut Rng, claims: &mut Map<String, Value>) {
        let Some(audience) = claims.get_mut("aud") else {
            return;
        };
        let mut audiences = list(audience.take());
        let other = if random.bool() { self.of_any_input(random, "aud") } else { None };
        for other in other.into_iter().cloned().flat_map(list) {
            let place = random.usize(..=audiences.len());
            audiences.insert(place, other);
        }
        *audience = Value::Array(audiences);
    }
}

fn values<'a>(inputs: &'a [Input], claim: &str) -> Vec<&'a Value> {
    let mut values = Vec::new();
    for value in inputs.iter().filter_map(|input| input.request.claims.get(claim)) {
        if values.len() < MAX_VALUES && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn set(claims: &mut Map<String, Value>, name: &str, value: Option<&Value>) {
    match value {
        Some(value) => drop(claims.insert(name.to_owned(), value.clone())),
        None => drop(claims.shift_remove(name)),
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        item => vec![item],
    }
}

fn with_string(random: &mut Rng, value: Option<&mut Value>, change: fn(&str) -> String) {
    let text = match value {
        Some(Value::Array(items)) => random.choice(items),
        value => value,
    };
    if let Some(Value::String(text)) = text {
        *text = change(text);
    }
}

/// The text with the letters of its GUIDs, or of the scheme and host of a URL, in the other case.
fn other_letter_case(text: &str) -> String {
    let end = match text.split_once("://") {
        Some((scheme, rest)) => scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()),
        None if Guid::parse(text).is_ok() => text.len(),
        None => 0,
    };
    let other = |(place, c): (usize, char)| match c {
        _ if place >= end => c,
        _ if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
        _ => c.to_ascii_lowercase(),
    };
    text.char_indices().map(other).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::input::{Origin, Request};
    use super::*;

    const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";

    fn input(aud: &str, tid: &str) -> Input {
        let claims = json!({"aud": aud, "tid": tid, "iss": "another", "exp": 7});
        let Value::Object(claims) = claims else { unreachable!("an object") };
        let (facts, settings) = (Map::new(), Map::new());
        let request = Request { claims, facts, settings, now: 0 };
        Input { origin: Origin::Line { line: 1, id: None }, made: None, request }
    }

    #[test]
    fn every_variation_comes_up_and_the_hosts_claims_stay() {
        let inputs = [input("one", TENANT), input("two", "third")];
        let claims = ["aud", "tid"].map(|name| (name, values(&inputs, name)));
        let seen = Seen { inputs: &inputs, claims: claims.into() };
        let mut random = Rng::with_seed(1);
        let varied: Vec<_> = std::iter::repeat_with(|| {
            let Input { mut request, .. } = input("one", TENANT);
            seen.vary(&mut random, &mut request.claims);
            Value::Object(request.claims)
        })
        .take(500)
        .collect();
        assert!(varied.iter().all(|it| it["iss"] == ISSUER && it["exp"] == 7));
        let upper = TENANT.to_ascii_uppercase();
        for (name, value) in [
            ("aud", json!("two")),
            ("aud", json!(null)),
            ("aud", json!(["one"])),
            ("aud", json!(["one", "two"])),
            ("aud", json!(["two", "one"])),
            ("tid", json!("third")),
            ("tid", json!(upper)),
        ] {
            assert!(varied.iter().any(|it| it[name] == value), "no {name} {value}");
        }
    }

    #[test]
    fn letter_case_changes_where_it_must_not_count() {
        for (text, other) in [
            ("3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53", "3E9A2C71-5B08-4D6F-A1C4-7F2E8B9D0C53"),
            ("3E9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53", "3e9A2C71-5B08-4D6F-A1C4-7F2E8B9D0C53"),
            ("https://mdm.example.com/path", "HTTPS://MDM.EXAMPLE.COM/path"),
            ("api://ab", "API://AB"),
            ("mdm_delegation", "mdm_delegation"),
            ("3e9a2c71", "3e9a2c71"),
            ("", ""),
        ] {
            assert_eq!(other_letter_case(text), other);
        }
    }
}
