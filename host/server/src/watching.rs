//! Watched sources: what lies in a file or directory becomes the policy of a gate.
//!
//! INVARIANT: a verdict on a component is remembered under all that it depends on. What its content
//! alone decides is remembered by its digest and the version of this program; what depends on settings,
//! cases, the gate's policy or the machine is tried again when these change, when somebody asks for it,
//! and now and then.

mod state;
mod tried;

use std::sync::Arc;
use std::time::Duration;

use admit::failure::error_chain;
use admit_api::status::SourceState;
use serde_json::json;
use tokio::sync::watch;

use crate::authority::Authority;
use crate::gates::{Change, ChangeError, Gate, NewComponent, Surroundings};
use crate::source::{Found, Poll, SourceError, SourceOptions, Watch};
use crate::store::{Action, NewActivity, SourceRow, Store, StoreError, TakenBack, Trying, Verdict};
use crate::time::rfc3339;
pub use state::SourceView;
use tried::Tried;

/// A gate whose policy comes from a source.
pub struct Watching {
    gate: Arc<Gate>,
    store: Store,
    watch: Watch,
    tried: Tried,
    state: SourceView,
    /// What the store has of the component that was tried last.
    last: Option<SourceRow>,
    /// Whether the store lacks it: it could not be written.
    is_unwritten: bool,
    /// Whether its compilation was given up and goes on. It may still end this server, so that it stays
    /// written down that it is tried.
    compiles_on: bool,
}

impl Watching {
    /// Goes on where an earlier run ended. A component that was being tried when the server ended is
    /// not tried again by itself: it may have ended it. What cannot be read is not known.
    pub async fn resume(gate: Arc<Gate>, store: Store, watch: Watch, state: SourceView) -> Self {
        let name = gate.name().to_owned();
        let last = known(&name, store.source(&name).await);
        let trying = known(&name, store.trying(&name).await);
        let (tried, is_unwritten, compiles_on) = (Tried::Nothing, false, false);
        let mut watching =
            Self { gate, store, watch, tried, state, last, is_unwritten, compiles_on };
        if let Some(trying) = trying {
            let (row, activity) = ended(&watching.gate, trying, &watching.state);
            watching.last = Some(row);
            watching.write_down(activity.as_ref()).await;
        }
        if let Some(last) = &watching.last {
            watching.state.found(&last.digest);
            if let Some(tried) = Tried::found_before(last) {
                watching.watch = watching.watch.after(&last.digest);
                watching.tried = tried;
            }
        }
        watching
    }

