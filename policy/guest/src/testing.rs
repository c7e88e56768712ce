//! Unit tests of a policy as data: case files, run natively.
//!
//! A case file names a policy, settings, sets of claims to start from, and cases that change them
//! and say what must come out; its form is described by `docs/cases.schema.json`. The host runs the
//! same files in the sandbox: `admit test`.
//!
//! ```yaml
//! policy: one-tenant
//! settings: {tenant_id: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}
//! base: entra-v2
//! cases:
//!   - name: a user of the tenant
//!     expect: allow
//!   - name: another tenant
//!     claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
//!     expect: {deny: tenant_not_authorized, claims: [tid], settings: [tenant_id]}
//! ```
//!
//! A test of a policy is then `assert_eq!(testing::run::<OneTenant>(FILE), [] as [String; 0])`.

mod check;
mod play;
mod sources;
mod value;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use admit_cases::{Came, Case, CaseFile, Expectation};
pub use play::{came, request, settings};

use crate::Policy;
use crate::contract::{Decision, Request, Verdict};
use watch::Teller;

/// Runs all cases of a file that this policy can answer, and says what is wrong.
///
/// Empty when every case comes out as expected, every decision keeps the contract, every reason of
/// the policy is given by a case and every rule has refused or asked in one. Cases that expect
/// `invalid` are the host's to answer and are left out.
///
/// A panic is a fault of its case, and so is a decision that does not end within ten seconds. What
/// works natively and not in a component, such as reading the clock, is looked for in the sources of
/// the crate under test.
#[must_use]
pub fn run<P: Policy>(file: &str) -> Vec<String> {
    run_all::<P>(&[("", file)])
}

/// As [`run`], with the cases of several files, each with its name: those of the version before, and
/// those of this one.
#[must_use]
pub fn run_all<P: Policy>(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> =
        files.iter().map(|&(name, file)| (name.to_owned(), file.to_owned())).collect();
    watch::watched(move |teller| tell_all::<P>(&files, teller))
}

fn tell_all<P: Policy>(files: &[(String, String)], teller: &Teller) {
    teller.faults(check::tables::<P>());
    teller.faults(sources::of::<P>());
    let mut seen = check::Coverage::default();
    for (name, file) in files {
        let place = if name.is_empty() { String::new() } else { format!("{name}: ") };
        match cases::<P>(file) {
            Ok(cases) => {
                for case in cases.iter().filter(|case| is_for_policies(case)) {
                    teller.begins(format!("{place}line {}: {}", case.line, case.name));
                    teller.faults_of_case(faults::<P>(case, &mut seen));
                }
            }
            Err(fault) => return teller.faults(vec![format!("{place}{fault}")]),
        }
    }
    teller.faults(seen.missing::<P>());
}

/// What is wrong with what comes out of a case.
fn faults<P: Policy>(case: &Case, seen: &mut check::Coverage) -> Vec<String> {
    let mut found = match answer::<P>(case) {
        Ok((policy, request, decision)) => {
            seen.note(&policy, &request, &decision);
            let mut found = check::decision::<P>(&request, &decision);
            found.extend(unknown_fact::<P>(case));
            found.extend(unknown_setting::<P>(case));
            let came = came(&request, &decision);
            if !case.expect.is_met_by(&came) {
                found.push(format!("expected {}, got {came}", case.expect));
            }
            found
        }
        Err(fault) => vec![fault],
    };
    // A claim that is missing in the policy's list may be the cause.
    if let (Some(first), Some(idle)) = (found.first_mut(), case.not_asked_for(P::ABOUT.claims)) {
        *first = format!("{first}; {idle}");
    }
    found
}

/// What this policy says to each case of a file, by name, for comparing policies. Whether the file is
/// for this version is not looked at.
///
/// # Errors
///
/// What is wrong with the file, or with its settings for this policy.
pub fn verdicts<P: Policy>(file: &str) -> Result<Vec<(String, Verdict)>, String> {
    let file = CaseFile::parse(file).map_err(|error| error.to_string())?;
    let cases = file.cases().map_err(|error| error.to_string())?;
    let verdict = |case: &Case| {
        let (_, _, decision) = answer::<P>(case)?;
        Ok((case.name.clone(), decision.verdict))
    };
    cases.iter().filter(|case| is_for_policies(case)).map(verdict).collect()
}

/// The cases of a file for this policy.
fn cases<P: Policy>(file: &str) -> Result<Vec<Case>, String> {
    let file = CaseFile::parse(file).map_err(|error| error.to_string())?;
    if !file.is_for(P::ABOUT.name, P::ABOUT.version) {
        return Err("the file is for another policy or version".into());
    }
    file.cases_for(P::ABOUT.version).map_err(|error| error.to_string())
}

/// A fact that the policy does not have: most likely a slip of the pen.
fn unknown_fact<P: Policy>(case: &Case) -> Option<String> {
    let has = |name: &&String| P::ABOUT.facts.iter().any(|fact| fact.name == **name);
    let name = case.facts.keys().find(|name| !has(name))?;
    Some(format!("passes fact `{name}`, which the policy does not have"))
}

/// A setting that the policy does not have: a host would refuse it.
fn unknown_setting<P: Policy>(case: &Case) -> Option<String> {
    let has = |name: &&String| P::ABOUT.settings.iter().any(|setting| setting.name == **name);
    let name = case.settings.iter().flat_map(|settings| settings.keys()).find(|name| !has(name))?;
    Some(format!("configures setting `{name}`, which the policy does not have"))
}

fn is_for_policies(case: &Case) -> bool {
    !matches!(case.expect, Expectation::Invalid { .. })
}

/// What `work` gives, or what its panic says.
fn caught<T>(doing: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("without a message");
        if message.starts_with(crate::declared::READS_UNDECLARED) {
            return message.to_owned();
        }
        format!(
            "the policy panicked while it {doing}: {message}; in a component the decision fails \
             (`policy.failed`), without the message"
        )
    })
}

/// Configures the policy and decides one case.
fn answer<P: Policy>(case: &Case) -> Result<(P, Request, Decision), String> {
    let policy = caught("was configured", || P::configured(&settings(case)))?;
    let policy = policy.map_err(|errors| format!("settings: {errors:?}"))?;
    let request = request::<P>(case);
    let decided = |request: &Request| caught("decided", || policy.decide(request));
    let decision = decided(&request)?;
    let untraced = decided(&Request { trace: false, ..request.clone() })?;
    if untraced.verdict != decision.verdict || !untraced.trace.is_empty() {
        return Err("the trace changes the decision".into());
    }
    Ok((policy, request, decision))
}
