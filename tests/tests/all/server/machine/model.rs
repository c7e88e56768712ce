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
        let first = Activated { version: 2, sealed: settings.clone(), previous: None };
        let activities = told(2, &Settings::new(), &settings);
        let (activated, candidate) = (vec![first], None);
        Self { activated, settings, revision: 1, candidate, refused: 0, activities }
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
            unknown: split(*version, &self.settings).1,
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
            Operation::Promote => self.promote(),
            Operation::EndCandidate => match self.candidate.take() {
                Some(_) => {
                    self.activities += 1;
                    "ended"
                }
                None => "no_candidate",
            },
            Operation::RollBack => self.roll_back(),
            Operation::Restart => "started",
        }
    }

    fn refuse(&mut self, is_told: bool, why: &'static str) -> &'static str {
        self.refused += usize::from(is_told);
        self.activities += usize::from(is_told);
        why
    }

    fn change(&mut self, wanted: &Wanted) -> &'static str {
        let Wanted { version, from_source, ref patch, mode, is_stale } = *wanted;
        if is_stale {
            return "changed_meanwhile";
        }
        let active = self.active().version;
        let is_told = mode == Mode::Activate;
        let (had, version) = (&self.settings, version.unwrap_or(active));
        if from_source && version < active {
            return self.refuse(is_told, "inspect");
        }
        let mut settings = had.clone();
        for (name, value) in patch.as_object().unwrap() {
            let is_known = name != "scope" && (version == 2 || name != CLIENT_IDS);
            let is_removal = value.is_null() && (is_known || had.contains_key(name));
            if value.is_number() || !is_known && !is_removal {
                return self.refuse(is_told && wanted.version.is_some(), "misfits");
            }
            match value {
                Value::Null => settings.remove(name),
                value => settings.insert(name.clone(), value.clone()),
            };
        }
        // Also one that was kept from a version that knew it.
        if version == 2 && settings.get(CLIENT_IDS).is_some_and(|ids| *ids == json!(["nobody"])) {
            return self.refuse(is_told && wanted.version.is_some(), "invalid");
        }
        match mode {
            Mode::DryRun => "checked",
            Mode::Candidate => {
                let revision = self.revision;
                self.activities += 1 + usize::from(self.candidate.is_some());
                self.candidate = Some(Candidate { version, settings, revision });
                "candidate"
            }
            Mode::Activate => self.activate(version, settings, wanted.version.is_some()),
        }
    }

    /// `has_activity`: whether it is told of besides the settings.
    fn activate(&mut self, version: u8, settings: Settings, has_activity: bool) -> &'static str {
        let previous = Some(self.activated.len() - 1);
        self.activate_after(previous, version, settings, has_activity)
    }

    fn activate_after(
        &mut self,
        previous: Option<usize>,
        version: u8,
        settings: Settings,
        has_activity: bool,
    ) -> &'static str {
        let (sealed, _) = split(version, &settings);
        let is_new = (self.active().version, &self.active().sealed) != (version, &sealed);
        self.activities += told(version, &self.settings, &settings);
        self.revision += u64::from(is_new || self.settings != settings);
        self.settings = settings;
        if !is_new {
            return "unchanged";
        }
        self.activities += usize::from(has_activity);
        self.activated.push(Activated { version, sealed, previous });
        "activated"
    }

    fn promote(&mut self) -> &'static str {
        match self.candidate.take() {
            None => "no_candidate",
            Some(stale) if stale.revision != self.revision => {
                self.candidate = Some(stale);
                "changed_meanwhile"
            }
            Some(Candidate { version, settings, .. }) => {
                let said = self.activate(version, settings, true);
                // What changes nothing is told as ended, not as promoted.
                self.activities += usize::from(said == "unchanged");
                said
            }
        }
    }

    fn roll_back(&mut self) -> &'static str {
        let Some(target) = self.active().previous else {
            return "nothing_kept";
        };
        let Activated { version, sealed, previous } = self.activated[target].clone();
        let (_, unknown) = split(version, &self.settings);
        let settings = sealed.into_iter().chain(unknown).collect();
        self.activate_after(previous, version, settings, true)
    }
}
