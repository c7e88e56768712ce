//! The strict URL reader against the crate `url` and the Web Platform Tests.
#![cfg(test)]

use std::path::Path;

use admit_rules::HttpsUrl;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use url::{Host, Url};

/// What must hold for every text the strict reader takes: the other reader takes it too, changes
/// nothing that counts, and finds the same host and port.
fn agrees(text: &str) {
    let Ok(strict) = HttpsUrl::parse(text) else {
        return;
    };
    // Punycode that decodes to nothing is one host name among others to the strict reader.
    let Ok(lenient) = Url::parse(text) else {
        return assert!(has_punycode(text), "{text:?}");
    };
    let host = lenient.host_str().unwrap();
    let port = lenient.port_or_known_default().unwrap();
    assert_eq!(strict.port(), port, "{text:?}");
    assert!(strict.same_origin(&format!("https://{host}:{port}")), "{text:?} is not at {host}");
    assert!(text.is_ascii(), "{text:?}");
    if let Some(Host::Domain(name)) = lenient.host() {
        assert!(text.to_ascii_lowercase().starts_with(&format!("https://{name}")), "{text:?}");
    }
    let path = lenient.path().trim_start_matches('/');
    assert!(text.ends_with(path), "{text:?} has the path {path:?}");
}

fn has_punycode(text: &str) -> bool {
    text.to_ascii_lowercase().contains("xn--")
}

/// The same texts in every run.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1024,
        rng_seed: RngSeed::Fixed(0x41_44_4d_49_54),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn agrees_on_likely_texts(text in "(https|HTTPS|http|ftp)?:?[/\\\\]{0,3}([a-zA-Z0-9@:.%_\\[\\]-]|\u{ad}|\u{3002}|\u{ff4d}){0,20}(:[0-9]{0,6})?[/?#\\\\]?[a-z0-9./%-]{0,8}") {
        agrees(&text);
    }

    #[test]
    fn agrees_on_hosts(text in "https://[a-zA-Z0-9.x-]{1,20}(:[0-9]{1,5})?(/[a-z.~;@-]{0,4}){0,3}") {
        agrees(&text);
    }

    #[test]
    fn agrees_on_addresses(text in "https://(\\[[0-9a-fA-F:.]{2,16}\\]|[0-9.]{3,15}|(0x[0-9a-f]{1,2}\\.){0,3}[0-9]{1,4})") {
        agrees(&text);
    }

    #[test]
    fn takes_any_text_without_panic(text in any::<String>()) {
        agrees(&text);
    }
}

/// Feeds every URL of the Web Platform Tests to a server `https://example.org`.
#[test]
fn web_platform_tests() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/tables/url-parsing.json");
    let Ok(json) = std::fs::read(&file) else {
        return println!("skipped: no public vectors beside the workspace");
    };
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    let inputs: Vec<&str> = entries.iter().filter_map(|entry| entry["input"].as_str()).collect();
    assert!(inputs.len() > 700);
    let server = HttpsUrl::parse("https://example.org").unwrap();
    let as_written = ["https://example.org", "https://example.org:443"];
    for input in inputs {
        agrees(input);
        let lower = input.to_ascii_lowercase();
        let rest = as_written.iter().find_map(|origin| lower.strip_prefix(origin));
        let expected = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        assert!(!server.same_origin(input) || expected, "{input:?}");
    }
}
