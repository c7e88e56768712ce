//! What must not leave the server: tokens, parts of them, names of people, access tokens.

use std::collections::HashSet;

use admit::cases::CaseFile;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, TID, issuer, with};
use admit_tests::vectors;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::{cases, tokens};
use crate::harness::client::{Client, Reply};
use crate::harness::server::{Server, token, token_v1, windows_settings};

const BATCH: usize = 100;

/// Claims that name a person; nothing else in these tests has such words.
fn person() -> Value {
    json!({
        "name": "Zaphod Beeblebrox",
        "given_name": "Zaphod",
        "family_name": "Beeblebrox",
        "email": "zaphod@heart-of-gold.example",
        "unique_name": "live.com#zaphod@heart-of-gold.example",
        "ipaddr": "192.0.2.77",
        "sub": "beeblebrox-sub-0123456789",
    })
}

const PERSONAL: [&str; 7] =
    ["zaphod", "beeblebrox", "heart-of-gold", "192.0.2.77", "adele", "vance", "dana@"];

/// The tenant and the client id of the cases.
const CASES: [&str; 2] =
    ["3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53", "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31"];

/// A server that says all it can, and gets as far with the cases as it can.
fn server() -> Server {
    let mam = json!({"tenant_id": CASES[0], "client_id": CASES[1], "auth_service": "saml"});
    let windows = json!({
        "windows_entra_tenant_ids": [TID, CASES[0]],
        "windows_entra_client_ids": [CLIENT, CASES[1]],
    });
    Server::start(&json!({
        "log": {"level": "trace"},
        "decision_log": {"to": "decisions.jsonl", "allows": 1, "when_full": "block"},
        "gates": {
            "windows-mdm": {"settings": with(windows_settings(), windows)},
            "intune-mam": {"settings": mam},
        },
        "limits": {"body_bytes": 67_108_864, "batch": BATCH},
    }))
}

/// The cases of a policy as tokens of this moment, with a person in them.
fn tokens_of(file: &str) -> Vec<String> {
    let path = format!("{}/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let cases = CaseFile::parse(&std::fs::read_to_string(path).unwrap()).unwrap().cases().unwrap();
    let now = admit::gate::now();
    let claims = cases.iter().map(|case| (case, with(person(), cases::claims(case))));
    // What stands in `oid` may be logged; an address is there in hostile cases only.
    let claims = claims.filter(|(_, claims)| !claims["oid"].to_string().contains('@'));
    let tokens = claims.map(|(case, mut claims)| {
        for name in ["iat", "nbf", "exp"] {
            if let Some(time) = claims[name].as_u64() {
                claims[name] = json!((time + now).saturating_sub(case.now));
            }
        }
        issuer().sign(&claims)
    });
    tokens.collect()
}

/// Tokens that are refused, or not, with a person in them. What names nobody may be shown, so the
/// person is in other claims only.
fn people() -> Vec<String> {
    let other_tenant = format!("https://login.microsoftonline.com/{CLIENT}/v2.0");
    let changes = [
        json!({}),
        json!({"scp": "other"}),
        json!({"aud": "https://elsewhere.example.com"}),
        json!({"tid": CLIENT, "iss": other_tenant}),
        json!({"iss": "https://elsewhere.example.com"}),
        json!({"ver": "3.0"}),
        json!({"exp": 1}),
        json!({"exp": "tomorrow"}),
        json!({"nbf": 9_999_999_999_u64}),
        json!({"oid": null}),
        json!({"idtyp": "app"}),
        json!({"preferred_username": "zaphod\r\nbeeblebrox"}),
        json!({"preferred_username": "zaphod\u{1b}[31m\u{202e}@heart-of-gold.example"}),
        json!({"preferred_username": ["zaphod@heart-of-gold.example"]}),
        json!({"upn": {"zaphod": "beeblebrox"}}),
        json!({"upn": "zaphod beeblebrox@heart-of-gold.example"}),
        json!({"roles": ["zaphod"]}),
        json!({"cnf": {"kid": "zaphod"}}),
    ];
    let user = json!({"preferred_username": "zaphod@heart-of-gold.example"});
    let tokens = changes.into_iter().flat_map(|changes| {
        let claims = with(with(person(), user.clone()), changes);
        [token(claims.clone()), token_v1(with(json!({"aud": "https://mdm.example.com"}), claims))]
    });
    tokens.collect()
}

/// The rows of the public vectors, on machines that have them.
fn published() -> Vec<String> {
    let index = vectors::text("index.jsonl").unwrap_or_default();
    let rows = index.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| row["token"].as_str().unwrap().to_owned()).collect()
}

