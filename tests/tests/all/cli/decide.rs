//! `admit decide` on one token: every outcome, form and option.

use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, issuer, with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::run::{DECIDE, DECIDE_MAM, Folder, SERVER, windows_settings};

/// Nobody serves there: the port is reserved, and needs rights that no server of a test asks for.
const CLOSED: &str = "http://127.0.0.1:1/keys";

/// Text output without what differs from build to build and from run to run.
fn steady(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once("sha256:") {
        Some((before, digest)) => {
            let rest = digest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            format!("{before}sha256:0{rest}")
        }
        None => word.to_owned(),
    });
    let text: Vec<_> = words.collect();
    let text = text.join(" ");
    let (before, _) = text.rsplit_once(", ").unwrap();
    format!("{before}, N us\n")
}

#[test]
fn allow_says_who_and_by_what() {
    let folder = Folder::new();
    let run = folder.admit(&format!("{DECIDE} good.jwt"));
    assert_eq!(
        steady(run.text(0)),
        r#"ALLOW
  user       adele.vance@contoso.example (a label, from preferred_username)
  object id  6e5cdf35-9d5e-4d19-8d3a-1b2f7c0a9e44
  tenant id  f645ad92-e38d-4d1a-b510-d1b09a74a8ca
  decided by windows-mdm 2.0.0 (sha256:0), generation 1, v2.0 token, N us
"#
    );
}

#[test]
fn deny_says_what_came_what_is_configured_and_what_to_change() {
    let folder = Folder::new();
    folder.token("other.jwt", json!({"aud": "00000000-0000-4000-8000-000000000001"}));
    let run = folder.admit(&format!("{DECIDE} other.jwt"));
    assert_eq!(
        steady(run.text(1)),
        r#"DENY audience_not_authorized
  what       The token was issued for an application or server that is not configured.
  came       claim aud = "00000000-0000-4000-8000-000000000001"
  configured windows_entra_client_ids = ["0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01"]
  remedy     If `aud` is the client id of your MDM application (portal: App registrations > Overview
             > Application (client) ID), or `api://` and that client id, add the client id to
             `windows_entra_client_ids`. If it is a URL, make the Application ID URI (portal: App
             registrations > Expose an API) an `https://` URL with the host and port of
             `server_url`.
  answer     HTTP 400, admit.windows_mdm.audience_not_authorized, MDM fault s:Authorization 0x80180003
  user sees  This sign-in is not meant for this server. Contact your IT administrator.
  decided by windows-mdm 2.0.0 (sha256:0), generation 1, v2.0 token, N us
"#
    );
}

#[test]
fn ask_says_what_is_wanted() {
    let folder = Folder::new();
    let run = folder.admit(&format!("{DECIDE_MAM} mam.jwt"));
    assert_eq!(
        steady(run.text(1)),
        r#"ASK
  what       The token is good, but nobody is admitted yet: the policy wants to know more about the
             account.
  user       adele.vance@contoso.example (a label, from preferred_username)
  object id  6e5cdf35-9d5e-4d19-8d3a-1b2f7c0a9e44
  tenant id  f645ad92-e38d-4d1a-b510-d1b09a74a8ca
  wanted     facts account.exists, account.bot, account.deactivated
  decided by intune-mam 1.0.0 (sha256:0), generation 1, v2.0 token, N us
"#
    );
}

#[test]
fn invalid_says_what_the_host_found() {
    let folder = Folder::new();
    let run = folder.admit(&DECIDE.replace("1767225600", "2026-01-01T02:00:00Z good.jwt"));
    assert_eq!(
        steady(run.text(1)),
        r#"INVALID token.expired
  what       The token has expired.
  found      the token expired 2700 s ago (`exp` 1767230100, now 1767232800, leeway 60 s)
  remedy     Let the user sign in again; if fresh tokens are refused too, correct the clock of the
             server.
  answer     HTTP 401, admit.windows_mdm.token.expired, retry once, MDM fault s:Authentication 0x80180002
  user sees  Your sign-in has expired. Sign in again.
  decided by windows-mdm 2.0.0 (sha256:0), generation 1, N us
"#
    );
}

