//! The gate: swap under load, roll-back, and activations that change nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use admit::cases::{Case, CaseFile};
use admit::claims::Verification;
use admit::decision::Outcome;
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Overtaken, Request};
use admit::release::{Built, Inspected, Release};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::Format;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::fixture::{CLIENT, NOW, TID, claims, issuer, keys_with};
use serde_json::{Value, json};

const SERVER: &str = "https://mdm.example.com";

fn gate() -> Gate {
    gate_of(&Runtime::new().unwrap())
}

fn gate_of(runtime: &Runtime) -> Gate {
    let keys = Arc::new(keys_with(json!({})));
    Gate::new("windows-mdm", runtime.clone(), keys, Verification::default())
}

fn settings(settings: Value) -> Settings {
    Settings::parse(settings.to_string().as_bytes()).unwrap()
}

fn version_1() -> Activation<'static> {
    Activation {
        component: WINDOWS_MDM_1.component,
        settings: settings(json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]})),
        cases: &[],
    }
}

fn version_2() -> Activation<'static> {
    Activation {
        component: WINDOWS_MDM_2.component,
        settings: settings(json!({
            "server_url": SERVER,
            "windows_entra_tenant_ids": [TID],
            "windows_entra_client_ids": [CLIENT],
        })),
        cases: &[],
    }
}

fn decide(gate: &Gate, token: &str) -> admit::decision::Decision {
    let facts = Facts::default();
    let input = Input::Token(Format::Jwt, token.as_bytes());
    gate.decide(&Request { id: None, input, facts: &facts, now: NOW, trace: false }).unwrap()
}

/// A gate that has had two releases of opposite answers to a v2.0 token, and the two.
fn gate_of_two() -> (Gate, [Arc<Release>; 2]) {
    let gate = gate();
    let releases = [version_1(), version_2()].map(|one| gate.activate(one).unwrap().release);
    (gate, releases)
}

/// Swaps twice a round while clients decide, and returns how often each version decided.
fn swap_under_load(gate: &Gate, releases: &[Arc<Release>; 2], rounds: u64) -> [u64; 2] {
    const CLIENTS: usize = 8;
    let token = issuer().sign(&claims());
    let (stop, start) = (AtomicBool::new(false), Barrier::new(CLIENTS + 1));
    let client = || {
        let (mut decided, mut last) = ([0_u64; 2], 0);
        start.wait();
        while !stop.load(Ordering::Relaxed) {
            let decision = decide(gate, &token);
            let policy = decision.policy.as_ref().expect("a release is active");
            let generation = decision.generation.expect("a release is active");
            let (expected, index) = match &*policy.version {
                "1.0.0" => (Outcome::Deny, 0),
                _ => (Outcome::Allow, 1),
            };
            assert_eq!(decision.outcome(), expected, "{:?}", decision.detail());
            // Version 1 was activated first, so that odd generations are its own.
            assert_eq!(generation.is_multiple_of(2), index == 1);
            assert!(generation >= last, "{generation} after {last}");
            (decided[index], last) = (decided[index] + 1, generation);
        }
        decided
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        start.wait();
        for _ in 0..rounds {
            for release in releases {
                gate.swap(Some(Arc::clone(release)), gate.generation()).unwrap();
                std::thread::yield_now();
            }
        }
        stop.store(true, Ordering::Relaxed);
        let decided = clients.into_iter().map(|client| client.join().unwrap());
        decided.fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
    })
}

