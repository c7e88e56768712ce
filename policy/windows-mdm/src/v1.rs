//! Version 1: v1.0 tokens.
//!
//! A v1.0 token names the platform by its URL in `aud` and the user by `upn`.

pub mod reasons;
pub mod settings;

mod denials;
mod rules;

use admit_guest::{
    About, GuidSet, HttpsUrl, Policy, Principal, Settings, Token, read_scope, read_tenant,
};

use self::settings::{ALLOW_GUESTS, ALLOWED_APPS, SCOPES, SERVER_URL, TENANT_IDS};
use crate::{claims, host};

/// The cases of this version: `windows-mdm-1.yaml`.
pub const CASES: &str = include_str!("../../../tests/cases/windows-mdm-1.yaml");

/// Who may enrol.
#[derive(Debug)]
pub struct WindowsMdm {
    /// The platform's own address.
    pub server: HttpsUrl,
    /// The tenants that may enrol; none while empty.
    pub tenants: GuidSet,
    /// The scopes of which a token needs one; never empty.
    pub scopes: Vec<String>,
    /// The applications that may obtain the token; any while empty.
    pub allowed_apps: GuidSet,
    pub allow_guests: bool,
}

impl Policy for WindowsMdm {
    const ABOUT: About<Self> = About {
        name: "windows-mdm",
        version: "1.0.0",
        summary: "Decides who may enrol a Windows device with a v1.0 token of Microsoft Entra.",
        claims: claims::ALL,
        facts: &[],
        settings: &[SERVER_URL, TENANT_IDS, SCOPES, ALLOWED_APPS, ALLOW_GUESTS],
        rules: &[
            rules::TENANT,
            rules::TOKEN_VERSION,
            rules::USER_TOKEN,
            rules::BEARER_TOKEN,
            rules::AUDIENCE,
            rules::SCOPE,
            rules::CALLING_APP,
            rules::GUEST,
            rules::OBJECT_ID,
            rules::USER_NAME,
        ],
        reasons: &[
            reasons::NO_TENANTS_CONFIGURED,
            reasons::TENANT_NOT_AUTHORIZED,
            reasons::TOKEN_VERSION_NOT_ACCEPTED,
            reasons::APP_ONLY_TOKEN,
            reasons::PROOF_OF_POSSESSION_TOKEN,
            reasons::AUDIENCE_NOT_AUTHORIZED,
            reasons::SPN_AUDIENCE,
            reasons::IDENTIFIER_URI_AUDIENCE,
            reasons::MICROSOFT_GRAPH_AUDIENCE,
            reasons::SCOPE_MISSING,
            reasons::APP_NOT_AUTHORIZED,
            reasons::GUEST_NOT_ALLOWED,
            reasons::OBJECT_ID_MISSING,
            reasons::USER_NAME_INVALID,
        ],
        host_reasons: host::ALL,
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let server = settings.url(&SERVER_URL);
        let tenants = settings.list(&TENANT_IDS, read_tenant);
        let scopes = settings.list(&SCOPES, read_scope);
        let allowed_apps = settings.guids(&ALLOWED_APPS);
        let allow_guests = settings.boolean(&ALLOW_GUESTS);
        if scopes.as_ref().is_some_and(Vec::is_empty) {
            settings.refuse(&SCOPES, None, "empty; expected at least one scope");
        }
        Some(Self {
            server: server?,
            tenants: GuidSet::from_iter(tenants?),
            scopes: scopes?,
            allowed_apps: allowed_apps?,
            allow_guests: allow_guests?,
        })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&[claims::UPN]))
    }
}
