//! Bad files, values and options: one clear error on standard error, and the exit code that goes
//! with it.

use std::process::Stdio;

use admit_tests::fixture::{CLIENT, TID, with};
use serde_json::{Value, json};

use super::run::{DECIDE, DECIDE_MAM, Folder, Run, windows_settings};
use crate::artefacts::no_policies;

const UTF16: &[u8] = b"\xff\xfe{\0}\0";
const NO_FILE: &str = "No such file or directory (os error 2)";
const IS_DIRECTORY: &str = "Is a directory (os error 21)";

/// Decides the good token, with `file` in the place of one of the files of [`DECIDE`].
fn decide_with(folder: &Folder, place: &str, file: &str) -> Run {
    folder.admit(&format!("{} good.jwt", DECIDE.replace(place, file)))
}

#[test]
fn a_file_that_holds_no_json_object_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    folder.write("empty", "");
    folder.write("blank", "\n \n");
    folder.write("utf16", UTF16);
    folder.write("text", "server_url = x");
    folder.write("list", "[]");
    folder.write("twice", "{\"a\": 1, \"a\": 2}");
    folder.write("large", " ".repeat(4 * 1024 * 1024 + 1));
    for (what, place, file) in [
        ("settings", "windows.json", ""),
        ("key set", "keys.json", ""),
        ("facts", "1767225600", "1767225600 --facts "),
    ] {
        let refusal = |name: &str| {
            decide_with(&folder, place, &format!("{file}{name}")).refusal(3).to_owned()
        };
        let the = if what == "key set" { "the JWK Set is " } else { "" };
        assert_eq!(refusal("none"), format!("failed to read `none`: {NO_FILE}"));
        assert_eq!(refusal("folder"), format!("failed to read `folder`: {IS_DIRECTORY}"));
        assert_eq!(refusal("empty"), format!("{what} `empty`: empty; expected a JSON object"));
        assert_eq!(refusal("blank"), format!("{what} `blank`: empty; expected a JSON object"));
        assert_eq!(refusal("utf16"), format!("{what} `utf16`: text in UTF-16; expected UTF-8"));
        assert_eq!(
            refusal("text"),
            format!("{what} `text`: {the}not strict JSON: expected value at line 1 column 1")
        );
        assert_eq!(refusal("list"), format!("{what} `list`: {the}not a JSON object but an array"));
        assert_eq!(
            refusal("twice"),
            format!("{what} `twice`: {the}not strict JSON: duplicate name `a` at line 1 column 12")
        );
        let limit = if what == "settings" { 4_194_304 } else { 1_048_576 };
        let expected = format!("`large` is too large; expected at most {limit} bytes");
        assert_eq!(refusal("large"), expected);
    }
}

