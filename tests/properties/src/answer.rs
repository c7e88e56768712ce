//! What comes out, in one form for every kind of subject.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::Object;

/// A verdict with the trace that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was decided.
    pub verdict: Verdict,
    /// Each rule with `passed`, `failed`, `asked` or `skipped`.
    pub trace: Vec<(String, &'static str)>,
}

/// A verdict, everything it points at resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Admit this identity.
    Allow(Object),
    /// Say these facts about this identity.
    Ask(Object, Vec<String>),
    /// Refuse.
    Deny {
        /// The reason's code.
        reason: String,
        /// The claims concerned.
        claims: Vec<String>,
        /// The settings concerned.
        settings: Vec<String>,
        /// The facts concerned.
        facts: Vec<String>,
    },
}

impl Answer {
    /// `allow`, `ask`, or the reason of a refusal.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.verdict {
            Verdict::Allow(_) => "allow",
            Verdict::Ask(..) => "ask",
            Verdict::Deny { reason, .. } => reason,
        }
    }

    /// Whether somebody is admitted.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        matches!(self.verdict, Verdict::Allow(_))
    }

    /// The answer with the values of the identity in lower case.
    #[must_use]
    pub fn in_lower_case(mut self) -> Self {
        if let Verdict::Allow(identity) | Verdict::Ask(identity, _) = &mut self.verdict {
            for (_, value) in identity.iter_mut() {
                *value = value.to_string().to_lowercase().into();
            }
        }
        self
    }
}

/// How often each kind of answer came.
#[derive(Debug, Default)]
pub struct Seen(RefCell<BTreeMap<String, usize>>);

impl Seen {
    pub(crate) fn note(&self, kind: &str) {
        *self.0.borrow_mut().entry(kind.to_owned()).or_default() += 1;
    }

    pub(crate) fn note_answer(&self, answer: Option<&Answer>) {
        self.note(answer.map_or("invalid", Answer::kind));
    }

    /// How often this kind came.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.0.borrow().get(kind).copied().unwrap_or_default()
    }

    /// Demands that each of these came.
    ///
    /// # Panics
    ///
    /// When one did not: the property then says nothing about it.
    pub fn demand<'a>(&self, kinds: impl IntoIterator<Item = &'a str>) {
        let missing: Vec<_> = kinds.into_iter().filter(|kind| self.count(kind) == 0).collect();
        assert!(missing.is_empty(), "never came: {missing:?}; came: {:?}", self.0.borrow());
    }
}
