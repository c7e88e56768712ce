//! Gates as files say, and files as gates are.

use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::{CLIENT, TID, with};
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use super::shell::Shell;
use super::start::{Server, token, windows_settings};
use super::stub::{Stub, answer};

const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

const MAM: &str = "\
gates:
  intune-mam:
    policy: intune-mam@1.0.0
    settings:
      tenant_id: f645ad92-e38d-4d1a-b510-d1b09a74a8ca
      client_id: 0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01
      auth_service: saml
";

/// A file for the gate `windows-mdm`, with these further lines of settings.
fn windows(version: &str, more: &str) -> String {
    format!(
        "gates:\n  windows-mdm:\n    policy: windows-mdm@{version}\n    settings:\n      \
         server_url: https://mdm.example.com\n      windows_entra_tenant_ids: [{TID}]\n{more}"
    )
}

fn client_ids(ids: &[&str]) -> String {
    format!("      windows_entra_client_ids: [{}]\n", ids.join(", "))
}

/// A server whose gates were never configured, and a shell to it.
fn fresh() -> (Server, Shell) {
    let server = Server::start(&json!({}));
    let shell = Shell::of(&server);
    (server, shell)
}

fn settings(server: &Server) -> Value {
    server.admin().get("/v1/gates/windows-mdm/settings").json(200)
}

/// What an attempt or a change would leave.
fn left(server: &Server) -> (Value, Value) {
    let activities = server.admin().get("/v1/activities?limit=1").json(200);
    (settings(server), activities["activities"][0]["id"].clone())
}

#[test]
fn files_and_gates_become_each_other_byte_by_byte() {
    let (server, shell) = fresh();
    std::fs::create_dir(shell.path("repository")).unwrap();
    shell.write("repository/mam.yml", MAM);
    let more = client_ids(&[&OTHER.to_ascii_uppercase(), CLIENT]);
    shell.write("repository/windows.yaml", windows("2.0.0", &more));
    let applied = shell.prints("apply -f repository");
    let [mam, win] =
        ["intune-mam: activated intune-mam 1.0.0", "windows-mdm: activated windows-mdm 2.0.0"]
            .map(|text| applied.find(text).unwrap_or_else(|| panic!("no `{text}`: {applied}")));
    assert!(mam < win, "in the order of the files: {applied}");
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");

    let generated = shell.prints("generate");
    let expected = format!(
        "\
# Gates of an Admit server. `admit apply -f FILE` makes a server agree with it.
gates:
  windows-mdm:
    policy: windows-mdm@2.0.0
    settings:
      server_url: https://mdm.example.com
      windows_entra_tenant_ids:
        - {TID}
      windows_entra_client_ids:
        - {}
        - {CLIENT}
  intune-mam:
    policy: intune-mam@1.0.0
    settings:
      tenant_id: {TID}
      client_id: {CLIENT}
      auth_service: saml
",
        OTHER.to_ascii_uppercase()
    );
    assert_eq!(generated, expected);
    shell.prints("generate -o all.yaml");
    assert_eq!(shell.read("all.yaml"), generated);
    let before = left(&server);
    let unchanged = "windows-mdm: no changes\nintune-mam: no changes\n";
    assert_eq!(shell.prints("apply -f all.yaml"), unchanged);
    assert_eq!(shell.prints("apply -f all.yaml --dry-run"), unchanged);
    assert_eq!(shell.prints("apply -f repository").matches("no changes\n").count(), 2);
    assert_eq!(left(&server), before);
    assert_eq!(shell.prints("generate"), generated);
    let one = shell.prints("generate intune-mam");
    assert_eq!(
        one.lines().skip(2).collect::<Vec<_>>(),
        generated.lines().skip(11).collect::<Vec<_>>()
    );

    let (_other_server, other) = fresh();
    other.write("all.yaml", &generated);
    other.prints("apply -f all.yaml");
    assert_eq!(other.prints("generate"), generated, "on another server");
    let none = "the server has no gate `nope`; it has `windows-mdm`, `intune-mam`";
    assert_eq!(other.refuses("generate nope", 3), none);
}

