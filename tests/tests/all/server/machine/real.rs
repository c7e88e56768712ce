//! The real gate, in a store of its own.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use admit::claims::Verification;
use admit::decision::Outcome;
use admit::facts::Facts;
use admit::gate::Request;
use admit::runtime::Runtime;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_server::authority::{Authority, Granted};
use admit_server::faults::FaultOptions;
use admit_server::gates::{
    Change, ChangeError, Counters, FirstComponent, Gate, GateOptions, MayDrop, Mode, NewComponent,
    Report, Tags, Target,
};
use admit_server::metrics::Metrics;
use admit_server::shadow::ShadowOptions;
use admit_server::store::{
    Action, Activity, ActivityFilter, Attempt, CandidateRow, NewActivity, Retention, Store,
};
use admit_tests::fixture::{CLIENT, NOW, TID, claims, issuer, keys_with};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::model::{Decided, State};
use super::{CLIENT_IDS, Operation, Wanted};

const GATE: &str = "windows-mdm";

/// The settings that a gate starts with.
pub(super) fn first_settings() -> Map<String, Value> {
    let settings = json!({
        "server_url": "https://mdm.example.com",
        "windows_entra_tenant_ids": [TID],
        CLIENT_IDS: [CLIENT],
    });
    settings.as_object().unwrap().clone()
}

/// A gate and what it runs in.
pub(super) struct Real {
    tokio: tokio::runtime::Runtime,
    folder: TempDir,
    store: Store,
    gate: Arc<Gate>,
}

impl Real {
    /// A gate that has started with version 2 and the first settings.
    pub(super) fn new() -> Self {
        let mut tokio = tokio::runtime::Builder::new_multi_thread();
        let tokio = tokio.worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (store, gate) = tokio.block_on(started(&folder));
        Self { tokio, folder, store, gate }
    }

    /// Does it, and says what comes of it.
    pub(super) fn apply(&mut self, operation: &Operation) -> String {
        match operation {
            Operation::Change(wanted) => said(self.change(self.of(wanted))),
            Operation::Broken(mode) => said(self.change(Change {
                component: Some(NewComponent {
                    bytes: (*b"(component)").into(),
                    may_be_older: true,
                }),
                ..change(*mode, Action::Policy)
            })),
            Operation::Promote(is_named) => said(self.tokio.block_on(self.gate.promote(
                None,
                may_drop(*is_named),
                false,
                None,
                Authority::server(),
                NOW,
            ))),
            Operation::EndCandidate => {
                let ended = self.tokio.block_on(self.gate.end_candidate(Authority::server(), NOW));
                ended.map_or_else(|error| said(Err(error)), |()| "ended".to_owned())
            }
            Operation::RollBack(to, is_named) => said(self.tokio.block_on(self.gate.roll_back(
                to.map_or(Target::Before, Target::Generation),
                may_drop(*is_named),
                false,
                None,
                Authority::server(),
                NOW,
            ))),
            Operation::Restart => {
                self.close_store();
                self.open_store();
                "started".to_owned()
            }
        }
    }

    fn of(&self, wanted: &Wanted) -> Change {
        let &Wanted { version, from_source, ref patch, is_named, mode, is_stale } = wanted;
        let action = match (version, from_source) {
            (None, _) => Action::Settings,
            (Some(_), false) => Action::Policy,
            (Some(_), true) => Action::Source,
        };
        let component = version.map(|version| {
            let policy = if version == 1 { &WINDOWS_MDM_1 } else { &WINDOWS_MDM_2 };
            NewComponent { bytes: policy.component.into(), may_be_older: !from_source }
        });
        let revision = self.gate.view().revision();
        Change {
            component,
            settings: patch.as_object().unwrap().clone(),
            drop: may_drop(is_named),
            revision: Some(Tags::of(if is_stale { revision - 1 } else { revision })),
            ..change(mode, action)
        }
    }

    fn change(&self, change: Change) -> Result<Report, ChangeError> {
        self.tokio.block_on(self.gate.change(change))
    }

    /// From now on nothing can be read or written.
    pub(super) fn close_store(&self) {
        self.tokio.block_on(self.store.close());
    }

    /// Starts again with what the store holds.
    pub(super) fn open_store(&mut self) {
        (self.store, self.gate) = self.tokio.block_on(started(&self.folder));
    }

    /// Writes a candidate into the store, and nowhere else.
    pub(super) fn keep_candidate(&self, component: &[u8], revision: u64) {
        let (settings, component, by) = (first_settings(), component.to_vec(), Granted::server());
        let row = CandidateRow { component, settings, revision };
        let activities = [NewActivity::new("started_candidate", json!({}))];
        let kept = self.store.keep_candidate(GATE, &row, &activities, &by, NOW);
        self.tokio.block_on(kept).unwrap();
    }

