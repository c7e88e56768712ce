//! One input, one reader: what stands around a token, a document or a file in a folder, and what a token
//! for somebody else is called.

use admit_tests::fixture::{claims, claims_v1, issuer, with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::run::{DECIDE, Folder, windows_settings};
use super::schema;

const MARK: &str = "\u{feff}";
const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const OF_WINDOWS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary";
const OF_THE_STANDARD: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

pub(super) fn envelope(encoding: &str, content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:o=\"{SECEXT}\">\n\
         <s:Header><o:Security><o:BinarySecurityToken \
         ValueType=\"urn:ietf:params:oauth:token-type:jwt\" EncodingType=\"{encoding}\">{content}\
         </o:BinarySecurityToken></o:Security></s:Header><s:Body/></s:Envelope>"
    )
}

/// Base64 as an encoder of mail writes it: lines of 76 letters, each with its end.
fn in_lines(token: &str, end: &str) -> String {
    let base64 = STANDARD.encode(token);
    let lines = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap());
    lines.map(|line| format!("{line}{end}")).collect()
}

/// The decisions on texts of one format: the first from a file and from standard input, all of them from
/// the lines of one stream.
fn decisions(folder: &Folder, format: &str, texts: &[String]) -> Vec<Value> {
    let decide = format!("{DECIDE} --output json --format {format}");
    folder.write("input", &texts[0]);
    let lines: Vec<_> = texts.iter().map(|text| json!({ "token": text }).to_string()).collect();
    let runs = [
        folder.admit(&format!("{decide} input")),
        folder.admit_with(&format!("{decide} -"), &texts[0]),
        folder.admit_with(&format!("{decide} --jsonl -"), lines.join("\n")),
    ];
    let all: Vec<_> = runs.iter().flat_map(|run| run.out.lines().map(schema::decision)).collect();
    assert_eq!(all.len(), texts.len() + 2, "{runs:?}");
    all
}

#[test]
fn what_stands_around_a_token_is_taken_off_on_every_way_in() {
    let folder = Folder::new();
    let token = folder.token("good.jwt", json!({}));
    let base64 = STANDARD.encode(&token);
    let soap = |content: &str| envelope(OF_WINDOWS, content);
    let jwt = [format!("{MARK}\n \t{token} \n\n"), format!("{token}\r\n")];
    let wrapped = [
        in_lines(&token, "\r\n"),
        in_lines(&token, "\n"),
        format!("{MARK} {base64}\n"),
        STANDARD.encode(format!("{token}\n")),
    ];
    let soap = [
        format!("{MARK}<?xml version=\"1.0\"?>\n{}\n", soap(&base64)),
        soap(&in_lines(&token, "\r\n")),
        soap(&format!("\n  {base64}\n")),
        envelope(OF_THE_STANDARD, &base64),
    ];
    for (format, texts) in
        [("jwt", &jwt[..]), ("binary-security-token", &wrapped[..]), ("soap", &soap[..])]
    {
        for decision in decisions(&folder, format, texts) {
            assert_eq!(decision["outcome"], "allow", "{format}: {decision}");
        }
    }
    let broken = [format!("{token}{MARK}"), token.replacen('.', ".\n", 1)];
    for decision in decisions(&folder, "jwt", &broken) {
        assert_eq!(decision["reason"], "token.malformed");
    }
}

