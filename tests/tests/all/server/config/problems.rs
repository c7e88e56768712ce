//! `tests/config/problems`: configurations, and everything that is said of each.

use std::collections::BTreeMap;

use admit_server::config::{Flags, Sources, load};
use serde::Deserialize;

use super::data;

const FILES: [&str; 7] =
    ["form", "values", "listeners", "keys", "gates", "decision-log", "overlay"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// `admit.yaml`.
    #[serde(default)]
    file: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    flags: BTreeMap<String, String>,
    /// What is said, if that is one problem.
    problem: Option<String>,
    /// What is said, in this order; nothing of a good configuration.
    #[serde(default)]
    problems: Vec<String>,
}

impl Row {
    /// What the loader says. The name of the file is left out where a place in it follows.
    fn said(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admit.yaml");
        std::fs::write(&path, &self.file).unwrap();
        let flag = |name: &str| self.flags.get(name).cloned();
        let sources = Sources {
            environment: self.variables.clone().into_iter().collect(),
            flags: Flags {
                data_dir: flag("data-dir"),
                service: flag("service"),
                admin: flag("admin"),
                log_level: flag("log-level"),
                log_format: flag("log-format"),
            },
            file: Some(path.clone()),
        };
        let Err(error) = load(sources) else { return Vec::new() };
        let place = format!("`{}`, ", path.display());
        error.iter().map(|problem| problem.to_string().replace(&place, "")).collect()
    }
}

#[test]
fn each_configuration_is_refused_in_its_words() {
    let mut wrong = Vec::new();
    for name in FILES {
        let rows: Vec<Row> = data(&format!("problems/{name}.yaml"));
        for mut row in rows {
            row.problems.extend(row.problem.take());
            let said = row.said();
            if said != row.problems {
                let Row { file, variables, flags, problems, .. } = row;
                wrong.push(format!(
                    "{name}: {file:?} {variables:?} {flags:?}\n  {problems:#?}\n  came {said:#?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
