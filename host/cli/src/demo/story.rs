//! The tokens of the story.

use admit::decision::Decision;
use admit::facts::{Facts, FactsError};
use admit::gate::{Gate, Request};
use admit::issuer::Issuer;

use super::{CLIENT_ID, SERVER_URL, TENANT, Token};

/// One token of each version, for the same made-up user.
#[derive(Clone)]
pub(super) struct Tokens {
    v1: String,
    v2: String,
    facts: Facts,
}

impl Tokens {
    pub(super) fn new(issuer: &Issuer) -> Self {
        let now = admit::gate::now();
        Self {
            v1: issuer.sign(&issuer.claims_v1(TENANT, SERVER_URL, now)),
            v2: issuer.sign(&issuer.claims_v2(TENANT, CLIENT_ID, now)),
            facts: Facts::default(),
        }
    }

    pub(super) fn decide(&self, gate: &Gate, token: Token) -> Result<Decision, FactsError> {
        let text = match token {
            Token::V1 => &self.v1,
            Token::V2 => &self.v2,
        };
        gate.decide(&Request::new(text, &self.facts))
    }
}
