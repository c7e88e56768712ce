//! Why a request came to no verdict of the policy.

use std::sync::Arc;

use crate::claims::ClaimsError;
use crate::decision::{Blame, Outcome};
use crate::keys::KeyError;
use crate::reason::{self, Advice};
use crate::release::DecideError;
use crate::token::TokenError;
use crate::verify::VerifyError;

/// Why a token was not decided by the policy, or the policy came to no decision.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A token that looks like one for Microsoft Graph: their nonce is signed in another form than it
    /// travels in, so that only Microsoft Graph can verify them.
    #[error("the JOSE header has `nonce`, as tokens for Microsoft Graph have")]
    MicrosoftGraph(#[source] Box<RequestError>),
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    #[error(transparent)]
    Decide(#[from] DecideError),
    #[error("gate `{0}` has no active release")]
    Empty(Arc<str>),
}

impl RequestError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Verify(error) => error.code(),
            Self::MicrosoftGraph(error) => error.code(),
            Self::Claims(error) => error.code(),
            Self::Decide(error) => error.code(),
            Self::Empty(_) => "gate.empty",
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.code().starts_with("token.") { Outcome::Invalid } else { Outcome::Failed }
    }

    /// What to say besides what belongs to the code, where more is known.
    pub(super) fn advice(&self) -> Option<&'static Advice> {
        matches!(self, Self::MicrosoftGraph(_)).then_some(&reason::MICROSOFT_GRAPH)
    }

    /// A refusal of a token whose header has a `nonce` may be explained by it. What is the host's fault is
    /// not: another key may be all that is missing. `aud` would say more, and stays closed: nothing of a
    /// payload is read that did not verify.
    pub(super) fn of_token_with_nonce(self) -> Self {
        match self.outcome() {
            Outcome::Invalid => Self::MicrosoftGraph(Box::new(self)),
            _ => self,
        }
    }

    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Decide(error) if error.is_hosts() => Blame::Host,
            Self::Decide(_) => Blame::Policy,
            _ if self.outcome() == Outcome::Invalid => Blame::Caller,
            _ => Blame::Host,
        }
    }
}