#[test]
fn a_thousand_swaps_under_load_mix_and_fail_nothing() {
    let (gate, releases) = gate_of_two();
    let decided = swap_under_load(&gate, &releases, 500);
    assert_eq!(gate.generation(), 2 + 1_000);
    assert!(decided[0] > 0 && decided[1] > 0, "{decided:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_swaps_under_load_leave_nothing_behind() {
    use super::limits::memory::{alone, growth_mib};

    alone("swap::a_thousand_swaps_under_load_leave_nothing_behind", || {
        let (gate, releases) = gate_of_two();
        swap_under_load(&gate, &releases, 50);
        let (grown, _) = growth_mib("1,000 swaps", || {
            swap_under_load(&gate, &releases, 500);
        });
        assert!(grown <= 16, "{grown}");
    });
}

#[test]
fn the_active_release_again_is_no_swap() {
    let gate = gate();
    let first = gate.activate(version_1()).unwrap();
    let again = gate.activate(version_1()).unwrap();
    assert!(first.changed && !again.changed && again.before.is_none());
    assert_eq!((first.generation, again.generation), (1, 1));
    assert_eq!(first.release.digest(), again.release.digest());
}

#[test]
fn the_same_settings_in_another_order_are_the_same_release() {
    let gate = gate();
    let first = gate.activate(version_1()).unwrap();
    let turned = json!({"windows_entra_tenant_ids": [TID], "server_url": SERVER});
    let again = Activation { settings: settings(turned), ..version_1() };
    assert!(!gate.activate(again).unwrap().changed);
    let other = json!({"windows_entra_tenant_ids": [], "server_url": SERVER});
    let other = gate.activate(Activation { settings: settings(other), ..version_1() }).unwrap();
    assert!(other.changed && other.release.digest() != first.release.digest());
}

#[test]
fn the_release_before_can_be_swapped_in_again_and_raises_the_generation() {
    let gate = gate();
    assert!(gate.activate(version_1()).unwrap().before.is_none());
    let second = gate.activate(version_2()).unwrap();
    let token = issuer().sign(&claims());
    assert_eq!(decide(&gate, &token).outcome(), Outcome::Allow);
    let back = gate.swap(second.before, second.generation).unwrap();
    assert_eq!((back.generation, gate.generation()), (3, 3));
    assert_eq!(back.before.unwrap().digest(), second.release.digest());
    assert_eq!(&*gate.release().unwrap().policy().version, "1.0.0");
    assert_eq!(decide(&gate, &token).outcome(), Outcome::Deny);
}

#[test]
fn a_release_that_is_built_decides_once_it_is_swapped_in() {
    let runtime = Runtime::new().unwrap();
    let gate = gate_of(&runtime);
    let first = gate.activate(version_1()).unwrap();
    let Activation { component, settings, cases } = version_2();
    let inspected = Inspected::new(&runtime, component).unwrap();
    let verification = gate.verification();
    let built = Built::of_inspected(inspected, settings, verification, cases).unwrap();
    let again = Built::again(Arc::clone(&built.release), verification, cases).unwrap();
    let steps: Vec<_> = again.stages.iter().map(|time| time.stage.as_str()).collect();
    assert_eq!(steps, ["rehearse"], "compiles nothing");
    let token = issuer().sign(&claims());
    assert_eq!(decide(&gate, &token).outcome(), Outcome::Deny);
    gate.swap(Some(built.release), first.generation).unwrap();
    assert_eq!(decide(&gate, &token).outcome(), Outcome::Allow);
}

#[test]
fn a_swap_overwrites_no_later_one() {
    let (gate, [first, second]) = gate_of_two();
    let overtaken = gate.swap(Some(first), 1).unwrap_err();
    assert_eq!(overtaken, Overtaken { gate: "windows-mdm".to_owned(), generation: 2 });
    assert_eq!(gate.swap(None, 1).unwrap_err(), overtaken);
    assert_eq!(gate.release().unwrap().digest(), second.digest());
}

#[test]
fn a_gate_that_loses_its_release_goes_on_with_the_next_generation() {
    let (gate, [first, second]) = gate_of_two();
    let left = gate.swap(None, 2).unwrap();
    assert_eq!(left.before.unwrap().digest(), second.digest());
    assert_eq!((left.generation, gate.generation(), gate.release().is_none()), (2, 2, true));
    let decision = decide(&gate, &issuer().sign(&claims()));
    assert_eq!((decision.reason(), decision.generation), (Some("gate.empty"), None));
    assert_eq!(gate.swap(Some(first), 2).unwrap().generation, 3);
}

#[test]
fn generations_go_on_after_those_of_an_earlier_run() {
    let (gate, [first, _]) = gate_of_two();
    assert_eq!(gate.swap(Some(first), 41).unwrap().generation, 42);
    assert_eq!(gate.activate(version_2()).unwrap().generation, 43);
}

#[test]
fn a_gate_without_a_release_fails_and_says_so() {
    let decision = decide(&gate(), &issuer().sign(&claims()));
    assert_eq!(decision.outcome(), Outcome::Failed);
    assert_eq!(decision.reason(), Some("gate.empty"));
    assert!(decision.policy.is_none() && decision.generation.is_none());
}

#[test]
fn a_failed_activation_changes_nothing_and_names_its_step() {
    let gate = gate();
    gate.activate(version_2()).unwrap();
    let wrong_case = [case("a v2.0 token is refused", &json!({"deny": "audience_not_authorized"}))];
    let no_tenants = json!({"server_url": SERVER, "windows_entra_tenant_ids": ["nobody"]});
    let rows: [(&str, Activation<'_>, &str); 5] = [
        ("inspect", Activation { component: b"\0asm", ..version_1() }, "not a policy component"),
        (
            "configure",
            Activation { settings: settings(json!({"tenants": []})), ..version_1() },
            "setting `tenants` is unknown to `windows-mdm 1.0.0`",
        ),
        (
            "configure",
            Activation { settings: settings(json!({"server_url": 1})), ..version_1() },
            "setting `server_url` is a number; expected a string",
        ),
        (
            "configure",
            Activation { settings: settings(no_tenants), ..version_1() },
            "windows_entra_tenant_ids: `nobody`",
        ),
        (
            "rehearse",
            Activation { cases: &wrong_case, settings: version_1_settings_for_v2(), ..version_2() },
            "`a v2.0 token is refused`: expected deny audience_not_authorized, got allow",
        ),
    ];
    for (step, activation, text) in rows {
        let error = gate.activate(activation).unwrap_err();
        assert_eq!(error.code(), step);
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        assert!(message.contains(text), "{step}: {message}");
        assert_eq!(gate.generation(), 1);
        assert_eq!(decide(&gate, &issuer().sign(&claims())).outcome(), Outcome::Allow);
    }
}

/// Settings of a release that is not active yet and admits v2.0 tokens.
fn version_1_settings_for_v2() -> Settings {
    settings(json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
        "allow_guests": false,
    }))
}

