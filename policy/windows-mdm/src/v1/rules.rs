//! The rules.

use admit_guest::rules::{app, audience, guest, identity, scope, tenant};
use admit_guest::{Finding, Rule, Token, TokenVersion};

use super::{WindowsMdm, denials};
use crate::claims;

/// The token was issued by a configured tenant.
pub(super) const TENANT: Rule<WindowsMdm> = Rule {
    name: "tenant",
    summary: "The tenant that issued the token is configured.",
    check: |policy, token| {
        let tenants = &policy.tenants;
        if tenants.is_empty() {
            return Finding::Deny(denials::TENANTS_MISSING);
        }
        let listed = token.text(claims::TID).is_some_and(|tid| tenant::is_listed(tid, tenants));
        Finding::require(listed, denials::TENANT_REFUSED)
    },
};

/// The token is of the one version that is taken.
pub(super) const TOKEN_VERSION: Rule<WindowsMdm> = Rule {
    name: "token_version",
    summary: "The token is a v1.0 token.",
    check: |_, token| {
        Finding::require(token.version() == Some(TokenVersion::V1), denials::TOKEN_VERSION)
    },
};

/// The token was issued for a signed-in user.
pub(super) const USER_TOKEN: Rule<WindowsMdm> = Rule {
    name: "user_token",
    summary: "The token was issued for a signed-in user, not for an application by itself.",
    check: |_, token| Finding::require(!token.is_app_only(), denials::APP_ONLY),
};

pub(super) const BEARER_TOKEN: Rule<WindowsMdm> = Rule {
    name: "bearer_token",
    summary: "The token is not bound to a key that its sender would have to prove.",
    check: |_, token| {
        Finding::require(token.claim(claims::CNF).is_none(), denials::PROOF_OF_POSSESSION)
    },
};

/// The token was issued for this platform.
pub(super) const AUDIENCE: Rule<WindowsMdm> = Rule {
    name: "audience",
    summary: "The token was issued for the server URL.",
    check: |policy, token| {
        let named = |aud: &str| audience::is_server(TokenVersion::V1, aud, &policy.server);
        match token.audience().is_some_and(|aud| aud.any(named)) {
            true => Finding::Pass,
            false => Finding::Deny(denials::AUDIENCE.of(token)),
        }
    },
};

/// The token carries a configured scope.
pub(super) const SCOPE: Rule<WindowsMdm> = Rule {
    name: "scope",
    summary: "The token carries a configured scope.",
    check: |policy, token| {
        let granted = |scp| policy.scopes.iter().any(|scope| scope::is_granted(scp, scope));
        Finding::require(token.text(claims::SCP).is_some_and(granted), denials::SCOPE)
    },
};

/// A configured application obtained the token.
pub(super) const CALLING_APP: Rule<WindowsMdm> = Rule {
    name: "calling_app",
    summary: "A configured application obtained the token; applies if any is configured.",
    check: |policy, token| {
        let allowed = &policy.allowed_apps;
        if allowed.is_empty() {
            return Finding::Skip;
        }
        let (claim, denial) = match token.version().map(app::claim) {
            Some(claims::AZP) => (claims::AZP, denials::APP_OF_V2),
            _ => (claims::APPID, denials::APP_OF_V1),
        };
        let listed = token.text(claim).is_some_and(|app| app::is_listed(app, allowed));
        Finding::require(listed, denial)
    },
};

/// The user belongs to the tenant.
pub(super) const GUEST: Rule<WindowsMdm> = Rule {
    name: "guest",
    summary: "The user belongs to the tenant; applies if guests are not allowed.",
    check: |policy, token| {
        if policy.allow_guests {
            return Finding::Skip;
        }
        Finding::require(!is_guest(token), denials::GUEST)
    },
};

/// An `idp` of another type than text names no identity provider.
fn is_guest(token: &Token<'_>) -> bool {
    let idp = token.claim(claims::IDP).map(|_| token.text(claims::IDP).unwrap_or_default());
    guest::is_guest(idp, token.text(claims::TID).unwrap_or_default())
}

/// The token says which user.
pub(super) const OBJECT_ID: Rule<WindowsMdm> = Rule {
    name: "object_id",
    summary: "The token names the user's object id.",
    check: |_, token| Finding::require(token.guid(claims::OID).is_some(), denials::OBJECT_ID),
};

pub(super) const USER_NAME: Rule<WindowsMdm> = Rule {
    name: "user_name",
    summary: "The user name, if there is one, is text that reads as it stands.",
    check: |_, token| match token.first_filled(&claims::USER_NAMES) {
        None => Finding::Skip,
        Some(claim) => Finding::require(
            token.text(claim).is_some_and(identity::is_user_name),
            denials::USER_NAME,
        ),
    },
};
