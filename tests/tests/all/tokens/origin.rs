//! Tenant, issuer and the scope of keys.

use admit::claims::{Verification, VerifiedClaims};
use admit::cloud::{Cloud, TokenVersion};
use admit::issuer::Issuer;
use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, issuer, keys_with, with};
use serde_json::{Value, json};

use super::{check, check_with, encode, good, parts, row, with_claims};

#[test]
pub(super) fn b8_tenants() {
    let code = "token.claims";
    let mut rows = vec![row("missing", with_claims(json!({"tid": null})), code)];
    for tid in [
        "",
        "common",
        "organizations",
        "consumers",
        "*",
        "contoso.onmicrosoft.com",
        "{f645ad92-e38d-4d1a-b510-d1b09a74a8ca}",
        "urn:uuid:f645ad92-e38d-4d1a-b510-d1b09a74a8ca",
        "f645ad92e38d4d1ab510d1b09a74a8ca",
        " f645ad92-e38d-4d1a-b510-d1b09a74a8ca",
        "f645ad92-e38d-4d1a-b510-d1b09a74a8ca\n",
        "f645ad92-e38d-4d1a-b510-d1b09a74a8c\u{0430}",
        "f645ad92-e38d-4d1a-b510-d1b09a74a8c\u{ff11}",
        "f645ad92\u{2010}e38d\u{2010}4d1a\u{2010}b510\u{2010}d1b09a74a8ca",
    ] {
        let iss = Cloud::Public.issuer(TokenVersion::V2, tid);
        rows.push(row(format!("{tid:?}"), with_claims(json!({"tid": tid, "iss": iss})), code));
    }
    let other = "775527ff-9a37-4307-8b3d-cc311f58d925";
    let other_iss = Cloud::Public.issuer(TokenVersion::V2, other);
    rows.extend([
        row("tid of another tenant", with_claims(json!({"tid": other})), "token.issuer"),
        row("iss of another tenant", with_claims(json!({"iss": other_iss})), "token.issuer"),
        row(
            "another letter case than iss",
            with_claims(json!({"tid": TID.to_uppercase()})),
            "token.issuer",
        ),
        row(
            "another tenant altogether is for the policy",
            with_claims(json!({"tid": other, "iss": other_iss})),
            "ok",
        ),
    ]);
    check(rows);
}

#[test]
pub(super) fn b8_issuers() {
    let base = format!("https://login.microsoftonline.com/{TID}");
    let v2 = format!("{base}/v2.0");
    let mut rows = vec![
        row("missing", with_claims(json!({"iss": null})), "token.claims"),
        row("array", with_claims(json!({"iss": [v2]})), "token.claims"),
    ];
    for iss in [
        String::new(),
        "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned(),
        v2.replace("https", "http"),
        format!("{v2}/"),
        v2.to_uppercase(),
        v2.replace("login", "Login"),
        format!("{v2}.evil"),
        format!("{v2}/x"),
        format!("{base}/../{TID}/v2.0"),
        format!("{v2}?x=1"),
        format!("{v2}#x"),
        v2.replace(".com", ".com:443"),
        format!("{base}/v1.1"),
        base.clone(),
        format!("{base}/"),
        format!(" {v2}"),
        format!("https://attacker.example/{v2}"),
        format!("https://login.microsoftonline.com.attacker.example/{TID}/v2.0"),
        format!("https://login.microsoftonline.com@attacker.example/{TID}/v2.0"),
        format!("https://login.microsoftonline.us/{TID}/v2.0"),
        format!("https://login.partner.microsoftonline.cn/{TID}/v2.0"),
        format!("https://login.windows-ppe.net/{TID}/v2.0"),
        format!("https://contoso.b2clogin.com/{TID}/v2.0/"),
        format!("https://contoso.ciamlogin.com/{TID}/v2.0"),
        format!("https://login.windows.net/{TID}/"),
        "https://adfs.contoso.example/adfs/services/trust".to_owned(),
    ] {
        rows.push(row(&iss, with_claims(json!({"iss": iss})), "token.issuer"));
    }
    rows.extend([
        row(
            "v1.0 issuer in a v2.0 token",
            with_claims(json!({"iss": claims_v1()["iss"]})),
            "token.issuer",
        ),
        row(
            "v2.0 issuer in a v1.0 token",
            issuer().sign(&with(claims_v1(), json!({"iss": v2}))),
            "token.issuer",
        ),
        row("ver missing", with_claims(json!({"ver": null})), "token.claims"),
        row("ver a number", with_claims(json!({"ver": 2.0})), "token.claims"),
    ]);
    for ver in ["", "2", "1", "3.0", "2.0 ", "v2.0", "1.1"] {
        rows.push(row(format!("ver {ver:?}"), with_claims(json!({"ver": ver})), "token.claims"));
    }
    rows.push(row("ver 1.0 on a v2.0 token", with_claims(json!({"ver": "1.0"})), "token.issuer"));
    check(rows);
}

