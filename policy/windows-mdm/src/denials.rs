//! The refusals of the shared rules: a reason, and the claims and settings that speak for it.

use admit_guest::Denial;

use crate::claims;
use crate::reasons::{
    APP_NOT_AUTHORIZED, APP_ONLY_TOKEN, GUEST_NOT_ALLOWED, NO_TENANTS_CONFIGURED,
    OBJECT_ID_MISSING, PROOF_OF_POSSESSION_TOKEN, SCOPE_MISSING, TENANT_NOT_AUTHORIZED,
    USER_NAME_INVALID,
};

pub(crate) const TENANTS_MISSING: Denial =
    NO_TENANTS_CONFIGURED.denial().claims(&[claims::TID]).settings(&["windows_entra_tenant_ids"]);

pub(crate) const TENANT_REFUSED: Denial =
    TENANT_NOT_AUTHORIZED.denial().claims(&[claims::TID]).settings(&["windows_entra_tenant_ids"]);

pub(crate) const APP_ONLY: Denial =
    APP_ONLY_TOKEN.denial().claims(&[claims::IDTYP, claims::SCP, claims::ROLES]);

pub(crate) const PROOF_OF_POSSESSION: Denial =
    PROOF_OF_POSSESSION_TOKEN.denial().claims(&[claims::CNF]);

pub(crate) const SCOPE: Denial =
    SCOPE_MISSING.denial().claims(&[claims::SCP]).settings(&["scopes"]);

pub(crate) const APP_OF_V1: Denial =
    APP_NOT_AUTHORIZED.denial().claims(&[claims::APPID]).settings(&["allowed_apps"]);

pub(crate) const APP_OF_V2: Denial =
    APP_NOT_AUTHORIZED.denial().claims(&[claims::AZP]).settings(&["allowed_apps"]);

pub(crate) const GUEST: Denial =
    GUEST_NOT_ALLOWED.denial().claims(&[claims::IDP, claims::TID]).settings(&["allow_guests"]);

pub(crate) const OBJECT_ID: Denial = OBJECT_ID_MISSING.denial().claims(&[claims::OID]);

pub(crate) const USER_NAME: Denial =
    USER_NAME_INVALID.denial().claims(&[claims::UPN, claims::PREFERRED_USERNAME]);