#[test]
fn what_was_copied_with_a_token_is_named_and_the_token_is_not() {
    let folder = Folder::new();
    let token = folder.token("good.jwt", json!({}));
    let (start, end) = token.split_at(token.len() / 2);
    let broken = |by: &str| format!("{start}{by}{end}");
    let named = [
        (format!("Bearer {token}"), "the token begins with the word Bearer"),
        (format!("bearer\u{a0}{token}"), "the token begins with the word Bearer"),
        (format!("Authorization: Bearer {token}"), "the token begins with the word Authorization"),
        (format!("\"{token}\""), "the token has a quotation mark"),
        (format!("'{token}'\n"), "the token has a quotation mark"),
        (format!("\u{201c}{token}\u{201d}"), "the token has a quotation mark"),
        (broken("\n"), "the token is broken into lines"),
        (broken("\r\n"), "the token is broken into lines"),
        (broken(" "), "the token has white space in it"),
        (broken("\u{200b}"), "the token has U+200B (a zero width space), which does not show"),
        (format!("\u{a0}{token}"), "the token has U+00A0 (a no-break space), which does not show"),
        (format!("{token}{MARK}"), "the token has U+FEFF (a byte order mark), which does not show"),
        (format!("{start}\u{2026}"), "the token has an ellipsis"),
        (json!({"access_token": token}).to_string(), "the token looks like JSON"),
    ];
    let texts: Vec<_> = named.iter().map(|(text, _)| text.clone()).collect();
    let of_base64 = |what: &str| what.replacen("token", "BinarySecurityToken", 1);
    let base64 = STANDARD.encode(&token);
    let wrapped = [
        // In what is wrapped, and in what wraps it.
        (STANDARD.encode(&texts[0]), named[0].1.to_owned()),
        (STANDARD.encode(&texts[6]), named[6].1.to_owned()),
        (STANDARD.encode(&texts[9]), named[9].1.to_owned()),
        (format!("Bearer {base64}"), of_base64(named[0].1)),
        (format!("\"{base64}\""), of_base64(named[3].1)),
        (format!("{base64}\u{200b}"), of_base64(named[9].1)),
    ];
    let named = named.map(|(text, name)| (text, name.to_owned()));
    for (format, rows) in [("jwt", &named[..]), ("binary-security-token", &wrapped)] {
        let texts: Vec<_> = rows.iter().map(|(text, _)| text.clone()).collect();
        let names = [&rows[0].1; 2].into_iter().chain(rows.iter().map(|(_, name)| name));
        for (decision, name) in decisions(&folder, format, &texts).iter().zip(names) {
            assert_eq!(decision["reason"], "token.malformed");
            let detail = decision["detail"].as_str().unwrap();
            assert!(detail.starts_with(name) && detail.contains("; expected "), "{name}: {detail}");
            let parts = [&token, &base64].into_iter().flat_map(|text| text.split('.'));
            for part in parts.filter_map(|part| part.get(..6)) {
                assert!(!decision.to_string().contains(part), "{decision}");
            }
        }
    }
}

#[test]
fn an_empty_token_is_called_so_in_every_form() {
    let folder = Folder::new();
    let empty = envelope(OF_WINDOWS, "");
    let closed = empty.replace("></o:BinarySecurityToken>", "/>");
    let stream = |format: &str, texts: &[&str]| {
        let lines: Vec<_> = texts.iter().map(|text| json!({ "token": text }).to_string()).collect();
        let decide = format!("{DECIDE} --output json --format {format} --jsonl -");
        let run = folder.admit_with(&decide, lines.join("\n"));
        let decisions = run.out.lines().map(schema::decision);
        let found = |decision: Value| {
            assert_eq!(decision["reason"], "token.malformed");
            decision["detail"].as_str().unwrap().to_owned()
        };
        decisions.map(found).collect::<Vec<_>>()
    };
    let [token, wrapped, soap] = ["token", "BinarySecurityToken", "SOAP envelope"]
        .map(|what| format!("the {what} is empty"));
    assert_eq!(stream("jwt", &["", " \n"]), [&*token; 2]);
    assert_eq!(stream("binary-security-token", &["", "\n"]), [&*wrapped; 2]);
    let blank = envelope(OF_WINDOWS, "\n ");
    let found = stream("soap", &["", &empty, &closed, &blank]);
    assert_eq!(found, [&*soap, &*wrapped, &*wrapped, &*wrapped]);
    folder.write("empty", "\n");
    let run = folder.admit(&format!("{DECIDE} empty"));
    assert_eq!(run.refusal(3), "token `empty`: empty; expected an access token");
}

