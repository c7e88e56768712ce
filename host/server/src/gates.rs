//! The gates that are served: each decides, and is changed while it does.

mod gate;
mod state;
mod start;
mod first;
mod revision;
mod change;
mod plan;
mod cases;
mod component;
mod recent;
mod settings;
mod commit;
mod rollback;
mod candidate;
mod promote;
mod report;
mod activities;
mod refusals;
mod surroundings;

pub use change::{Change, MayDrop, Mode, NewComponent};
pub use first::FirstComponent;
pub use gate::{Counters, GateOptions, ServedGate};
pub use report::{ChangeError, Overtaken, Refused, Report};
pub use revision::{NotTags, Tags};
pub use rollback::Target;
pub use start::NotBegun;
pub use state::{Released, Selected, Unreleased, View};
pub use surroundings::Surroundings;
