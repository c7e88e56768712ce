//! Why nothing was replayed, for people.

use std::collections::BTreeSet;

use admit_api::comparison::Group;

use super::foreign::Foreign;
use super::print::why as what;
use super::request::Skip;
use super::tally::{Place, Tally};
use crate::text::{clean, plural};

const NOTHING: &str =
    "nothing was replayed: no line of the log holds a decision that this policy can make again";

/// The reason that was counted most, and what to do about it.
pub(super) fn why(tally: &Tally) -> String {
    let skipped = in_parts(tally).or_else(|| tally.skipped.by_count().first().copied());
    match skipped {
        Some((skip, skipped)) if skipped.count >= tally.not_wanted => {
            format!("{NOTHING}; {}", most(tally, skip, skipped))
        }
        _ if tally.not_wanted > 0 => format!("{NOTHING}: {}", not_wanted(tally)),
        _ if tally.releases > 0 => {
            let (releases, noun) = (tally.releases, plural("release", tally.releases as usize));
            format!("{NOTHING}: there is no decision in it, only {releases} {noun}")
        }
        _ => format!("{NOTHING}: it is empty"),
    }
}

/// What was asked for, and what the log has instead.
fn not_wanted(tally: &Tally) -> String {
    let of_gates = tally.of_other_gates;
    let of_times = tally.not_wanted - of_gates;
    let gates = || {
        format!("{of_gates} of other gates than --gate names; the log has {}", names(&tally.gates))
    };
    let times = || {
        let (first, last) = tally.times.unwrap_or_default();
        let (first, last) = (rfc3339(first), rfc3339(last));
        format!(
            "{of_times} outside of --since and --until; the log has decisions from {first} to {last}"
        )
    };
    match (of_gates, of_times) {
        (0, _) => times(),
        (_, 0) => gates(),
        _ => format!("{}; {}", gates(), times()),
    }
}

fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Lines in parts, where the most others are whole: what joins the parts takes out those as well.
fn in_parts(tally: &Tally) -> Option<(&Skip, &Group<Place>)> {
    let by_count = tally.skipped.by_count();
    let whole = |skip: &Skip| match skip {
        Skip::Unreadable(Foreign::Prefixed) => Some(Skip::Unreadable(Foreign::Part)),
        Skip::Unreadable(Foreign::Text(name)) => {
            Some(Skip::Unreadable(Foreign::TextPart(name.clone())))
        }
        _ => None,
    };
    let parts = whole(by_count.first()?.0)?;
    by_count.into_iter().find(|(skip, _)| **skip == parts)
}

fn most(tally: &Tally, skip: &Skip, skipped: &Group<Place>) -> String {
    let (count, all) = (skipped.count, tally.skipped() + tally.not_wanted);
    let remedy = match skip {
        Skip::OtherPolicy => {
            let policies = names(&tally.policies);
            format!("; policies in the log: {policies}; with --gate, those of any policy count")
        }
        Skip::NoClaims => "; refusals by a policy can be replayed, and admissions as far as `decision_log.allows` had them logged".to_owned(),
        Skip::Cut => "; a log holds 1,024 bytes of a value".to_owned(),
        Skip::Settings(_) => "; others can be given with --settings".to_owned(),
        Skip::Refused => "; `decision_log.claims` has to name `aud`, `iss`, `tid`, `ver`, `exp`, `nbf` and `iat`".to_owned(),
        Skip::Unreadable(_) | Skip::NoRelease => String::new(),
    };
    clean(&format!(
        "{count} of {all} lines are {}{remedy}",
        what(skip.why(), skip.detail().as_deref())
    ))
}

fn names(names: &BTreeSet<String>) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
