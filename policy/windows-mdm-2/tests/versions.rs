//! Version 2 against version 1 over claims put together at random.
#![cfg(test)]

use admit_guest::Policy;
use admit_guest::contract::{Field, Request, Value, Verdict};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";
const APP: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";

/// The values of one claim to choose from; `None` leaves it out.
fn claim(
    name: &'static str,
    values: &'static [&'static str],
) -> impl Strategy<Value = Option<Field>> {
    let mut choices: Vec<_> = values.iter().map(|value| Some(text(name, value))).collect();
    choices.push(None);
    // The first value is the good one; without weight on it hardly any token would be admitted.
    prop_oneof![4 => Just(Some(text(name, values[0]))), 1 => select(choices)]
}

fn text(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: Value::Text(value.into()) }
}

fn texts(name: &str, values: &[&str]) -> Field {
    Field { name: name.into(), value: Value::Texts(values.iter().map(|&v| v.into()).collect()) }
}

fn token() -> impl Strategy<Value = Vec<Field>> {
    (
        claim("tid", &[TENANT, CLIENT, "common"]),
        claim("ver", &["1.0", "2.0", "3.0"]),
        claim(
            "aud",
            &[
                "https://mdm.example.com/",
                CLIENT,
                "api://6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31",
                "https://evil",
            ],
        ),
        claim("oid", &[APP, "", "dana"]),
        claim("scp", &["mdm_delegation", "a mdm_delegation", ""]),
        claim("upn", &["dana@example.com", "", "a\nb"]),
        claim("preferred_username", &["dana@example.com", "", "a\nb"]),
        claim("appid", &[APP, CLIENT, ""]),
        claim("azp", &[APP, CLIENT]),
        claim(
            "idp",
            &["https://sts.windows.net/3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53/", "live.com"],
        ),
        claim("idtyp", &["user", "app"]),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| {
            [a, b, c, d, e, f, g, h, i, j, k].into_iter().flatten().collect()
        })
}

/// Settings that version 1 knows, without its defaults as often as with them.
fn settings() -> impl Strategy<Value = Vec<Field>> {
    let allowed = select(vec![None, Some(texts("allowed_apps", &[APP]))]);
    let guests = select(vec![None, Some(false), Some(true)]);
    (allowed, guests).prop_map(|(allowed, guests)| {
        let mut fields = vec![
            text("server_url", "https://mdm.example.com"),
            texts("windows_entra_tenant_ids", &[TENANT]),
        ];
        fields.extend(allowed);
        fields.extend(
            guests
                .map(|guests| Field { name: "allow_guests".into(), value: Value::Boolean(guests) }),
        );
        fields
    })
}

fn is_admitted<P: Policy>(settings: &[Field], claims: &[Field]) -> bool {
    let policy = P::configured(settings).unwrap_or_else(|errors| panic!("{errors:?}"));
    let request = Request { claims: claims.into(), facts: vec![], now: 0, trace: false };
    matches!(policy.decide(&request).verdict, Verdict::Allow(_))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_096,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_version_1_admits_version_2_admits(settings in settings(), claims in token()) {
        let before = is_admitted::<windows_mdm_1::WindowsMdm>(&settings, &claims);
        let after = is_admitted::<windows_mdm_2::WindowsMdm>(&settings, &claims);
        prop_assert!(!before || after);
    }
}
