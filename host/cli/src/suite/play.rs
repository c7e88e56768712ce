//! Playing cases, in parallel.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use admit::cases::{Came, Case};
use admit::claims::Verification;
use admit::failure::error_chain;
use admit::lock::Lock;
use admit::release::{Inspected, Played, Trial};
use serde_json::Value;

use super::Suite;
use crate::terminal::{self, Progress};

/// What came out of one case.
pub(crate) struct Outcome<'a> {
    pub(crate) file: &'a str,
    pub(crate) case: &'a Case,
    pub(crate) played: Played,
    /// How that differs from what the case expects.
    pub(crate) failure: Option<String>,
}

/// The most sets of settings that the policy is sealed with. Sealing takes tens of milliseconds;
/// with further sets, those of the fewest cases, the policy is configured anew for each decision.
const MAX_SEALED: usize = 32;

/// Plays every case on the policy, in the order of the suites.
///
/// Cases with equal settings share one sealed policy; each decision has an instance of its own.
pub(crate) fn play<'a>(policy: &Inspected, suites: &'a [Suite]) -> Vec<Outcome<'a>> {
    let all = suites.iter().map(|suite| suite.cases.len()).sum();
    let _progress = Progress::start("playing cases", Some(all));
    let outcomes = each_case(policy, suites, |trial, case| {
        let played = match trial {
            Ok(trial) => trial.play(case, &Verification::default()),
            Err(problem) => refused(problem),
        };
        let failure = played.failure(case, policy.description());
        (played, failure)
    });
    let cases = suites.iter().flat_map(|suite| suite.cases.iter().map(|case| (&*suite.file, case)));
    let outcome = |((file, case), (played, failure))| Outcome { file, case, played, failure };
    cases.zip(outcomes).map(outcome).collect()
}

/// Does something with every case and the policy with its settings, on all processors;
/// results in the order of the suites.
pub(crate) fn each_case<T: Send>(
    policy: &Inspected,
    suites: &[Suite],
    work: impl Fn(Result<&Trial, &str>, &Case) -> T + Sync,
) -> Vec<T> {
    let mut groups = groups(suites);
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let next = AtomicUsize::new(0);
    let done = Lock::new(Vec::new());
    let worker = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(group) = groups.get(place) else {
                break;
            };
            let results = group_results(policy, group, place < MAX_SEALED, &work);
            done.lock().extend(results);
        }
    };
    std::thread::scope(|scope| {
        let others = std::thread::available_parallelism().map_or(0, |all| all.get() - 1);
        for _ in 0..others.min(groups.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut done = done.into_inner();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Cases with equal settings, each with its place among all.
type Group<'a> = Vec<(usize, &'a Case)>;

fn groups(suites: &[Suite]) -> Vec<Group<'_>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let cases = suites.iter().flat_map(|suite| &suite.cases);
    for (index, case) in cases.enumerate() {
        let settings = Value::Object(case.settings.clone().unwrap_or_default()).to_string();
        let place = *places.entry(settings).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push((index, case)),
            None => groups.push(vec![(index, case)]),
        }
    }
    groups
}

fn group_results<T>(
    policy: &Inspected,
    group: &Group<'_>,
    sealed: bool,
    work: impl Fn(Result<&Trial, &str>, &Case) -> T,
) -> Vec<(usize, T)> {
    let settings = group.first().and_then(|(_, case)| case.settings.clone()).unwrap_or_default();
    let make = if sealed { Trial::sealed } else { Trial::unsealed };
    let trial = make(policy, settings).map_err(|error| error_chain(&error));
    let trial = trial.as_ref().map_err(String::as_str);
    let result = |(index, case): &(usize, &Case)| {
        let result = (*index, work(trial, case));
        terminal::step();
        result
    };
    group.iter().map(result).collect()
}

/// What comes of a case whose settings the policy does not take.
pub(crate) fn refused(problem: &str) -> Played {
    let came = Came {
        outcome: "failed",
        reason: Some("settings".to_owned()),
        detail: Some(problem.to_owned()),
        ..Came::default()
    };
    Played { came, ..Played::default() }
}
