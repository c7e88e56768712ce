//! Stage two: the policy has taken the settings.

use wasmtime::Store;
use wasmtime::component::Instance;

use super::inspect::Inspected;
use crate::contract::TokenPolicy;
use crate::failure::{CallError, Cause};
use crate::limits::StoreState;
use crate::settings::{SettingRefusal, Settings, SettingsError};

/// Why a policy did not take its settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// A setting is unknown, of the wrong type or refused by the policy.
    #[error(transparent)]
    Settings(SettingsError),
    /// `configure` gave no answer.
    #[error("`configure` failed")]
    Call(#[source] CallError),
}

impl ConfigureError {
    /// What would have to change for the settings to be taken.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Call(error) if error.cause() == Cause::Host => Cause::Host,
            Self::Call(_) | Self::Settings(_) => Cause::Gate,
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
        .map_err(|error| ConfigureError::Call(CallError::from_wasmtime(&error)))?;
    answer.map_err(|errors| {
        let refusals = errors.into_iter().map(SettingRefusal::from).collect();
        ConfigureError::Settings(SettingsError::Refused(refusals))
    })
}