#[test]
fn a_bad_setting_is_named_with_what_came_and_what_was_expected() {
    let folder = Folder::new();
    let refusal = |changes: Value| {
        folder.write("bad.json", with(windows_settings(), changes).to_string());
        let run = decide_with(&folder, "windows.json", "bad.json");
        run.refusal(3).strip_prefix("settings `bad.json`: ").unwrap().to_owned()
    };
    assert_eq!(
        refusal(json!({"windows_entra_client_id": [CLIENT]})),
        "setting `windows_entra_client_id` is unknown to `windows-mdm 2.0.0`; expected one of \
         `server_url`, `windows_entra_tenant_ids`, `windows_entra_client_ids`, \
         `client_tenant_pairs`, `token_versions`, `scopes`, `allowed_apps`, `allow_guests`"
    );
    for (changes, expected) in [
        (
            json!({"windows_entra_tenant_ids": TID}),
            "setting `windows_entra_tenant_ids` is a string; expected a list of strings",
        ),
        (
            json!({"windows_entra_tenant_ids": [TID, 7]}),
            "setting `windows_entra_tenant_ids` is a list with other items than strings; expected \
             a list of strings",
        ),
        (
            json!({"allow_guests": "no"}),
            "setting `allow_guests` is a string; expected true or false",
        ),
        (
            json!({"server_url": ["x"]}),
            "setting `server_url` is a list of strings; expected a string",
        ),
    ] {
        assert_eq!(refusal(changes), expected);
    }
    assert_eq!(
        refusal(json!({"server_url": null})),
        "server_url: missing; expected a URL of the form `https://host[:port]`"
    );
    let text = refusal(json!({
        "server_url": "http://mdm.example.com",
        "windows_entra_tenant_ids": [TID, "contoso", "{f645ad92-e38d-4d1a-b510-d1b09a74a8ca}"],
        "windows_entra_client_ids": ["0b5fd5b5", CLIENT],
        "token_versions": ["3.0"],
    }));
    // Every bad value is named, no good one.
    for part in [
        "server_url: `http://mdm.example.com` does not start with `https://`; expected ",
        "windows_entra_tenant_ids: `contoso` is not a GUID; expected 8-4-4-4-12 hexadecimal digits",
        "windows_entra_tenant_ids: `{f645ad92-e38d-4d1a-b510-d1b09a74a8ca}` is not a GUID; expected",
        "windows_entra_client_ids: `0b5fd5b5` is not a GUID; expected",
        "token_versions: `3.0` is not accepted; expected `1.0` or `2.0`",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert_eq!(text.matches("; expected ").count(), 5, "{text}");
    assert!(!text.contains(CLIENT), "{text}");
}

#[test]
fn a_bad_fact_is_named() {
    let folder = Folder::new();
    for (facts, expected) in [
        (
            json!({"account.exists": [true]}),
            "fact `account.exists` is a list with other items than strings; expected a boolean, an \
             integer or a string",
        ),
        (
            json!({"anything": null}),
            "fact `anything` is null; expected a boolean, an integer or a string",
        ),
        (
            json!({"account.exists": "true"}),
            "fact `account.exists` is a string; expected true or false",
        ),
    ] {
        folder.write("facts.json", facts.to_string());
        let run = folder.admit(&format!("{DECIDE_MAM} --facts facts.json mam.jwt"));
        assert_eq!(run.refusal(3), format!("facts `facts.json`: {expected}"));
    }
}

#[test]
fn a_key_set_without_a_usable_key_is_refused_with_the_reason_for_each() {
    let folder = Folder::new();
    let key = admit_tests::fixture::issuer().jwk();
    let keys = |keys: Value| {
        folder.write("bad.json", json!({"keys": keys}).to_string());
        let run = decide_with(&folder, "keys.json", "bad.json");
        run.refusal(3).strip_prefix("key set `bad.json`: ").unwrap().to_owned()
    };
    assert_eq!(keys(json!("x")), "the JWK Set has a string as `keys`; expected an array");
    assert_eq!(
        keys(json!([])),
        "the list `keys` is empty; expected at least one RSA key for signatures"
    );
    let unusable = [
        json!({"kid": "a", "use": "enc"}),
        json!({"kid": "b", "alg": "PS256"}),
        json!({"kid": "c", "n": "AQAB"}),
        json!({"kid": null}),
        json!({"kid": "e", "kty": "EC"}),
        json!({"kid": "f", "key_ops": ["sign"]}),
        json!({"kid": "g", "key_ops": ["sign"]}),
    ]
    .map(|changes| with(key.clone(), changes));
    assert_eq!(
        keys(json!(unusable)),
        "no key is usable: key `a`: `use` is not `sig`; key `b`: `alg` is not `RS256`; key `c`: \
         `n` is not an odd modulus of 2048 to 8192 bits in strict base64url; key without id: `kid` \
         is missing, empty, too long or not a string; key `e`: `kty` is not `RSA`; and 2 more"
    );
    folder.write("discovery.json", json!({"jwks_uri": "https://example.com/keys"}).to_string());
    assert_eq!(
        decide_with(&folder, "keys.json", "discovery.json").refusal(3),
        "key set `discovery.json`: the JWK Set has nothing as `keys`; expected an array"
    );
}

#[test]
fn an_address_that_keys_are_not_fetched_from_is_refused() {
    let folder = Folder::new();
    for (address, expected) in [
        (
            "http://example.com/keys",
            "`http://example.com/keys` is neither https nor http to `localhost`, `127.0.0.0/8` or \
             `::1`",
        ),
        (
            "http://127.0.0.1.example.com/",
            "`http://127.0.0.1.example.com/` is neither https nor http to `localhost`, \
             `127.0.0.0/8` or `::1`",
        ),
        ("file:///etc/keys", "`file:///etc/keys` is not an absolute URL"),
        ("https://example.com/#keys", "`https://example.com/#keys` has a fragment; expected none"),
        (
            "https://user:secret@example.com/",
            "the address of the key set has user information; expected none",
        ),
    ] {
        let run = decide_with(&folder, "keys.json", address);
        assert_eq!(run.refusal(3), format!("key set address: {expected}"));
    }
}

#[test]
fn a_policy_that_is_none_is_named_for_what_it_is() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    let embedded = "`windows-mdm@1.0.0`, `windows-mdm@2.0.0`, `intune-mam@1.0.0`";
    for (policy, expected) in [
        (
            "windows-mdm@9.9.9",
            format!(
                "policy `windows-mdm@9.9.9` is neither a file nor one of the embedded {embedded}"
            ),
        ),
        (
            "windows_mdm",
            format!("policy `windows_mdm` is neither a file nor one of the embedded {embedded}"),
        ),
        (
            "./none.wasm",
            format!("policy `./none.wasm` is neither a file nor one of the embedded {embedded}"),
        ),
        ("folder", format!("failed to read `folder`: {IS_DIRECTORY}")),
    ] {
        assert_eq!(folder.admit(&format!("inspect {policy}")).refusal(3), expected);
        assert_eq!(decide_with(&folder, "windows-mdm", policy).refusal(3), expected);
    }
    for file in no_policies() {
        folder.write("file.wasm", &file.bytes);
        let inspected = folder.admit("inspect file.wasm");
        for run in [inspected, decide_with(&folder, "windows-mdm", "file.wasm")] {
            file.check(run.refusal(3), "policy `file.wasm`: ");
        }
    }
}

