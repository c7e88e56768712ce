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
mod store;
mod file;
mod tree;
mod overlay;
mod links;
mod read;
mod values;
mod check;
mod problem;
mod changes;
mod remarks;

use std::path::PathBuf;

use admit::cloud::Cloud;
use indexmap::IndexMap;

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
pub use self::problem::{ConfigError, Places, Problem, ProblemKind};
pub use self::read::NOTE;

use self::read::Reader;
use self::tree::Node;
use crate::store::Retention;

/// Where the data are kept when nothing says otherwise, under the current folder.
const DEFAULT_DATA_DIR: &str = "admit-data";

/// The configuration of `admit serve`, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The listener that decides.
    pub service: ServiceConfig,
    /// The listener for everything else.
    pub admin: AdminConfig,
    /// The folder of what the server keeps; `admit-data` in the current folder by default.
    pub data_dir: PathBuf,
    /// What the server says on standard error.
    pub log: LogConfig,
    /// GitOps mode: who may write, and where settings come from; absent unless configured.
    pub gitops: Option<GitopsConfig>,
    /// Where the keys of a cloud come from. A cloud that is not here has its own address: see
    /// [`Config::keys_of`].
    pub keys: IndexMap<Cloud, KeysConfig>,
    /// The gates by name, at least one; `windows-mdm` and `intune-mam` by default.
    pub gates: IndexMap<String, GateConfig>,
    /// Bounds on requests.
    pub limits: LimitsConfig,
    /// The decision log; absent unless configured.
    pub decision_log: Option<DecisionLogConfig>,
    pub fault_revert: FaultRevertConfig,
    /// What the store keeps of what is over.
    pub store: Retention,
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
    let mut tree = match &sources.file {
        Some(path) => file::read(path)?,
        None => Node::empty(),
    };
    let reader = Reader::new(sources.file.as_deref());
    // Before the overlay, so that a mistake is seen even where a variable or flag hides it.
    Config::read(&reader, &tree);
    overlay::variables(&reader, &mut tree, &sources.environment);
    reader.finish()?;

    let reader = Reader::new(sources.file.as_deref());
    overlay::flags(&mut tree, &sources.flags);
    let config = Config::read(&reader, &tree);
    check::across(&reader, &tree, &config);
    reader.finish()?;
    let file = sources.file.map(|file| file.display().to_string()).unwrap_or_default();
    Ok((config, Places { file, tree }))
}

impl Config {
    fn read(reader: &Reader, tree: &Node) -> Self {
        reader.root(tree, |root| Self {
            service: root.section("service", ServiceConfig::read),
            admin: root.section("admin", AdminConfig::read),
            data_dir: root.value_or("data_dir", DEFAULT_DATA_DIR.into(), values::path),
            log: root.section("log", LogConfig::read),
            gitops: root.optional("gitops", GitopsConfig::read).flatten(),
            keys: root.section("keys", keys::read),
            gates: root.optional("gates", gate::read).unwrap_or_else(gate::embedded),
            limits: root.section("limits", LimitsConfig::read),
            decision_log: root.optional("decision_log", DecisionLogConfig::read),
            fault_revert: root.section("fault_revert", FaultRevertConfig::read),
            store: root.section("store", store::read),
        })
    }

    /// Where the keys of `cloud` come from: as configured, else the cloud's own address.
    pub fn keys_of(&self, cloud: Cloud) -> KeysConfig {
        self.keys.get(&cloud).cloned().unwrap_or_else(|| KeysConfig::of_cloud(cloud))
    }
}

/// Without file, variables and flags.
impl Default for Config {
    fn default() -> Self {
        Self {
            service: ServiceConfig::default(),
            admin: AdminConfig::default(),
            data_dir: DEFAULT_DATA_DIR.into(),
            log: LogConfig::default(),
            gitops: None,
            keys: IndexMap::new(),
            gates: gate::embedded(),
            limits: LimitsConfig::default(),
            decision_log: None,
            fault_revert: FaultRevertConfig::default(),
            store: Retention::default(),
        }
    }
}

#[cfg(test)]
mod tests;
