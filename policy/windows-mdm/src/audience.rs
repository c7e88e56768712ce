//! What is said of an audience that does not count.

use admit_guest::rules::audience::RefusedForm;
use admit_guest::{Denial, Token};

use crate::claims;
use crate::v1::reasons::MICROSOFT_GRAPH_AUDIENCE;

/// The refusals of one version, by the form of `aud`: only so can a remedy fit what came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AudienceDenials {
    /// The form can be configured, and this audience is not.
    pub(crate) other: Denial,
    /// `spn:` in a v1.0 token.
    pub(crate) spn: Denial,
    /// An identifier URI that does not count, in a v1.0 token.
    pub(crate) identifier_uri: Denial,
    /// A URL, `api://` or `spn:` in a v2.0 token.
    pub(crate) not_client_id: Denial,
}

impl AudienceDenials {
    /// The refusal whose remedy fits the form of `aud`.
    pub(crate) fn of(&self, token: &Token<'_>) -> Denial {
        let form = token.version().zip(token.audience());
        match form.and_then(|(version, audience)| audience.refused_form(version)) {
            Some(RefusedForm::Spn) => self.spn,
            Some(RefusedForm::IdentifierUri) => self.identifier_uri,
            Some(RefusedForm::NotClientId) => self.not_client_id,
            Some(RefusedForm::MicrosoftGraph) => MICROSOFT_GRAPH,
            None => self.other,
        }
    }
}

const MICROSOFT_GRAPH: Denial = MICROSOFT_GRAPH_AUDIENCE.denial().claims(&[claims::AUD]);
