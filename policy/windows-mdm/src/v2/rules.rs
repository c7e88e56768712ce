//! The rules in which version 2 differs.

use admit_guest::rules::{audience, pairing};
use admit_guest::{Denial, Finding, Guid, Reason, Rule, Token, TokenVersion};

use super::WindowsMdm;
use super::reasons::{
    AUDIENCE_NOT_AUTHORIZED, AUDIENCE_NOT_CLIENT_ID, CLIENT_NOT_PAIRED, IDENTIFIER_URI_AUDIENCE,
    SPN_AUDIENCE, TOKEN_VERSION_NOT_ACCEPTED,
};
use crate::audience::AudienceDenials;
use crate::claims;

pub(super) const TOKEN_VERSION: Rule<WindowsMdm> = Rule {
    name: "token_version",
    summary: "The version of the token is one of the configured ones.",
    check: |policy, token| {
        let accepted = token.text(claims::VER).is_some_and(|ver| policy.versions.contains(&ver));
        Finding::require(accepted, VERSION_REFUSED)
    },
};

pub(super) const AUDIENCE: Rule<WindowsMdm> = Rule {
    name: "audience",
    summary: "The token was issued for a configured client id or, if v1.0, for the server URL.",
    check: |policy, token| {
        let refused = match token.version() {
            Some(TokenVersion::V2) => &CLIENT_REFUSED,
            _ => &AUDIENCE_REFUSED,
        };
        match policy.is_audience(token, |_| true) {
            true => Finding::Pass,
            false => Finding::Deny(refused.of(token)),
        }
    },
};

pub(super) const CLIENT_TENANT_PAIR: Rule<WindowsMdm> = Rule {
    name: "client_tenant_pair",
    summary: "The client id goes with the tenant; applies if pairs are configured.",
    check: |policy, token| {
        if policy.pairs.is_empty() {
            return Finding::Skip;
        }
        let tenant = token.guid(claims::TID);
        let goes_with = |client: &Guid| {
            tenant.is_some_and(|tenant| pairing::is_allowed(client, &tenant, &policy.pairs))
        };
        Finding::require(policy.is_audience(token, goes_with), PAIR_REFUSED)
    },
};

impl WindowsMdm {
    /// Whether the token was issued for this platform: for its URL, or for a configured client id
    /// that passes the test.
    fn is_audience(&self, token: &Token<'_>, passes: impl Fn(&Guid) -> bool) -> bool {
        let (Some(version), Some(audience)) = (token.version(), token.audience()) else {
            return false;
        };
        audience.any(|text| match audience::client_id(version, text) {
            Some(client) => self.clients.contains(&client) && passes(&client),
            None => audience::is_server(version, text, &self.before.server),
        })
    }
}

const VERSION_REFUSED: Denial =
    TOKEN_VERSION_NOT_ACCEPTED.denial().claims(&[claims::VER]).settings(&["token_versions"]);
const CLIENT_REFUSED: AudienceDenials = AudienceDenials {
    other: of_audience(AUDIENCE_NOT_AUTHORIZED),
    spn: of_audience(SPN_AUDIENCE),
    identifier_uri: of_audience(IDENTIFIER_URI_AUDIENCE),
    not_client_id: of_audience(AUDIENCE_NOT_CLIENT_ID),
};
const AUDIENCE_REFUSED: AudienceDenials = AudienceDenials {
    other: CLIENT_REFUSED.other.settings(&["server_url", "windows_entra_client_ids"]),
    ..CLIENT_REFUSED
};
const PAIR_REFUSED: Denial = CLIENT_NOT_PAIRED
    .denial()
    .claims(&[claims::AUD, claims::TID])
    .settings(&["client_tenant_pairs"]);

const fn of_audience(reason: Reason) -> Denial {
    reason.denial().claims(&[claims::AUD]).settings(&["windows_entra_client_ids"])
}
