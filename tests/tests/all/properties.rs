//! The properties of the policies in the sandbox: one sealed release for each set of settings, the
//! inputs that the policies' own tests use, and the answers that the rules give natively.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;

use admit::claims::{Verification, VerifiedClaims};
use admit::cloud::{Cloud, TokenVersion};
use admit::decision::Identity;
use admit::facts::Facts;
use admit::release::{
    self, ConfigureError, Configured, DecideError, Inspected, Rehearsed, Release, Sealed,
};
use admit::runtime::Runtime;
use admit_guest::Policy;
use admit_policies::Embedded;
use admit_properties::{
    Answer, Decide, Input, Native, Object, Removal, Seen, Subject, Verdict, World, agrees,
    ignores_letter_case, ignores_order, ignores_unrelated_claims, never_widens, recased,
    takes_the_same_settings, worlds,
};
use admit_tests::fixture::NOW;
use intune_mam::IntuneMam;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const CASES: u32 = 4_000;

type Mdm1 = windows_mdm_1::WindowsMdm;
type Mdm2 = windows_mdm_2::WindowsMdm;

#[test]
fn windows_mdm_1() {
    let (sandbox, world) =
        (Sandbox::new(&admit_policies::WINDOWS_MDM_1), worlds::windows_mdm_1::<Mdm1>());
    holds::<Mdm1>(&sandbox, &world, &["allow"]);
    let seen = widens_never(&sandbox, &world);
    seen.demand(["narrowed windows_entra_tenant_ids", "narrowed scopes", "narrowed allowed_apps"]);
    seen.demand(["widened allowed_apps"]);
}

#[test]
fn windows_mdm_2() {
    let (sandbox, world) =
        (Sandbox::new(&admit_policies::WINDOWS_MDM_2), worlds::windows_mdm_2::<Mdm2>());
    holds::<Mdm2>(&sandbox, &world, &["allow"]);
    let seen = widens_never(&sandbox, &world);
    let lists =
        ["windows_entra_tenant_ids", "windows_entra_client_ids", "token_versions", "scopes"];
    for list in lists {
        seen.demand([format!("narrowed {list}").as_str()]);
    }
    seen.demand(["narrowed client_tenant_pairs", "widened client_tenant_pairs"]);
    seen.demand(["narrowed allowed_apps", "widened allowed_apps"]);
}

#[test]
fn intune_mam() {
    let (sandbox, world) =
        (Sandbox::new(&admit_policies::INTUNE_MAM), worlds::intune_mam::<IntuneMam>());
    holds::<IntuneMam>(&sandbox, &world, &["allow", "ask"]);
}

/// Everything but the lists: the policy never fails, says what it says natively, and looks neither
/// at the order of claims nor at claims it does not name nor at the letter case of GUIDs.
fn holds<P: Policy>(sandbox: &Sandbox, world: &World, outcomes: &[&str]) {
    let native = Native::<P>::new();
    let settings = || world.given_settings();
    let other_case = |settings: &Object| {
        let recase = |(name, value): (&String, &Value)| (name.clone(), recased(value, ODD));
        (settings.clone(), settings.iter().map(recase).collect())
    };
    let recasings = select(world.settings.iter().map(other_case).collect::<Vec<_>>()).boxed();
    let seen = [
        agrees(&native, sandbox, world, settings(), 2 * CASES),
        ignores_order(sandbox, world, settings(), CASES),
        ignores_unrelated_claims(sandbox, world, settings(), CASES),
        ignores_letter_case(sandbox, world, recasings, CASES),
    ];
    for seen in seen {
        seen.demand(world.reasons.iter().copied());
        seen.demand(outcomes.iter().chain(&["invalid"]).copied());
    }
    let seen = takes_the_same_settings(&native, &AnySettings(sandbox), world, CASES);
    seen.demand(["taken", "refused"]);
}

/// Every other letter in upper case.
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// Takes the first entry out of each list of the given settings.
fn widens_never(sandbox: &Sandbox, world: &World) -> Seen {
    let removals = world.settings.iter().flat_map(|settings| {
        let lists = settings.iter().filter(|(_, value)| value.is_array());
        lists.filter_map(|(name, _)| Removal::of(settings.clone(), name.clone(), 0))
    });
    never_widens(sandbox, world, select(removals.collect::<Vec<_>>()).boxed(), 3 * CASES)
}

