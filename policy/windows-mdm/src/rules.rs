//! The rules of every version.

use admit_guest::rules::{app, guest, identity, scope, tenant};
use admit_guest::{Finding, Rule, Token};

use crate::{Enrolment, claims, denials};

/// The claims that can name the user, best first.
pub const USER_NAMES: [&str; 2] = [claims::UPN, claims::PREFERRED_USERNAME];

/// The token was issued by a configured tenant.
pub const fn tenant<P: AsRef<Enrolment>>() -> Rule<P> {
    Rule {
        name: "tenant",
        summary: "The tenant that issued the token is configured.",
        check: |policy, token| {
            let tenants = &policy.as_ref().tenants;
            if tenants.is_empty() {
                return Finding::Deny(denials::TENANTS_MISSING);
            }
            let listed = token.text(claims::TID).is_some_and(|tid| tenant::is_listed(tid, tenants));
            Finding::require(listed, denials::TENANT_REFUSED)
        },
    }
}

/// The token was issued for a signed-in user.
pub const fn user_token<P>() -> Rule<P> {
    Rule {
        name: "user_token",
        summary: "The token was issued for a signed-in user, not for an application by itself.",
        check: |_, token| Finding::require(!token.is_app_only(), denials::APP_ONLY),
    }
}

/// The token is a bearer token.
pub const fn bearer_token<P>() -> Rule<P> {
    Rule {
        name: "bearer_token",
        summary: "The token is not bound to a key that its sender would have to prove.",
        check: |_, token| {
            Finding::require(token.claim(claims::CNF).is_none(), denials::PROOF_OF_POSSESSION)
        },
    }
}

/// The token carries a configured scope.
pub const fn scope<P: AsRef<Enrolment>>() -> Rule<P> {
    Rule {
        name: "scope",
        summary: "The token carries a configured scope.",
        check: |policy, token| {
            let granted =
                |scp| policy.as_ref().scopes.iter().any(|scope| scope::is_granted(scp, scope));
            Finding::require(token.text(claims::SCP).is_some_and(granted), denials::SCOPE)
        },
    }
}

/// A configured application obtained the token.
pub const fn calling_app<P: AsRef<Enrolment>>() -> Rule<P> {
    Rule {
        name: "calling_app",
        summary: "A configured application obtained the token; applies if any is configured.",
        check: |policy, token| {
            let allowed = &policy.as_ref().allowed_apps;
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
    }
}

/// The user belongs to the tenant.
pub const fn guest<P: AsRef<Enrolment>>() -> Rule<P> {
    Rule {
        name: "guest",
        summary: "The user belongs to the tenant; applies if guests are not allowed.",
        check: |policy, token| {
            if policy.as_ref().allow_guests {
                return Finding::Skip;
            }
            Finding::require(!is_guest(token), denials::GUEST)
        },
    }
}

/// An `idp` of another type than text names nobody known.
fn is_guest(token: &Token<'_>) -> bool {
    let idp = token.claim(claims::IDP).map(|_| token.text(claims::IDP).unwrap_or_default());
    guest::is_guest(idp, token.text(claims::TID).unwrap_or_default())
}

/// The token says which user.
pub const fn object_id<P>() -> Rule<P> {
    Rule {
        name: "object_id",
        summary: "The token names the user's object id.",
        check: |_, token| Finding::require(token.guid(claims::OID).is_some(), denials::OBJECT_ID),
    }
}

/// The user name can be shown.
pub const fn user_name<P>() -> Rule<P> {
    Rule {
        name: "user_name",
        summary: "The user name, if there is one, is text that reads as it stands.",
        check: |_, token| match token.first_filled(&USER_NAMES) {
            None => Finding::Skip,
            Some(claim) => Finding::require(
                token.text(claim).is_some_and(identity::is_user_name),
                denials::USER_NAME,
            ),
        },
    }
}