/// A token in each form in which it may come.
fn forms(token: &str) -> [(&'static str, String); 3] {
    let wrapped = STANDARD.encode(token);
    let soap = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:o=\"http://docs.\
         oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"><s:Header>\
         <o:Security><o:BinarySecurityToken ValueType=\"urn:ietf:params:oauth:token-type:jwt\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-\
         1.0.xsd#base64binary\">{wrapped}</o:BinarySecurityToken></o:Security></s:Header></s:Envelope>"
    );
    [("jwt", token.to_owned()), ("binary-security-token", wrapped), ("soap", soap)]
}

/// Sends every token in every form.
fn send_all(client: &Client, gate: &str, tokens: &[String]) {
    let forms: Vec<_> = tokens.iter().flat_map(|token| forms(token)).collect();
    for batch in forms.chunks(BATCH) {
        // The caller's own id is logged if it is short: a token is not, but for stunted ones.
        let id = |token: &str| (token.len() > 40).then(|| token.to_owned());
        let requests = batch.iter().map(|(format, token)| {
            with(json!({"format": format, "token": token}), json!({"id": id(token)}))
        });
        let requests: Vec<_> = requests.collect();
        let path = format!("/v1/gates/{gate}/decide/batch");
        client.post(&path, &json!({ "requests": requests })).json(200);
    }
}

/// Puts a token, of Entra or of this server, where it does not belong; returns what was said to it.
fn misplace(server: &Server, secret: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    let (admin, service) = (server.admin(), server.service());
    let name = format!("/{secret}");
    for client in [&admin, &service] {
        let odd = client.clone().with("x-request-id", secret).with("traceparent", secret);
        let odd = odd.with("if-match", secret).with("user-agent", secret);
        replies.push(odd.get("/health/live"));
        replies.push(client.get(&name));
        replies.push(client.get(&format!("/v1/status?{secret}=1")));
        replies.push(client.get(&format!("/v1/activities?{secret}=1")));
        replies.push(client.get(&format!("/v1/activities?limit={secret}")));
        replies.push(client.clone().with_token(secret).get("/v1/status"));
        replies.push(client.clone().with("authorization", secret).post(DECIDE, &json!({})));
        replies.push(client.post(DECIDE, &json!({ secret: 1 })));
        replies.push(client.post(DECIDE, &json!({"token": "x", "format": secret})));
        replies.push(client.post(DECIDE, &json!({"token": [secret]})));
        replies.push(client.post(DECIDE, &json!({"token": "x", "facts": { secret: 1 }})));
        replies.push(client.post(&format!("/v1/gates{name}/decide"), &json!({"token": secret})));
        replies.push(client.send("POST", DECIDE, Some((secret, secret.as_bytes()))));
        let text = Some(("application/json", secret.as_bytes()));
        replies.push(client.send("POST", DECIDE, text));
        replies.push(client.send("PATCH", "/v1/gates/windows-mdm/settings", text));
    }
    let settings = "/v1/gates/windows-mdm/settings";
    replies.push(admin.clone().with("if-match", secret).patch(settings, &json!({})));
    replies.push(admin.patch(settings, &json!({ secret: "x" })));
    replies.push(admin.post(POLICY, &json!({ "policy": secret })));
    replies.push(admin.post(POLICY, &json!({ "component": secret })));
    replies.push(admin.post(POLICY, &json!({ secret: secret })));
    replies.push(admin.send("POST", POLICY, Some(("application/wasm", secret.as_bytes()))));
    replies.push(admin.delete(&format!("/v1/access{name}")));
    replies.push(admin.post("/v1/access", &json!({"name": secret.repeat(8), "role": secret})));
    replies
}

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const POLICY: &str = "/v1/gates/windows-mdm/policy";

/// Everything that the server shows to others than the sender of a token.
fn shown(server: &Server) -> Vec<(String, String)> {
    let admin = server.admin();
    let paths = [
        "/metrics",
        "/v1/status",
        "/v1/activities?limit=200",
        "/v1/gates/windows-mdm/releases",
        "/v1/gates/windows-mdm/candidate",
        "/v1/gates/windows-mdm/settings",
        "/health/ready",
    ];
    let mut shown: Vec<_> = paths
        .iter()
        .map(|path| {
            let reply = admin.get(path);
            assert_eq!(reply.status, 200, "{path}");
            ((*path).to_owned(), reply.text())
        })
        .collect();
    let log = std::fs::read_to_string(server.home.path("decisions.jsonl")).unwrap();
    shown.extend([("the log".to_owned(), server.log()), ("the decision log".to_owned(), log)]);
    shown
}

