//! Cases inside a component: played before it is activated.

use std::sync::Arc;
use std::time::Duration;

use admit::cases::section::{self, PackedFile};
use admit::claims::Verification;
use admit::cloud::Cloud;
use admit::gate::{Activation, Gate};
use admit::limits::Limits;
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::keys_with;
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

const CASES: &str = "\
policy: windows-mdm
settings: {server_url: https://mdm.example.com, windows_entra_tenant_ids: []}
base: entra-v2
cases:
  - name: nobody is admitted
    expect: {deny: no_tenants_configured}
";

fn gate(limits: Limits, cloud: Cloud) -> Gate {
    let runtime = Runtime::with_limits(limits).unwrap();
    Gate::new("packed", runtime, Arc::new(keys_with(json!({}))), Verification::new(cloud))
}

fn packed(component: &[u8], cases: &str) -> Vec<u8> {
    let file = PackedFile { name: "my.yaml".to_owned(), bytes: cases.as_bytes().to_vec() };
    section::write(component, &[file]).unwrap()
}

fn activate(gate: &Gate, component: &[u8], settings: &Value) -> Result<u64, (String, String)> {
    let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
    match gate.activate(Activation { component, settings, cases: &[] }) {
        Ok(activated) => Ok(activated.generation),
        Err(error) => Err((error.code().to_owned(), chain(&error))),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", cause.unwrap_or_default())
}

fn live() -> Value {
    json!({"server_url": "https://live.example.com", "windows_entra_tenant_ids": []})
}

#[test]
fn a_component_whose_cases_fail_is_not_activated() {
    let gate = gate(Limits::default(), Cloud::Public);
    activate(&gate, &packed(WINDOWS_MDM_2.component, CASES), &live()).unwrap();
    let wrong = CASES.replace("deny: no_tenants_configured", "deny: scope_missing");
    let (code, text) =
        activate(&gate, &packed(WINDOWS_MDM_2.component, &wrong), &live()).unwrap_err();
    assert_eq!(code, "rehearse");
    assert_eq!(
        text,
        "activation failed at step rehearse: 1 of 1 cases failed, first my.yaml:5 \
         `nobody is admitted`: expected deny scope_missing, got deny no_tenants_configured; \
         claims: tid; settings: windows_entra_tenant_ids"
    );
    assert_eq!(gate.generation(), 1);
}

#[test]
fn cases_are_played_with_the_settings_they_carry_whatever_is_live() {
    let gate = gate(Limits::default(), Cloud::China);
    let tenant = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
    let cases = CASES
        .replace("tenant_ids: []", &format!("tenant_ids: [{tenant}]"))
        .replace("base: entra-v2", "base: entra-v1")
        .replace("{deny: no_tenants_configured}", "{allow: {user_name: dana@example.com}}");
    activate(&gate, &packed(WINDOWS_MDM_2.component, &cases), &live()).unwrap();
}

#[test]
fn settings_that_the_policy_refuses_fail_their_cases() {
    let gate = gate(Limits::default(), Cloud::Public);
    let wrong = CASES.replace("tenant_ids: []", "tenant_ids: [nobody]");
    let (code, text) =
        activate(&gate, &packed(WINDOWS_MDM_2.component, &wrong), &live()).unwrap_err();
    assert_eq!(code, "rehearse");
    assert!(
        text.contains("my.yaml:5 `nobody is admitted`: windows_entra_tenant_ids: `nobody`"),
        "{text}"
    );
}

#[test]
fn cases_that_cannot_be_read_are_no_cases() {
    let gate = gate(Limits::default(), Cloud::Public);
    let rows = [
        (
            CASES.replace("expect", "expects"),
            "`my.yaml`: line 6, column 5: `cases[0].expects` is unknown; did you mean `expect`?",
        ),
        (
            CASES.replace("windows-mdm", "intune-mam"),
            "`my.yaml` is for `intune-mam` *; expected cases for `windows-mdm 2.0.0`",
        ),
        (CASES.replace("settings:", "# settings:"), "`my.yaml` has no `settings`"),
    ];
    for (cases, expected) in rows {
        let component = packed(WINDOWS_MDM_2.component, &cases);
        let (code, text) = activate(&gate, &component, &live()).unwrap_err();
        assert_eq!(code, "inspect");
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(gate.generation(), 0);
}

const LOOPS: &str = "\
policy: misbehave
settings: {}
base: entra-v2
cases:
  - name: n
    claims: {mode: loop}
    expect: {deny: misbehaved}
";

#[test]
fn cases_run_under_the_limits_of_production() {
    let gate = gate(Limits::default(), Cloud::Public);
    let component = packed(&CoreModule::misbehave().component(), LOOPS);
    let (code, text) = activate(&gate, &component, &json!({})).unwrap_err();
    assert_eq!(code, "rehearse");
    assert!(text.contains("expected deny misbehaved, got failed policy.limit."), "{text}");
}

#[test]
fn a_slip_of_the_pen_in_a_case_is_named() {
    let gate = gate(Limits::default(), Cloud::Public);
    let rows = [
        (
            "{deny: no_tenants}",
            "expects a refusal for `no_tenants`, which the policy does not have",
        ),
        (
            "{deny: no_tenants_configured}\n    facts: {account.exist: true}",
            "passes fact `account.exist`, which the policy does not have",
        ),
    ];
    for (expect, expected) in rows {
        let cases = CASES.replace("{deny: no_tenants_configured}", expect);
        let component = packed(WINDOWS_MDM_2.component, &cases);
        let (code, text) = activate(&gate, &component, &live()).unwrap_err();
        assert_eq!(code, "rehearse");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn no_name_of_a_person_is_in_what_is_said_of_a_failed_case() {
    let gate = gate(Limits::default(), Cloud::Public);
    let tenant = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
    let cases = CASES
        .replace("tenant_ids: []", &format!("tenant_ids: [{tenant}]"))
        .replace("base: entra-v2", "base: entra-v1")
        .replace("{deny: no_tenants_configured}", "{allow: {user_name: adele@example.com}}");
    let component = packed(WINDOWS_MDM_2.component, &cases);
    let (_, text) = activate(&gate, &component, &live()).unwrap_err();
    assert!(
        text.contains("expected allow; user_name, got allow; tenant_id; object_id; user_name"),
        "{text}"
    );
    assert!(!text.contains("adele") && !text.contains("dana"), "{text}");
}

#[test]
fn all_cases_together_are_bounded_in_time() {
    let limits = Limits { rehearsal_deadline: Duration::from_millis(50), ..Limits::default() };
    let gate = gate(limits, Cloud::Public);
    let axis: String = (0..9_000).map(|index| format!("v{index}: {{}}, ")).collect();
    let good = LOOPS.replace("{mode: loop}", "{}").replace("{deny: misbehaved}", "allow");
    let loops = format!("{good}    matrix: {{a: {{{axis}}}}}\n");
    let component = packed(&CoreModule::misbehave().component(), &loops);
    let (code, text) = activate(&gate, &component, &json!({})).unwrap_err();
    assert_eq!(code, "rehearse");
    assert!(text.contains("the cases took longer than 0.05 s; "), "{text}");
}
