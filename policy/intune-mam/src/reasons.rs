//! Why a sign-in is refused, what to do about it, and the answer to the application.
//!
//! Error ids, statuses, texts, retry and fallback are those that Mattermost documents for its
//! sign-in with Intune.

use admit_guest::{Presentation, Reason, Retry};

/// The sign-in service is not there: the application signs in on the web, without a message.
const fn use_web(error_id: &'static str, http_status: u16) -> Presentation {
    Presentation { fallback: Some("web_sso"), ..refused(error_id, http_status, "") }
}

/// Another token of the same user does not help.
pub(crate) const fn refused(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    Presentation {
        error_id,
        http_status,
        user_message,
        retry: Retry::No,
        fallback: None,
        mdm_fault: None,
    }
}

/// A fresh token may help.
pub(crate) const fn retried(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    Presentation { retry: Retry::Once, ..refused(error_id, http_status, user_message) }
}

pub(crate) const INVALID_TOKEN: Presentation = retried(
    "ent.intune.validate_token.invalid_token.app_error",
    400,
    "We couldn't verify your sign-in. Please try again.",
);

pub(crate) const MISSING_CLAIMS: Presentation = refused(
    "ent.intune.validate_token.missing_claims.app_error",
    400,
    "Your sign-in is missing required information. Contact your IT administrator.",
);

/// The licence does not cover it.
pub const NOT_AVAILABLE: Reason = Reason {
    code: "not_available",
    title: "The platform's licence does not cover sign-in from managed applications.",
    remedy: "Install a licence that covers it, or let users sign in on the web.",
    presentation: use_web("api.user.login_by_intune.not_available.app_error", 501),
};

/// It is turned off.
pub const NOT_CONFIGURED: Reason = Reason {
    code: "not_configured",
    title: "Sign-in from managed applications is turned off on the platform.",
    remedy: "Turn on Intune MAM in the platform's settings for mobile security.",
    presentation: use_web("ent.intune.login.not_configured.app_error", 403),
};

pub const TENANT_NOT_AUTHORIZED: Reason = Reason {
    code: "tenant_not_authorized",
    title: "The token was issued by another tenant than the configured one.",
    remedy: "If this is your tenant, set `tenant_id` to the value of `tid` (portal: Microsoft Entra \
             ID > Overview > Tenant ID).",
    presentation: refused(
        "ent.intune.validate_token.invalid_tenant_id.app_error",
        400,
        "There is a configuration issue. Contact your IT administrator.",
    ),
};

/// No user.
pub const APP_ONLY_TOKEN: Reason = Reason {
    code: "app_only_token",
    title: "The token was issued for an application by itself, not for a signed-in user.",
    remedy: "Let the application obtain the token for the signed-in user; tokens of the client \
             credentials flow are never accepted.",
    presentation: INVALID_TOKEN,
};

/// Bound to a key.
pub const PROOF_OF_POSSESSION_TOKEN: Reason = Reason {
    code: "proof_of_possession_token",
    title: "The token is bound to a key (`cnf`) and was presented without proof of that key.",
    remedy: "Let the application ask for a bearer token.",
    presentation: INVALID_TOKEN,
};

/// Another application.
pub const AUDIENCE_NOT_AUTHORIZED: Reason = Reason {
    code: "audience_not_authorized",
    title: "The token was issued for another application than the configured one.",
    remedy: "Set `client_id` to the client id of the application that exposes the scope (portal: App \
             registrations > Overview > Application (client) ID), and let the mobile application \
             ask for `api://{client id}/login.mattermost`.",
    presentation: INVALID_TOKEN,
};

/// `spn:`.
pub const SPN_AUDIENCE: Reason = Reason {
    code: "spn_audience",
    title: "The token names its application with `spn:`, which never counts.",
    remedy: "Let the mobile application ask for `api://{client id}/login.mattermost`, without `spn:`; or \
             let Entra issue v2.0 tokens, which name the client id alone: set \
             requestedAccessTokenVersion of the application to 2 (portal: App registrations > Manifest).",
    presentation: INVALID_TOKEN,
};

