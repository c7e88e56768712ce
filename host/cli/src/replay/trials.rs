//! The policy with each set of settings of the log.

use std::collections::HashMap;

use admit::failure::error_chain;
use admit::release::{Inspected, Trial};
use serde_json::{Map, Value};

use crate::diff::ask::{common, has_setting};

/// The most sets of settings that the policy is sealed with. Sealing takes tens of milliseconds;
/// with further sets, the policy is configured anew for each decision.
const MAX_SEALED: usize = 32;

/// One policy with every set of settings that was asked for.
pub(super) struct Trials<'a> {
    policy: &'a Inspected,
    by_settings: HashMap<String, Result<Trial, String>>,
    left_out: Vec<String>,
}

impl<'a> Trials<'a> {
    pub(super) fn new(policy: &'a Inspected) -> Self {
        Self { policy, by_settings: HashMap::new(), left_out: Vec::new() }
    }

    pub(super) fn policy(&self) -> &'a Inspected {
        self.policy
    }

    /// The policy with those of the settings that it has, or why it does not take them.
    pub(super) fn with(&mut self, settings: &Map<String, Value>) -> Result<&Trial, &str> {
        let policy = self.policy;
        let make =
            if self.by_settings.len() < MAX_SEALED { Trial::sealed } else { Trial::unsealed };
        for name in settings.keys() {
            if !has_setting(policy, name) && !self.left_out.contains(name) {
                self.left_out.push(name.clone());
            }
        }
        let known = common(settings, &[policy]);
        let text = Value::Object(known.clone()).to_string();
        let trial = self
            .by_settings
            .entry(text)
            .or_insert_with(|| make(policy, known).map_err(|error| error_chain(&error)));
        trial.as_ref().map_err(String::as_str)
    }

    /// The settings that the policy does not have.
    pub(super) fn into_left_out(self) -> Vec<String> {
        self.left_out
    }
}
