//! What to put together for one policy.

use crate::Object;
use crate::input::Choice;

/// The material of the properties of one policy.
#[derive(Clone, Debug)]
pub struct World {
    /// Claims of tokens that are good with some of the settings.
    pub tokens: Vec<Object>,
    /// Values of claims that make a difference; names every claim that the policy reads.
    pub claims: Vec<Choice>,
    /// Sets of facts.
    pub known: Vec<Object>,
    /// Values of facts that make a difference.
    pub facts: Vec<Choice>,
    /// Good settings.
    pub settings: Vec<Object>,
    /// Values of settings that make a difference, bad ones among them.
    pub changes: Vec<Choice>,
    /// The code of every reason that the policy gives.
    pub reasons: Vec<&'static str>,
}
