//! Version 2: v1.0 and v2.0 tokens.
//!
//! What it adds to version 1: a v2.0 token names the platform by its client id in `aud`; a v1.0
//! token may do so too. What version 1 admits, version 2 admits with the same settings.

pub mod reasons;
pub mod settings;

mod rules;

use admit_guest::rules::Pair;
use admit_guest::{About, GuidSet, Policy, Principal, Settings, Token, join};

use self::settings::{CLIENT_IDS, CLIENT_TENANT_PAIRS, TOKEN_VERSIONS};
use crate::{claims, v1};

/// The cases of this version: `windows-mdm-2.yaml`.
pub const CASES: &str = include_str!("../../../tests/cases/windows-mdm-2.yaml");

/// Who may enrol.
#[derive(Debug)]
pub struct WindowsMdm {
    before: v1::WindowsMdm,
    clients: GuidSet,
    pairs: Vec<Pair>,
    versions: Vec<&'static str>,
}

const BEFORE: About<WindowsMdm> = v1::WindowsMdm::ABOUT.next("2.0.0");

impl Policy for WindowsMdm {
    const ABOUT: About<Self> = About {
        summary: "Decides who may enrol a Windows device with a token of Microsoft Entra.",
        settings: join!(
            BEFORE.settings,
            [CLIENT_IDS, CLIENT_TENANT_PAIRS, TOKEN_VERSIONS] after "windows_entra_tenant_ids"
        ),
        rules: join!(
            BEFORE.rules,
            [rules::TOKEN_VERSION, rules::AUDIENCE, rules::CLIENT_TENANT_PAIR] after "audience"
        ),
        reasons: join!(
            BEFORE.reasons,
            [
                reasons::TOKEN_VERSION_NOT_ACCEPTED,
                reasons::AUDIENCE_NOT_AUTHORIZED,
                reasons::SPN_AUDIENCE,
                reasons::IDENTIFIER_URI_AUDIENCE,
                reasons::AUDIENCE_NOT_CLIENT_ID,
                reasons::CLIENT_NOT_PAIRED,
            ] after "audience_not_authorized"
        ),
        ..BEFORE
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let before = v1::WindowsMdm::configure(settings);
        let clients = settings.guids(&CLIENT_IDS);
        let tenants = before.as_ref().map(|before| &before.tenants);
        let pairs = settings::pairs(settings, clients.as_ref(), tenants);
        let versions = settings::versions(settings);
        Some(Self { before: before?, clients: clients?, pairs: pairs?, versions: versions? })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&claims::USER_NAMES))
    }
}

impl AsRef<v1::WindowsMdm> for WindowsMdm {
    fn as_ref(&self) -> &v1::WindowsMdm {
        &self.before
    }
}
