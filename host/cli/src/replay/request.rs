//! One logged decision, made again.

use std::collections::BTreeSet;

use admit::cases::{Came, Case, Expectation};
use admit::release::Inspected;
use admit_api::log::{Decision, Kind};
use admit_api::replay::Why;
use admit_server::decision_log::stand_in;
use serde_json::{Map, Value};

use super::foreign::Foreign;
use super::releases::LoggedRelease;
use super::trials::Trials;

/// Why a line is not replayed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Skip {
    /// It is too long, or not of a decision log.
    Unreadable(Foreign),
    /// Another policy decided, and no gate was named.
    OtherPolicy,
    /// There are no claims: the token did not verify, or there was no key or no release.
    NoClaims,
    /// A claim or fact is not whole.
    Cut,
    /// The log does not have the release with its settings.
    NoRelease,
    /// The policy refuses the settings.
    Settings(String),
    /// The host refuses claims that it took: it checks some that are not in the log.
    Refused,
}

impl Skip {
    /// The same without what there is to say of it.
    pub(super) fn why(&self) -> Why {
        match self {
            Self::Unreadable(_) => Why::Unreadable,
            Self::OtherPolicy => Why::OtherPolicy,
            Self::NoClaims => Why::NoClaims,
            Self::Cut => Why::Cut,
            Self::NoRelease => Why::NoRelease,
            Self::Settings(_) => Why::Settings,
            Self::Refused => Why::Refused,
        }
    }

    /// What the policy says of the settings, or what an unreadable line looks like.
    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::Settings(problem) => Some(problem.clone()),
            Self::Unreadable(foreign) if *foreign != Foreign::Other => Some(foreign.to_string()),
            _ => None,
        }
    }
}

/// What the log does not say.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    /// Claims and facts of which the log has only the kind.
    pub(super) withheld: BTreeSet<String>,
    /// Claims that the policy wants and the log knows nothing of.
    pub(super) unknown: BTreeSet<String>,
}

/// A policy that decides again what a log says was decided.
pub(super) struct Replay<'a> {
    trials: Trials<'a>,
    /// What counts whatever the log says.
    settings: Option<&'a Map<String, Value>>,
    /// Whether the policy also decides what one of another name decided.
    of_any_policy: bool,
    stand_ins: StandIns,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        policy: &'a Inspected,
        settings: Option<&'a Map<String, Value>>,
        of_any_policy: bool,
    ) -> Self {
        let (trials, stand_ins) = (Trials::new(policy), StandIns::default());
        Self { trials, settings, of_any_policy, stand_ins }
    }

    /// The case that a decision is, if it can be made again whatever its release.
    pub(super) fn case(&self, decision: &Decision) -> Result<Case, Skip> {
        let name = &self.trials.policy().policy().name;
        let by_same = decision.policy.as_ref().is_some_and(|it| it.name == *name);
        if !self.of_any_policy && !by_same {
            return Err(Skip::OtherPolicy);
        }
        case(decision)
    }

    /// What the policy decides now, for the decision that was made with this release.
    pub(super) fn decide(
        &mut self,
        decision: &Decision,
        case: &Case,
        release: &LoggedRelease,
    ) -> Result<Came, Skip> {
        let trial = self.trials.with(self.settings.unwrap_or(&release.settings));
        let trial = trial.map_err(|problem| Skip::Settings(problem.to_owned()))?;
        let came = trial.play(case, &release.verification).came;
        if came.outcome == "invalid" {
            return Err(Skip::Refused);
        }
        self.stand_ins.note(self.trials.policy(), decision, release);
        Ok(came)
    }

    /// What the log did not say, and the settings that the policy does not have.
    pub(super) fn finish(self) -> (StandIns, Vec<String>) {
        (self.stand_ins, self.trials.into_left_out())
    }
}

impl StandIns {
    /// Notes what the log does not say of a decision that was made again.
    fn note(&mut self, policy: &Inspected, decision: &Decision, release: &LoggedRelease) {
        let description = policy.description();
        for name in &description.claims {
            if decision.withheld.contains_key(name) {
                self.withheld.insert(name.clone());
            } else if !release.known_claims.contains(name) {
                self.unknown.insert(name.clone());
            }
        }
        let facts = description.facts.iter().map(|fact| &fact.name);
        let withheld = facts.filter(|name| decision.withheld_facts.contains_key(*name));
        self.withheld.extend(withheld.cloned());
    }
}

fn case(decision: &Decision) -> Result<Case, Skip> {
    let claims = decision.claims.as_ref().ok_or(Skip::NoClaims)?;
    if !decision.cut.is_empty() {
        return Err(Skip::Cut);
    }
    Ok(Case {
        name: String::new(),
        line: 0,
        claims: with_stand_ins(claims, &decision.withheld)?,
        facts: with_stand_ins(&decision.facts, &decision.withheld_facts)?,
        settings: None,
        now: decision.now,
        expect: Expectation::Allow { identity: Default::default() },
        max_fuel: None,
    })
}

/// The values of the log, and one of the same kind for each that it does not have.
fn with_stand_ins(
    values: &Map<String, Value>,
    withheld: &Map<String, Value>,
) -> Result<Map<String, Value>, Skip> {
    let mut values = values.clone();
    for (name, kind) in withheld {
        let value = kind.as_str().and_then(Kind::named).map(stand_in);
        values.insert(name.clone(), value.ok_or(Skip::Unreadable(Foreign::Other))?);
    }
    Ok(values)
}
