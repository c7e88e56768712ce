//! What has to change for a gate to be as a file says.

use std::io::{Result as IoResult, Write};

use admit::release::component_digest;
use admit_api::activation::Activation;
use admit_api::decision::PolicyRef;
use admit_api::error::Code;
use admit_api::settings::PatchedSettings;
use admit_api::status::GateStatus;
use serde_json::{Map, Value};

use super::difference::{differing, lines};
use super::file::{Wanted, WantedPolicy};
use crate::client::{Call, Client, ClientError};
use crate::remote::NewPolicy;
use crate::remote::answers::{self, GateSettings};
use crate::terminal::{Paint, paint};
use crate::text::{self, clean, entry, wrapped};

/// A change of one gate: at most one activation.
pub(super) struct Plan<'a> {
    wanted: &'a Wanted,
    now: Current,
    /// Why the gate decides nothing, although it has what it shall have; absent when it decides, or
    /// when something is to change anyway.
    idle: Option<GateStatus>,
    /// The policy to activate; absent when the gate has it.
    policy: Option<NewPolicy>,
    /// The settings to change; `null` removes.
    patch: Map<String, Value>,
    /// Whether what is known to fail is wanted all the same.
    force: bool,
    /// The settings that may stop counting with another policy.
    drop: Vec<String>,
    /// What the server said of the change.
    checked: Option<Activation>,
}

/// What a gate has.
struct Current {
    /// Absent when it has none.
    policy: Option<PolicyRef>,
    /// The settings that the policy knows.
    settings: Map<String, Value>,
    /// Those that are kept although it does not.
    unknown: Map<String, Value>,
    /// Revision, as it is sent back.
    etag: Option<String>,
}

impl Current {
    fn of(client: &Client, gate: &str) -> Result<Self, ClientError> {
        Ok(match GateSettings::of(client, gate)? {
            Some(GateSettings { policy, settings, unknown, etag }) => {
                Self { policy: Some(policy), settings, unknown, etag }
            }
            None => Self::nothing(),
        })
    }

    fn nothing() -> Self {
        let etag = Some("\"0\"".to_owned());
        Self { policy: None, settings: Map::new(), unknown: Map::new(), etag }
    }

    /// Every setting, whether the policy knows it or not.
    fn all(&self) -> Map<String, Value> {
        self.settings.clone().into_iter().chain(self.unknown.clone()).collect()
    }
}

impl<'a> Plan<'a> {
    /// Compares what a gate has with what it shall have.
    pub(super) fn new(
        client: &Client,
        wanted: &'a Wanted,
        drop: &[String],
        force: bool,
    ) -> Result<Self, ClientError> {
        let now = Current::of(client, &wanted.gate)?;
        let policy = new_policy(wanted, now.policy.as_ref())?;
        let drop = wanted.drop.iter().chain(drop).cloned().collect();
        let patch = Map::new();
        let idle = None;
        let mut plan = Self { wanted, now, idle, policy, patch, force, drop, checked: None };
        if let Some(settings) = &wanted.settings {
            plan.compare(settings);
        }
        if !plan.changes_something() {
            plan.idle = answers::idle(client, &wanted.gate)?;
        }
        Ok(plan)
    }

    fn compare(&mut self, settings: &Map<String, Value>) {
        if self.policy.is_some() {
            // All of them, so that one which the new policy does not know is refused whether the gate
            // has it or not. What has to go besides is known when the server has said what it knows.
            self.patch = settings.clone();
            return;
        }
        self.patch = differing(&self.now.settings, settings);
        let gone = self.now.settings.keys().filter(|name| !settings.contains_key(*name));
        let gone: Vec<_> = gone.cloned().collect();
        self.remove(gone);
    }

    pub(super) fn gate(&self) -> &str {
        &self.wanted.gate
    }

    /// Whether there is something to send. What is forced is, even if it differs in nothing, and so is
    /// what a gate has that decides nothing: it has the policy and the settings, and no release of them.
    pub(super) fn changes_something(&self) -> bool {
        let is_forced = self.force && self.now.policy.is_some();
        is_forced || self.idle.is_some() || self.policy.is_some() || !self.patch.is_empty()
    }

    /// Has the server check the change, if there is one.
    ///
    /// With another policy, settings that the file does not name go back to their defaults if that
    /// policy knows them, and stay if it does not. The server says which it does not know.
    pub(super) fn check(&mut self, client: &Client) -> Result<(), ClientError> {
        while self.changes_something() {
            let checked = self.send(client, true);
            let stale = self.stale(&checked);
            if stale.is_empty() {
                self.checked = Some(checked?);
                break;
            }
            self.remove(stale);
        }
        Ok(())
    }