#[test]
fn the_difference_is_shown_by_value_and_a_dry_run_changes_nothing() {
    let (server, shell) = fresh();
    let more =
        client_ids(&[CLIENT]) + "      scopes: [mdm_delegation, old]\n      allow_guests: false\n";
    shell.write("a.yaml", windows("2.0.0", &more));
    shell.prints("apply -f a.yaml");
    let before = left(&server);

    let changed = client_ids(&[OTHER, &CLIENT.to_ascii_uppercase()])
        + "      scopes: [new, mdm_delegation]\n";
    shell.write("b.yaml", windows("2.0.0", &changed));
    let difference = format!(
        "windows-mdm:\n  + windows_entra_client_ids: {OTHER}\n  - scopes: old\n  + scopes: new\n  \
         - allow_guests: false\n"
    );
    let dry = shell.prints("apply -f b.yaml --dry-run");
    assert_eq!(dry, format!("{difference}dry run: nothing was changed\n"));
    assert_eq!(left(&server), before);

    let applied = shell.prints("apply -f b.yaml");
    let rest = applied.strip_prefix(&difference).unwrap_or_else(|| panic!("{applied}"));
    assert!(rest.starts_with("windows-mdm: activated windows-mdm 2.0.0 (sha256:"), "{applied}");
    let after = settings(&server);
    assert_eq!(after["settings"].get("allow_guests"), None, "back to the default");
    assert_eq!(after["settings"]["scopes"], json!(["new", "mdm_delegation"]));
    assert_eq!(after["revision"], 2, "one activation");

    let shouted = client_ids(&[&CLIENT.to_ascii_uppercase(), OTHER])
        + "      scopes: [mdm_delegation, new]\n";
    shell.write("c.yaml", windows("2.0.0", &shouted));
    assert_eq!(shell.prints("apply -f c.yaml"), "windows-mdm: no changes\n");
    shell.write("d.yaml", "gates: {windows-mdm: {policy: windows-mdm}}\n");
    assert_eq!(shell.prints("apply -f d.yaml"), "windows-mdm: no changes\n", "settings stay");
}

/// What is said of a gate that the server refuses to change.
const NOT_APPLIED: &str = "windows-mdm: not applied; nothing was changed";

#[test]
fn the_server_checks_every_gate_before_the_first_is_changed() {
    let (server, shell) = fresh();
    std::fs::create_dir(shell.path("all")).unwrap();
    shell.write("all/a.yaml", MAM);
    let bad = client_ids(&["x", CLIENT]) + "      scopes: []\n";
    shell.write("all/b.yaml", windows("2.0.0", &bad));
    let before = left(&server);
    for arguments in ["apply -f all", "apply -f all --dry-run"] {
        let run = shell.run(arguments);
        assert_eq!(run.out, "", "nothing is shown of what will not be done");
        let said = run.said();
        let lines: Vec<_> = said.lines().collect();
        assert_eq!((run.code, lines.len()), (Some(1), 4));
        assert_eq!(lines[..2], [NOT_APPLIED, "Validation Failed"]);
        assert!(said.contains("\n  windows_entra_client_ids: `x` is not a GUID; "), "{said}");
        assert!(said.contains("\n  scopes: empty; "), "{said}");
    }
    assert_eq!(left(&server), before, "nothing happened");

    shell.write("typo.yaml", windows("2.0.0", "      tenants: []\n      allow_guests: [no]\n"));
    let run = shell.run("apply -f typo.yaml");
    assert_eq!(run.code, Some(1), "{run:?}");
    let said = run.said();
    let expected = "settings that the policy does not have, or of another type\n  tenants: ";
    assert!(said.starts_with(&format!("{NOT_APPLIED}\n{expected}")), "{said}");
    assert!(said.contains("\n  allow_guests: "), "{said}");
}

#[test]
fn what_cannot_be_applied_is_refused_before_anything_is_shown() {
    let (server, shell) = fresh();
    std::fs::create_dir(shell.path("all")).unwrap();
    shell.write("all/a.yaml", MAM);
    let before = left(&server);
    shell.write("all/core.wasm", b"\0asm\x01\0\0\0");
    for (file, said) in [
        (windows("2.1", ""), "windows-mdm@2.1"),
        (windows("7", ""), "windows-mdm@7"),
        ("gates: {windows-mdm: {policy: windos-mdm, settings: {}}}\n".to_owned(), "windos-mdm"),
        ("gates: {windows-mdm: {component: none.wasm}}\n".to_owned(), "none.wasm"),
        ("gates: {windows-mdm: {component: core.wasm}}\n".to_owned(), "a core WebAssembly module"),
        ("gates: {nope: {settings: {}}}\n".to_owned(), "nope"),
        ("gates: {windows-mdm: {settings: {x: {{ x }}}}}\n".to_owned(), "`{{ x }}` looks like"),
    ] {
        shell.write("all/b.yaml", &file);
        for arguments in ["apply -f all", "apply -f all --dry-run"] {
            let run = shell.run(arguments);
            assert!(run.code != Some(0) && run.out.is_empty(), "{file}: {run:?}");
            assert!(run.said().contains(said), "{file}: {run:?}");
        }
    }
    assert_eq!(left(&server), before);
}

