//! What a decision costs, beside what it is made of. All in one run: read the ratios.
//!
//! Run by `make bench`. Every row decides the same v2.0 token with `windows-mdm` 2.

use std::hint::black_box;
use std::sync::Arc;

use admit::claims::{Verification, VerifiedClaims};
use admit::contract::types::{Field, Request as Call, ValueParam};
use admit::contract::{TokenPolicy, TokenPolicyPre};
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Request};
use admit::keys::{Keys, Wait};
use admit::release::{Built, Configured, Inspected, Rehearsed, Release, Sealed};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::{Format, MAX_TOKEN_BYTES, UnverifiedToken};
use admit::verify::verify;
use admit_guest::Policy;
use admit_guest::contract as native;
use admit_policies::{INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::fixture::{CLIENT, NOW, TID, issuer, keys_with};
use criterion::{BatchSize, Criterion};
use serde_json::json;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};
use windows_mdm_2::WindowsMdm;

const SERVER: &str = "https://mdm.example.com";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let bench = Bench::new();
    bench.verification(&mut criterion);
    bench.decisions(&mut criterion);
    bench.unsealed(&mut criterion);
    bench.activations(&mut criterion);
    criterion.final_summary();
    medians();
}

/// Prints the median of each row's last run, which Criterion writes but does not show.
fn medians() {
    let Ok(target) = std::env::var("CARGO_TARGET_DIR") else {
        return;
    };
    let median = |row: &str| {
        let path = format!("{target}/criterion/{row}/new/estimates.json");
        let estimates = std::fs::read_to_string(path).ok()?;
        let estimates: serde_json::Value = serde_json::from_str(&estimates).ok()?;
        Some(estimates.pointer("/median/point_estimate")?.as_f64()? / 1_000.0)
    };
    println!("\nmedians of each row's last run, in microseconds");
    for row in ROWS {
        if let Some(median) = median(row) {
            println!("  {median:>12.2}  {row}");
        }
    }
    if let (Some(verify), Some(both)) = (median(ROWS[0]), median(ROWS[1])) {
        println!("  {:>12.2}  verify and decide, times verify", both / verify);
    }
}

const ROWS: [&str; 12] = [
    "token/verify",
    "token/verify and decide",
    "decision/sealed, fresh instance",
    "decision/unsealed, fresh instance",
    "decision/unsealed, reused instance",
    "decision/native rules",
    "activation/windows-mdm 1",
    "activation/windows-mdm 2",
    "activation/intune-mam",
    "activation/new settings",
    "activation/kept release",
    "activation/pointer store",
];

struct Bench {
    runtime: Runtime,
    keys: Arc<Keys>,
    verification: Verification,
    token: String,
    claims: VerifiedClaims,
}

