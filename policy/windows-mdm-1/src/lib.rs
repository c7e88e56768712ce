//! The policy `windows-mdm` 1: Windows MDM enrolment with v1.0 tokens.
//!
//! A v1.0 token names the platform by its URL in `aud` and the user by `upn`.

pub mod reasons;

use admit_guest::rules::audience;
use admit_guest::{About, Denial, Finding, Policy, Principal, Rule, Settings, Token, TokenVersion};
use windows_mdm::{Enrolment, claims, host, reasons as shared, rules, settings};

/// Who may enrol.
#[derive(Debug)]
pub struct WindowsMdm {
    enrolment: Enrolment,
}

admit_guest::export!(WindowsMdm);

impl Policy for WindowsMdm {
    const ABOUT: About<Self> = About {
        name: "windows-mdm",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Decides who may enrol a Windows device with a v1.0 token of Microsoft Entra.",
        claims: claims::ALL,
        facts: &[],
        settings: &[
            settings::SERVER_URL,
            settings::TENANT_IDS,
            settings::SCOPES,
            settings::ALLOWED_APPS,
            settings::ALLOW_GUESTS,
        ],
        rules: &[
            rules::tenant(),
            TOKEN_VERSION,
            rules::user_token(),
            rules::bearer_token(),
            AUDIENCE,
            rules::scope(),
            rules::calling_app(),
            rules::guest(),
            rules::object_id(),
            rules::user_name(),
        ],
        reasons: &[
            shared::NO_TENANTS_CONFIGURED,
            shared::TENANT_NOT_AUTHORIZED,
            reasons::TOKEN_VERSION_NOT_ACCEPTED,
            shared::APP_ONLY_TOKEN,
            shared::PROOF_OF_POSSESSION_TOKEN,
            reasons::AUDIENCE_NOT_AUTHORIZED,
            shared::SCOPE_MISSING,
            shared::APP_NOT_AUTHORIZED,
            shared::GUEST_NOT_ALLOWED,
            shared::OBJECT_ID_MISSING,
            shared::USER_NAME_INVALID,
        ],
        host_reasons: host::ALL,
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        Some(Self { enrolment: Enrolment::configure(settings)? })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&[claims::UPN]))
    }
}

const TOKEN_VERSION: Rule<WindowsMdm> = Rule {
    name: "token_version",
    summary: "The token is a v1.0 token.",
    check: |_, token| Finding::require(token.version() == Some(TokenVersion::V1), VERSION_REFUSED),
};

const AUDIENCE: Rule<WindowsMdm> = Rule {
    name: "audience",
    summary: "The token was issued for the server URL.",
    check: |policy, token| {
        let server = &policy.enrolment.server;
        let named = |aud: &str| audience::is_server(TokenVersion::V1, aud, server);
        Finding::require(token.audience().is_some_and(|aud| aud.any(named)), AUDIENCE_REFUSED)
    },
};

const VERSION_REFUSED: Denial =
    reasons::TOKEN_VERSION_NOT_ACCEPTED.denial().claims(&[claims::VER, claims::AUD]);
const AUDIENCE_REFUSED: Denial =
    reasons::AUDIENCE_NOT_AUTHORIZED.denial().claims(&[claims::AUD]).settings(&["server_url"]);

impl AsRef<Enrolment> for WindowsMdm {
    fn as_ref(&self) -> &Enrolment {
        &self.enrolment
    }
}