#[test]
fn settings_that_a_policy_does_not_know_are_left_and_come_back() {
    let (server, shell) = fresh();
    shell.write("2.yaml", windows("2.0.0", &client_ids(&[CLIENT])));
    shell.write("1.yaml", windows("1.0.0", ""));
    shell.prints("apply -f 2.yaml");
    let refused = shell.run("apply -f 1.yaml");
    let unnamed = refused.said();
    assert_eq!(refused.code, Some(1), "{unnamed}");
    assert!(unnamed.contains("\n  windows_entra_client_ids: is configured with [\""), "{unnamed}");
    assert_eq!(settings(&server)["unknown"], json!({}));
    shell.write("1.yaml", windows("1.0.0", "    drop: [windows_entra_client_ids]\n"));
    let down = shell.prints("apply -f 1.yaml");
    let kept = "  kept       settings that do not count: windows_entra_client_ids\n";
    let change = "windows-mdm:\n  policy     windows-mdm 2.0.0 (sha256:";
    assert!(down.starts_with(change) && down.contains(") -> windows-mdm 1.0.0 (sha256:"), "{down}");
    assert_eq!(down.matches(kept).count(), 2, "in the difference, and of the activation: {down}");
    assert_eq!(settings(&server)["unknown"]["windows_entra_client_ids"], json!([CLIENT]));
    assert_eq!(shell.prints("apply -f 1.yaml"), format!("windows-mdm: no changes\n{kept}"));
    let generated = shell.run("generate windows-mdm");
    assert!(!generated.out.contains("windows_entra_client_ids"), "{generated:?}");
    let said = "gate `windows-mdm` keeps settings that do not count; left out: \
                `windows_entra_client_ids`";
    assert_eq!((generated.code, generated.said()), (Some(0), said.to_owned()));

    // The file of version 2 names the very ids that were kept: they only count again.
    let up = shell.prints("apply -f 2.yaml");
    let restored = "  restored   windows_entra_client_ids = [\"";
    assert!(up.contains(restored) && up.contains("\"], which counts again\n"), "{up}");
    assert_eq!(up.matches("windows_entra_client_ids").count(), 1, "no difference: {up}");
    assert_eq!(settings(&server)["settings"]["windows_entra_client_ids"], json!([CLIENT]));
    assert_eq!(settings(&server)["revision"], 3, "one activation each");
}

#[test]
fn settings_that_a_new_policy_knows_and_the_file_does_not_name_go_back_to_their_defaults() {
    let (server, shell) = fresh();
    let pair = format!("      client_tenant_pairs: [{CLIENT}@{TID}]\n");
    shell.write("2.yaml", windows("2.0.0", &(client_ids(&[CLIENT]) + &pair)));
    shell.write("1.yaml", windows("1.0.0", ""));
    shell.prints("apply -f 2.yaml");
    let down = "apply -f 1.yaml --drop windows_entra_client_ids --drop client_tenant_pairs";
    shell.prints(down);
    let unknown = settings(&server)["unknown"].clone();
    assert_eq!(unknown.as_object().map(serde_json::Map::len), Some(2), "{unknown}");

    shell.write("2.yaml", windows("2.0.0", &client_ids(&[OTHER])));
    let up = shell.prints("apply -f 2.yaml");
    let lines = format!(
        "  - windows_entra_client_ids: {CLIENT}\n  + windows_entra_client_ids: {OTHER}\n  \
         - client_tenant_pairs: {CLIENT}@{TID}\n"
    );
    assert!(up.contains(&lines), "{up}");
    let after = settings(&server);
    assert_eq!(after["settings"]["windows_entra_client_ids"], json!([OTHER]));
    assert_eq!(
        (after["settings"].get("client_tenant_pairs"), &after["unknown"]),
        (None, &json!({}))
    );

    // Nothing complains of what was kept here: the server says that it would count again.
    shell.prints(down);
    shell.write("2.yaml", windows("2.0.0", ""));
    let up = shell.prints("apply -f 2.yaml");
    assert!(up.contains(&format!("  - windows_entra_client_ids: {OTHER}\n")), "{up}");
    assert_eq!(settings(&server)["settings"].get("windows_entra_client_ids"), None);
}

