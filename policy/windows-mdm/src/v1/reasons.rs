//! Why a token is refused, what to do about it, and the answer to the device.

use crate::answers::NOT_MEANT;
use crate::reason;

reason!(
    NO_TENANTS_CONFIGURED,
    "no_tenants_configured",
    NOT_AUTHORIZED(403, "Enrolment is not set up yet. Contact your IT administrator."),
    "No tenant is configured, so nobody may enrol.",
    "Add the id of your tenant to `windows_entra_tenant_ids` (portal: Microsoft Entra ID > Overview \
     > Tenant ID)."
);
reason!(
    TENANT_NOT_AUTHORIZED,
    "tenant_not_authorized",
    NOT_AUTHORIZED(
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
    NOT_AUTHORIZED(403, "Sign in with your work account to enrol this device."),
    "The token was issued for an application by itself, not for a signed-in user.",
    "Let the client obtain the token for the signed-in user (delegated permission `mdm_delegation`); \
     tokens of the client credentials flow are never accepted."
);
reason!(
    PROOF_OF_POSSESSION_TOKEN,
    "proof_of_possession_token",
    NOT_AUTHORIZED(
        400,
        "This sign-in cannot be used for enrolment. Contact your IT administrator."
    ),
    "The token is bound to a key (`cnf`) and was presented without proof of that key.",
    "Let the client ask for a bearer token: turn off proof of possession or token binding for the \
     MDM application (portal: Protection > Conditional Access > Policies > Session)."
);
reason!(
    MICROSOFT_GRAPH_AUDIENCE,
    "microsoft_graph_audience",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token was issued for Microsoft Graph, and only Microsoft Graph may take it.",
    "Let the client ask for a scope of your own MDM application, such as `mdm_delegation`, instead of \
     one of Microsoft Graph; never configure Microsoft Graph as an audience."
);
reason!(
    SCOPE_MISSING,
    "scope_missing",
    NOT_AUTHORIZED(
        403,
        "Your sign-in lacks the permission to enrol. Contact your IT administrator."
    ),
    "The token carries none of the configured scopes; a token without `scp` is an ID token or was \
     not issued for a user.",
    "If there is no `scp`, let the client send an access token for the MDM application, not an ID token. \
     Else grant that application's scope `mdm_delegation` (portal: App registrations > Expose an API), or \
     add the scope your tokens carry in `scp` to `scopes`."
);
reason!(
    APP_NOT_AUTHORIZED,
    "app_not_authorized",
    NOT_AUTHORIZED(403, "This application may not enrol devices. Contact your IT administrator."),
    "The application that obtained the token is not one of the configured ones.",
    "If this application may enrol devices, add its client id, the value of `azp` (v2.0 token) or \
     `appid` (v1.0 token), to `allowed_apps`; an empty list lets any application."
);
reason!(
    GUEST_NOT_ALLOWED,
    "guest_not_allowed",
    NOT_AUTHORIZED(
        403,
        "Guests may not enrol devices. Sign in with an account of this organisation."
    ),
    "The user is a guest: another identity provider (`idp`) signed the user in.",
    "Enrol with an account of the tenant itself, or set `allow_guests` to `true`."
);
reason!(
    OBJECT_ID_MISSING,
    "object_id_missing",
    NOT_AUTHORIZED(400, "Your sign-in is incomplete. Contact your IT administrator."),
    "The token does not name the user: `oid` is missing or not a GUID.",
    "If it is missing, let the client ask for the scope `profile` too; Entra adds `oid` to user tokens \
     then. If it is not a GUID, find out who issued the token: Entra always writes one."
);
reason!(
    USER_NAME_INVALID,
    "user_name_invalid",
    NOT_AUTHORIZED(
        400,
        "Your user name cannot be used for enrolment. Contact your IT administrator."
    ),
    "The user name has control or invisible characters, or more than 256 characters.",
    "Correct the user principal name of this account (portal: Users > the account > Properties)."
);
reason!(
    TOKEN_VERSION_NOT_ACCEPTED,
    "token_version_not_accepted",
    NOT_AUTHORIZED(
        400,
        "This sign-in cannot be used for enrolment yet. Contact your IT administrator."
    ),
    "The token is not a v1.0 token, and version 1 of this policy takes no others.",
    "Activate version 2 of this policy and add the application's client id, the value of `aud` \
     (portal: App registrations > Overview > Application (client) ID), to \
     `windows_entra_client_ids`; or let Entra issue v1.0 tokens again: set \
     requestedAccessTokenVersion of the application to 1 (portal: App registrations > Manifest)."
);
reason!(
    AUDIENCE_NOT_AUTHORIZED,
    "audience_not_authorized",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token was issued for another server.",
    "Make the Application ID URI, the value of `aud` (portal: App registrations > Expose an API), an \
     `https://` URL with the host and port of `server_url`; if `aud` is the application's client id, or \
     `api://` and that client id, activate version 2 of this policy."
);
reason!(
    SPN_AUDIENCE,
    "spn_audience",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token names its application with `spn:`, which never counts.",
    "Let the client ask for the Application ID URI that has the host of `server_url`, without `spn:` \
     (portal: App registrations > Expose an API)."
);
reason!(
    IDENTIFIER_URI_AUDIENCE,
    "identifier_uri_audience",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token names its application by an `api://` URI, and version 1 of this policy takes only the \
     https URL of the server.",
    "Add an Application ID URI that begins with `https://` and has the host of `server_url` (portal: \
     App registrations > Expose an API), and let the client ask for that one; or activate version 2 of \
     this policy, which takes `api://{client id}` alone and client ids."
);