fn case(name: &str, expect: &Value) -> Case {
    let file = json!({
        "policy": "windows-mdm",
        "now": NOW,
        "bases": {"mine": {"claims": claims()}},
        "cases": [{"name": name, "base": "mine", "expect": expect}],
    });
    CaseFile::parse(&file.to_string()).unwrap().cases().unwrap().remove(0)
}

#[test]
fn cases_that_come_out_as_they_say_are_no_obstacle() {
    let gate = gate();
    let cases = [case("a v2.0 token is admitted", &json!("allow"))];
    assert!(gate.activate(Activation { cases: &cases, ..version_2() }).unwrap().changed);
}

#[test]
fn a_swap_does_not_wait_for_an_activation_but_overtakes_it() {
    let overtaken = (0..20).any(|_| {
        let (gate, [first, _]) = gate_of_two();
        let settings = version_1_settings_for_v2();
        let (activated, back) = std::thread::scope(|scope| {
            let activation = || gate.activate(Activation { settings, ..version_2() });
            let activating = scope.spawn(activation);
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(30) {
                std::thread::yield_now();
            }
            let back = gate.swap(Some(first), gate.generation());
            (activating.join().unwrap(), back)
        });
        match activated {
            Err(error) => {
                assert_eq!(error.code(), "overtaken");
                assert_eq!(back.unwrap().generation, 3);
                assert_eq!(&*gate.release().unwrap().policy().version, "1.0.0");
                true
            }
            // The swap came before or after all of it.
            Ok(_) => {
                assert_eq!(gate.generation(), 4);
                false
            }
        }
    });
    assert!(overtaken);
}

#[test]
fn a_name_that_looks_like_several_settings_is_another_release() {
    let gate = gate();
    gate.activate(version_1()).unwrap();
    let name = format!("server_url\0\"{SERVER}\"\0windows_entra_tenant_ids");
    let twisted = Activation { settings: settings(json!({ name: [TID] })), ..version_1() };
    assert_eq!(gate.activate(twisted).unwrap_err().code(), "configure");
}