#[test]
fn a_setting_that_the_policy_of_a_file_does_not_know_is_refused_whatever_the_gate_has() {
    let (_never, never) = fresh();
    let (_before, before) = fresh();
    let (_kept, kept) = fresh();
    let ids = client_ids(&[CLIENT]);
    for shell in [&never, &before, &kept] {
        shell.write("2.yaml", windows("2.0.0", &ids));
        shell.write("1.yaml", windows("1.0.0", "    drop: [windows_entra_client_ids]\n"));
        shell.write("slip.yaml", windows("1.0.0", &ids));
    }
    before.prints("apply -f 2.yaml");
    kept.prints("apply -f 2.yaml");
    kept.prints("apply -f 1.yaml");
    let unknown = "\n  windows_entra_client_ids: setting `windows_entra_client_ids` is unknown to \
                   `windows-mdm 1.0.0`; expected one of ";
    for shell in [&never, &before, &kept] {
        let run = shell.run("apply -f slip.yaml");
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.said().contains(unknown), "{run:?}");
    }
}

#[test]
fn what_a_template_should_have_filled_in_is_said_before_anything_is_applied() {
    let (server, shell) = fresh();
    let file = MAM.replace("saml", "saml\n      scope: $MAM_SCOPE");
    shell.write("gates.yaml", file);
    let said = "`gates.yaml`, line 8, column 14: gate `intune-mam`: setting `scope`: `$MAM_SCOPE` looks \
                like a placeholder that nothing filled in";
    let dry = shell.run("apply -f gates.yaml --dry-run");
    assert_eq!((dry.code, dry.said()), (Some(0), said.to_owned()), "{dry:?}");
    // It is what somebody may have meant, and so applied.
    let applied = shell.run("apply -f gates.yaml");
    assert_eq!((applied.code, applied.said()), (Some(0), said.to_owned()), "{applied:?}");
    let settings = server.admin().get("/v1/gates/intune-mam/settings").json(200);
    assert_eq!(settings["settings"]["scope"], "$MAM_SCOPE");
    // Without quotes it is no YAML, and called what it is all the same.
    for (value, place, problem) in [
        ("{{ scope }}", "column 14: `{{ scope }}`", "map; expected a text"),
        ("[${SCOPE}]", "column 15: `${SCOPE}`", "while parsing a flow sequence"),
        ("%SCOPE%", "column 14: `%SCOPE%`", "unexpected character"),
        (
            "{{- .Values.scope | quote }}",
            "column 14: `{{- .Values.scope | quote }}`",
            "map; expected a text",
        ),
        ("#{scope}", "column 14: `#{scope}`", "nothing; leave the setting out"),
    ] {
        shell.write("gates.yaml", MAM.replace("saml", &format!("saml\n      scope: {value}")));
        let refused = shell.refuses("apply -f gates.yaml", 3);
        let expected = format!(
            "gates `gates.yaml`: line 8, {place} looks like a placeholder that nothing filled in (as YAML: {problem}"
        );
        assert!(refused.starts_with(&expected), "{refused}");
    }
    // Nobody answers: it is said first all the same.
    let nobody = Shell::at("http://127.0.0.1:1", "admit_a");
    nobody.write("gates.yaml", MAM.replace("f645ad92", "${TENANT}"));
    let run = nobody.run("apply -f gates.yaml");
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.said().starts_with("`gates.yaml`, line 5, column 18: "), "{run:?}");
    nobody.write("patch.yaml", "scope: '{{ scope }}'\n");
    let run = nobody.run("policy activate intune-mam intune-mam --settings patch.yaml");
    assert!(
        run.said().starts_with("`patch.yaml`: setting `scope`: `{{ scope }}` looks"),
        "{run:?}"
    );
}