#[test]
fn failed_says_what_the_host_lacks() {
    let folder = Folder::new();
    let run = folder.admit(&format!("{} good.jwt", DECIDE.replace("keys.json", CLOSED)));
    let text = run.text(1);
    assert!(text.starts_with("FAILED keys.unavailable\n  what       "), "{text}");
    let found = format!("\n  found      the JWK Set of `{CLOSED}` is not available: ");
    assert!(text.contains(&found), "{text}");
}

#[test]
fn json_has_every_outcome() {
    let folder = Folder::new();
    folder.token("tenant.jwt", json!({"tid": CLIENT, "iss": issuer_of(CLIENT)}));
    let json = |arguments: String, code| {
        folder.admit(&format!("{arguments} --output json")).decision(code)
    };

    let allow = json(format!("{DECIDE} good.jwt"), 0);
    assert_eq!(allow["outcome"], "allow");
    assert_eq!(allow["identity"]["tenant_id"], TID);
    assert_eq!(allow["identity"]["user_name_claim"], "preferred_username");
    assert_eq!(allow["gate"], "windows-mdm");
    assert_eq!(allow["policy"]["version"], "2.0.0");
    assert!(allow.get("signature").is_none() && allow.get("trace").is_none());

    let deny = json(format!("{DECIDE} tenant.jwt"), 1);
    assert_eq!(deny["outcome"], "deny");
    assert_eq!(deny["reason"], "tenant_not_authorized");
    assert_eq!(deny["observed"], json!([{"claim": "tid", "value": CLIENT}]));
    let configured = json!([{"setting": "windows_entra_tenant_ids", "value": [TID]}]);
    assert_eq!(deny["expected"], configured);
    assert_eq!(deny["presentation"]["mdm_fault"]["code"], "0x80180003");

    let ask = json(format!("{DECIDE_MAM} mam.jwt"), 1);
    assert_eq!(ask["outcome"], "ask");
    let asks = json!(["account.exists", "account.bot", "account.deactivated"]);
    assert_eq!(ask["asks"], asks);

    let invalid = json(DECIDE.replace("1767225600", "1767325600 good.jwt"), 1);
    assert_eq!(
        (&invalid["outcome"], &invalid["reason"]),
        (&json!("invalid"), &json!("token.expired"))
    );

    let failed = json(format!("{} good.jwt", DECIDE.replace("keys.json", CLOSED)), 1);
    assert_eq!((&failed["outcome"], &failed["blame"]), (&json!("failed"), &json!("host")));
}

fn issuer_of(tid: &str) -> String {
    format!("https://login.microsoftonline.com/{tid}/v2.0")
}

#[test]
fn a_trace_has_every_rule_in_order() {
    let folder = Folder::new();
    folder.token("scope.jwt", json!({"scp": "other"}));
    let rules = super::inspect::names(&folder, "windows-mdm", "rules", "name");
    let decision = folder.admit(&format!("{DECIDE} --trace --output json scope.jwt")).decision(1);
    let steps = decision["trace"].as_array().unwrap();
    let traced: Vec<_> = steps.iter().map(|step| step["rule"].as_str().unwrap()).collect();
    assert_eq!(traced, rules);
    let outcome = |rule: &str| {
        let step = steps.iter().find(|step| step["rule"] == rule);
        step.unwrap()["outcome"].as_str().unwrap()
    };
    let outcomes = [outcome("audience"), outcome("scope"), outcome("guest")];
    assert_eq!(outcomes, ["passed", "failed", "skipped"]);

    let run = folder.admit(&format!("{DECIDE} --trace scope.jwt"));
    let lines: Vec<_> = run.text(1).lines().filter(|line| line.starts_with("  rule ")).collect();
    assert_eq!(lines.len(), rules.len());
    assert!(lines.contains(&"  rule       failed   scope"), "{lines:?}");
}

