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
        self.load().unwrap_or_else(|error| panic!("{:?}", error.problems()))
    }

    /// What is said of it, a line per problem; the file is called `admit.yaml`.
    fn problems(&self) -> Vec<String> {
        let error = self.load().expect_err("expected problems");
        let folder = format!("{}/", self.folder.path().display());
        error.problems().iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }
}