#[test]
fn settings_that_are_missing_are_named_with_their_gate_and_how_they_are_given() {
    let (_server, shell) = fresh();
    shell.write("mam.yaml", MAM.replace("      auth_service: saml\n", ""));
    let run = shell.run("apply -f mam.yaml");
    let needs = "\n  gate `intune-mam` needs `auth_service`: give each a value under `settings` of the gate \
                 in the file of `--file`";
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.said().ends_with(needs), "{run:?}");
    let run = shell.run("policy activate intune-mam intune-mam@1.0.0");
    let needs = "\n  gate `intune-mam` needs `tenant_id`, `client_id`, `auth_service`: give each a value with \
                 `--settings FILE`";
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.said().ends_with(needs), "{run:?}");
}

#[test]
fn a_component_of_ones_own_is_named_by_its_file_or_by_its_digest() {
    let (server, shell) = fresh();
    std::fs::create_dir(shell.path("gates")).unwrap();
    shell.write("gates/own.wasm", CoreModule::misbehave().component());
    let file = "gates: {windows-mdm: {component: ./own.wasm, settings: {}}}\n";
    shell.write("gates/gates.yaml", file);
    let applied = shell.prints("apply -f gates/gates.yaml");
    assert!(applied.contains(") -> misbehave 1.0.0-guest (sha256:"), "{applied}");
    assert_eq!(shell.prints("apply -f gates"), "windows-mdm: no changes\n", "by its digest");

    let digest = settings(&server)["policy"]["digest"].as_str().unwrap().to_owned();
    let generated = shell.prints("generate windows-mdm");
    let policy = format!(
        "    policy: misbehave@1.0.0-guest\n    digest: \"{digest}\"\n    settings: {{}}\n"
    );
    assert!(generated.replace('"', "").ends_with(&policy.replace('"', "")), "{generated}");
    shell.write("generated.yaml", &generated);
    assert_eq!(shell.prints("apply -f generated.yaml"), "windows-mdm: no changes\n");

    let (other_server, other) = fresh();
    other.write("generated.yaml", &generated);
    let refused = other.refuses("apply -f generated.yaml", 1);
    let has = settings(&other_server)["policy"]["digest"].as_str().unwrap().to_owned();
    let text = format!(
        "gate `windows-mdm` has the policy windows-mdm@2.0.0 {has}; expected \
         misbehave@1.0.0-guest {digest}: activate its component with `admit policy activate \
         windows-mdm FILE`, or have the file name it by `component`"
    );
    assert_eq!(refused, text);
}

#[test]
fn a_component_travels_with_its_settings() {
    let (server, shell) = fresh();
    shell.write("1.yaml", windows("1.0.0", ""));
    shell.prints("apply -f 1.yaml");
    shell.write("policy.wasm", WINDOWS_MDM_2.component);
    let file = windows("2.0.0", &client_ids(&[CLIENT]));
    shell.write("gates.yaml", file.replace("policy: windows-mdm@2.0.0", "component: policy.wasm"));
    shell.prints("apply -f gates.yaml");
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
}

#[test]
fn in_gitops_mode_the_repository_is_named_and_its_role_applies() {
    const REPOSITORY: &str = "https://git.example.com/mdm";
    let server = Server::start(&json!({"gitops": {"repository": REPOSITORY}}));
    let admin = Shell::of(&server);
    admin.write("a.yaml", windows("2.0.0", &client_ids(&[CLIENT])));
    let said = format!(
        "{NOT_APPLIED}\nthis server is configured from {REPOSITORY}: change it there; only the role `gitops` may \
         write here"
    );
    for arguments in ["apply -f a.yaml", "apply -f a.yaml --dry-run"] {
        let run = admin.run(arguments);
        assert_eq!((run.code, run.said()), (Some(3), said.clone()));
    }
    assert_eq!(settings(&server)["revision"], 0);

    let created = admin.run("access create --name pipeline --role gitops");
    let gitops = admin.with_token(created.out.trim_end());
    gitops.write("a.yaml", admin.read("a.yaml"));
    gitops.prints("apply -f a.yaml");
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    let observer = admin.with_token(&server.create_access("observer"));
    assert_eq!(observer.prints("generate"), gitops.prints("generate"));
    assert_eq!(admin.prints("apply -f a.yaml"), "windows-mdm: no changes\n", "nothing to refuse");
    let newest = admin.prints("activities --gate windows-mdm --limit 1");
    assert!(newest.contains("  pipeline (gitops)  "), "{newest}");
}