#[test]
pub(super) fn b8_clouds() {
    for own in Cloud::ALL {
        let keys = keys_with(json!({"issuer": null, "cloud_instance_name": null}));
        let verification = Verification::new(own);
        for other in Cloud::ALL {
            let stand_in = Issuer::from_der(&issuer().to_der().unwrap()).unwrap().in_cloud(other);
            let token = stand_in.sign(&stand_in.claims_v2(TID, CLIENT, NOW));
            let code = if own == other { "ok" } else { "token.issuer" };
            check_with(vec![row(format!("{other} at {own}"), token, code)], &keys, &verification);
        }
    }
    // v1.0 issuers of the public and the US government cloud are equal: the key tells them apart.
    let token = issuer().sign(&claims_v1());
    for changes in [
        json!({"cloud_instance_name": "microsoftonline.us"}),
        json!({"issuer": "https://login.microsoftonline.us/{tenantid}/v2.0"}),
    ] {
        let rows = vec![row(changes.to_string(), token.clone(), "token.issuer")];
        check_with(rows, &keys_with(changes), &Verification::default());
    }
}

#[test]
pub(super) fn b8_keys_speak_for_their_issuer_alone() {
    let of = |tid: &str| json!({"issuer": Cloud::Public.issuer(TokenVersion::V2, tid)});
    let (v1, v2) = (issuer().sign(&claims_v1()), good());
    for (name, changes, token, code) in [
        ("consumer key", of("9188040d-6c67-4c5b-b112-36a304b66dad"), &v2, "token.issuer"),
        ("consumer key, v1.0", of("9188040d-6c67-4c5b-b112-36a304b66dad"), &v1, "token.issuer"),
        ("key of another tenant", of("775527ff-9a37-4307-8b3d-cc311f58d925"), &v2, "token.issuer"),
        ("key of this tenant", of(TID), &v2, "ok"),
        ("key without issuer", json!({"issuer": null}), &v2, "ok"),
        ("key with a blank issuer", json!({"issuer": " "}), &v2, "ok"),
        ("v1.0 token under a v2.0 template", json!({}), &v1, "ok"),
        (
            "key of another cloud",
            json!({"cloud_instance_name": "microsoftonline.us"}),
            &v2,
            "token.issuer",
        ),
        ("key without cloud", json!({"cloud_instance_name": null}), &v2, "ok"),
    ] {
        let rows = vec![row(name, token.clone(), code)];
        check_with(rows, &keys_with(changes), &Verification::default());
    }
}

/// CVE-2025-55241: an unsigned token that carries a signed one for another actor.
#[test]
pub(super) fn b8_an_actor_token_vouches_for_nobody() {
    let outer = with(claims(), json!({"actortoken": good(), "nii": "x"})).to_string();
    let header = encode(json!({"alg": "none", "typ": "JWT"}).to_string());
    let [_, _, signature] = parts(&good());
    check(vec![
        row("without signature", format!("{header}.{}.", encode(&outer)), "token.algorithm"),
        row(
            "with the inner one",
            format!("{header}.{}.{signature}", encode(&outer)),
            "token.algorithm",
        ),
    ]);
}

#[test]
fn vouched_claims_are_checked_like_those_of_a_token() {
    let verification = Verification::default();
    let code = |claims: Value| {
        VerifiedClaims::vouched(claims.to_string().as_bytes(), &verification, NOW)
            .map_or_else(|error| error.code(), |_| "ok")
    };
    assert_eq!(code(claims()), "ok");
    assert_eq!(code(claims_v1()), "ok");
    for (changes, expected) in [
        (json!({"exp": NOW - 61}), "token.expired"),
        (json!({"nbf": NOW + 61}), "token.not_yet_valid"),
        (json!({"exp": NOW + 200_000}), "token.lifetime"),
        (json!({"iss": "https://attacker.example/"}), "token.issuer"),
        (json!({"tid": "common"}), "token.claims"),
        (json!({"ver": 2}), "token.claims"),
        (json!({"TID": TID}), "token.claims"),
    ] {
        assert_eq!(code(with(claims(), changes.clone())), expected, "{changes}");
    }
}
