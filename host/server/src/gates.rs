//! The gates that are served: each decides, and is changed while it does.

mod gate;
mod view;
mod deciding;
mod owner;
mod start;
mod resume;
mod first;
mod revision;
mod change;
mod plan;
mod builder;
mod cases;
mod recent;
mod settings;
mod rollback;
mod candidate;
mod promote;
mod report;
mod activities;
mod refusals;
#[cfg(test)]
pub(crate) mod testing;

pub use change::{Change, MayDrop, Mode, NewComponent};
pub use deciding::Counters;
pub use first::FirstComponent;
pub use gate::{Gate, GateOptions, Surroundings};
pub use report::{ChangeError, Overtaken, Refused, Report};
pub use revision::{NotTags, Tags};
pub use rollback::Target;
pub use start::NotBegun;
pub use view::{Active, GatePolicy, State, View};