    pub(super) fn newest_activity(&self) -> Activity {
        let newest = self.tokio.block_on(self.store.activities(&ActivityFilter::default(), 1));
        newest.unwrap().remove(0)
    }

    /// What is decided on a good v2.0 token.
    pub(super) fn decided(&self) -> Decided {
        static TOKEN: OnceLock<String> = OnceLock::new();
        let token = TOKEN.get_or_init(|| issuer().sign(&claims()));
        let facts = Facts::default();
        let request = Request { now: NOW, ..Request::new(token, &facts) };
        let decision = self.gate.decide(&request).unwrap();
        let policy = decision.policy.as_ref().unwrap();
        (decision.outcome() == Outcome::Allow, major(&policy.version), decision.generation.unwrap())
    }

    pub(super) fn state(&self) -> State {
        let gate = &self.gate;
        let view = gate.view();
        assert_eq!(view.problem(), None);
        let policy = view.policy().unwrap();
        let attempts = self.tokio.block_on(self.store.attempts(GATE, None, 1_000)).unwrap();
        let filter = ActivityFilter { gate: Some(GATE.to_owned()), ..ActivityFilter::default() };
        let activities = self.tokio.block_on(self.store.activities(&filter, 1_000)).unwrap();
        let (unknown, refused) =
            (view.split().1, attempts.iter().filter(|one| one.failure.is_some()));
        State {
            name: view.state().as_str(),
            version: major(&policy.reference().version),
            settings: view.settings().clone(),
            unknown: unknown.as_json().clone(),
            revision: view.revision(),
            generation: gate.generation(),
            history: history(&attempts, policy.attempt),
            refused: refused.count(),
            activities: activities.len(),
            candidate: view.expect_shown_candidate(GATE).ok().map(|one| major(&one.policy.version)),
            decided: self.decided(),
        }
    }
}

/// The generations of the attempts that activated something, the oldest first.
fn history(attempts: &[Attempt], active: Option<u64>) -> Vec<u64> {
    let mut activated: Vec<_> = attempts.iter().filter(|one| one.failure.is_none()).collect();
    activated.reverse();
    let last = activated.last().unwrap();
    assert_eq!((last.active, Some(last.id)), (true, active), "the newest is the active one");
    assert_eq!(attempts.iter().filter(|one| one.active).count(), 1);
    activated.iter().map(|one| one.generation.unwrap()).collect()
}

fn major(version: &str) -> u8 {
    version.split('.').next().unwrap().parse().unwrap()
}

fn change(mode: Mode, action: Action) -> Change {
    Change { mode, ..Change::new(action, Authority::server(), NOW) }
}

fn may_drop(is_named: bool) -> MayDrop {
    let names = is_named.then_some([CLIENT_IDS, "scopes"]);
    MayDrop::Named(names.into_iter().flatten().map(str::to_owned).collect())
}

fn said(result: Result<Report, ChangeError>) -> String {
    match result {
        Ok(report) => report.activation.result.as_str(),
        Err(ChangeError::Refused(refused)) => refused.step.as_str(),
        Err(ChangeError::ChangedMeanwhile { .. } | ChangeError::StaleCandidate) => {
            "changed_meanwhile"
        }
        Err(ChangeError::Misfits(_)) => "misfits",
        Err(ChangeError::Invalid(_)) => "invalid",
        Err(ChangeError::Dropped { .. }) => "dropped",
        Err(ChangeError::AlreadyActive { .. }) => "already_active",
        Err(ChangeError::UnknownGeneration { .. }) => "unknown_generation",
        Err(ChangeError::NothingKept { .. }) => "nothing_kept",
        Err(ChangeError::NoCandidate(_)) => "no_candidate",
        Err(ChangeError::Store(_)) => "store",
        Err(error) => panic!("{error}"),
    }
    .to_owned()
}

/// A gate that has started on the store in a folder.
async fn started(folder: &TempDir) -> (Store, Arc<Gate>) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap()).clone();
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    let options = GateOptions {
        name: GATE.to_owned(),
        verification: Verification::default(),
        settings: first_settings(),
        cases: None,
        faults: FaultOptions { faults: 5, within: Duration::from_secs(300) },
        shadow: ShadowOptions {
            queue_entries: 16,
            queue_bytes: 65_536,
            examples: 1,
            claims: Vec::new(),
        },
    };
    let counters = Counters { metrics: Metrics::new(NOW).gate(GATE), log: None };
    let keys = Arc::new(keys_with(json!({})));
    let gate = Arc::new(Gate::new(options, runtime, keys, store.clone(), counters));
    gate.start(Some(FirstComponent::Bundled(WINDOWS_MDM_2.component)), NOW).await;
    (store, gate)
}