#[test]
fn a_token_file_that_holds_no_token_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    folder.write("empty.jwt", "\n");
    folder.write("utf16.jwt", UTF16);
    folder.write("large.jwt", "x".repeat(256 * 1024 + 1));
    for (file, expected) in [
        ("none.jwt", format!("failed to read `none.jwt`: {NO_FILE}")),
        ("folder", format!("failed to read `folder`: {IS_DIRECTORY}")),
        ("empty.jwt", "token `empty.jwt`: empty; expected an access token".into()),
        ("--format soap empty.jwt", "token `empty.jwt`: empty; expected a SOAP envelope".into()),
        ("utf16.jwt", "token `utf16.jwt`: text in UTF-16; expected UTF-8".into()),
        ("large.jwt", "`large.jwt` is too large; expected at most 262144 bytes".into()),
        ("--jsonl none.jsonl", format!("failed to read `none.jsonl`: {NO_FILE}")),
        ("--jsonl folder", format!("failed to read `folder`: {IS_DIRECTORY}")),
    ] {
        assert_eq!(folder.admit(&format!("{DECIDE} {file}")).refusal(3), expected);
    }
    let run = folder.admit(DECIDE);
    assert_eq!(run.refusal(3), "token `standard input`: empty; expected an access token");
    // Larger than a token, smaller than an envelope: that is for the gate to say.
    folder.write("large.jwt", "x".repeat(64 * 1024 + 1));
    let decision = folder.admit(&format!("{DECIDE} --output json large.jwt")).decision(1);
    assert_eq!(decision["reason"], "token.too_large");
}

