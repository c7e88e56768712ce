//! The error ids, statuses, retry and fallback that Mattermost documents for sign-in with Intune.
#![cfg(test)]

use admit_guest::contract::Retry::{No, Once};
use admit_guest::{Policy, Retry};
use intune_mam::IntuneMam;

/// A row: code, error id without `.app_error`, HTTP status, retry, fallback, whether there is a message.
type Row = (&'static str, &'static str, u16, Retry, Option<&'static str>, bool);

const TABLE: [Row; 21] = [
    ("not_available", "api.user.login_by_intune.not_available", 501, No, Some("web_sso"), false),
    ("not_configured", "ent.intune.login.not_configured", 403, No, Some("web_sso"), false),
    ("audience_not_authorized", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("spn_audience", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("identifier_uri_audience", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("microsoft_graph_audience", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("scope_missing", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("app_only_token", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("token.malformed", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("token.key", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("token.signature", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("token.issuer", "ent.intune.validate_token.invalid_token", 400, Once, None, true),
    ("token.expired", "ent.intune.validate_token.token_expired", 400, Once, None, true),
    ("token.claims", "ent.intune.validate_token.missing_claims", 400, No, None, true),
    ("object_id_missing", "ent.intune.validate_token.missing_claims", 400, No, None, true),
    ("tenant_not_authorized", "ent.intune.validate_token.invalid_tenant_id", 400, No, None, true),
    ("identity_unusable", "ent.intune.login.extract_auth_data", 400, Once, None, true),
    ("account_not_found", "ent.intune.login.account_not_found", 428, No, None, true),
    ("bot_login_forbidden", "api.user.login_by_intune.bot_login_forbidden", 403, No, None, true),
    ("account_locked", "api.user.login_by_intune.account_locked", 409, No, None, true),
    ("keys.unavailable", "ent.intune.validate_token.keys_unavailable", 500, Once, None, true),
];

#[test]
fn are_those_of_the_platform() {
    let about = IntuneMam::describe();
    for (code, error_id, http_status, retry, fallback, speaks) in TABLE {
        let reason = about.reasons.iter().find(|reason| reason.code == code).unwrap();
        let shown = &reason.presentation;
        assert_eq!(shown.error_id, format!("{error_id}.app_error"), "{code}");
        assert_eq!(shown.http_status, http_status, "{code}");
        assert_eq!(shown.retry, retry, "{code}");
        assert_eq!(shown.fallback.as_deref(), fallback, "{code}");
        assert_eq!(!shown.user_message.is_empty(), speaks, "{code}");
        assert!(shown.mdm_fault.is_none(), "{code}");
    }
}
