//! What the token must say.

use admit_guest::rules::audience::RefusedForm;
use admit_guest::rules::{audience, identity, scope};
use admit_guest::{Denial, Finding, Reason, Rule, Token};

use crate::reasons::{
    APP_ONLY_TOKEN, AUDIENCE_NOT_AUTHORIZED, AUDIENCE_NOT_CLIENT_ID, IDENTIFIER_URI_AUDIENCE,
    IDENTITY_UNUSABLE, MICROSOFT_GRAPH_AUDIENCE, OBJECT_ID_MISSING, PROOF_OF_POSSESSION_TOKEN,
    SCOPE_MISSING, SPN_AUDIENCE, TENANT_NOT_AUTHORIZED,
};
use crate::{IntuneMam, claims};

/// The claims that can name the user, best first.
pub(crate) const USER_NAMES: [&str; 2] = [claims::UPN, claims::PREFERRED_USERNAME];

pub(crate) const TENANT: Rule<IntuneMam> = Rule {
    name: "tenant",
    summary: "The configured tenant issued the token.",
    check: |policy, token| {
        Finding::require(token.guid(claims::TID) == Some(policy.tenant), TENANT_REFUSED)
    },
};

pub(crate) const USER_TOKEN: Rule<IntuneMam> = Rule {
    name: "user_token",
    summary: "The token was issued for a signed-in user, not for an application by itself.",
    check: |_, token| Finding::require(!token.is_app_only(), APP_ONLY),
};

pub(crate) const BEARER_TOKEN: Rule<IntuneMam> = Rule {
    name: "bearer_token",
    summary: "The token is not bound to a key that its sender would have to prove.",
    check: |_, token| Finding::require(token.claim(claims::CNF).is_none(), PROOF_OF_POSSESSION),
};

pub(crate) const AUDIENCE: Rule<IntuneMam> = Rule {
    name: "audience",
    summary: "The token was issued for the configured client id.",
    check: |policy, token| match is_audience(policy, token) {
        true => Finding::Pass,
        false => Finding::Deny(audience_refused(token)),
    },
};

/// The refusal whose remedy fits the form of `aud`.
fn audience_refused(token: &Token<'_>) -> Denial {
    let form = token.version().zip(token.audience());
    match form.and_then(|(version, audience)| audience.refused_form(version)) {
        Some(RefusedForm::Spn) => SPN_REFUSED,
        Some(RefusedForm::IdentifierUri) => IDENTIFIER_URI_REFUSED,
        Some(RefusedForm::NotClientId) => NOT_CLIENT_ID_REFUSED,
        Some(RefusedForm::MicrosoftGraph) => MICROSOFT_GRAPH_REFUSED,
        None => AUDIENCE_REFUSED,
    }
}

fn is_audience(policy: &IntuneMam, token: &Token<'_>) -> bool {
    let (Some(version), Some(audience)) = (token.version(), token.audience()) else {
        return false;
    };
    audience.any(|text| audience::client_id(version, text) == Some(policy.client))
}

pub(crate) const SCOPE: Rule<IntuneMam> = Rule {
    name: "scope",
    summary: "The token carries the configured scope.",
    check: |policy, token| {
        let granted = |scp| scope::is_granted(scp, &policy.scope);
        Finding::require(token.text(claims::SCP).is_some_and(granted), SCOPE_REFUSED)
    },
};

pub(crate) const OBJECT_ID: Rule<IntuneMam> = Rule {
    name: "object_id",
    summary: "The token names the user's object id.",
    check: |_, token| {
        Finding::require(token.first_filled(&[claims::OID]).is_some(), OBJECT_ID_REFUSED)
    },
};

pub(crate) const IDENTITY: Rule<IntuneMam> = Rule {
    name: "identity",
    summary: "The object id is a GUID; the user name, if there is one, reads as it stands.",
    check: |_, token| {
        let name_reads = token
            .first_filled(&USER_NAMES)
            .is_none_or(|claim| token.text(claim).is_some_and(identity::is_user_name));
        Finding::require(token.guid(claims::OID).is_some() && name_reads, IDENTITY_REFUSED)
    },
};

const TENANT_REFUSED: Denial =
    TENANT_NOT_AUTHORIZED.denial().claims(&[claims::TID]).settings(&["tenant_id"]);
const APP_ONLY: Denial =
    APP_ONLY_TOKEN.denial().claims(&[claims::IDTYP, claims::SCP, claims::ROLES]);
const PROOF_OF_POSSESSION: Denial = PROOF_OF_POSSESSION_TOKEN.denial().claims(&[claims::CNF]);
const AUDIENCE_REFUSED: Denial = of_audience(AUDIENCE_NOT_AUTHORIZED);
const SPN_REFUSED: Denial = of_audience(SPN_AUDIENCE);
const IDENTIFIER_URI_REFUSED: Denial = of_audience(IDENTIFIER_URI_AUDIENCE);
const NOT_CLIENT_ID_REFUSED: Denial = of_audience(AUDIENCE_NOT_CLIENT_ID);
const MICROSOFT_GRAPH_REFUSED: Denial = MICROSOFT_GRAPH_AUDIENCE.denial().claims(&[claims::AUD]);
const SCOPE_REFUSED: Denial = SCOPE_MISSING.denial().claims(&[claims::SCP]).settings(&["scope"]);
const OBJECT_ID_REFUSED: Denial = OBJECT_ID_MISSING.denial().claims(&[claims::OID]);
const IDENTITY_REFUSED: Denial =
    IDENTITY_UNUSABLE.denial().claims(&[claims::OID, claims::UPN, claims::PREFERRED_USERNAME]);

const fn of_audience(reason: Reason) -> Denial {
    reason.denial().claims(&[claims::AUD, claims::VER]).settings(&["client_id"])
}
