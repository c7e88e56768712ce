//! The refusals: a reason, and the claims and settings that speak for it.

use admit_guest::{Denial, Reason};

use super::reasons::{
    APP_NOT_AUTHORIZED, APP_ONLY_TOKEN, AUDIENCE_NOT_AUTHORIZED, GUEST_NOT_ALLOWED,
    IDENTIFIER_URI_AUDIENCE, NO_TENANTS_CONFIGURED, OBJECT_ID_MISSING, PROOF_OF_POSSESSION_TOKEN,
    SCOPE_MISSING, SPN_AUDIENCE, TENANT_NOT_AUTHORIZED, TOKEN_VERSION_NOT_ACCEPTED,
    USER_NAME_INVALID,
};
use crate::audience::AudienceDenials;
use crate::claims;

pub(super) const TENANTS_MISSING: Denial =
    NO_TENANTS_CONFIGURED.denial().claims(&[claims::TID]).settings(&["windows_entra_tenant_ids"]);

pub(super) const TENANT_REFUSED: Denial =
    TENANT_NOT_AUTHORIZED.denial().claims(&[claims::TID]).settings(&["windows_entra_tenant_ids"]);

pub(super) const TOKEN_VERSION: Denial =
    TOKEN_VERSION_NOT_ACCEPTED.denial().claims(&[claims::VER, claims::AUD]);

pub(super) const APP_ONLY: Denial =
    APP_ONLY_TOKEN.denial().claims(&[claims::IDTYP, claims::SCP, claims::ROLES]);

pub(super) const PROOF_OF_POSSESSION: Denial =
    PROOF_OF_POSSESSION_TOKEN.denial().claims(&[claims::CNF]);

pub(super) const AUDIENCE: AudienceDenials = AudienceDenials {
    other: of_audience(AUDIENCE_NOT_AUTHORIZED),
    spn: of_audience(SPN_AUDIENCE),
    identifier_uri: of_audience(IDENTIFIER_URI_AUDIENCE),
    // No v2.0 token comes as far as that: `token_version` refuses it.
    not_client_id: of_audience(AUDIENCE_NOT_AUTHORIZED),
};

const fn of_audience(reason: Reason) -> Denial {
    reason.denial().claims(&[claims::AUD]).settings(&["server_url"])
}

pub(super) const SCOPE: Denial =
    SCOPE_MISSING.denial().claims(&[claims::SCP]).settings(&["scopes"]);

pub(super) const APP_OF_V1: Denial =
    APP_NOT_AUTHORIZED.denial().claims(&[claims::APPID]).settings(&["allowed_apps"]);

pub(super) const APP_OF_V2: Denial =
    APP_NOT_AUTHORIZED.denial().claims(&[claims::AZP]).settings(&["allowed_apps"]);

pub(super) const GUEST: Denial =
    GUEST_NOT_ALLOWED.denial().claims(&[claims::IDP, claims::TID]).settings(&["allow_guests"]);

pub(super) const OBJECT_ID: Denial = OBJECT_ID_MISSING.denial().claims(&[claims::OID]);

pub(super) const USER_NAME: Denial =
    USER_NAME_INVALID.denial().claims(&[claims::UPN, claims::PREFERRED_USERNAME]);
