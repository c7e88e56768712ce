//! What a start would find: `admit serve --check-config`.
//!
//! Everything that a start opens is looked at, and each gate is begun by the code that a start begins it
//! with, in a store of its own that is thrown away. So what is approved here starts where nothing is
//! stored yet. What a store holds is not read: a running server has it, and a file of configuration is
//! good or not whatever is there.

use std::sync::Arc;
use std::time::Duration;

use admit::failure::{Cause, error_chain};
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use admit::text::visible_line;
use admit_api::activation::StepName;

use super::assemble::{GateParts, Start, source_options};
use super::scratch::scratch;
use super::{ServeError, announce, keys};
use crate::config::{Config, GateConfig, Listen, Places};
use crate::decision_log::DecisionLog;
use crate::gates::{ChangeError, Counters, Gate, NotBegun, State};
use crate::http::listener::{Bound, ListenError};
use crate::metrics::Metrics;
use crate::source::SourceError;
use crate::store::Store;
use crate::watching::{TakeError, take_once};
use admit_api::endpoint::ListenerKind;

/// What a start with a configuration would find.
#[derive(Debug, Default)]
pub struct Checked {
    /// A line for each cloud: where its keys come from, and through which proxy.
    pub keys: Vec<String>,
    pub gates: Vec<String>,
    /// What can be used, and may not be meant.
    pub remarks: Vec<String>,
    /// What cannot be used; none when the server would start and each gate decide, or wait for a policy
    /// or settings that are still to come.
    pub problems: Vec<String>,
}

/// Finds out what a start with this configuration would find, where nothing is stored yet. Nothing is
/// changed or served.
///
/// # Errors
///
/// [`ServeError`] when the machine does not give what the check itself needs.
pub fn check(config: &Config, places: &Places) -> Result<Checked, ServeError> {
    if !admit::clock::is_set() {
        return Err(ServeError::Clock);
    }
    let threads = |source: std::io::Error| ServeError::machine("threads", source);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(threads)?;
    let checked = runtime.block_on(look(config, places));
    // What is still being sealed is of no use.
    runtime.shutdown_timeout(Duration::ZERO);
    checked
}

async fn look(config: &Config, places: &Places) -> Result<Checked, ServeError> {
    let mut checked = Checked { remarks: config.remarks(), ..Checked::default() };
    checked.surroundings(config, places).await;
    checked.keys(config, places);
    checked.gates(config, places).await?;
    Ok(checked)
}

impl Checked {
    async fn surroundings(&mut self, config: &Config, places: &Places) {
        let made = &config.data_dir;
        self.expect(places, Store::check(made).map_err(ServeError::from));
        if let Some(log) = &config.decision_log {
            self.expect(places, DecisionLog::check(&log.to, made).map_err(ServeError::from));
        }
        let admin = Listen::Tcp(config.admin.listen);
        let listeners =
            [(ListenerKind::Service, &config.service.listen), (ListenerKind::Admin, &admin)];
        for (kind, listen) in listeners {
            let granted = Bound::check(listen, made).await;
            let is_taken = granted.as_ref().is_err_and(ListenError::is_taken);
            match granted.map_err(ServeError::listen(kind)) {
                Err(error) if is_taken => self.taken(listen, &error),
                granted => self.expect(places, granted),
            }
        }
    }

    /// A server that runs with this configuration is no reason to refuse it.
    fn taken(&mut self, listen: &Listen, error: &ServeError) {
        let (key, error) = (error.key().unwrap_or_default(), error_chain(error));
        self.remarks.push(format!(
            "`{key}`: `{listen}` is taken now, and must be free at the start: {error}"
        ));
    }

    fn expect(&mut self, places: &Places, found: Result<(), ServeError>) {
        self.problems.extend(found.err().map(|error| error.in_place(places)));
    }

    fn keys(&mut self, config: &Config, places: &Places) {
        for keys in keys::each(config) {
            match keys {
                Ok(keys) => self.keys.extend(keys::lines(&[keys].into_iter().collect())),
                Err(error) => self.problems.push(error.in_place(places)),
            }
        }
    }

