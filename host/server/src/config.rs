//! The configuration of `admit serve`: flags over environment over file over defaults.
//!
//! A file becomes a tree of values with places, variables and flags are laid over it, and one
//! strict reader makes a [`Config`] of the tree. The form is in `docs/config.schema.json`.
//!
//! ```
//! use admit_server::config::{self, Flags, Listen, Sources};
//!
//! let environment = vec![("ADMIT_LIMITS__BATCH".to_owned(), "20".to_owned())];
//! let flags = Flags { service: Some("unix:/run/admit.sock".to_owned()), ..Flags::default() };
//! let config = config::load(Sources { file: None, environment, flags })?;
//! assert_eq!(config.limits.batch, 20);
//! assert_eq!(config.service.listen, Listen::Unix("/run/admit.sock".into()));
//! assert_eq!(config.gates.len(), 2);
//! # Ok::<(), config::ConfigError>(())
//! ```

mod listener;
mod log;
mod gitops;
mod keys;
mod gate;
mod limits;
mod decision_log;
mod fault_revert;
mod file;
mod overlay;
mod links;
mod check;
mod places;
mod changes;
mod remarks;

use std::path::{Path, PathBuf};

use admit::cases::shape;
use admit::cases::strict::{
    self, Kind, Node, Reader, Shape, null_or, path, present, section, with_member,
};
use admit::cloud::Cloud;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

pub use admit::cases::strict::{NOTE, Problem, Problems as ConfigError};

pub use self::decision_log::{
    DEFAULT_LOGGED_CLAIMS, DecisionLogConfig, DecisionLogTarget, WhenFull, names_a_person,
};
pub use self::fault_revert::FaultRevertConfig;
pub use self::file::MAX_CONFIG_FILE_BYTES;
pub use self::gate::{GateConfig, PolicyReference, SourceConfig};
pub use self::gitops::GitopsConfig;
pub use self::keys::KeysConfig;
pub use self::limits::LimitsConfig;
pub use self::links::say_links;
pub use self::listener::{AdminConfig, Listen, ServiceAccess, ServiceConfig};
pub use self::log::{LogConfig, LogFormat, LogLevel};
pub use self::overlay::{Flags, process_environment};
pub use self::places::Places;

use crate::store::Retention;

/// Where the data are kept when nothing says otherwise, under the current folder.
const DEFAULT_DATA_DIR: &str = "admit-data";

/// A text of at least one character, none of them a control character, as schemas have it.
const WITHOUT_CONTROL: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

const KIND: Kind = Kind { file: "a configuration", has_notes: true, is_lenient: false };

shape! {
    /// What `admit serve --config FILE` reads, YAML or JSON. Every key may be left out. Relative paths are relative
    /// to the file's folder. The server checks a little more than a schema can say: addresses, names of embedded
    /// policies, and values that exclude each other.
    pub struct Config (): Default {
        /// The listener that decides.
        pub service: ServiceConfig = "service", section();
        /// The listener for everything else: settings, policies, status, metrics.
        pub admin: AdminConfig = "admin", section();
        /// The folder of what the server keeps: settings, releases, activities, access tokens.
        pub data_dir: PathBuf = "data_dir", path().or(DEFAULT_DATA_DIR.into());
        /// The server's own log, on standard error.
        pub log: LogConfig = "log", section();
        /// GitOps mode: settings and policies come from a repository, and only the role `gitops` may change them.
        /// Off when absent.
        pub gitops: Option<GitopsConfig> = "gitops", present();
        /// Where the keys of a cloud come from; its own address for a cloud that is not named.
        pub keys: IndexMap<Cloud, KeysConfig> = "keys", keys::keys();
        /// The gates by name: 1 to 64 of a-z, 0-9 and `-`. `windows-mdm` and `intune-mam` when absent; exactly the
        /// named ones otherwise.
        pub gates: IndexMap<String, GateConfig> = "gates", gate::gates();
        /// Bounds on requests.
        pub limits: LimitsConfig = "limits", section();
        /// The decision log: a JSON object per line. Off when absent.
        pub decision_log: Option<DecisionLogConfig> = "decision_log", present();
        /// When a release that fails soon after its activation is reverted by itself. A high share of refusals
        /// never reverts.
        pub fault_revert: FaultRevertConfig = "fault_revert", section();
        /// What the store keeps of what is over. What gates decide with, and what roll-backs lead to, is kept
        /// whatever stands here.
        pub store: Retention = "store", section();
    }
}

/// Everything a configuration is made of.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A YAML or JSON file; only defaults when absent.
    pub file: Option<PathBuf>,
    /// Environment variables, all of the process: see [`process_environment`]. Those that do not
    /// start with `ADMIT_` do not count.
    pub environment: Vec<(String, String)>,
    /// What the command line says.
    pub flags: Flags,
}

/// Reads and checks a configuration.
///
/// # Errors
///
/// [`ConfigError`] with every problem of the file and of the names of variables; without any,
/// those of the whole.
pub fn load(sources: Sources) -> Result<Config, ConfigError> {
    load_with_places(sources).map(|(config, _)| config)
}

/// As [`load`], with the places of the values.
///
/// # Errors
///
/// As [`load`].
pub fn load_with_places(sources: Sources) -> Result<(Config, Places), ConfigError> {
    let file = sources.file.as_deref();
    let name = file.map(|file| file.display().to_string()).unwrap_or_default();
    let read = |sources: &Sources| {
        let (text, mut tree) = match file {
            Some(path) => file::read(path)?,
            None => (String::new(), Node::empty()),
        };
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        let reader = || Reader::new(&KIND, &text).in_folder(folder);
        let first = reader();
        // Before the overlay, so that a mistake is seen even where a variable or flag hides it.
        first.root(&tree, Config::read);
        overlay::variables(&first, &mut tree, &sources.environment);
        first.finish()?;

        let second = reader();
        overlay::flags(&mut tree, &sources.flags);
        let config = second.root(&tree, Config::read);
        check::across(&second, &tree, &config, file);
        second.finish()?;
        Ok((config, tree))
    };
    let read: Result<_, ConfigError> = read(&sources);
    let (config, tree) = read.map_err(|problems| problems.in_file(&name))?;
    Ok((config, Places { file: name, tree }))
}

/// The published schema of a configuration: `docs/config.schema.json`.
pub fn document() -> Json {
    let notes = json!({"^x-": {"description": "Means nothing: a place for anchors."}});
    let schema = with_member(null_or(Config::schema()), "patternProperties", notes);
    strict::document("urn:admit:config", "Configuration of `admit serve`", schema)
}

impl Config {
    /// Where the keys of `cloud` come from: as configured, else the cloud's own address.
    pub fn keys_of(&self, cloud: Cloud) -> KeysConfig {
        self.keys.get(&cloud).cloned().unwrap_or_else(|| KeysConfig::of_cloud(cloud))
    }
}

#[cfg(test)]
mod tests;
