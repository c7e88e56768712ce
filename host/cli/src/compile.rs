//! From the name of a policy to what it says of itself. Compiling may take seconds.

use admit::release::{InspectError, Inspected};
use admit::runtime::Runtime;

use crate::error::CliError;
use crate::files;
use crate::terminal::Progress;
use crate::text::clean;

/// The policy of a file, or an embedded one.
///
/// # Errors
///
/// Those of [`files::policy`], and [`CliError::Content`] for what is no policy.
pub(crate) fn policy(runtime: &Runtime, reference: &str) -> Result<Inspected, CliError> {
    let bytes = files::policy(reference)?;
    let inspected = component(runtime, &bytes, reference);
    inspected.map_err(|error| files::content("policy", &reference, error))
}

/// The policy that a component is, under the name that it has for the user.
pub(crate) fn component(
    runtime: &Runtime,
    bytes: &[u8],
    name: &str,
) -> Result<Inspected, InspectError> {
    let _compiling = compiling(name);
    Inspected::new(runtime, bytes)
}

/// Says on a terminal that something compiles, until it is dropped.
pub(crate) fn compiling(name: &str) -> Progress {
    Progress::start(format!("compiling {}", clean(name)), None)
}