#[test]
fn a_token_is_taken_in_every_form() {
    let folder = Folder::new();
    let token = folder.token("good.jwt", json!({}));
    folder.write("good.bst", STANDARD.encode(&token));
    folder.write("good.xml", envelope(&token));
    for (format, file) in
        [("jwt", "good.jwt"), ("binary-security-token", "good.bst"), ("soap", "good.xml")]
    {
        let decision =
            folder.admit(&format!("{DECIDE} --output json --format {format} {file}")).decision(0);
        assert!(decision.get("signature").is_none(), "{format}");
        // No form is guessed.
        for other in
            ["jwt", "binary-security-token", "soap"].into_iter().filter(|other| *other != format)
        {
            let run = folder.admit(&format!("{DECIDE} --output json --format {other} {file}"));
            assert_eq!(run.decision(1)["reason"], "token.malformed", "{file} as {other}");
        }
    }
}

fn envelope(token: &str) -> String {
    let token = STANDARD.encode(token);
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><o:Security
xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><o:BinarySecurityToken
ValueType="urn:ietf:params:oauth:token-type:jwt"
EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">{token}</o:BinarySecurityToken></o:Security></s:Header><s:Body/></s:Envelope>"#
    )
}

#[test]
fn vouched_claims_are_taken_without_keys_and_loudly() {
    let folder = Folder::new();
    folder.write("claims.json", claims().to_string());
    let arguments =
        format!("{} --format claims claims.json", DECIDE.replace(" --keys keys.json", ""));
    let run = folder.admit(&arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.starts_with("ALLOW  (SIGNATURE NOT VERIFIED)\n"), "{}", run.out);
    assert_eq!(
        run.err,
        "admit: WARNING: no signature was verified; the claims are taken as they were given\n"
    );
    let decision = folder.admit(&format!("{arguments} --output json")).decision(0);
    assert_eq!(decision["signature"], "not_verified");

    let expired =
        with(claims(), json!({"exp": NOW - 3_600, "iat": NOW - 7_200, "nbf": NOW - 7_200}));
    folder.write("claims.json", expired.to_string());
    let decision = folder.admit(&format!("{arguments} --output json")).decision(1);
    assert_eq!(decision["reason"], "token.expired");
}

#[test]
fn a_cloud_takes_its_own_tokens_only() {
    let folder = Folder::new();
    for cloud in admit::cloud::Cloud::ALL {
        let own =
            admit::issuer::Issuer::from_der(&issuer().to_der().unwrap()).unwrap().in_cloud(cloud);
        folder.write("keys.json", own.jwk_set().to_string());
        folder.write("good.jwt", own.sign(&own.claims_v2(TID, CLIENT, NOW)));
        for asked in admit::cloud::Cloud::ALL {
            let arguments = format!("{DECIDE} --cloud {} --output json good.jwt", asked.name());
            let run = folder.admit(&arguments);
            if asked == cloud {
                run.decision(0);
            } else {
                assert_eq!(run.decision(1)["reason"], "token.issuer", "{arguments}");
            }
        }
    }
}

#[test]
fn facts_answer_what_was_asked() {
    let folder = Folder::new();
    let decide = |facts: Value, code| {
        folder.write("facts.json", facts.to_string());
        let arguments = format!("{DECIDE_MAM} --facts facts.json --output json mam.jwt");
        folder.admit(&arguments).decision(code)
    };
    let known = json!({"account.exists": true, "account.bot": false, "account.deactivated": false});
    decide(known.clone(), 0);
    let locked = decide(with(known.clone(), json!({"account.deactivated": true})), 1);
    assert_eq!(locked["outcome"], "deny");
    assert_eq!(locked["observed"], json!([{"fact": "account.deactivated", "value": true}]));
    let missing = decide(with(known, json!({"account.bot": null})), 1);
    assert_eq!(missing["asks"], json!(["account.bot"]));
}

#[test]
fn now_is_taken_in_both_forms() {
    let folder = Folder::new();
    for (now, code) in [
        ("1767225600", 0),
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01T01:00:00+01:00", 0),
        ("1767235600", 1),
        ("2025-12-31T23:00:00Z", 1),
        ("0", 1),
        ("18446744073709551615", 1),
    ] {
        folder.admit(&DECIDE.replace("1767225600", &format!("{now} good.jwt"))).text(code);
    }
}