#[test]
fn an_envelope_that_is_refused_says_what_is_wrong() {
    let folder = Folder::new();
    let token = STANDARD.encode(folder.token("good.jwt", json!({})));
    let good = envelope(OF_WINDOWS, &token);
    let rows = [
        (
            format!("\n<?xml version=\"1.0\"?>\n{good}"),
            "line 2, column 1: something stands before the XML declaration",
        ),
        (
            good.replace("</s:Body>", "").replace("<s:Body/>", "<s:Body>"),
            "an end tag that does not belong",
        ),
        (
            good.replace("#base64binary", "#base16binary"),
            "has EncodingType `…ext-1.0.xsd#base16binary`",
        ),
        (
            good.replace("2003/05/soap-envelope", "2003/05/soap"),
            "of namespace `http://www.w3.org/2003/05/soap`; expected `Envelope` of `http://www.w3.org/",
        ),
    ];
    let (texts, expected): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let found = decisions(&folder, "soap", &texts);
    for (decision, expected) in found[2..].iter().zip(expected) {
        let found = decision["detail"].as_str().unwrap();
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert_eq!(
        (&found[0]["detail"], &found[1]["detail"]),
        (&found[2]["detail"], &found[2]["detail"])
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_any_document() {
    let folder = Folder::new();
    folder.write("keys.json", format!("{MARK}{}", issuer().jwk_set()));
    folder.write("windows.json", format!("{MARK}{}\n", windows_settings()));
    folder.write("facts.json", format!("{MARK}{{}}"));
    folder.admit(&format!("{DECIDE} --facts facts.json good.jwt")).text(0);
    folder.write("claims.json", format!("{MARK}{}", claims()));
    let run = folder.admit(&format!("{DECIDE} --format claims claims.json"));
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn hidden_case_files_are_left_out_and_each_of_a_config_map_counts_once() {
    let folder = Folder::new();
    let case = |name: &str| {
        format!(
            "policy: windows-mdm\nsettings: {}\nbase: entra-v2\ncases:\n- name: {name}\n  claims: \
             {{tid: null}}\n  expect: {{invalid: token.claims}}\n",
            windows_settings()
        )
    };
    for path in ["cases/..2026_11_30", "cases/.git", "cases/sub"] {
        std::fs::create_dir_all(folder.path(path)).unwrap();
    }
    folder.write("cases/..2026_11_30/a.yaml", case("of the ConfigMap"));
    folder.write("cases/.b.yaml", case("hidden"));
    folder.write("cases/._c.yaml", "\0\u{5}\u{16}\u{7}");
    folder.write("cases/.git/d.yaml", case("in a hidden folder"));
    folder.write("cases/sub/e.yaml", format!("{MARK}{}", case("below")));
    std::os::unix::fs::symlink("..2026_11_30", folder.path("cases/..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", folder.path("cases/a.yaml")).unwrap();
    let run = folder.admit("test cases --policy windows-mdm");
    assert!(run.text(0).contains(": 2 cases passed"), "{run:?}");
    // Whoever names a file means it.
    let run = folder.admit("test cases/.b.yaml --policy windows-mdm");
    assert!(run.text(0).contains(": 1 case passed"), "{run:?}");
}

/// The decision on claims that somebody else verified.
fn vouched(folder: &Folder, claims: &Value) -> Value {
    folder.write("claims.json", claims.to_string());
    let run = folder.admit(&format!("{DECIDE} --output json --format claims claims.json"));
    run.decision(run.code.unwrap())
}

#[test]
fn a_remedy_fits_the_form_of_the_audience() {
    let folder = Folder::new();
    let client = windows_settings()["windows_entra_client_ids"][0].as_str().unwrap().to_owned();
    for (aud, reason, remedy) in [
        (format!("spn:{client}"), "spn_audience", "without `spn:`"),
        (
            format!("api://mdm.example.com/{client}"),
            "identifier_uri_audience",
            "requestedAccessTokenVersion of the application to 2",
        ),
        (
            format!("api://5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f/{client}"),
            "identifier_uri_audience",
            "set the Application ID URI to `api://{client id}`",
        ),
        (
            "https://graph.microsoft.com".to_owned(),
            "microsoft_graph_audience",
            "a scope of your own MDM application",
        ),
        (
            "HTTPS://Graph.Microsoft.com:443/".to_owned(),
            "microsoft_graph_audience",
            "a scope of your own MDM application",
        ),
        (
            "api://00000003-0000-0000-c000-000000000000".to_owned(),
            "microsoft_graph_audience",
            "a scope of your own MDM application",
        ),
        (
            format!("API://{client}"),
            "identifier_uri_audience",
            "set the Application ID URI to `api://{client id}`",
        ),
        ("spn:https://mdm.example.com".to_owned(), "spn_audience", "without `spn:`"),
    ] {
        let decision = vouched(&folder, &with(claims_v1(), json!({ "aud": aud })));
        assert_eq!((&decision["outcome"], &decision["reason"]), (&json!("deny"), &json!(reason)));
        let text = decision["remedy"].as_str().unwrap();
        assert!(text.contains(remedy), "{text}");
        assert!(!text.contains("add"), "what is done already: {text}");
        assert_eq!(decision["observed"], json!([{"claim": "aud", "value": aud}]));
        assert_eq!(decision["presentation"]["mdm_fault"]["code"], "0x80180003");
        // The words fit every audience of the form.
        let title = decision["title"].as_str().unwrap();
        for part in ["a tenant, a host or a path", "and a client id"] {
            assert!(!title.contains(part), "{aud}: {title}");
        }
        // Beside what never counts it is as good as alone; beside a client id, that could be configured.
        let reason_of = |aud: Value| {
            vouched(&folder, &with(claims_v1(), json!({ "aud": aud })))["reason"].clone()
        };
        assert_eq!(reason_of(json!(["x", aud])), reason);
        let other = "aa11bb22-cc33-4d44-8e55-ff6600778899";
        assert_eq!(reason_of(json!([aud, other])), "audience_not_authorized");
    }
}

#[test]
fn a_remedy_fits_the_version_of_the_token() {
    let folder = Folder::new();
    let client = windows_settings()["windows_entra_client_ids"][0].as_str().unwrap().to_owned();
    let tid = claims()["tid"].as_str().unwrap().to_owned();
    let forms = [
        format!("spn:{client}"),
        format!("api://{client}"),
        format!("api://{tid}/{client}"),
        format!("api://mdm.example.com/{client}"),
        "https://mdm.example.com".to_owned(),
    ];
    for aud in forms {
        let decision = vouched(&folder, &with(claims(), json!({ "aud": aud })));
        assert_eq!(decision["reason"], "audience_not_client_id", "{decision}");
        let text = decision["remedy"].as_str().unwrap();
        assert!(
            text.contains("the client id of the application to `aud`, and nothing else"),
            "{text}"
        );
        for done in ["requestedAccessTokenVersion", "v1.0", "let the client ask", "add "] {
            assert!(!text.contains(done), "{done}, which mends no v2.0 token: {text}");
        }
        assert_eq!(decision["observed"], json!([{"claim": "aud", "value": aud}]));
    }
    let url = json!({"aud": "https://other.example.com"});
    let decision = vouched(&folder, &with(claims_v1(), url));
    let text = decision["remedy"].as_str().unwrap();
    assert!(!text.contains("let Entra issue v1.0 tokens"), "what is done already: {text}");
}

#[test]
fn a_remedy_tells_a_claim_that_is_missing_from_one_that_is_wrong() {
    let folder = Folder::new();
    let remedy = |claims: Value, reason: &str| {
        let decision = vouched(&folder, &claims);
        assert_eq!(decision["reason"], reason, "{decision}");
        decision["remedy"].as_str().unwrap().to_owned()
    };
    for (changes, reason) in [
        (json!({"oid": null}), "object_id_missing"),
        (json!({"oid": "dana"}), "object_id_missing"),
        (json!({"scp": null}), "scope_missing"),
        (json!({"scp": "User.Read"}), "scope_missing"),
    ] {
        let remedy = remedy(with(claims(), changes), reason);
        let parts = match reason {
            "object_id_missing" => ["If it is missing, let", "If it is not a GUID, find"],
            _ => ["If there is no `scp`, let the client send an access token", "Else grant"],
        };
        assert!(parts.iter().all(|part| remedy.contains(part)), "{remedy}");
    }
    // What the remedy names can be entered as it stands.
    let mut settings = windows_settings();
    let client = settings["windows_entra_client_ids"][0].as_str().unwrap().to_owned();
    let other = "b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d";
    settings["windows_entra_tenant_ids"].as_array_mut().unwrap().push(json!(other));
    settings["client_tenant_pairs"] = json!([format!("{client}@{other}")]);
    folder.write("windows.json", settings.to_string());
    let aud = json!({"aud": format!("api://{client}")});
    let remedy = remedy(with(claims_v1(), aud), "client_not_paired");
    assert!(remedy.contains("the client id in `aud`, without `api://`"), "{remedy}");
}

#[test]
fn a_token_for_microsoft_graph_is_called_so() {
    let folder = Folder::new();
    let nonce = |kid: &str| {
        json!({"typ": "JWT", "nonce": "AQABAAAA", "alg": "RS256", "x5t": kid, "kid": kid})
            .to_string()
    };
    let stranger = admit::issuer::Issuer::generate().unwrap();
    let body = claims().to_string();
    let kid = issuer().kid();
    // What Entra signs has a hash of the nonce in its place, so the signature never matches.
    folder.write("graph.jwt", stranger.sign_parts(nonce(kid), &body));
    folder.write("unknown.jwt", stranger.sign_parts(nonce(stranger.kid()), &body));
    for (file, reason) in [("graph.jwt", "token.signature"), ("unknown.jwt", "token.key")] {
        let decision = folder.admit(&format!("{DECIDE} --output json {file}")).decision(1);
        assert_eq!(
            (&decision["outcome"], &decision["reason"]),
            (&json!("invalid"), &json!(reason))
        );
        let [title, remedy, detail] =
            ["title", "remedy", "detail"].map(|name| decision[name].as_str().unwrap());
        assert!(title.contains("looks like one for Microsoft Graph"), "{title}");
        assert!(!title.contains("This is"), "nobody has verified that: {title}");
        assert!(remedy.contains("a scope of your own application"), "{remedy}");
        // And what else may be the cause.
        let (of_graph, otherwise) = remedy.split_once(" If it does not: ").unwrap();
        assert!(of_graph.starts_with("If the client asks for a scope of Microsoft Graph"));
        assert!(!otherwise.is_empty(), "{remedy}");
        assert!(detail.starts_with("the JOSE header has `nonce`, as tokens for Microsoft Graph"));
        // The device is answered as the policy wants it.
        assert_eq!(decision["presentation"]["mdm_fault"]["subcode"], "s:Authentication");
    }
    // A nonce alone says nothing: what verifies is decided.
    folder.write("good.jwt", issuer().sign_parts(nonce(kid), &body));
    folder.admit(&format!("{DECIDE} good.jwt")).text(0);
    // Nor does what is none excuse anything.
    let none = nonce(kid).replace("nonce", "nonse");
    let of_kind = |value: &str| nonce(kid).replace("\"AQABAAAA\"", value);
    let headers = [none, of_kind("null"), of_kind("1"), of_kind("\"\""), of_kind("[\"n\"]")];
    for header in headers {
        folder.write("forged.jwt", stranger.sign_parts(&header, &body));
        let forged = folder.admit(&format!("{DECIDE} --output json forged.jwt")).decision(1);
        assert!(!forged.to_string().contains("Graph"), "{header}: {forged}");
    }
}

#[test]
fn what_nobody_has_seen_has_no_line_and_column() {
    let folder = Folder::new();
    let header = json!({"alg": "RS256", "kid": issuer().kid()}).to_string();
    folder.write("payload.jwt", issuer().sign_parts(header, "<html>"));
    folder.write("header.jwt", issuer().sign_parts("no header", "{}"));
    for (file, detail) in [
        (
            "payload.jwt",
            "the payload is not strict JSON: expected value; it looks like HTML or XML",
        ),
        ("header.jwt", "the JOSE header is not strict JSON: expected ident"),
    ] {
        let decision = folder.admit(&format!("{DECIDE} --output json {file}")).decision(1);
        assert_eq!(decision["detail"], detail);
    }
    folder.write("wrong", std::fs::read(folder.path("good.jwt")).unwrap());
    let run = folder.admit(&format!("{DECIDE} --output json --format claims wrong"));
    let said =
        "the claims are not strict JSON: expected value at line 1 column 1; it looks like a token";
    assert_eq!(run.decision(1)["detail"], said);
}
