//! What is for terminals alone: colours, and a line that says how far a long run is.

mod colour;
mod progress;

pub use colour::choose;
pub(crate) use colour::{Paint, outcome, paint};
pub use progress::{Erasing, log};
pub(crate) use progress::{Progress, erase, step};