#[test]
fn a_gate_that_the_server_does_not_have_and_a_bad_file_change_nothing() {
    let (server, shell) = fresh();
    let before = left(&server);
    shell.write("nope.yaml", "gates: {nope: {settings: {}}}\n");
    assert_eq!(shell.refuses("apply -f nope.yaml", 3), "there is no gate `nope`");
    let missing = shell.refuses("apply -f missing.yaml", 3);
    assert!(missing.starts_with("failed to read `missing.yaml`: "), "{missing}");
    shell.write("bad.yaml", "gates:\n  windows-mdm:\n    setings: {}\n");
    let bad = "gates `bad.yaml`: line 3, column 5: `setings` is unknown; did you mean \
               `settings`?";
    assert_eq!(shell.refuses("apply -f bad.yaml", 3), bad);
    std::fs::create_dir(shell.path("all")).unwrap();
    shell.write("all/a.yaml", MAM);
    shell.write("all/b.json", r#"{"gates": {"intune-mam": {"settings": {}}}}"#);
    let twice = "gates `all/b.json`: line 1, column 12: gate `intune-mam` is there twice, first on \
                 line 2 of `all/a.yaml`";
    assert_eq!(shell.refuses("apply -f all", 3), twice);
    // Hidden files are not meant, nor is a file of a ConfigMap meant twice.
    std::fs::create_dir_all(shell.path("hidden/..2026_11_30")).unwrap();
    shell.write("hidden/.gates.yaml", "gates: {nope: {settings: {}}}\n");
    shell.write("hidden/._x.yaml", "\0");
    shell.write("hidden/..2026_11_30/a.yaml", "gates: {nope: {settings: {}}}\n");
    std::os::unix::fs::symlink("..2026_11_30", shell.path("hidden/..data")).unwrap();
    let none = "gates `hidden`: no *.yaml, *.yml or *.json in it";
    assert_eq!(shell.refuses("apply -f hidden", 3), none);
    std::os::unix::fs::symlink("..data/a.yaml", shell.path("hidden/a.yaml")).unwrap();
    assert_eq!(shell.refuses("apply -f hidden", 3), "there is no gate `nope`");
    assert_eq!(left(&server), before);
    assert!(shell.refuses("apply", 2).contains("--file <FILE|DIR>"));
}

#[test]
fn a_gate_without_a_policy_is_left_out_or_given_one() {
    let server = Server::start(&json!({"gates": {"new": {}}}));
    let shell = Shell::of(&server);
    let generated = shell.run("generate");
    assert_eq!(generated.said(), "gate `new` has no policy; left out");
    assert!(generated.out.ends_with("\ngates: {}\n"), "{generated:?}");
    shell.write("empty.yaml", &generated.out);
    assert_eq!(shell.prints("apply -f empty.yaml"), "");

    shell.write("a.yaml", windows("2.0.0", "").replace("windows-mdm:", "new:"));
    let applied = shell.prints("apply -f a.yaml");
    assert!(
        applied.starts_with("new:\n  policy     none -> windows-mdm 2.0.0 (sha256:"),
        "{applied}"
    );
    assert!(applied.contains("\nnew: activated windows-mdm 2.0.0 "), "{applied}");
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

#[test]
fn a_gate_that_decides_nothing_is_activated_or_said_to_be_wrong() {
    let settings = with(windows_settings(), json!({"allow_gusts": false}));
    let gate = json!({"policy": "windows-mdm@2.0.0", "settings": settings});
    let server = Server::start(&json!({"gates": {"windows-mdm": gate}}));
    let shell = Shell::of(&server);
    let file = |extra: Value| {
        let gate = with(json!({"policy": "windows-mdm@2.0.0"}), extra);
        json!({"gates": {"windows-mdm": gate}}).to_string()
    };
    // The file says what the gate has, of which no release was ever made.
    shell.write("a.json", file(json!({})));
    let refused = shell.run("apply -f a.json");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(refused.out, "", "{refused:?}");
    assert!(refused.said().contains("allow_gusts"), "{refused:?}");
    shell.write("a.json", file(json!({"drop": ["allow_gusts"]})));
    assert!(shell.prints("apply -f a.json").contains("windows-mdm: activated windows-mdm 2.0.0"));
    assert!(shell.prints("apply -f a.json").starts_with("windows-mdm: no changes\n"));
}