#[test]
fn a_token_comes_from_standard_input_too() {
    let folder = Folder::new();
    let token = folder.token("good.jwt", json!({}));
    for (arguments, input) in [
        (DECIDE.to_owned(), token.clone()),
        (format!("{DECIDE} -"), format!("{token}\r\n")),
        (DECIDE.to_owned(), format!("\u{feff}{token}\n")),
    ] {
        folder.admit_with(&arguments, input).text(0);
    }
}

#[test]
fn a_policy_is_an_embedded_one_or_a_file() {
    let folder = Folder::new();
    folder.write("rules-of.today.wasm", admit_policies::WINDOWS_MDM_1.component);
    let settings = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
    folder.write("one.json", settings.to_string());
    folder.write("v1.jwt", issuer().sign(&claims_v1()));
    let with_policy = |policy: &str, token: &str| {
        DECIDE.replace("windows-mdm", policy).replace("windows.json", "one.json")
            + " --output json "
            + token
    };
    let embedded = folder.admit(&with_policy("windows-mdm@1.0.0", "v1.jwt")).decision(0);
    let file = folder.admit(&with_policy("rules-of.today.wasm", "v1.jwt")).decision(0);
    assert_eq!(embedded["policy"], file["policy"]);
    assert_eq!(
        (&embedded["gate"], &file["gate"]),
        (&json!("windows-mdm"), &json!("rules-of.today"))
    );
    let refused = folder.admit(&with_policy("windows-mdm@1.0.0", "good.jwt")).decision(1);
    assert_eq!(refused["token_version"], "2.0");
}

#[test]
fn a_settings_file_may_come_from_a_windows_editor() {
    let folder = Folder::new();
    folder.write("windows.json", format!("\u{feff}{:#}\r\n", windows_settings()));
    folder.admit(&format!("{DECIDE} good.jwt")).text(0);
}

/// As the issuer dates a token of 28 hours, and as claims mappings issue what no rule reads.
#[test]
fn tokens_as_the_field_has_them_are_admitted() {
    let folder = Folder::new();
    let issued = NOW - 300;
    for changes in [
        json!({"iat": issued, "nbf": issued, "exp": issued + 28 * 3_600 + 300}),
        json!({"groups": "0f5e2a61-7c3b-4f0e-9d11-2b6a4c8e0d31"}),
        json!({"acrs": "c1", "roles": "Device.Enroll", "amr": "pwd"}),
    ] {
        folder.token("field.jwt", changes.clone());
        let decision = folder.admit(&format!("{DECIDE} --output json field.jwt")).decision(0);
        assert_eq!(decision["outcome"], "allow", "{changes}");
    }
    // `with` takes `null` for "remove it".
    folder.write("null.json", claims().to_string().replacen('{', r#"{"wids":null,"#, 1));
    let command = DECIDE.replace(" --keys keys.json", "");
    let decision = folder.admit(&format!("{command} --format claims --output json null.json"));
    assert_eq!(decision.decision(0)["outcome"], "allow");
}

#[test]
fn json_shows_every_character_of_a_token() {
    let folder = Folder::new();
    let scp = "a\u{7f}\u{9b}31m\u{202e}\u{2066}\u{200f}";
    let token = folder.token("odd.jwt", json!({"scp": scp}));
    folder.write("odd.jsonl", json!({"token": token, "id": scp}).to_string());
    for input in ["odd.jwt", "--jsonl odd.jsonl"] {
        let run = folder.admit(&format!("{DECIDE} --output json {input}"));
        assert!(run.out.is_ascii() && !run.out.contains('\u{7f}'), "{}", run.out);
        let decision: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(decision["observed"][0]["value"], scp);
    }
}

#[test]
fn a_claim_of_another_type_that_the_policy_asks_for_is_named() {
    let folder = Folder::new();
    folder.token("upn.jwt", json!({"upn": ["dana@example.com"]}));
    let decision = folder.admit(&format!("{DECIDE} --output json upn.jwt")).decision(1);
    assert_eq!(decision["reason"], "token.claims");
    assert_eq!(decision["detail"], "the claim `upn` is an array; expected a string");
    let remedy = decision["remedy"].as_str().unwrap();
    assert!(!remedy.contains("does not issue"), "{remedy}");
}
