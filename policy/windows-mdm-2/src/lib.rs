//! The policy `windows-mdm` 2: Windows MDM enrolment with v1.0 and v2.0 tokens.
//!
//! What it adds to version 1: a v2.0 token names the platform by its client id in `aud`; a v1.0
//! token may do so too. What version 1 admits, version 2 admits with the same settings.

pub mod reasons;
pub mod settings;

mod rules;

use admit_guest::rules::Pair;
use admit_guest::{About, GuidSet, Policy, Principal, Settings, Token};
use windows_mdm::{
    Enrolment, claims, host, reasons as shared, rules as shared_rules, settings as shared_settings,
};

use crate::settings::{CLIENT_IDS, CLIENT_TENANT_PAIRS, TOKEN_VERSIONS};

/// Who may enrol.
#[derive(Debug)]
pub struct WindowsMdm {
    enrolment: Enrolment,
    clients: GuidSet,
    pairs: Vec<Pair>,
    versions: Vec<&'static str>,
}

admit_guest::export!(WindowsMdm);

impl Policy for WindowsMdm {
    const ABOUT: About<Self> = About {
        name: "windows-mdm",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Decides who may enrol a Windows device with a token of Microsoft Entra.",
        claims: claims::ALL,
        facts: &[],
        settings: &[
            shared_settings::SERVER_URL,
            shared_settings::TENANT_IDS,
            CLIENT_IDS,
            CLIENT_TENANT_PAIRS,
            TOKEN_VERSIONS,
            shared_settings::SCOPES,
            shared_settings::ALLOWED_APPS,
            shared_settings::ALLOW_GUESTS,
        ],
        rules: &[
            shared_rules::tenant(),
            rules::TOKEN_VERSION,
            shared_rules::user_token(),
            shared_rules::bearer_token(),
            rules::AUDIENCE,
            rules::CLIENT_TENANT_PAIR,
            shared_rules::scope(),
            shared_rules::calling_app(),
            shared_rules::guest(),
            shared_rules::object_id(),
            shared_rules::user_name(),
        ],
        reasons: &[
            shared::NO_TENANTS_CONFIGURED,
            shared::TENANT_NOT_AUTHORIZED,
            reasons::TOKEN_VERSION_NOT_ACCEPTED,
            shared::APP_ONLY_TOKEN,
            shared::PROOF_OF_POSSESSION_TOKEN,
            reasons::AUDIENCE_NOT_AUTHORIZED,
            reasons::CLIENT_NOT_PAIRED,
            shared::SCOPE_MISSING,
            shared::APP_NOT_AUTHORIZED,
            shared::GUEST_NOT_ALLOWED,
            shared::OBJECT_ID_MISSING,
            shared::USER_NAME_INVALID,
        ],
        host_reasons: host::ALL,
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let enrolment = Enrolment::configure(settings);
        let clients = settings.guids(&CLIENT_IDS);
        let tenants = enrolment.as_ref().map(|enrolment| &enrolment.tenants);
        let pairs = settings::pairs(settings, clients.as_ref(), tenants);
        let versions = settings::versions(settings);
        Some(Self { enrolment: enrolment?, clients: clients?, pairs: pairs?, versions: versions? })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&shared_rules::USER_NAMES))
    }
}

impl AsRef<Enrolment> for WindowsMdm {
    fn as_ref(&self) -> &Enrolment {
        &self.enrolment
    }
}
