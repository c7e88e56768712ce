//! What a gate should have, in a few plain values.

use std::collections::BTreeSet;

use admit_server::gates::Mode;
use admit_tests::fixture::CLIENT;
use serde_json::{Map, Value, json};

use super::real::first_settings;
use super::{CLIENT_IDS, Operation, Wanted};

type Settings = Map<String, Value>;

/// A release that was activated.
#[derive(Clone, Debug)]
struct Activated {
    version: u8,
    /// The settings it was sealed with.
    sealed: Settings,
    /// What a roll-back from it leads to.
    previous: Option<usize>,
    /// Whether it was made by a change of settings alone.
    by_settings: bool,
}

/// Settings from now on: all, and those that count.
struct Configured {
    all: Settings,
    counting: Settings,
}

/// What is known of an activation besides its settings.
struct Activation {
    previous: Option<usize>,
    version: u8,
    /// Absent when a change of settings alone leads to it.
    is_told: bool,
}

#[derive(Clone, Debug)]
struct Candidate {
    version: u8,
    settings: Settings,
    revision: u64,
}

/// A gate as it should be.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// One for each generation, the active one last.
    activated: Vec<Activated>,
    settings: Settings,
    counting: Settings,
    revision: u64,
    candidate: Option<Candidate>,
    refused: usize,
    activities: usize,
}

/// What can be seen of a gate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) name: &'static str,
    pub(super) version: u8,
    pub(super) settings: Settings,
    pub(super) unknown: Settings,
    pub(super) revision: u64,
    /// Of the release that decides.
    pub(super) generation: u64,
    /// The generations of the history, the oldest first; the last is the active one.
    pub(super) history: Vec<u64>,
    pub(super) refused: usize,
    pub(super) activities: usize,
    pub(super) candidate: Option<u8>,
    pub(super) decided: Decided,
}

/// Whether the token is admitted, by which version and generation.
pub(super) type Decided = (bool, u8, u64);

/// The settings that a version knows, and the others.
fn split(version: u8, settings: &Settings) -> (Settings, Settings) {
    let is_known = |name: &str| version == 2 || name != CLIENT_IDS;
    settings.clone().into_iter().partition(|(name, _)| is_known(name))
}

