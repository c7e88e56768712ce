//! Stage two: the policy has taken the settings.

use wasmtime::Store;
use wasmtime::component::Instance;

use super::inspect::Inspected;
use crate::contract::TokenPolicy;
use crate::failure::{CallError, Cause};
use crate::limits::{Limit, StoreState};
use crate::settings::{SettingRefusal, Settings, SettingsError};

/// Why a policy did not take its settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum ConfigureError {
    /// A setting is unknown, of the wrong type or refused by the policy.
    #[error(transparent)]
    Settings(SettingsError),
    /// `configure` came to a limit while it read a long list.
    #[error(
        "`configure` did not end: setting `{name}` has {entries} entries, which may be too many for this policy"
    )]
    LongList {
        name: String,
        entries: usize,
        #[source]
        source: CallError,
    },
    /// `configure` gave no answer.
    #[error("`configure` failed")]
    Call(#[source] CallError),
}

impl ConfigureError {
    /// What would have to change for the settings to be taken.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Call(error) if error.cause() == Cause::Host => Cause::Host,
            Self::Call(_) | Self::LongList { .. } | Self::Settings(_) => Cause::Gate,
        }
    }
}

/// An instance of a policy that has taken its settings.
pub struct Configured {
    pub(super) inspected: Inspected,
    pub(super) settings: Settings,
    pub(super) store: Store<StoreState>,
    pub(super) instance: Instance,
}

impl Configured {
    /// Has the policy check and take the settings, in an instance of its own.
    ///
    /// # Errors
    ///
    /// [`ConfigureError`]; errors about settings name each bad one.
    pub fn new(inspected: Inspected, settings: Settings) -> Result<Self, ConfigureError> {
        settings.check_bounds().map_err(ConfigureError::Settings)?;
        let mut store = inspected.runtime.setup_store();
        let instance = inspected
            .pre
            .instance_pre()
            .instantiate(&mut store)
            .map_err(|error| ConfigureError::Call(CallError::from_wasmtime(&error)))?;
        configure(&inspected, &settings, &mut store, &instance)?;
        Ok(Self { inspected, settings, store, instance })
    }
}

fn configure(
    inspected: &Inspected,
    settings: &Settings,
    store: &mut Store<StoreState>,
    instance: &Instance,
) -> Result<(), ConfigureError> {
    let typed = settings.typed(&inspected.description).map_err(ConfigureError::Settings)?;
    let fields: Vec<_> = typed.iter().map(|setting| setting.field()).collect();
    let answer = TokenPolicy::new(&mut *store, instance)
        .and_then(|policy| policy.admit_policy_policy().call_configure(&mut *store, &fields))
        .map_err(|error| failed(CallError::from_wasmtime(&error), settings))?;
    answer.map_err(|errors| {
        let refusals = errors.into_iter().map(SettingRefusal::from).collect();
        ConfigureError::Settings(SettingsError::Refused(refusals))
    })
}

/// Entries of a list that may be why `configure` comes to a limit.
const LONG_LIST: usize = 1_000;

fn failed(error: CallError, settings: &Settings) -> ConfigureError {
    let lists = settings.as_json().iter();
    let lists = lists.filter_map(|(name, value)| Some((name, value.as_array()?.len())));
    let longest = lists.max_by_key(|(_, entries)| *entries).filter(|(_, most)| *most >= LONG_LIST);
    match (longest, error) {
        (
            Some((name, entries)),
            source @ CallError::Limit(Limit::Fuel | Limit::Time | Limit::Memory),
        ) => ConfigureError::LongList { name: name.clone(), entries, source },
        (_, error) => ConfigureError::Call(error),
    }
}
