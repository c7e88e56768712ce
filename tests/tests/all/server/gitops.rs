//! Files of gates, where `tests/http/gitops.yaml` has no server or only a part of one.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::harness::server::Server;
use crate::harness::shell::Shell;
use crate::harness::stub::{Stub, answer};

const MAM: &str = "\
gates:
  intune-mam:
    policy: intune-mam@1.0.0
    settings:
      tenant_id: f645ad92-e38d-4d1a-b510-d1b09a74a8ca
      client_id: 0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01
      auth_service: saml
";

#[test]
fn what_a_template_left_is_named_where_it_is_no_yaml_and_without_a_server() {
    // No server answers here.
    let shell = Shell::at("http://127.0.0.1:1", "admit_a");
    // Without quotes it is no YAML, and called what it is all the same.
    for (value, place, problem) in [
        (
            "{{ scope }}",
            "column 14: `{{ scope }}`",
            "a key that is no text; expected `name: value`",
        ),
        ("[${SCOPE}]", "column 15: `${SCOPE}`", "while parsing a flow sequence"),
        ("%SCOPE%", "column 14: `%SCOPE%`", "unexpected character"),
        (
            "{{- .Values.scope | quote }}",
            "column 14: `{{- .Values.scope | quote }}`",
            "\"-\" is only valid inside a block",
        ),
        (
            "#{scope}",
            "column 14: `#{scope}`",
            "`gates.intune-mam.settings.scope`: nothing; leave the setting out",
        ),
    ] {
        shell.write("gates.yaml", MAM.replace("saml", &format!("saml\n      scope: {value}")));
        let refused = shell.refuses("apply -f gates.yaml", 3);
        let expected = format!(
            "gates `gates.yaml`: line 8, {place} looks like a placeholder that nothing filled in (as YAML: {problem}"
        );
        assert!(refused.starts_with(&expected), "{refused}");
    }
    shell.write("gates.yaml", MAM.replace("f645ad92", "${TENANT}"));
    let run = shell.run("apply -f gates.yaml");
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.said().starts_with("`gates.yaml`, line 5, column 18: "), "{run:?}");
}

#[test]
fn a_file_of_a_config_map_is_meant_once() {
    let server = Server::shared();
    let shell = Shell::of(&server);
    std::fs::create_dir_all(shell.path("folder/..2026_11_30")).unwrap();
    shell.write("folder/..2026_11_30/a.yaml", "gates: {nope: {settings: {}}}\n");
    symlink("..2026_11_30", shell.path("folder/..data")).unwrap();
    symlink("..data/a.yaml", shell.path("folder/a.yaml")).unwrap();
    assert_eq!(shell.refuses("apply -f folder", 3), "there is no gate `nope`");
}

/// What a server would say of the gates `a`, `b` and `c`; `b` is refused at the last moment.
fn refuses_b(refusal: &str) -> Stub {
    let policy =
        |version: &str| json!({"name": "windows-mdm", "version": version, "digest": "sha256:0"});
    let settings = json!({"gate": "a", "policy": policy("1.0.0"), "settings": {}, "effective": {},
        "unknown": {}, "revision": 7});
    let settings = answer("200 OK", "etag: \"7\"\r\n", &settings.to_string());
    let report = |gate: &str| {
        let report = json!({"gate": gate, "result": "activated", "policy": policy("2.0.0"),
            "release": "sha256:1", "generation": 8, "revision": 8, "steps": [],
            "rehearsed": {"component": 1, "operator": 0}});
        answer("200 OK", "", &report.to_string())
    };
    Stub::start(vec![
        ("GET /v1/gates/a/settings", settings.clone()),
        ("GET /v1/gates/b/settings", settings.clone()),
        ("GET /v1/gates/c/settings", settings),
        ("POST /v1/gates/a/policy?dry_run=true", report("a")),
        ("POST /v1/gates/b/policy?dry_run=true", report("b")),
        ("POST /v1/gates/c/policy?dry_run=true", report("c")),
        ("POST /v1/gates/a/policy", report("a")),
        ("POST /v1/gates/b/policy", refusal.to_owned()),
        ("POST /v1/gates/c/policy", report("c")),
    ])
}

#[test]
fn the_first_refusal_ends_it_and_what_was_applied_is_said() {
    let files = "gates:\n  a: {policy: windows-mdm}\n  b: {policy: windows-mdm}\n  c: {policy: windows-mdm}\n";
    let body = json!({"message": "somebody was faster", "code": "changed_meanwhile"}).to_string();
    let changed = answer("412 Precondition Failed", "", &body);
    for (refusal, code, summary) in [
        (changed, 1, "applied: a; not applied: b, c\nsomebody was faster"),
        (String::new(), 3, "applied: a; not known: b; not applied: c\nno answer from "),
    ] {
        let stub = refuses_b(&refusal);
        let shell = Shell::at(&stub.url(), "admit_a_b");
        shell.write("all.yaml", files);
        let run = shell.run("apply -f all.yaml");
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.said().starts_with(summary), "{run:?}");
        assert!(run.out.contains("a: activated windows-mdm 2.0.0 ("), "{run:?}");
        let changes: Vec<_> = stub
            .requests()
            .into_iter()
            .filter(|request| request.contains("/policy \"7\""))
            .collect();
        let expected = ["POST /v1/gates/a/policy \"7\"", "POST /v1/gates/b/policy \"7\""];
        assert_eq!(changes, expected, "of the revision that was read, and no further");
    }
}