impl Bench {
    fn new() -> Self {
        let keys = keys_with(json!({}));
        let verification = Verification::default();
        let token = issuer().sign(&issuer().claims_v2(TID, CLIENT, NOW));
        let claims = verified(&token, &keys, &verification);
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, keys: Arc::new(keys), verification, token, claims }
    }

    /// Token text to verified claims, and on to the decision.
    fn verification(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("token");
        group.bench_function("verify", |bencher| {
            bencher.iter(|| verified(black_box(&self.token), &self.keys, &self.verification));
        });
        let gate = self.gate();
        gate.activate(activation(WINDOWS_MDM_2.component)).expect("an active release");
        let facts = Facts::default();
        group.bench_function("verify and decide", |bencher| {
            bencher.iter(|| {
                let input = Input::Token(Format::Jwt, black_box(self.token.as_bytes()));
                let request = Request { id: None, input, facts: &facts, now: NOW, trace: false };
                gate.decide(&request).expect("a decision")
            });
        });
        group.finish();
    }

    /// Verified claims to the verdict: sealed, and as plain Rust.
    fn decisions(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("decision");
        let release = self.release();
        let facts = Facts::default();
        group.bench_function("sealed, fresh instance", |bencher| {
            bencher.iter(|| {
                release.evaluate(black_box(&self.claims), &facts, NOW, false).expect("a verdict")
            });
        });
        let policy = WindowsMdm::configured(&native_settings()).expect("good settings");
        let request = native::Request {
            claims: native_claims(&self.claims),
            facts: Vec::new(),
            now: NOW,
            trace: false,
        };
        group.bench_function("native rules", |bencher| {
            bencher.iter(|| policy.decide(black_box(&request)));
        });
        group.finish();
    }

    /// The same component without sealing: the settings are passed in each time, or once to an
    /// instance that is then reused, which Admit never does.
    fn unsealed(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("decision");
        let engine = self.runtime.engine();
        let component = Component::from_binary(engine, WINDOWS_MDM_2.component).expect("compiles");
        let pre = Linker::<()>::new(engine).instantiate_pre(&component).expect("imports nothing");
        let pre = TokenPolicyPre::new(pre).expect("a policy");
        let (settings, claims) = (settings_fields(), claims_fields(&self.claims));
        let call = Call { claims: &claims, facts: &[], now: NOW, trace: false };
        let configured = |store: &mut Store<()>| {
            store.set_fuel(u64::MAX).expect("fuel is on");
            store.set_epoch_deadline(u64::MAX / 2);
            let policy: TokenPolicy = pre.instantiate(&mut *store).expect("an instance");
            let answer = policy.admit_policy_policy().call_configure(&mut *store, &settings);
            answer.expect("an answer").expect("good settings");
            policy
        };
        group.bench_function("unsealed, fresh instance", |bencher| {
            bencher.iter(|| {
                let mut store = Store::new(engine, ());
                let policy = configured(&mut store);
                let guest = policy.admit_policy_policy();
                guest.call_decide(&mut store, black_box(call.clone())).expect("a verdict")
            });
        });
        let mut store = Store::new(engine, ());
        let policy = configured(&mut store);
        group.bench_function("unsealed, reused instance", |bencher| {
            let guest = policy.admit_policy_policy();
            bencher.iter(|| {
                guest.call_decide(&mut store, black_box(call.clone())).expect("a verdict")
            });
        });
        group.bench_function("unsealed, instance only", |bencher| {
            bencher.iter(|| {
                let mut store = Store::new(engine, ());
                store.set_epoch_deadline(u64::MAX / 2);
                pre.instantiate(&mut store).expect("an instance")
            });
        });
        group.finish();
    }

    /// A component and settings to the active release.
    fn activations(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("activation");
        group.sample_size(10);
        for (name, component) in [
            ("windows-mdm 1", WINDOWS_MDM_1.component),
            ("windows-mdm 2", WINDOWS_MDM_2.component),
            ("intune-mam", INTUNE_MAM.component),
        ] {
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    // A runtime of its own, which has compiled nothing yet.
                    || self.gate_of(Runtime::new().expect("a runtime")),
                    |gate| gate.activate(activation(component)).expect("an active release"),
                    BatchSize::PerIteration,
                );
            });
        }
        let mut hosts = (0..).map(|number| format!("https://mdm{number}.example.com"));
        group.bench_function("new settings", |bencher| {
            bencher.iter_batched(
                || (self.gate(), hosts.next().expect("numbers have no end")),
                |(gate, server)| {
                    let settings = json!({"server_url": server, "windows_entra_tenant_ids": [TID]});
                    let settings = Settings::parse(settings.to_string().as_bytes());
                    let settings = settings.expect("an object");
                    let release = Activation { settings, ..activation(WINDOWS_MDM_2.component) };
                    gate.activate(release).expect("an active release")
                },
                BatchSize::PerIteration,
            );
        });
        let gate = self.gate();
        let releases = [WINDOWS_MDM_1.component, WINDOWS_MDM_2.component].map(|component| {
            gate.activate(activation(component)).expect("an active release").release
        });
        let mut turn = releases.iter().cycle();
        let mut next = || Arc::clone(turn.next().expect("a cycle has no end"));
        group.bench_function("kept release", |bencher| {
            bencher.iter(|| {
                let kept = Built::again(next(), &self.verification, &[]).expect("it was good");
                gate.swap(Some(kept.release), gate.generation()).expect("nobody else swaps")
            });
        });
        group.bench_function("pointer store", |bencher| {
            bencher.iter_custom(|swaps| {
                let swap = |_| {
                    let swapped = gate.swap(Some(next()), gate.generation());
                    swapped.expect("nobody else swaps").took
                };
                (0..swaps).map(swap).sum()
            });
        });
        group.finish();
    }

    fn gate(&self) -> Gate {
        self.gate_of(self.runtime.clone())
    }

    fn gate_of(&self, runtime: Runtime) -> Gate {
        Gate::new("bench", runtime, Arc::clone(&self.keys), self.verification)
    }

    fn release(&self) -> Release {
        let Activation { component, settings, .. } = activation(WINDOWS_MDM_2.component);
        let inspected = Inspected::new(&self.runtime, component).expect("a policy");
        let configured = Configured::new(inspected, settings).expect("good settings");
        let sealed = Sealed::new(configured).expect("a sealed policy");
        Rehearsed::new(sealed, &self.verification, &[]).expect("a good probe").into_release()
    }
}

