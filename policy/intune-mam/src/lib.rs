//! The policy `intune-mam`: sign-in of a user from an application that Intune manages.
//!
//! One tenant and one application. First what the platform says about itself, then the token, then
//! what the platform says about the account: facts it did not pass are asked for.

pub mod host;
pub mod reasons;
pub mod settings;

mod account;
mod claims;
mod platform;
mod token;

use admit_guest::{
    About, Fact, FactKind, Guid, Policy, Principal, Settings, Token, read_scope, read_tenant,
};

use crate::settings::{AUTH_SERVICE, CLIENT_ID, SCOPE, TENANT_ID};

/// Who may sign in.
#[derive(Debug)]
pub struct IntuneMam {
    tenant: Guid,
    client: Guid,
    /// Accounts are made elsewhere, not by the first sign-in.
    accounts_must_exist: bool,
    scope: String,
}

admit_guest::export!(IntuneMam);

impl Policy for IntuneMam {
    const ABOUT: About<Self> = About {
        name: "intune-mam",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Decides who may sign in from an application that Microsoft Intune manages.",
        claims: claims::ALL,
        facts: &[
            fact("platform.enabled", "Sign-in from managed applications is turned on."),
            fact("platform.licensed", "The platform's licence covers it."),
            fact("account.exists", "The user has an account."),
            fact("account.bot", "The account belongs to a bot."),
            fact("account.deactivated", "The account is deactivated."),
        ],
        settings: &[TENANT_ID, CLIENT_ID, AUTH_SERVICE, SCOPE],
        rules: &[
            platform::LICENSED,
            platform::ENABLED,
            token::TENANT,
            token::USER_TOKEN,
            token::BEARER_TOKEN,
            token::AUDIENCE,
            token::SCOPE,
            token::OBJECT_ID,
            token::IDENTITY,
            account::FACTS,
            account::EXISTS,
            account::BOT,
            account::ACTIVE,
        ],
        reasons: &[
            reasons::NOT_AVAILABLE,
            reasons::NOT_CONFIGURED,
            reasons::TENANT_NOT_AUTHORIZED,
            reasons::APP_ONLY_TOKEN,
            reasons::PROOF_OF_POSSESSION_TOKEN,
            reasons::AUDIENCE_NOT_AUTHORIZED,
            reasons::SPN_AUDIENCE,
            reasons::IDENTIFIER_URI_AUDIENCE,
            reasons::AUDIENCE_NOT_CLIENT_ID,
            reasons::MICROSOFT_GRAPH_AUDIENCE,
            reasons::SCOPE_MISSING,
            reasons::OBJECT_ID_MISSING,
            reasons::IDENTITY_UNUSABLE,
            reasons::ACCOUNT_NOT_FOUND,
            reasons::BOT_LOGIN_FORBIDDEN,
            reasons::ACCOUNT_LOCKED,
        ],
        host_reasons: host::ALL,
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let tenant = settings.read(&TENANT_ID, read_tenant);
        let client = settings.guid(&CLIENT_ID);
        let auth_service = settings.choice(&AUTH_SERVICE);
        let scope = settings.read(&SCOPE, read_scope);
        Some(Self {
            tenant: tenant?,
            client: client?,
            accounts_must_exist: auth_service? == "saml",
            scope: scope?,
        })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&token::USER_NAMES))
    }
}

const fn fact(name: &'static str, summary: &'static str) -> Fact {
    Fact { name, summary, kind: FactKind::Boolean }
}
