//! `admit inspect`.

use serde_json::Value;

use super::run::{DECIDE, Folder};
use super::schema;

fn json(folder: &Folder, policy: &str) -> Value {
    let run = folder.admit(&format!("inspect --output json {policy}"));
    schema::inspection(run.text(0))
}

/// One member of every item of a list of a policy's description.
pub(super) fn names(folder: &Folder, policy: &str, list: &str, name: &str) -> Vec<String> {
    let document = json(folder, policy);
    let items = document["description"][list].as_array().unwrap();
    items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_embedded_policy_is_as_the_schema_says() {
    let folder = Folder::new();
    for policy in admit_policies::all() {
        let document = json(&folder, &format!("{}@{}", policy.name, policy.version));
        assert_eq!(document["name"], policy.name);
        assert_eq!(document["version"], policy.version);
        assert_eq!(document["size_bytes"], policy.component.len());
        let digest = admit::release::component_digest(policy.component);
        assert_eq!(document["digest"], *digest);
        assert_eq!(document["world"], "admit:policy/token-policy@0.1.0");
        assert_eq!(document["exports"][0], "admit:policy/policy@0.1.0");
        assert_eq!(document["description"]["version"], policy.version);
    }
}

#[test]
fn a_file_is_inspected_as_the_embedded_policy_and_the_name_alone_is_the_newest() {
    let folder = Folder::new();
    folder.write("mine.wasm", admit_policies::WINDOWS_MDM_2.component);
    let file = json(&folder, "mine.wasm");
    assert_eq!(file, json(&folder, "windows-mdm@2.0.0"));
    assert_eq!(file, json(&folder, "windows-mdm"));
    assert_ne!(file, json(&folder, "windows-mdm@1.0.0"));
}

#[test]
fn the_first_numbers_of_a_version_name_the_newest_of_that_line() {
    let folder = Folder::new();
    for (line, version) in [("1", "1.0.0"), ("1.0", "1.0.0"), ("2", "2.0.0"), ("2.0", "2.0.0")] {
        assert_eq!(json(&folder, &format!("windows-mdm@{line}"))["version"], version, "{line}");
    }
    let run = folder.admit("diff windows-mdm@1 windows-mdm@2 --generate 10");
    assert!(run.out.contains("windows-mdm 1.0.0"), "{}{}", run.out, run.err);
    let decide = DECIDE.replace("--policy windows-mdm", "--policy windows-mdm@2");
    folder.admit(&format!("{decide} good.jwt")).text(0);
    for line in ["3", "2.1", "2.", "v2"] {
        let error = folder.admit(&format!("inspect windows-mdm@{line}")).err;
        let expected = format!(
            "policy `windows-mdm@{line}` is neither a file nor one of the embedded \
             `windows-mdm@1.0.0`, `windows-mdm@2.0.0`, `intune-mam@1.0.0`"
        );
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn text_says_what_it_is_and_what_can_be_configured() {
    let folder = Folder::new();
    let run = folder.admit("inspect intune-mam");
    let text = run.text(0);
    for part in [
        "intune-mam 1.0.0\nDecides who may sign in from an application that Microsoft Intune manages.\n\n  digest     sha256:",
        "\n  world      admit:policy/token-policy@0.1.0\n  imports    nothing\n  exports    admit:policy/policy@0.1.0\n  claims     tid, ver, aud, oid, ",
        "\n  cases      168 in intune-mam.yaml\n\nSettings\n  tenant_id: GUID (required)\n    The tenant whose users may sign in (portal: ",
        "\n  auth_service: one of office365, saml (required)\n    How users sign in on the web: ",
        "\n  scope: text (default \"login.mattermost\")\n",
        "\n\nFacts\n  platform.enabled     Sign-in from managed applications is turned on.\n",
        "\n\nRules, in this order\n  platform_licensed  The platform's licence covers ",
        "\n\nRefusals\n",
        "\n  token.expired ",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100 || line.contains("  claims ")),
        "{text}"
    );
}
