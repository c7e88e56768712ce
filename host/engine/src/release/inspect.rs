//! Stage one: a component that is a policy, and what it says of itself.

use std::sync::Arc;

use admit_cases::CaseSet;
use admit_cases::section::{self, PackedError};
use wasmtime::component::Component;
use wasmtime_wizer::Wizer;

use super::artefact::{self, Artefact, ArtefactError};
use super::component_digest;
use crate::contract::types::Description;
use crate::contract::{TokenPolicy, TokenPolicyPre};
use crate::decision::PolicyRef;
use crate::description::{self, DescriptionError};
use crate::failure::{CallError, Cause, error_line};
use crate::limits::StoreState;
use crate::runtime::{CompileError, Runtime};

/// Why a component was not taken as a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The file is not a component that exports the policy interface and imports nothing.
    #[error("not a policy component")]
    Artefact(#[source] ArtefactError),
    /// The parser, the validator or the compiler panicked over it.
    #[error("the component broke the parser or the compiler")]
    Broke,
    /// The cases it carries cannot be used.
    #[error("the cases of the component")]
    Cases(#[source] PackedError),
    /// It cannot be prepared for sealing.
    #[error("the component cannot be sealed: {0}")]
    Instrument(String),
    /// It does not compile, or not in time.
    #[error("the component was not compiled")]
    Compile(#[source] CompileError),
    /// The exported functions have other types than the contract's.
    #[error("the exported interface differs from the contract: {0}")]
    Interface(String),
    /// `describe` gave no answer.
    #[error("`describe` failed")]
    Describe(#[source] CallError),
    /// `describe` gave an answer that breaks the contract.
    #[error("the description breaks the contract")]
    Description(#[source] DescriptionError),
}

impl InspectError {
    /// What would have to change for the component to be taken.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Artefact(_)
            | Self::Cases(_)
            | Self::Instrument(_)
            | Self::Interface(_)
            | Self::Description(_) => Cause::Component,
            Self::Compile(error) if error.is_by_content() => Cause::Component,
            Self::Describe(error) => error.cause(),
            Self::Broke => Cause::Component,
            Self::Compile(_) => Cause::Host,
        }
    }

    /// Whether the compilation of this component was given up, and goes on.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Compile(error) if error.goes_on())
    }

    /// Whether this component is refused whatever else changes, so that it need not be tried again.
    pub fn is_by_content(&self) -> bool {
        self.cause() == Cause::Component
    }
}

/// A component that is a policy, with its description.
#[derive(Clone)]
pub struct Inspected {
    pub(super) runtime: Runtime,
    pub(super) bytes: Arc<[u8]>,
    pub(super) policy: PolicyRef,
    pub(super) description: Arc<Description>,
    /// The component with access to its memory added, for the snapshot.
    pub(super) pre: TokenPolicyPre<StoreState>,
    artefact: Arc<Artefact>,
    cases: Arc<[CaseSet]>,
}

impl Inspected {
    /// Reads, compiles and describes a component.
    ///
    /// `bytes` is the component in binary form. It runs in the sandbox, under the limits for
    /// set-up.
    ///
    /// # Errors
    ///
    /// [`InspectError`], by what was wrong.
    pub fn new(runtime: &Runtime, bytes: &[u8]) -> Result<Self, InspectError> {
        // What is known to make the libraries panic is refused by `artefact::read`; whatever else
        // there is must not take the host along.
        let inspect = std::panic::AssertUnwindSafe(|| Self::inspect(runtime, bytes));
        std::panic::catch_unwind(inspect).unwrap_or(Err(InspectError::Broke))
    }

    fn inspect(runtime: &Runtime, bytes: &[u8]) -> Result<Self, InspectError> {
        let limits = runtime.limits();
        let artefact =
            artefact::read(bytes, limits.component_bytes).map_err(InspectError::Artefact)?;
        let (_, instrumented) = Wizer::new()
            .instrument_component(bytes)
            .map_err(|error| InspectError::Instrument(error_line(&error)))?;
        let (_, pre) = link(runtime, instrumented)?;
        let description = describe(runtime, &pre)?;
        description::check(&description).map_err(InspectError::Description)?;
        let cases = packed_cases(bytes, &description)?;
        let policy = PolicyRef {
            name: description.name.as_str().into(),
            version: description.version.as_str().into(),
            digest: component_digest(bytes),
        };
        Ok(Self {
            runtime: runtime.clone(),
            bytes: bytes.into(),
            policy,
            description: Arc::new(description),
            pre,
            artefact: Arc::new(artefact),
            cases,
        })
    }

    /// Name, version and digest.
    pub fn policy(&self) -> &PolicyRef {
        &self.policy
    }

    /// What the policy says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The component in binary form.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The component's size in bytes.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// About how much memory it keeps: its bytes and its code.
    pub fn kept_bytes(&self) -> usize {
        self.bytes.len() + code_bytes(self.pre.instance_pre().component())
    }

    /// The policy interface it exports, with its version.
    pub fn interface(&self) -> &'static str {
        self.artefact.interface
    }

    /// The cases it carries, by file.
    pub fn cases(&self) -> &[CaseSet] {
        &self.cases
    }

    /// Everything it exports; what is not the interface is never called.
    pub fn exports(&self) -> &[String] {
        &self.artefact.exports
    }
}

fn packed_cases(bytes: &[u8], description: &Description) -> Result<Arc<[CaseSet]>, InspectError> {
    let sets = section::cases(bytes, &description.name, &description.version);
    sets.map(Arc::from).map_err(InspectError::Cases)
}

impl std::fmt::Debug for Inspected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inspected").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The size of a compiled component.
pub(super) fn code_bytes(component: &Component) -> usize {
    let image = component.image_range();
    (image.end as usize).saturating_sub(image.start as usize)
}

/// Compiles a component and checks the types of the interface.
pub(super) fn link(
    runtime: &Runtime,
    bytes: Vec<u8>,
) -> Result<(Component, TokenPolicyPre<StoreState>), InspectError> {
    let deadline = runtime.limits().compile_deadline;
    let component = runtime
        .compiler()
        .compile(runtime.engine(), bytes, deadline)
        .map_err(InspectError::Compile)?;
    let pre = runtime.linker().instantiate_pre(&component).and_then(TokenPolicyPre::new);
    let pre = pre.map_err(|error| InspectError::Interface(error_line(&error)))?;
    Ok((component, pre))
}

fn describe(
    runtime: &Runtime,
    pre: &TokenPolicyPre<StoreState>,
) -> Result<Description, InspectError> {
    let failed = |error: wasmtime::Error| InspectError::Describe(CallError::from_wasmtime(&error));
    let mut store = runtime.setup_store();
    let instance = pre.instance_pre().instantiate(&mut store).map_err(failed)?;
    let policy = TokenPolicy::new(&mut store, &instance)
        .map_err(|error| InspectError::Interface(error_line(&error)))?;
    policy.admit_policy_policy().call_describe(&mut store).map_err(failed)
}