fn verified(token: &str, keys: &Keys, verification: &Verification) -> VerifiedClaims {
    let unverified = UnverifiedToken::parse(token, MAX_TOKEN_BYTES).expect("a token");
    let key = keys.find(unverified.kid(), Wait::May).expect("a known key");
    let token = verify(unverified, &key).expect("a good signature");
    VerifiedClaims::from_token(&token, verification, NOW).expect("good claims")
}

fn activation(component: &'static [u8]) -> Activation<'static> {
    let settings = if component == INTUNE_MAM.component {
        json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "office365"})
    } else if component == WINDOWS_MDM_1.component {
        json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]})
    } else {
        json!({
            "server_url": SERVER,
            "windows_entra_tenant_ids": [TID],
            "windows_entra_client_ids": [CLIENT],
        })
    };
    let settings = Settings::parse(settings.to_string().as_bytes()).expect("an object");
    Activation { component, settings, cases: &[] }
}

fn settings_fields() -> Vec<Field<'static>> {
    vec![
        Field { name: "server_url", value: ValueParam::Text(SERVER) },
        Field { name: "windows_entra_tenant_ids", value: ValueParam::Texts(&[TID]) },
        Field { name: "windows_entra_client_ids", value: ValueParam::Texts(&[CLIENT]) },
    ]
}

fn native_settings() -> Vec<native::Field> {
    let list = |text: &str| native::Value::Texts(vec![text.to_owned()]);
    [
        ("server_url", native::Value::Text(SERVER.to_owned())),
        ("windows_entra_tenant_ids", list(TID)),
        ("windows_entra_client_ids", list(CLIENT)),
    ]
    .map(|(name, value)| native::Field { name: name.to_owned(), value })
    .into()
}

/// The claims the policy wants that the token has; all of them are text.
fn claims_fields(claims: &VerifiedClaims) -> Vec<Field<'_>> {
    let wanted = WindowsMdm::ABOUT.claims.iter();
    let text = |name: &&'static str| Some((*name, claims.text(name)?));
    wanted
        .filter_map(text)
        .map(|(name, text)| Field { name, value: ValueParam::Text(text) })
        .collect()
}

fn native_claims(claims: &VerifiedClaims) -> Vec<native::Field> {
    let wanted = WindowsMdm::ABOUT.claims.iter();
    let field = |name: &&str| {
        let value = native::Value::Text(claims.text(name)?.to_owned());
        Some(native::Field { name: (*name).to_owned(), value })
    };
    wanted.filter_map(field).collect()
}
