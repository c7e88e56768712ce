mod defaults;
mod refusals;
mod sources;

use std::fs;

use tempfile::TempDir;

use super::{Config, ConfigError, Flags, Sources, load};

/// A file in a folder of its own, with what else a configuration is made of.
struct Given {
    folder: TempDir,
    sources: Sources,
}

impl Given {
    fn file(bytes: impl AsRef<[u8]>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("admit.yaml");
        fs::write(&path, bytes).unwrap();
        Self { folder, sources: Sources { file: Some(path), ..Sources::default() } }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.sources.flags = flags;
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        load(self.sources.clone())
    }

    fn config(&self) -> Config {
        self.load().unwrap_or_else(|error| panic!("{:?}", error))
    }

    /// What is said of it, a line per problem; the file is called `admit.yaml`.
    fn problems(&self) -> Vec<String> {
        let error = self.load().expect_err("expected problems");
        let folder = format!("{}/", self.folder.path().display());
        error.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }
}

#[test]
fn what_the_server_writes_has_a_path_of_its_own() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(at("data")).unwrap();
    let said = |listen: &str, log: &str| {
        let file = format!(
            "data_dir: {}\nservice: {{listen: '{listen}'}}\nkeys: {{public: {{file: {}}}}}\n\
             decision_log: {{to: '{log}'}}\ngates:\n  a: {{policy: {}, cases: {}}}\n  \
             b: {{source: {{path: {}}}}}\n",
            at("data"),
            at("keys.json"),
            at("policy.wasm"),
            at("cases.yaml"),
            at("next.wasm"),
        );
        match Given::file(file).load() {
            Ok(_) => Vec::new(),
            Err(error) => error.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }
    };
    let tcp = "127.0.0.1:7420";
    assert_eq!(said(tcp, &at("data/decisions.jsonl")), [""; 0]);
    for (listen, log, key, what) in [
        (tcp.to_owned(), at("data"), "decision_log.to", "the data directory"),
        (tcp.to_owned(), at("data/./admit.db"), "decision_log.to", "a file of the store"),
        (tcp.to_owned(), at("keys.json"), "decision_log.to", "a file of keys"),
        (tcp.to_owned(), at("policy.wasm"), "decision_log.to", "a file of a policy"),
        (tcp.to_owned(), at("cases.yaml"), "decision_log.to", "a file of cases"),
        (tcp.to_owned(), at("next.wasm"), "decision_log.to", "the source of a gate"),
        (format!("unix:{}", at("data")), at("log"), "service.listen", "the data directory"),
        (format!("unix:{}", at("x.sock")), at("x.sock"), "decision_log.to", "a socket"),
    ] {
        let [problem] = &said(&listen, &log)[..] else { panic!("{listen} {log}") };
        assert!(problem.contains(&format!("`{key}`: `")), "{problem}");
        assert!(
            problem.contains(&format!(" is {what} too; expected a path of its own")),
            "{problem}"
        );
    }
}

#[test]
fn a_decision_log_is_not_written_to_the_configuration() {
    let given = Given::file("decision_log: {to: ./admit.yaml}");
    let error = given.load().unwrap_err().to_string();
    assert!(error.contains("`decision_log.to`: `"), "{error}");
    assert!(error.ends_with(" is this configuration too; expected a path of its own"), "{error}");
}