    /// Settings that the gate has, the file does not name, and the new policy knows: those it did
    /// not report as unknown, or complained of.
    fn stale(&self, checked: &Result<Activation, ClientError>) -> Vec<String> {
        let (Some(_), Some(settings)) = (&self.policy, &self.wanted.settings) else {
            return Vec::new();
        };
        let is_known = |name: &str| match checked {
            Ok(report) => !report.unknown.contains_key(name),
            // Only what the policy itself refuses says that it knows the setting.
            Err(error) => error.refusal().is_some_and(|refusal| {
                refusal.error.code == Code::InvalidSettings
                    && refusal.error.errors.iter().any(|error| error.name == name)
            }),
        };
        let had = self.now.settings.keys().chain(self.now.unknown.keys());
        had.filter(|name| !settings.contains_key(*name) && !self.patch.contains_key(*name))
            .filter(|name| is_known(name))
            .cloned()
            .collect()
    }

    fn remove(&mut self, names: Vec<String>) {
        self.patch.extend(names.into_iter().map(|name| (name, Value::Null)));
    }

    /// Makes the change, if the gate is still at the revision that was read.
    pub(super) fn apply(&self, client: &Client) -> Result<Activation, ClientError> {
        self.send(client, false)
    }

    fn send(&self, client: &Client, dry_run: bool) -> Result<Activation, ClientError> {
        let call = match &self.policy {
            Some(policy) => policy.call(self.gate(), self.patch.clone()),
            None => {
                let patch = Value::Object(self.patch.clone());
                Call::of_gate("PATCH", self.gate(), "settings").json(&patch)
            }
        };
        let call = call.each("drop", &self.drop);
        let call = call.flag("dry_run", dry_run).flag("force", self.force);
        let call = call.if_match(self.now.etag.clone());
        let how = "give each a value under `settings` of the gate in the file of `--file`";
        let answer = client
            .call(call)
            .map_err(|error| error.where_missing(self.gate(), &self.patch, how))?;
        match &self.policy {
            Some(_) => answer.read(),
            None => answer.read().map(|PatchedSettings { activation, .. }| activation),
        }
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> IoResult<()> {
        let gate = clean(self.gate());
        if !self.changes_something() {
            writeln!(out, "{gate}: no changes")?;
            return kept(&self.now.unknown, out);
        }
        writeln!(out, "{gate}:")?;
        if let Some(idle) = &self.idle {
            entry(out, "state", &wrapped(&answers::state(idle), 13))?;
        }
        if let Some(policy) = &self.policy {
            let from = self.now.policy.as_ref().map(text::policy);
            let from = from.unwrap_or_else(|| "none".to_owned());
            let to = self.checked.as_ref().map(|report| text::policy(&report.policy));
            let to = to.unwrap_or_else(|| policy.text());
            entry(out, "policy", &format!("{from} -> {to}"))?;
        }
        let had = self.now.all();
        let changed = differing(&had, &self.patch);
        for (name, value) in &changed {
            for line in lines(name, had.get(name), value) {
                let colour = if line.starts_with('-') { Paint::Bad } else { Paint::Good };
                writeln!(out, "  {}", paint(colour, &line))?;
            }
        }
        self.checked.as_ref().map_or(Ok(()), |report| kept(&report.unknown, out))
    }
}

fn kept(unknown: &Map<String, Value>, out: &mut dyn Write) -> IoResult<()> {
    crate::remote::kept(unknown.keys(), out)
}

/// The policy to activate; absent when the gate has it already.
fn new_policy(wanted: &Wanted, now: Option<&PolicyRef>) -> Result<Option<NewPolicy>, ClientError> {
    let has = |digest: &str| now.is_some_and(|now| *now.digest == *digest);
    match &wanted.policy {
        WantedPolicy::Any => Ok(None),
        WantedPolicy::Component(policy) => {
            let has_it = policy.digest().is_some_and(|digest| has(&digest));
            Ok((!has_it).then(|| policy.clone()))
        }
        WantedPolicy::Bundled(reference) => Ok(bundled(reference, now)),
        WantedPolicy::Already { digest, .. } if has(digest) => Ok(None),
        WantedPolicy::Already { reference, digest } => {
            let has = now.map(|now| format!("{} {}", now.reference(), now.digest));
            Err(ClientError::OtherPolicy {
                gate: clean(&wanted.gate),
                has: clean(has.as_deref().unwrap_or("none")),
                wanted: clean(&format!("{reference} {digest}")),
            })
        }
    }
}

/// A policy that comes with the server; the newest version is the newest that this program knows.
fn bundled(reference: &str, now: Option<&PolicyRef>) -> Option<NewPolicy> {
    let has_it = match admit_policies::find(reference) {
        Some(known) => {
            let digest = component_digest(known.component);
            now.is_some_and(|now| *now.digest == *digest)
        }
        None => now.is_some_and(|now| now.reference() == reference),
    };
    let known = admit_policies::find(reference);
    let name = known.map(|known| format!("{}@{}", known.name, known.version));
    (!has_it).then(|| NewPolicy::Bundled(name.unwrap_or_else(|| reference.to_owned())))
}