/// Parts of secrets, found again in any text of which a longer part is in it.
struct Parts(HashSet<[u8; Self::LENGTH]>);

impl Parts {
    const LENGTH: usize = 16;
    /// A part of this many characters and `LENGTH` is found wherever it begins.
    const STEP: usize = 4;

    fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut parts = HashSet::new();
        for secret in secrets {
            let windows = secret.as_bytes().windows(Self::LENGTH).step_by(Self::STEP);
            // A run of equal letters is in many texts.
            parts.extend(
                windows
                    .filter(|window| varied(window))
                    .filter_map(|window| <[u8; Self::LENGTH]>::try_from(window).ok()),
            );
        }
        Self(parts)
    }

    /// The first part in a text, with what surrounds it.
    fn first_in<'a>(&self, text: &'a str) -> Option<&'a [u8]> {
        let bytes = text.as_bytes();
        let mut windows = bytes.windows(Self::LENGTH).enumerate();
        let (place, _) = windows.find(|(_, window)| self.0.contains(*window))?;
        bytes.get(place.saturating_sub(300)..(place + 60).min(bytes.len()))
    }
}

fn varied(window: &[u8]) -> bool {
    window.iter().collect::<HashSet<_>>().len() > 6
}

/// The segments of a token, and of what carries it.
fn segments(token: &str) -> Vec<String> {
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    let wrapped = STANDARD.encode(token);
    let segments = token.split(|c| !letters(c)).map(str::to_owned).chain([wrapped]);
    segments.filter(|segment| segment.len() > 20).collect()
}

#[test]
fn no_line_number_or_error_holds_a_part_of_a_token_or_the_name_of_a_person() {
    let server = server();
    let candidate = json!({"policy": "windows-mdm@1.0.0"});
    server.admin().post(&format!("{POLICY}?candidate=true"), &candidate).json(200);
    let (people, mam) = (people(), tokens_of("intune-mam.yaml"));
    let mut all = [tokens::gathered(), published(), people.clone()].concat();
    all.extend(["windows-mdm-1.yaml", "windows-mdm-2.yaml"].into_iter().flat_map(tokens_of));
    assert!(all.len() > 500, "only {}", all.len());
    let service = server.service();
    send_all(&service, "windows-mdm", &all);
    send_all(&service, "intune-mam", &mam);
    for token in &people {
        service.post(DECIDE, &json!({"token": token, "trace": true})).json(200);
    }
    let mut said = Vec::new();
    for (number, secret) in [&people[0], &people[2], &server.create_access("platform")]
        .into_iter()
        .chain([&server.token().to_owned()])
        .enumerate()
    {
        for reply in misplace(&server, secret) {
            let headers = format!("{:?}", reply.headers);
            said.push((format!("an answer to {number}"), headers + &reply.text()));
        }
    }
    let last = service.post(DECIDE, &json!({"token": "last"})).json(200)["decision_id"].clone();
    let last = last.as_str().unwrap().to_owned();
    wait_until("the last line", || {
        shown(&server)
            .iter()
            .all(|(place, text)| !place.contains("decision log") || text.contains(&last))
    });

    let tokens = all.iter().chain(&mam).flat_map(|token| segments(token));
    let access = server.token().rsplit_once('_').unwrap().1.to_owned();
    let parts = Parts::new(tokens.chain([access]));
    let shown = shown(&server);
    assert!(shown.iter().all(|(_, text)| !text.is_empty()));
    let mut wrong = Vec::new();
    for (place, text) in shown.iter().chain(&said) {
        if let Some(part) = parts.first_in(text) {
            wrong.push(format!("{place}: {}", String::from_utf8_lossy(part)));
        }
        let lower = text.to_lowercase();
        for word in PERSONAL {
            if let Some(at) = lower.find(word) {
                let around: String = lower[..at].chars().rev().take(300).collect();
                let around: String = around.chars().rev().collect();
                wrong.push(format!("{place}: {word} after {around}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// That the search above would find what is there.
#[test]
fn a_part_of_a_token_is_found_wherever_it_begins() {
    let token = token(json!({}));
    let parts = Parts::new(segments(&token));
    for start in [0, 1, 50, 333, token.len() - 25] {
        let leak = token.get(start..start + 24).unwrap();
        let crosses = leak.contains('.');
        assert!(
            crosses || parts.first_in(&format!("a line with {leak} in it")).is_some(),
            "{leak}"
        );
    }
    assert_eq!(parts.first_in("a line about `windows_entra_client_ids` and its sha256:0123"), None);
}
