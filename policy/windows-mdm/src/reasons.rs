//! Why a token is refused, what to do about it, and what the device is told.
//!
//! Source of the faults: MS-MDE2 2.2.10.

use admit_guest::{MdmFault, Presentation, Retry};

/// Declares a reason: constant, code, answer to the device, title, remedy.
#[macro_export]
macro_rules! reason {
    ($name:ident, $code:literal, $answer:ident($status:literal, $message:literal),
     $title:literal, $remedy:literal) => {
        #[doc = $title]
        pub const $name: admit_guest::Reason = admit_guest::Reason {
            code: $code,
            title: $title,
            remedy: $remedy,
            presentation: $crate::reasons::$answer(
                concat!("admit.windows_mdm.", $code),
                $status,
                $message,
            ),
        };
    };
}

/// The answer to a user who may not enrol: another token of the same user does not help.
#[must_use]
pub const fn not_authorized(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    let fault = MdmFault { subcode: "s:Authorization", code: 0x8018_0003 };
    answer(error_id, http_status, user_message, Retry::No, fault)
}

/// The answer to a token that proves nobody: a fresh one may help.
#[must_use]
pub const fn not_authenticated(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    let fault = MdmFault { subcode: "s:Authentication", code: 0x8018_0002 };
    answer(error_id, http_status, user_message, Retry::Once, fault)
}

/// The answer when the platform could not decide.
#[must_use]
pub const fn not_decided(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    let fault = MdmFault { subcode: "s:EnrollmentServer", code: 0x8018_0005 };
    answer(error_id, http_status, user_message, Retry::Once, fault)
}

const fn answer(
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
    retry: Retry,
    fault: MdmFault,
) -> Presentation {
    Presentation {
        error_id,
        http_status,
        user_message,
        retry,
        fallback: None,
        mdm_fault: Some(fault),
    }
}

reason!(
    NO_TENANTS_CONFIGURED,
    "no_tenants_configured",
    not_authorized(403, "Enrolment is not set up yet. Contact your IT administrator."),
    "No tenant is configured, so nobody may enrol.",
    "Add the id of your tenant to `windows_entra_tenant_ids` (portal: Microsoft Entra ID > Overview \
     > Tenant ID)."
);
reason!(
    TENANT_NOT_AUTHORIZED,
    "tenant_not_authorized",
    not_authorized(
        403,
        "Your organisation may not enrol devices here. Contact your IT administrator."
    ),
    "The tenant that issued the token is not configured.",
    "If users of this tenant may enrol, add the value of `tid` to `windows_entra_tenant_ids`; it is \
     the tenant id shown in the portal under Microsoft Entra ID > Overview."
);
reason!(
    APP_ONLY_TOKEN,
    "app_only_token",
    not_authorized(403, "Sign in with your work account to enrol this device."),
    "The token was issued for an application by itself, not for a signed-in user.",
    "Let the client obtain the token for the signed-in user (delegated permission `mdm_delegation`); \
     tokens of the client credentials flow are never accepted."
);
reason!(
    PROOF_OF_POSSESSION_TOKEN,
    "proof_of_possession_token",
    not_authorized(
        400,
        "This sign-in cannot be used for enrolment. Contact your IT administrator."
    ),
    "The token is bound to a key (`cnf`) and was presented without proof of that key.",
    "Let the client ask for a bearer token: turn off proof of possession or token binding for the \
     MDM application (portal: Protection > Conditional Access > Policies > Session)."
);
reason!(
    SCOPE_MISSING,
    "scope_missing",
    not_authorized(
        403,
        "Your sign-in lacks the permission to enrol. Contact your IT administrator."
    ),
    "The token carries none of the configured scopes; a token without `scp` is an ID token or was \
     not issued for a user.",
    "Grant the MDM application's scope `mdm_delegation` (portal: App registrations > Expose an API), \
     or add the scope your tokens carry in `scp` to `scopes`."
);
reason!(
    APP_NOT_AUTHORIZED,
    "app_not_authorized",
    not_authorized(403, "This application may not enrol devices. Contact your IT administrator."),
    "The application that obtained the token is not one of the configured ones.",
    "If this application may enrol devices, add its client id, the value of `azp` (v2.0 token) or \
     `appid` (v1.0 token), to `allowed_apps`; an empty list lets any application."
);
reason!(
    GUEST_NOT_ALLOWED,
    "guest_not_allowed",
    not_authorized(
        403,
        "Guests may not enrol devices. Sign in with an account of this organisation."
    ),
    "The user is a guest: another identity provider (`idp`) signed the user in.",
    "Enrol with an account of the tenant itself, or set `allow_guests` to `true`."
);
reason!(
    OBJECT_ID_MISSING,
    "object_id_missing",
    not_authorized(400, "Your sign-in is incomplete. Contact your IT administrator."),
    "The token does not name the user: `oid` is missing or not a GUID.",
    "Let the client ask for the scope `profile` too; Entra adds `oid` to user tokens then."
);
reason!(
    USER_NAME_INVALID,
    "user_name_invalid",
    not_authorized(
        400,
        "Your user name cannot be used for enrolment. Contact your IT administrator."
    ),
    "The user name has control or invisible characters, or more than 256 characters.",
    "Correct the user principal name of this account (portal: Users > the account > Properties)."
);
