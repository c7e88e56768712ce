//! `admit issuer`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use admit_tests::fixture::{CLIENT, TID};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::run::{DECIDE, Folder, SERVER};

fn claims(token: &str) -> Value {
    let payload = token.trim_end().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn the_key_is_made_once_for_its_owner_alone() {
    let folder = Folder::new();
    let first = folder.admit("issuer keys");
    let made = std::fs::read(folder.path("issuer.key")).unwrap();
    assert_private(&folder, "issuer.key");
    let second = folder.admit("issuer keys");
    assert_eq!(first.text(0), second.text(0));
    assert_eq!(made, std::fs::read(folder.path("issuer.key")).unwrap());
    let other = folder.admit("issuer keys --key other.key");
    assert_private(&folder, "other.key");
    assert_ne!(first.out, other.text(0));

    let set = admit::keys::KeySet::parse(first.out.as_bytes()).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 0));
    let china = folder.admit("issuer keys --cloud china");
    assert!(china.text(0).contains("partner.microsoftonline.cn"), "{}", china.out);
}

fn assert_private(folder: &Folder, name: &str) {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(folder.path(name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
}

#[test]
fn runs_at_the_same_time_end_up_with_one_key() {
    let folder = Folder::new();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = folder.command("issuer keys --key shared.key");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let runs: Vec<_> = children.into_iter().map(|it| it.wait_with_output().unwrap()).collect();
    for run in &runs {
        assert!(run.status.success(), "{run:?}");
        assert_eq!(run.stdout, runs[0].stdout);
    }
}

#[test]
fn tokens_are_of_the_version_the_tenant_and_the_audience_asked_for() {
    let folder = Folder::new();
    let arguments = format!("issuer token --tid {TID} --aud {CLIENT} --now 1767225600");
    let v2 = folder.admit(&arguments);
    let v2 = claims(v2.text(0));
    assert_eq!((&v2["ver"], &v2["aud"], &v2["tid"]), (&json!("2.0"), &json!(CLIENT), &json!(TID)));
    assert_eq!(v2["iat"], 1_767_225_600);
    let v1 = folder.admit(&format!("issuer token --ver 1.0 --aud {SERVER}"));
    let v1 = claims(v1.text(0));
    assert_eq!((&v1["ver"], &v1["aud"]), (&json!("1.0"), &json!(SERVER)));
    assert!(v1["iss"].as_str().unwrap().starts_with("https://sts.windows.net/"));

    folder.write("claims.json", json!({"scp": "one two", "preferred_username": null}).to_string());
    let changed = folder.admit(&format!("{arguments} --claims claims.json"));
    let changed = claims(changed.text(0));
    assert_eq!(changed["scp"], "one two");
    assert!(changed.get("preferred_username").is_none() && v2.get("preferred_username").is_some());
}

#[test]
fn the_story_of_the_readme_works() {
    let folder = Folder::new();
    let keys = folder.admit("issuer keys");
    folder.write("keys.json", keys.text(0));
    let token = folder.admit(&format!("issuer token --tid {TID} --aud {CLIENT}"));
    let decide = DECIDE.replace(" --now 1767225600", "");
    folder.admit_with(&decide, token.text(0)).text(0);
}

/// A server that ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn keys_are_served_at_both_addresses() {
    let folder = Folder::new();
    let token = folder.admit(&format!("issuer token --tid {TID} --aud {CLIENT}"));
    let mut serve = folder.command("issuer serve");
    let mut server = Serving(serve.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    for (label, path) in [
        ("keys       ", "/common/discovery/v2.0/keys"),
        ("discovery  ", "/common/v2.0/.well-known/openid-configuration"),
    ] {
        let line = lines.next().unwrap();
        let address = line.strip_prefix(label).unwrap();
        assert!(address.starts_with("http://127.0.0.1:") && address.ends_with(path), "{line}");
        let decide = DECIDE.replace(" --now 1767225600", "").replace("keys.json", address);
        folder.admit_with(&decide, token.text(0)).text(0);
    }
}