/// The settings that are not among the others.
fn without(settings: &Settings, others: &Settings) -> Settings {
    let left = settings.iter().filter(|(name, _)| !others.contains_key(*name));
    left.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How many activities tell of a change of settings, in the words of a version.
fn told(version: u8, before: &Settings, after: &Settings) -> usize {
    let list = |settings: &Settings, name: &str| {
        let list = settings.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().map(Value::to_string).collect::<BTreeSet<_>>()
    };
    let differ = |name| list(before, name).symmetric_difference(&list(after, name)).count();
    let client_ids = match version {
        2 => differ(CLIENT_IDS),
        _ => usize::from(before.contains_key(CLIENT_IDS) && !after.contains_key(CLIENT_IDS)),
    };
    let address = usize::from(before.get("server_url") != after.get("server_url"));
    address + client_ids + differ("scopes") + differ("windows_entra_tenant_ids")
}

impl Model {
    /// Version 2 with the first settings.
    pub(super) fn new() -> Self {
        let settings = first_settings();
        let (sealed, counting) = (settings.clone(), settings.clone());
        let first = Activated { version: 2, sealed, previous: None, by_settings: false };
        let activities = told(2, &Settings::new(), &settings);
        let (activated, revision, candidate) = (vec![first], 1, None);
        Self { activated, settings, counting, revision, candidate, refused: 0, activities }
    }

    fn active(&self) -> &Activated {
        self.activated.last().unwrap()
    }

    pub(super) fn state(&self) -> State {
        let Activated { version, sealed, .. } = self.active();
        let generation = u64::try_from(self.activated.len()).unwrap();
        let is_client = sealed.get(CLIENT_IDS).is_some_and(|ids| *ids == json!([CLIENT]));
        State {
            name: "serving",
            version: *version,
            settings: self.settings.clone(),
            unknown: without(&self.settings, &self.counting),
            revision: self.revision,
            generation,
            history: (1..=generation).collect(),
            refused: self.refused,
            activities: self.activities,
            candidate: self.candidate.as_ref().map(|candidate| candidate.version),
            decided: (*version == 2 && is_client, *version, generation),
        }
    }

    /// Does it, and says what comes of it.
    pub(super) fn apply(&mut self, operation: &Operation) -> &'static str {
        match operation {
            Operation::Change(wanted) => self.change(wanted),
            Operation::Broken(mode) => self.refuse(*mode == Mode::Activate, "inspect"),
            Operation::Promote(is_named) => self.promote(*is_named),
            Operation::EndCandidate => match self.candidate.take() {
                Some(_) => {
                    self.activities += 1;
                    "ended"
                }
                None => "no_candidate",
            },
            Operation::RollBack(to, is_named) => self.roll_back(*to, *is_named),
            Operation::Restart => "started",
        }
    }

    fn refuse(&mut self, is_told: bool, why: &'static str) -> &'static str {
        self.refused += usize::from(is_told);
        self.activities += usize::from(is_told);
        why
    }

    fn change(&mut self, wanted: &Wanted) -> &'static str {
        let Wanted { version, from_source, ref patch, is_named, mode, is_stale } = *wanted;
        if is_stale {
            return "changed_meanwhile";
        }
        let active = self.active().version;
        let is_told = mode == Mode::Activate;
        let (had, version) = (&self.settings, version.unwrap_or(active));
        if from_source && version < active {
            return self.refuse(is_told, "inspect");
        }
        let (mut all, mut counting) = (had.clone(), self.counting.clone());
        for (name, value) in patch.as_object().unwrap() {
            let is_known = name != "scope" && (version == 2 || name != CLIENT_IDS);
            let is_removal = value.is_null() && (is_known || had.contains_key(name));
            if value.is_number() || !is_known && !is_removal {
                return self.refuse(is_told && wanted.version.is_some(), "misfits");
            }
            for settings in [&mut all, &mut counting] {
                match value {
                    Value::Null => settings.remove(name),
                    value => settings.insert(name.clone(), value.clone()),
                };
            }
        }
        if wanted.version.is_some() || mode == Mode::Candidate {
            counting = split(version, &all).0;
        }
        // Also one that was kept from a version that knew it.
        if version == 2 && counting.get(CLIENT_IDS).is_some_and(|ids| *ids == json!(["nobody"])) {
            return self.refuse(is_told && wanted.version.is_some(), "invalid");
        }
        let configured = Configured { all, counting };
        if mode != Mode::Candidate && !is_named && self.drops(&configured) > 0 {
            return self.refuse(is_told && from_source, "dropped");
        }
        match mode {
            Mode::DryRun => "checked",
            Mode::Candidate => {
                let (settings, revision) = (configured.all, self.revision);
                self.activities += 1 + usize::from(self.candidate.is_some());
                self.candidate = Some(Candidate { version, settings, revision });
                "candidate"
            }
            Mode::Activate => self.activate(
                Activation { previous: self.last(), version, is_told: wanted.version.is_some() },
                configured,
            ),
        }
    }

    fn last(&self) -> Option<usize> {
        Some(self.activated.len() - 1)
    }

    /// How many settings stop counting and are kept.
    fn drops(&self, after: &Configured) -> usize {
        let stays =
            |name: &String| after.counting.contains_key(name) || !after.all.contains_key(name);
        self.counting.keys().filter(|name| !stays(name)).count()
    }

    /// How many settings count again that were kept.
    fn restores(&self, after: &Configured) -> usize {
        let kept = without(&self.settings, &self.counting);
        after.counting.keys().filter(|name| kept.contains_key(*name)).count()
    }

    fn activate(&mut self, activation: Activation, configured: Configured) -> &'static str {
        let Activation { previous, version, is_told } = activation;
        let told_otherwise = self.drops(&configured) + self.restores(&configured);
        let Configured { all, counting } = configured;
        let is_new = (self.active().version, &self.active().sealed) != (version, &counting);
        self.activities += told(version, &self.settings, &all);
        self.revision += u64::from(is_new || self.settings != all);
        (self.settings, self.counting) = (all, counting.clone());
        if !is_new {
            return "unchanged";
        }
        self.activities += usize::from(is_told) + told_otherwise;
        let by_settings = !is_told;
        self.activated.push(Activated { version, sealed: counting, previous, by_settings });
        "activated"
    }

    fn promote(&mut self, is_named: bool) -> &'static str {
        match self.candidate.take() {
            None => "no_candidate",
            Some(stale) if stale.revision != self.revision => {
                self.candidate = Some(stale);
                "changed_meanwhile"
            }
            Some(candidate) => {
                let Candidate { version, settings: all, .. } = candidate.clone();
                let configured = Configured { counting: split(version, &all).0, all };
                if !is_named && self.drops(&configured) > 0 {
                    self.candidate = Some(candidate);
                    return "dropped";
                }
                let activation = Activation { previous: self.last(), version, is_told: true };
                let said = self.activate(activation, configured);
                // What changes nothing is told as ended, not as promoted.
                self.activities += usize::from(said == "unchanged");
                said
            }
        }
    }

    /// The newest on the way back that is another release.
    fn release_before(&self) -> Option<usize> {
        let active = self.active();
        let mut next = active.previous;
        while let Some(index) = next {
            let one = &self.activated[index];
            if (one.version, &one.sealed) != (active.version, &active.sealed) {
                break;
            }
            next = one.previous;
        }
        next
    }

    fn roll_back(&mut self, to: Option<u64>, is_named: bool) -> &'static str {
        let active = self.active().clone();
        let target = match to {
            None => match self.release_before() {
                Some(before) => before,
                None => return "nothing_kept",
            },
            Some(generation) => match usize::try_from(generation).unwrap().checked_sub(1) {
                Some(index) if Some(index) == self.last() => return "already_active",
                Some(index) if index < self.activated.len() => index,
                _ => return "unknown_generation",
            },
        };
        let Activated { version, sealed, previous, .. } = self.activated[target].clone();
        let mut all = self.settings.clone();
        if active.by_settings && active.previous == Some(target) {
            // The change of settings is undone.
            all.retain(|name, _| sealed.contains_key(name) || !self.counting.contains_key(name));
        }
        let (was_known, is_known) = (split(active.version, &all).0, split(version, &all).0);
        // What was kept since the version that is left does not know it has to be named as well.
        let missed = without(&without(&is_known, &was_known), &sealed);
        all.extend(sealed.clone());
        let configured = Configured { all, counting: sealed };
        if !is_named && (!missed.is_empty() || self.drops(&configured) > 0) {
            return "dropped";
        }
        self.activate(Activation { previous, version, is_told: true }, configured)
    }
}
