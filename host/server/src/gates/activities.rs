//! The activities that attempts leave.

use admit::decision::PolicyRef;
use serde_json::{Map, Value};

use crate::store::{Action, NewActivity, TakenBack};

/// The activity of a release that was activated. None for settings, which leave one for each value, and
/// none for the first release of a gate that starts.
pub(super) fn activated(action: Action, policy: &PolicyRef, is_first: bool) -> Option<NewActivity> {
    let kind = match action {
        Action::Settings => return None,
        Action::Start if is_first => return None,
        Action::Policy | Action::Source => "activated_policy",
        Action::Promote => "promoted_candidate",
        Action::Rollback => "rolled_back",
        Action::Start | Action::Revert => "reverted_policy",
    };
    Some(NewActivity::new(kind, Value::Object(details(policy))))
}

/// The activity of a release that kept failing and is left, whatever takes its place.
pub(super) fn taken_back(taken: &TakenBack) -> NewActivity {
    let mut details = details(&taken.policy);
    details.insert("release".to_owned(), (*taken.release).into());
    details.insert("faults".to_owned(), taken.faults.into());
    details.insert("reason".to_owned(), (*taken.reason).into());
    details.insert("error".to_owned(), (*taken.error).into());
    NewActivity::new("took_back_release", Value::Object(details))
}

/// The activity of an attempt that was refused.
pub(super) fn rejected(policy: Option<&PolicyRef>, step: &str, error: &str) -> NewActivity {
    let mut details = policy.map(details).unwrap_or_default();
    details.insert("step".to_owned(), step.into());
    details.insert("error".to_owned(), error.into());
    NewActivity::new("rejected_policy", Value::Object(details))
}

/// The activity of a candidate that began to decide.
pub(super) fn candidate_started(policy: &PolicyRef) -> NewActivity {
    NewActivity::new("started_candidate", Value::Object(details(policy)))
}

/// The activity of a candidate that was ended.
pub(super) fn candidate_ended(policy: &PolicyRef) -> NewActivity {
    NewActivity::new("ended_candidate", Value::Object(details(policy)))
}

/// The activity of a candidate that does not start again.
pub(super) fn candidate_lost(policy: Option<&PolicyRef>, error: &str) -> NewActivity {
    let mut details = policy.map(details).unwrap_or_default();
    details.insert("error".to_owned(), error.into());
    NewActivity::new("ended_candidate", Value::Object(details))
}

fn details(policy: &PolicyRef) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("policy".to_owned(), (*policy.name).into());
    details.insert("version".to_owned(), (*policy.version).into());
    details.insert("digest".to_owned(), (*policy.digest).into());
    details
}