#[test]
fn bad_files_of_the_issuer_are_named() {
    let folder = Folder::new();
    folder.write("bad.key", "x");
    folder.write("bad.json", "[]");
    let no_key = "not an RSA private key of 2048 to 8192 bits in PKCS #8 DER";
    for (arguments, expected) in [
        ("keys --key bad.key".to_owned(), format!("issuer key `bad.key`: {no_key}")),
        ("keys --key .".to_owned(), format!("failed to read `.`: {IS_DIRECTORY}")),
        (
            format!("token --aud {CLIENT} --claims bad.json"),
            "claims `bad.json`: not a JSON object but an array".to_owned(),
        ),
    ] {
        assert_eq!(folder.admit(&format!("issuer {arguments}")).refusal(3), expected);
    }
    let run = folder.admit("issuer keys --key none/issuer.key");
    let start = "failed to write `none/issuer.key`: No such file or directory";
    assert!(run.refusal(3).starts_with(start), "{run:?}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = folder.admit(&format!("issuer serve --port {port}"));
    let start = format!("failed to serve on `127.0.0.1:{port}`: Address already in use");
    assert!(run.refusal(70).starts_with(&start), "{run:?}");
}

#[test]
fn a_wrong_command_line_is_explained() {
    let folder = Folder::new();
    for (arguments, expected) in [
        (
            DECIDE.replace("1767225600", "tomorrow"),
            "error: invalid value 'tomorrow' for '--now <RFC3339|UNIX>': expected seconds since \
             1970 or a time such as 2026-01-01T00:00:00Z, not before 1970",
        ),
        (
            DECIDE.replace("1767225600", "-1"),
            "error: invalid value '-1' for '--now <RFC3339|UNIX>': expected seconds since 1970 or a \
             time such as 2026-01-01T00:00:00Z, not before 1970",
        ),
        (
            DECIDE.replace("1767225600", "1969-12-31T23:59:59Z"),
            "error: invalid value '1969-12-31T23:59:59Z' for '--now <RFC3339|UNIX>': expected seconds \
             since 1970 or a time such as 2026-01-01T00:00:00Z, not before 1970",
        ),
        (
            format!("{DECIDE} --cloud germany"),
            "error: invalid value 'germany' for '--cloud <CLOUD>': no cloud `germany`; expected \
             `public`, `us-gov` or `china`",
        ),
        (
            format!("{DECIDE} --format saml"),
            "error: invalid value 'saml' for '--format <FORMAT>'\n  [possible values: jwt, \
             binary-security-token, soap, claims]",
        ),
        (format!("{DECIDE} --trase good.jwt"), "error: unexpected argument '--trase' found"),
        (format!("{DECIDE} good.jwt mam.jwt"), "error: unexpected argument 'mam.jwt' found"),
        (
            "decide --policy windows-mdm good.jwt".to_owned(),
            "error: the following required arguments were not provided:\n  --settings <FILE>",
        ),
        ("inspct windows-mdm".to_owned(), "error: unrecognized subcommand 'inspct'"),
        (
            "issuer token".to_owned(),
            "error: the following required arguments were not provided:\n  --aud <AUDIENCE>",
        ),
    ] {
        let run = folder.admit(&arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.starts_with(expected), "{expected}\nis not the start of\n{}", run.err);
        assert_eq!(run.err.matches("error:").count(), 1, "{}", run.err);
    }
    let run = folder.admit(&format!("{DECIDE} --jsonl --format claims good.jwt"));
    assert_eq!(
        run.refusal(2),
        "--format claims does not go with --jsonl: give `claims` in the line instead"
    );
    let run = Run::of(folder.command("inspect windows-mdm").env("ADMIT_LOG", "loud"));
    assert_eq!(
        run.refusal(2),
        "the environment variable `ADMIT_LOG` is no log level; expected `off`, `error`, `warn`, \
         `info`, `debug` or `trace`"
    );
}

#[test]
fn a_closed_output_is_no_panic() {
    let folder = Folder::new();
    for arguments in [
        "inspect windows-mdm".to_owned(),
        "inspect --output json windows-mdm".to_owned(),
        "issuer keys".to_owned(),
        format!("{DECIDE} good.jwt"),
        "demo --clients 1".to_owned(),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        // Nobody reads: quiet, but not as if it had been said.
        let run = Run::of(folder.command(&arguments).stdout(writer));
        assert_eq!((run.code, run.err.as_str()), (Some(70), ""), "{arguments}");
    }
    // Nobody reads the errors either.
    for (arguments, code) in [
        ("inspect none".to_owned(), 3),
        (format!("{DECIDE} --format claims keys.json"), 1),
        (format!("{DECIDE} --jsonl keys.json"), 3),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.command(&arguments);
        let status =
            command.env("ADMIT_LOG", "trace").stdout(Stdio::null()).stderr(writer).status();
        assert_eq!(status.unwrap().code(), Some(code), "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = Folder::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in ["inspect windows-mdm".to_owned(), format!("{DECIDE} good.jwt")] {
        let run = Run::of(folder.command(&arguments).stdout(full()));
        let expected = "failed to write the result: No space left on device (os error 28)";
        assert_eq!(run.refusal(70), expected, "{arguments}");
    }
}

#[test]
fn what_an_argument_hides_is_shown_in_the_error() {
    let folder = Folder::new();
    for (arguments, shown) in [
        ("explain a \u{1b}[2J\u{202e}b", "unexpected argument '\\u{1b}[2J\\u{202e}b' found"),
        ("explain a x\nerror:", "unexpected argument 'x\\nerror:' found"),
        ("inspct\u{202e}", "unrecognized subcommand 'inspct\\u{202e}'"),
        ("test --threshold=1\u{1b}\n2", "'"),
    ] {
        let run = folder.admit(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
        let hides = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!run.err.contains(hides) && !run.err.contains("\n2"), "{:?}", run.err);
    }
    let run = folder.admit("explain a\u{1b}\u{202e}");
    assert!(!run.err.contains(['\u{1b}', '\u{202e}']), "{:?}", run.err);
    let missing = folder.admit("inspect no\u{1b}\u{202e}ne.wasm");
    assert!(missing.refusal(3).contains("no\\u{1b}\\u{202e}ne.wasm"), "{missing:?}");
}

#[test]
fn what_a_policy_says_of_a_setting_is_shown_whole() {
    let folder = Folder::new();
    let mut settings = windows_settings();
    settings["scopes"] = serde_json::json!(["a\u{202e}\u{200b}b"]);
    folder.write("windows.json", settings.to_string());
    let run = folder.admit(&format!("{DECIDE} good.jwt"));
    assert!(run.refusal(3).contains("`a\\u{202e}\\u{200b}b` is not a scope"), "{run:?}");
}
