//! Times.

use std::time::Duration;

use admit::claims::Verification;
use admit::keys::{Keys, RemoteKeys, RemoteOptions};
use admit_tests::fixture::{NOW, issuer, judge};
use admit_tests::gates::decide;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

use super::{check, check_with, good, own_keys, row, windows_mdm, with_claims, with_raw_claim};

#[test]
pub(super) fn b5_exp() {
    let mut rows = vec![row("missing", with_claims(json!({"exp": null})), "token.claims")];
    let in_an_hour = NOW + 3_600;
    let text = format!("\"{in_an_hour}\"");
    for value in ["null", "\"\"", &text, "true", "[]", &format!("[{in_an_hour}]"), "{}"] {
        rows.push(row(value, with_raw_claim("exp", value), "token.claims"));
    }
    for value in ["0", "-0.0", "-1", "-1e30", "1"] {
        rows.push(row(value, with_raw_claim("exp", value), "token.expired"));
    }
    for value in [
        "1e30",
        "1e300",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "32472144000",
        "1767229200000",
    ] {
        rows.push(row(value, with_raw_claim("exp", value), "token.lifetime"));
    }
    rows.push(row("1e999", with_raw_claim("exp", "1e999"), "token.claims"));
    let fraction = format!("{in_an_hour}.25");
    rows.push(row("fraction", with_raw_claim("exp", &fraction), "ok"));
    check(rows);
}

#[test]
pub(super) fn b5_nbf_and_iat() {
    let mut rows = Vec::new();
    for name in ["nbf", "iat"] {
        let ahead = with_claims(json!({name: NOW + 7_200, "exp": NOW + 9_000}));
        rows.push(row(format!("{name} two hours ahead"), ahead, "token.not_yet_valid"));
        rows.push(row(format!("{name} absent"), with_claims(json!({name: null})), "ok"));
        for value in ["null", "\"1767225600\"", "true", "[1]", "{}", "\"\""] {
            let token = with_raw_claim(name, value);
            rows.push(row(format!("{name} {value}"), token, "token.claims"));
        }
        let huge = with_raw_claim(name, "18446744073709551615");
        rows.push(row(format!("{name} 2^64-1"), huge, "token.not_yet_valid"));
    }
    rows.push(row("iat long ago", with_claims(json!({"iat": 1})), "token.lifetime"));
    check(rows);
}

#[test]
pub(super) fn b5_skew_at_its_edges() {
    for leeway in [0, 60, 300] {
        let verification =
            Verification::default().with_leeway(Duration::from_secs(leeway)).unwrap();
        let exp =
            |late: u64| with_claims(json!({"exp": NOW - late, "iat": NOW - 4_000, "nbf": null}));
        let nbf = |early: u64| with_claims(json!({"nbf": NOW + early}));
        let mut rows = vec![
            row(format!("exp at the leeway {leeway}"), exp(leeway), "token.expired"),
            row(format!("exp one second after it {leeway}"), exp(leeway + 1), "token.expired"),
            row(format!("nbf at the leeway {leeway}"), nbf(leeway), "ok"),
            row(
                format!("nbf one second before it {leeway}"),
                nbf(leeway + 1),
                "token.not_yet_valid",
            ),
        ];
        if leeway > 0 {
            rows.push(row(format!("exp within the leeway {leeway}"), exp(leeway - 1), "ok"));
        }
        check_with(rows, &own_keys(), &verification);
    }
    assert!(Verification::default().with_leeway(Duration::from_secs(301)).is_err());
}

#[test]
fn b5_clocks_at_their_ends() {
    let (keys, verification) = (own_keys(), Verification::default());
    for (now, code) in [
        (0, "token.not_yet_valid"),
        (NOW - 61, "token.not_yet_valid"),
        (NOW - 60, "ok"),
        (NOW, "ok"),
        (NOW + 4_559, "ok"),
        (NOW + 4_560, "token.expired"),
        (u64::MAX, "token.expired"),
    ] {
        assert_eq!(judge(&good(), &keys, &verification, now).code, code, "{now}");
    }
}

#[test]
fn b5_a_clock_that_jumps_decides_by_the_time_it_gives() {
    const HOURS: u64 = 2 * 3_600;
    let server = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let keys = RemoteKeys::new(&server.url("/keys"), RemoteOptions::default()).unwrap();
    let gate = windows_mdm(Keys::remote(keys));
    for (now, expected) in [
        (NOW, "allow"),
        (NOW - HOURS, "token.not_yet_valid"),
        (NOW + HOURS, "token.expired"),
        (NOW, "allow"),
        (0, "token.not_yet_valid"),
        (u64::MAX, "token.expired"),
        (NOW - HOURS, "token.not_yet_valid"),
        (NOW, "allow"),
    ] {
        let decision = decide(&gate, &good(), now);
        let came = decision.reason().unwrap_or(decision.outcome().as_str());
        assert_eq!(came, expected, "{now}: {:?}", decision.detail());
        assert_eq!(decision.identity().is_some(), expected == "allow", "{now}");
    }
    assert_eq!(server.requests(), ["/keys"], "the age of keys does not follow this clock");
}