/// A component, and the releases that were made of it.
struct Sandbox {
    inspected: Inspected,
    releases: RefCell<HashMap<String, Option<Rc<Sandboxed>>>>,
}

impl Sandbox {
    fn new(policy: &Embedded) -> Self {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
        let inspected = Inspected::new(runtime, policy.component).unwrap();
        Self { inspected, releases: RefCell::default() }
    }

    /// `None` when the settings were refused.
    fn configure(&self, settings: &Object) -> Option<Configured> {
        match Configured::new(self.inspected.clone(), settings.clone().into()) {
            Ok(configured) => Some(configured),
            Err(ConfigureError::Settings(_)) => None,
            Err(error) => panic!("`configure` failed: {error:?}"),
        }
    }

    fn release(&self, settings: &Object) -> Option<Rc<Sandboxed>> {
        let sealed = Sealed::new(self.configure(settings)?).unwrap();
        let rehearsed = Rehearsed::new(sealed, &Verification::default(), &[]).unwrap();
        Some(Rc::new(Sandboxed(rehearsed.into_release())))
    }
}

impl Subject for Sandbox {
    fn configured(&self, settings: &Object) -> Option<Rc<dyn Decide>> {
        let key = json!(settings).to_string();
        let mut releases = self.releases.borrow_mut();
        let release = releases.entry(key).or_insert_with(|| self.release(settings));
        release.clone().map(|release| release as Rc<dyn Decide>)
    }
}

/// Has the component take settings, and goes no further: sealing each would take too long.
struct AnySettings<'a>(&'a Sandbox);

impl Subject for AnySettings<'_> {
    fn configured(&self, settings: &Object) -> Option<Rc<dyn Decide>> {
        self.0.configure(settings).map(|_| Rc::new(Silent) as Rc<dyn Decide>)
    }
}

struct Silent;

impl Decide for Silent {
    fn decide(&self, _: &Input) -> Option<Answer> {
        None
    }
}

struct Sandboxed(Release);

impl Decide for Sandboxed {
    fn decide(&self, input: &Input) -> Option<Answer> {
        let claims = vouched(&input.claims)?;
        let facts = Facts::from_json(input.facts.clone()).ok()?;
        match self.0.evaluate(&claims, &facts, NOW, true) {
            Ok(evaluated) => {
                let trace =
                    evaluated.trace.into_iter().map(|step| (step.rule, step.outcome.as_str()));
                Some(Answer { verdict: verdict(evaluated.verdict), trace: trace.collect() })
            }
            Err(DecideError::Facts(_) | DecideError::Claims(_)) => None,
            Err(error) => panic!("no decision: {error:?}"),
        }
    }
}

/// The claims with times, and with the issuer that goes with their version and tenant.
fn vouched(claims: &Object) -> Option<VerifiedClaims> {
    let text = |name| claims.get(name).and_then(Value::as_str);
    let version = if text("ver") == Some("1.0") { TokenVersion::V1 } else { TokenVersion::V2 };
    let mut claims = claims.clone();
    claims.insert("iat".into(), json!(NOW));
    claims.insert("exp".into(), json!(NOW + 3_600));
    let tid = claims.get("tid").and_then(Value::as_str).unwrap_or_default();
    claims.insert("iss".into(), json!(Cloud::Public.issuer(version, tid)));
    let payload = json!(claims).to_string();
    VerifiedClaims::vouched(payload.as_bytes(), &Verification::default(), NOW).ok()
}

fn verdict(verdict: release::Verdict<'_>) -> Verdict {
    match verdict {
        release::Verdict::Allow(identity) => Verdict::Allow(members(&identity)),
        release::Verdict::Ask(identity, facts) => Verdict::Ask(members(&identity), facts),
        release::Verdict::Deny(reason, denial) => {
            assert_eq!(reason.code, denial.reason);
            let (claims, settings, facts) = (denial.claims, denial.settings, denial.facts);
            Verdict::Deny { reason: denial.reason, claims, settings, facts }
        }
    }
}

fn members(identity: &Identity) -> Object {
    serde_json::to_value(identity).unwrap().as_object().unwrap().clone()
}
