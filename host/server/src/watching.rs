//! Watched sources: what lies in a file or directory becomes the policy of a gate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use admit::failure::error_chain;
use serde::Serialize;
use serde_json::Map;
use tokio::sync::watch;

use crate::actor::Actor;
use crate::gates::{Change, ChangeError, Mode, NewComponent, ServedGate};
use crate::source::{Found, Poll, Watch};
use crate::store::{Action, SourceRow, Store};

/// What is known of a source. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct SourceState(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    seen: Seen,
    /// What came of the component that was found last.
    outcome: Option<Outcome>,
}

/// A state and its error.
type Outcome = (&'static str, Option<String>);

/// What a source held the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// What is watched.
    pub path: String,
    /// `waiting` before something was found, `settling` while it may still be written, `applied`,
    /// `refused`, or `unreadable`.
    pub state: &'static str,
    /// The digest of what was found last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Why it was refused, or could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl SourceState {
    /// A source that was not looked at yet.
    pub fn new(path: &std::path::Path) -> Self {
        let path = path.display().to_string();
        let seen = Seen { path, state: "waiting", digest: None, error: None };
        Self(Arc::new(Mutex::new(Known { seen, outcome: None })))
    }

    /// Takes over what an earlier run found last, and why it was refused if it was.
    pub fn after(&self, digest: &str, error: Option<String>) {
        let mut known = self.known();
        known.seen.digest = Some(digest.to_owned());
        known.outcome = Some(outcome(error));
    }

    /// What is known now.
    pub fn seen(&self) -> Seen {
        self.known().seen.clone()
    }

    fn note(&self, state: &'static str, error: Option<String>) {
        let seen = &mut self.known().seen;
        (seen.state, seen.error) = (state, error);
    }

    fn found(&self, digest: &str) {
        self.known().seen.digest = Some(digest.to_owned());
    }

    /// Notes what came of the component that was found.
    fn settle(&self, error: Option<String>) {
        let (state, error) = outcome(error);
        self.known().outcome = Some((state, error.clone()));
        self.note(state, error);
    }

    /// The component that was found last lies there still, or again.
    fn found_again(&self) {
        let outcome = self.known().outcome.clone();
        if let Some((state, error)) = outcome {
            self.note(state, error);
        }
    }

    /// The lock guards plain values that are valid at every moment, so a poisoned one is fine.
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outcome(error: Option<String>) -> Outcome {
    (if error.is_some() { "refused" } else { "applied" }, error)
}

/// Polls a source until `stop` changes. What comes of it is written into the store.
pub async fn run(
    gate: Arc<ServedGate>,
    store: Store,
    mut watched: Watch,
    state: SourceState,
    interval: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = ticks.tick() => {}
        }
        // A file may be slow, and a directory large.
        let polled = crate::blocking::run(move || {
            let poll = watched.poll();
            (watched, poll)
        });
        let Some((back, poll)) = polled.await else {
            state.note("unreadable", Some("reading it broke off".to_owned()));
            return;
        };
        watched = back;
        match poll {
            Poll::Unchanged if watched.problem().is_none() => state.found_again(),
            poll => handle(&gate, &store, poll, &state).await,
        }
    }
}

async fn handle(gate: &Arc<ServedGate>, store: &Store, poll: Poll, state: &SourceState) {
    match poll {
        Poll::Unchanged => {}
        Poll::Settling => state.note("settling", None),
        Poll::Problem(error) => {
            let error = error_chain(&error);
            tracing::warn!(gate = gate.name(), %error, "the source of the gate cannot be used");
            state.note("unreadable", Some(error));
        }
        Poll::New(found) => {
            state.found(&found.digest);
            let digest = found.digest.to_string();
            let error = apply(gate, found).await.err().map(|error| error.told());
            state.settle(error.clone());
            write_down(gate, store, &SourceRow { digest, error }).await;
        }
    }
}

/// What was not written down is new again after a restart.
async fn write_down(gate: &ServedGate, store: &Store, row: &SourceRow) {
    if let Err(error) = store.note_source(gate.name(), row).await {
        let (gate, error) = (gate.name(), error_chain(&error));
        tracing::error!(gate, error, "what came from the source could not be written down");
    }
}

async fn apply(gate: &Arc<ServedGate>, found: Found) -> Result<(), ChangeError> {
    let component = NewComponent { bytes: found.bytes.into(), may_be_older: false };
    let change = Change {
        component: Some(component),
        settings: Map::new(),
        revision: None,
        mode: Mode::Activate,
        force: false,
        actor: Actor::source(),
        action: Action::Source,
        now: admit::gate::now(),
    };
    gate.change(change).await.map(drop)
}