pub const IDENTIFIER_URI_AUDIENCE: Reason = Reason {
    code: "identifier_uri_audience",
    title: "The token names its application by an `api://` URI that never counts; only `api://{client id}` \
            of a v1.0 token does, with `api` in small letters.",
    remedy: "Let Entra issue v2.0 tokens, which name the client id alone: set \
             requestedAccessTokenVersion of the application to 2 (portal: App registrations > Manifest). \
             Or set the Application ID URI to `api://{client id}` (portal: App registrations > Expose an \
             API) and let the mobile application ask for that.",
    presentation: INVALID_TOKEN,
};

/// A URL, `api://` or `spn:` in a v2.0 token.
pub const AUDIENCE_NOT_CLIENT_ID: Reason = Reason {
    code: "audience_not_client_id",
    title: "The v2.0 token names its application by a URL, `api://` or `spn:`; Entra names the client \
            id alone there.",
    remedy: "The issuer of the token must write the client id of the application to `aud`, and \
             nothing else. Entra does so in every v2.0 token, whatever the mobile application \
             asks for and the app registration says, unless a claims policy overrides the \
             audience (portal: Enterprise applications > Single sign-on): remove that. An issuer \
             of your own, such as one for tests, must do as Entra does.",
    presentation: INVALID_TOKEN,
};

pub const MICROSOFT_GRAPH_AUDIENCE: Reason = Reason {
    code: "microsoft_graph_audience",
    title: "The token was issued for Microsoft Graph, and only Microsoft Graph may take it.",
    remedy: "Let the mobile application ask for `api://{client id}/login.mattermost` instead of a scope \
             of Microsoft Graph; never configure Microsoft Graph as the application.",
    presentation: INVALID_TOKEN,
};

pub const SCOPE_MISSING: Reason = Reason {
    code: "scope_missing",
    title: "The token does not carry the configured scope; one without `scp` is an ID token or was \
            not issued for a user.",
    remedy: "If there is no `scp`, let the mobile application send an access token, not an ID token. \
             Else expose the scope of `scope` and authorise the mobile application for it (portal: App \
             registrations > Expose an API).",
    presentation: INVALID_TOKEN,
};

/// No identity.
pub const OBJECT_ID_MISSING: Reason = Reason {
    code: "object_id_missing",
    title: "The token does not name the user: `oid` is missing.",
    remedy: "Let the mobile application ask for the scope `profile` too; Entra adds `oid` to user \
             tokens then.",
    presentation: MISSING_CLAIMS,
};

/// An identity that cannot be used.
pub const IDENTITY_UNUSABLE: Reason = Reason {
    code: "identity_unusable",
    title: "The token does not say who the user is: `oid` is not a GUID, or the user name has control \
            or invisible characters or more than 256 characters.",
    remedy: "Correct the user principal name of this account (portal: Users > the account > \
             Properties); if `oid` is no GUID, find out where this token came from.",
    presentation: retried(
        "ent.intune.login.extract_auth_data.app_error",
        400,
        "We couldn't complete your sign-in. Please try again.",
    ),
};

pub const ACCOUNT_NOT_FOUND: Reason = Reason {
    code: "account_not_found",
    title: "The user has no account, and with `saml` a sign-in does not make one.",
    remedy: "Let the user sign in once on the web or desktop, or provision the account; with \
             `auth_service` `office365` the first sign-in makes it.",
    presentation: refused(
        "ent.intune.login.account_not_found.app_error",
        428,
        "Your account isn't fully set up yet. Sign in on web or desktop first.",
    ),
};

pub const BOT_LOGIN_FORBIDDEN: Reason = Reason {
    code: "bot_login_forbidden",
    title: "The account belongs to a bot.",
    remedy: "Let the bot use an access token of the platform; bots cannot sign in this way.",
    presentation: refused(
        "api.user.login_by_intune.bot_login_forbidden.app_error",
        403,
        "Bot accounts cannot sign in this way.",
    ),
};

pub const ACCOUNT_LOCKED: Reason = Reason {
    code: "account_locked",
    title: "The account is deactivated.",
    remedy: "Activate the account on the platform, if this person may use it again.",
    presentation: refused(
        "api.user.login_by_intune.account_locked.app_error",
        409,
        "Your account has been deactivated. Contact your administrator.",
    ),
};