    /// Polls until `stop` changes. What comes of it is written into the store. When `asked` changes,
    /// what was refused is tried again.
    pub async fn run(
        mut self,
        interval: Duration,
        mut asked: watch::Receiver<()>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let is_asked = tokio::select! {
                _ = stop.changed() => return,
                changed = asked.changed() => match changed {
                    Ok(()) => true,
                    Err(_) => return,
                },
                _ = ticks.tick() => false,
            };
            let state = self.state.clone();
            match self.round(is_asked).await {
                Some(next) => self = next,
                None => {
                    state.note(SourceState::Unreadable, Some("reading it broke off".to_owned()));
                    return;
                }
            }
        }
    }

    /// Looks once; absent when that broke off.
    async fn round(mut self, is_asked: bool) -> Option<Self> {
        // A file may be slow, and a directory large.
        let (mut this, poll) = crate::blocking::run(move || {
            let now = admit::gate::now();
            if self.has_come_otherwise() || self.tried.is_due(is_asked, now, || self.surroundings())
            {
                self.watch.again();
            }
            let poll = self.watch.poll();
            (self, poll)
        })
        .await?;
        match poll {
            Poll::Unchanged if this.watch.problem().is_none() => this.show(),
            Poll::Unchanged => {}
            Poll::Settling => this.state.note(SourceState::Settling, None),
            // It is filled when the first policy is published.
            Poll::Problem(error @ SourceError::NoFile { .. })
                if this.state.seen().digest.is_none() =>
            {
                this.state.note(SourceState::Waiting, Some(error_chain(&error)));
            }
            Poll::Problem(error) => {
                let error = error_chain(&error);
                tracing::warn!(gate = this.gate.name(), %error, "the source of the gate cannot be used");
                this.state.note(SourceState::Unreadable, Some(error));
            }
            Poll::New(found) => this.take(found).await,
        }
        let has_ended = this.compiles_on && !this.gate.compiles_on();
        if has_ended || this.is_unwritten {
            this.compiles_on &= !has_ended;
            this.write_down(None).await;
        }
        Some(this)
    }

    fn surroundings(&self) -> Surroundings {
        self.gate.surroundings()
    }

    /// Whether an administrator gave the gate what was put aside here.
    fn has_come_otherwise(&self) -> bool {
        let is_ended = matches!(self.tried, Tried::Ended(_));
        is_ended
            && self.last.as_ref().is_some_and(|last| self.gate.view().decides_with(&last.digest))
    }

    /// Tries a component. Before anything is made of it, the store notes that it is tried: a server
    /// that finds the note at its start knows what may have ended the one before.
    async fn take(&mut self, found: Found) {
        let (digest, now) = (found.digest.to_string(), admit::gate::now());
        self.state.found(&digest);
        let last = self.last.take().filter(|last| last.digest == digest);
        let compiled_on = self.compiles_on && last.is_some();
        let before = match &last {
            Some(_) => std::mem::replace(&mut self.tried, Tried::Nothing),
            None => Tried::Nothing,
        };
        let gate = Arc::clone(&self.gate);
        let surroundings = crate::blocking::run(move || gate.surroundings()).await;
        let surroundings = surroundings.unwrap_or_default();
        let trying = Trying { digest: digest.clone(), since: now };
        let begun = self.store.begin_trying(self.gate.name(), &trying).await;
        let known_refusal = last.as_ref().and_then(|last| last.error.clone());
        let error = match begun {
            Ok(()) => apply(&self.gate, found, known_refusal.clone()).await.err(),
            Err(error) => Some(error.into()),
        };
        self.compiles_on = match &error {
            Some(error) if error.compiles_on() => true,
            Some(_) => compiled_on && self.gate.compiles_on(),
            None => false,
        };
        self.tried = Tried::new(error.as_ref(), &before, surroundings, now);
        let error = self.tried.error().map(str::to_owned);
        if error.is_some() && error != known_refusal {
            let (gate, waits_for) = (self.gate.name(), self.tried.waits_for().0);
            tracing::warn!(gate, error, waits_for, "the gate does not take what its source holds");
        }
        let (verdict, host) = (self.tried.verdict(), env!("CARGO_PKG_VERSION").to_owned());
        self.last = Some(SourceRow { digest, verdict, error, host, at: now });
        self.show();
        self.write_down(None).await;
    }

    /// Shows what came of the component that lies there.
    fn show(&self) {
        self.state.show(&self.tried);
        if let Some(taken) = self.taken_back_since() {
            self.state.show_taken_back(&taken);
        }
    }

    /// Why the gate no longer has what was applied: it kept failing.
    fn taken_back_since(&self) -> Option<TakenBack> {
        let last = self.last.as_ref().filter(|_| self.tried == Tried::Applied)?;
        if self.gate.view().decides_with(&last.digest) {
            return None;
        }
        let view = self.gate.view();
        let mut taken_back = view.taken_back().iter();
        taken_back.find(|taken| *taken.policy.digest == *last.digest).cloned()
    }

    /// Writes down what came of the last try. What could not be written is tried to be written again.
    async fn write_down(&mut self, activity: Option<&NewActivity>) {
        let Some(row) = &self.last else { return };
        let written = self.store.note_source(self.gate.name(), row, activity, self.compiles_on);
        let written = written.await;
        if let (Err(error), false) = (&written, self.is_unwritten) {
            let (gate, error) = (self.gate.name(), error_chain(error));
            tracing::error!(gate, error, "what came from the source could not be written down");
        }
        self.is_unwritten = written.is_err();
    }
}

/// What the store has of a gate's source.
fn known<T>(gate: &str, read: Result<Option<T>, StoreError>) -> Option<T> {
    read.unwrap_or_else(|error| {
        let error = error_chain(&error);
        tracing::error!(gate, error, "what came from the source before could not be read");
        None
    })
}

/// What is written down of a component during whose try the server ended. If the gate decides with it,
/// that shows that it did no harm.
fn ended(gate: &Gate, trying: Trying, state: &SourceView) -> (SourceRow, Option<NewActivity>) {
    let Trying { digest, since } = trying;
    let (host, at) = (env!("CARGO_PKG_VERSION").to_owned(), admit::gate::now());
    if gate.view().decides_with(&digest) {
        let row = SourceRow { digest, verdict: Verdict::Applied, error: None, host, at };
        return (row, None);
    }
    let since = rfc3339(since);
    let error = format!(
        "the server ended while it tried this component, which it began at {since}: it may be what \
         ended it, and is not tried again by itself"
    );
    let path = state.seen().path;
    tracing::error!(
        gate = gate.name(),
        policy.digest = digest,
        source = path,
        "{error}; to try it, send SIGHUP, put other content there, or upload it"
    );
    let details = json!({"digest": digest, "source": path, "since": since, "error": error});
    let activity = NewActivity::new("set_aside_source", details);
    let row = SourceRow { digest, verdict: Verdict::Ended, error: Some(error), host, at };
    (row, Some(activity))
}

/// Why a gate does not take what its source holds.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Reads a source once, and gives the gate what it holds, as watching it does.
pub async fn take_once(gate: &Arc<Gate>, options: SourceOptions) -> Result<(), TakeError> {
    let read = crate::blocking::run(move || Watch::new(options).read()).await;
    let found = read.ok_or(ChangeError::Broken)??;
    Ok(apply(gate, found, None).await?)
}

async fn apply(
    gate: &Arc<Gate>,
    found: Found,
    known_refusal: Option<String>,
) -> Result<(), ChangeError> {
    let component = NewComponent { bytes: found.bytes.into(), may_be_older: false };
    let change = Change::new(Action::Source, Authority::source(), admit::gate::now());
    let change = Change { component: Some(component), known_refusal, ..change };
    gate.change(change).await.map(drop)
}

#[cfg(test)]
mod tests;
