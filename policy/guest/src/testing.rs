//! Unit tests of a policy as data: case files, run natively.
//!
//! A case file names a policy, settings, complete sets of claims to start from, and cases that
//! change them and say what must come out. The host runs the same files in the sandbox.
//!
//! ```json
//! {"policy": "one-tenant", "versions": ["1.0.0"], "now": 1767225600,
//!  "settings": {"tenant_id": "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53"},
//!  "base": {"user": {"tid": "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53", "oid": "..."}},
//!  "cases": [
//!    {"name": "a user of the tenant", "base": "user", "expect": {"outcome": "allow"}},
//!    {"name": "no tenant", "base": "user", "claims": {"tid": null},
//!     "expect": {"outcome": "deny", "reason": "tenant_not_authorized"}}]}
//! ```
//!
//! A test of a policy is then `assert_eq!(testing::run::<OneTenant>(FILE), [] as [String; 0])`.

mod case;
mod check;
mod value;

pub use case::{Case, CaseFile, Expected, Identity};

use crate::Policy;
use crate::contract::{Decision, Request, Verdict};

/// Runs all cases of a file that this policy can answer, and says what is wrong.
///
/// Empty when every case comes out as expected, every decision keeps the contract, every reason of
/// the policy is given by a case and every rule has refused or asked in one. Cases that expect
/// `invalid` are the host's to answer and are left out.
#[must_use]
pub fn run<P: Policy>(file: &str) -> Vec<String> {
    let file = match CaseFile::parse(file) {
        Ok(file) => file,
        Err(error) => return vec![error],
    };
    let mut faults = check::description(&P::describe());
    if file.policy != P::ABOUT.name || !file.versions.iter().any(|v| v == P::ABOUT.version) {
        faults.push("the file is for another policy or version".into());
    }
    let mut seen = check::Coverage::default();
    for case in file.cases.iter().filter(|case| case.expect.outcome != "invalid") {
        let found = match answer::<P>(&file, case) {
            Ok((policy, request, decision)) => {
                seen.note(&policy, &request, &decision);
                let mut found = check::decision::<P>(&request, &decision);
                found.extend(case.expect.differences(&request, &decision));
                found
            }
            Err(fault) => vec![fault],
        };
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", case.name)));
    }
    faults.extend(seen.missing::<P>());
    faults
}

/// What this policy says to each case of a file, by name, for comparing policies.
///
/// # Errors
///
/// What is wrong with the file, or with its settings for this policy.
pub fn verdicts<P: Policy>(file: &str) -> Result<Vec<(String, Verdict)>, String> {
    let file = CaseFile::parse(file)?;
    let verdict = |case: &Case| {
        let (_, _, decision) = answer::<P>(&file, case)?;
        Ok((case.name.clone(), decision.verdict))
    };
    file.cases.iter().filter(|case| case.expect.outcome != "invalid").map(verdict).collect()
}

/// Configures the policy and decides one case.
fn answer<P: Policy>(file: &CaseFile, case: &Case) -> Result<(P, Request, Decision), String> {
    let settings = file.settings_of(case);
    let policy = P::configured(&settings).map_err(|errors| format!("settings: {errors:?}"))?;
    let request = file.request::<P>(case)?;
    let decision = policy.decide(&request);
    let untraced = policy.decide(&Request { trace: false, ..request.clone() });
    if untraced.verdict != decision.verdict || !untraced.trace.is_empty() {
        return Err("the trace changes the decision".into());
    }
    Ok((policy, request, decision))
}
