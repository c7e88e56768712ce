//! What a policy declares in its tables, and what happens when it reads something else.
//!
//! A name that no table has can never be in a request: to read it as absent would open a door, for
//! example to tokens with `cnf` when a rule demands that there be none. So such a read fails.

use std::cell::OnceCell;

use crate::about::Fact;
use crate::contract::{Decision, Denial, Field, Value, Verdict};

/// How the message begins with which an undeclared read panics.
pub(crate) const READS_UNDECLARED: &str = "the policy reads ";

/// The names of one table.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Claims(&'static [&'static str]),
    Facts(&'static [Fact]),
}

impl Table {
    fn has(self, name: &str) -> bool {
        match self {
            Self::Claims(claims) => claims.contains(&name),
            Self::Facts(facts) => facts.iter().any(|fact| fact.name == name),
        }
    }

    const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Claims(_) => ("claim", "claims"),
            Self::Facts(_) => ("fact", "facts"),
        }
    }

    /// INVARIANT: a host passes only what is declared, so a component looks into its table only for
    /// a name that is not in the request.
    #[track_caller]
    pub(crate) fn read<'a>(
        self,
        fields: &'a [Field],
        name: &str,
        slip: Option<&Slip>,
    ) -> Option<&'a Value> {
        let found = fields.iter().find(|field| field.name == name);
        let is_certain = found.is_some() && cfg!(target_family = "wasm");
        if !is_certain && !self.has(name) {
            self.refuse(name, slip);
            return None;
        }
        found.map(|field| &field.value)
    }

    #[cold]
    #[track_caller]
    #[expect(clippy::panic, reason = "natively, a slip of the author's ends the author's own test")]
    fn refuse(self, name: &str, slip: Option<&Slip>) {
        match slip {
            Some(slip) => slip.note(self, name),
            // Without a message, which would need much of the formatting of the standard library.
            None if cfg!(target_family = "wasm") => std::process::abort(),
            None => {
                let (noun, table) = self.nouns();
                panic!(
                    "{READS_UNDECLARED}{noun} `{name}`, which its table `{table}` does not declare; \
                     add it there, or no request would ever have it"
                );
            }
        }
    }
}

/// The first name that was read in a component without being declared.
#[derive(Debug, Default)]
pub(crate) struct Slip(OnceCell<Denial>);

impl Slip {
    fn note(&self, table: Table, name: &str) {
        self.0.get_or_init(|| {
            let mut denial = Denial {
                reason: String::new(),
                claims: Vec::new(),
                settings: Vec::new(),
                facts: Vec::new(),
            };
            match table {
                Table::Claims(_) => denial.claims.push(name.into()),
                Table::Facts(_) => denial.facts.push(name.into()),
            }
            denial
        });
    }

    /// The decision, if every name that it read was declared; else one that no host accepts and that
    /// names the culprit: a refusal without reason that points at what is not described.
    pub(crate) fn or(self, decision: Decision) -> Decision {
        match self.0.into_inner() {
            None => decision,
            Some(denial) => Decision { verdict: Verdict::Deny(denial), trace: Vec::new() },
        }
    }
}