    async fn gates(&mut self, config: &Config, places: &Places) -> Result<(), ServeError> {
        let runtime =
            Runtime::new().map_err(|source| ServeError::machine("the sandbox", source))?;
        let folder = scratch(&config.data_dir);
        let folder =
            folder.map_err(|source| ServeError::machine("a folder for the check", source))?;
        let store = Store::open(folder.path(), config.store).await;
        let store = store.map_err(|source| ServeError::machine("a store for the check", source))?;
        let metrics = Metrics::new(admit::gate::now());
        // A check decides nothing.
        let keys = Arc::new(Keys::fixed(KeySet::default()));
        for (name, gate) in &config.gates {
            let counters = Counters { metrics: metrics.gate(name), log: None };
            let keys = Arc::clone(&keys);
            let parts = GateParts { runtime: &runtime, keys, store: &store, counters };
            let start = Start::new(config, name, gate, parts);
            let problems = problems_of(gate, &start).await;
            let path = |key: &str| format!("gates.{name}{key}");
            let problem = |(key, reason): (String, String)| {
                places.problem(&path(&key), visible_line(&reason)).to_string()
            };
            self.problems.extend(problems.into_iter().map(problem));
            self.remarks.extend(remarks_of(gate, &start.gate).map(|(key, remark)| {
                let key = path(key);
                format!("`{key}`: {remark}")
            }));
            self.gates.push(announce::of_gate(&start.gate));
        }
        store.close().await;
        Ok(())
    }
}

/// What is wrong with a gate, by the key under it.
type OfKey = (String, String);

/// Begins a gate, gives it what its source holds, and says what is wrong.
async fn problems_of(config: &GateConfig, start: &Start) -> Vec<OfKey> {
    let Start { gate, first } = start;
    let mut problems = Vec::new();
    let cases = gate.problem_of_cases();
    let has_cases = cases.is_none();
    problems.extend(cases.map(|problem| (".cases".to_owned(), problem)));
    let of_cases = |key: &OfKey| key.0 == ".cases";
    let mut add = |found: Vec<OfKey>| {
        // They were reported on their own.
        problems.extend(found.into_iter().filter(|key| has_cases || !of_cases(key)));
    };
    let mut refused = Vec::new();
    match gate.begin_as_configured(first.clone(), admit::gate::now()).await {
        Ok(()) | Err(NotBegun::NoPolicy) => {}
        Err(NotBegun::Unreadable(problem)) => add(vec![(".policy".to_owned(), problem)]),
        Err(NotBegun::Refused(error)) => refused = refusals(gate, &error, ".policy"),
    }
    if let Some(source) = config.source.clone() {
        match take_once(gate, source_options(source)).await {
            // The settings may be those of the policy that the source brings.
            Ok(()) => refused.clear(),
            // It is filled when the first policy is published.
            Err(TakeError::Source(SourceError::NoFile { .. })) => {}
            Err(TakeError::Source(error)) => {
                add(vec![(".source.path".to_owned(), error_chain(&error))]);
            }
            Err(TakeError::Change(error)) => add(refusals(gate, &error, ".source.path")),
        }
    }
    add(refused);
    problems
}

/// What a refusal says of which key; nothing when settings are still to come.
fn refusals(gate: &Gate, error: &ChangeError, component: &str) -> Vec<OfKey> {
    if matches!(gate.unreleased_by(error), State::Unconfigured(_)) {
        return Vec::new();
    }
    match error {
        ChangeError::Invalid(refusals)
        | ChangeError::TooLarge(refusals)
        | ChangeError::Misfits(refusals) => refusals
            .iter()
            .map(|refusal| (format!(".settings.{}", refusal.name), refusal.reason.clone()))
            .collect(),
        ChangeError::Refused(refused) if refused.cause == Cause::Cases => {
            vec![(".cases".to_owned(), error.reason())]
        }
        ChangeError::Refused(refused) if refused.step == StepName::Configure => {
            vec![(".settings".to_owned(), error.reason())]
        }
        _ => vec![(component.to_owned(), error.reason())],
    }
}

/// Values that are valid and look like mistakes.
fn remarks_of(config: &GateConfig, gate: &Gate) -> impl Iterator<Item = (&'static str, String)> {
    let empty = config.source.as_ref().filter(|source| {
        let names = std::fs::read_dir(&source.path);
        let is_meant = |entry: std::fs::DirEntry| !crate::source::is_hidden(&entry.file_name());
        names.is_ok_and(|names| !names.flatten().any(is_meant))
    });
    let empty = empty.map(|source| {
        let path = source.path.display();
        (".source.path", format!("`{path}` is empty: the gate waits for a policy there"))
    });
    let unplayed = gate.unplayed_cases().map(|remark| (".cases", remark));
    let unrehearsed = gate.rehearsed_nothing().map(|remark| ("", remark.to_owned()));
    empty.into_iter().chain(unplayed).chain(unrehearsed)
}
