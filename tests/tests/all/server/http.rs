//! What the API answers, as data: the scenarios of `tests/http`, run against real servers.
//!
//! A file holds scenarios by name, each a list of steps. A step is a request (`PATCH settings: {...}`)
//! with what is expected of its answer, or another thing that an administrator does: `tests/http/README.md`
//! lists them. The scenarios of a file share one server unless they begin with a `server` of their own.

mod request;
mod expect;
mod step;
mod values;

use std::path::PathBuf;

use serde_json::{Map, Value};

use self::step::{Seen, Stage};
use crate::harness::server::Server;

/// Runs the scenarios of a file; returns the answers of the document that there were.
pub(super) fn run(file: &str) -> Seen {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("http").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let scenarios: Map<String, Value> =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let mut shared = None;
    let (mut seen, mut wrong) = (Seen::new(), Vec::new());
    for (name, steps) in scenarios.iter().filter(|(name, _)| name.contains(&wanted)) {
        let steps =
            steps.as_array().unwrap_or_else(|| panic!("{file}: `{name}`: no list of steps"));
        let own =
            steps.first().is_some_and(|first| first.get("server").or(first.get("check")).is_some());
        let stage =
            if own { Stage::own() } else { Stage::on(shared.get_or_insert_with(Server::shared)) };
        match stage.play(steps) {
            Ok(answers) => seen.extend(answers),
            Err(error) => wrong.push(format!("{file}: `{name}`, {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    seen
}

macro_rules! files {
    ($($test:ident)*) => {
        $(#[test]
        fn $test() {
            drop(run(concat!(stringify!($test), ".yaml")));
        })*

        #[test]
        fn every_file_of_scenarios_is_run() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("http");
            let mut found: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
                .collect();
            found.sort();
            found.retain(|name| name != "tour");
            assert_eq!(found, [$(stringify!($test)),*]);
        }
    };
}

// `tour` is run with the API's document.
files! {
    access candidates checks decisions dropped gitops plan policies settings sources taken_back verbs
}
