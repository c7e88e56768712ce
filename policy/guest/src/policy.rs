//! The trait a policy implements.

use crate::contract::{
    Decision, Description, Field, Question, Request, SettingError, Step, Verdict,
};
use crate::declared::Slip;
use crate::{About, Finding, Principal, Settings, Token};

/// A policy, configured: what it is, how it is configured, who a token names.
///
/// Pure: equal settings and equal requests give equal answers, natively and in a component.
pub trait Policy: Sized + 'static {
    /// What this policy is.
    const ABOUT: About<Self>;

    /// Reads the settings into the form that decides fastest.
    ///
    /// `None` when a value was refused. Each reader of [`Settings`] records what it refuses, so
    /// read everything before the first `?`: an administrator then learns all faults at once.
    fn configure(settings: &mut Settings<'_>) -> Option<Self>;

    /// Who an accepted token names. Asked once all rules have passed, or before facts are asked for.
    fn principal(&self, token: &Token<'_>) -> Principal;

    /// The description that the contract asks for.
    #[must_use]
    fn describe() -> Description {
        Self::ABOUT.describe()
    }

    /// A policy with these settings.
    ///
    /// # Errors
    ///
    /// Every value that was refused.
    fn configured(settings: &[Field]) -> Result<Self, Vec<SettingError>> {
        let mut settings = Settings::of::<Self>(settings);
        match Self::configure(&mut settings) {
            Some(policy) if settings.refused().is_empty() => Ok(policy),
            _ => Err(settings.into_refused()),
        }
    }

    /// Decides one token: applies the rules in order, up to the first that denies or asks.
    ///
    /// A decision that reads a claim or fact that the tables do not declare fails: in a component the
    /// host refuses the answer and names what was read.
    ///
    /// # Panics
    ///
    /// Natively, at such a read.
    #[must_use]
    fn decide(&self, request: &Request) -> Decision {
        let slip = Slip::default();
        let token = Token::of::<Self>(request);
        // Natively a slip fails where it is made, in the author's own test.
        let token = if cfg!(target_family = "wasm") { token.noting(&slip) } else { token };
        let mut trace = Vec::new();
        let mut last = Finding::Pass;
        for rule in Self::ABOUT.rules {
            let finding = match last {
                Finding::Pass | Finding::Skip => (rule.check)(self, &token),
                Finding::Deny(_) | Finding::Ask(_) if request.trace => Finding::Skip,
                Finding::Deny(_) | Finding::Ask(_) => break,
            };
            if request.trace {
                trace.push(Step { rule: rule.name.into(), outcome: finding.outcome() });
            }
            if !matches!(finding, Finding::Skip) {
                last = finding;
            }
        }
        let verdict = verdict(self, &token, last);
        slip.or(Decision { verdict, trace })
    }
}

/// The verdict that the last word of the rules comes to.
fn verdict<P: Policy>(policy: &P, token: &Token<'_>, last: Finding) -> Verdict {
    let principal = || policy.principal(token).answer();
    match last {
        Finding::Pass | Finding::Skip => Verdict::Allow(principal()),
        Finding::Deny(denial) => Verdict::Deny(denial.answer()),
        Finding::Ask(facts) => {
            Verdict::Ask(Question { principal: principal(), facts: crate::describe::owned(&facts) })
        }
    }
}
