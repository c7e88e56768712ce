//! The reasons that version 2 adds or words in its own way.

use crate::answers::NOT_MEANT;
use crate::reason;

reason!(
    TOKEN_VERSION_NOT_ACCEPTED,
    "token_version_not_accepted",
    NOT_AUTHORIZED(
        400,
        "This sign-in cannot be used for enrolment. Contact your IT administrator."
    ),
    "Tokens of this version are not accepted.",
    "Add the value of `ver` to `token_versions`, or let Entra issue the other version: set \
     requestedAccessTokenVersion of the application (portal: App registrations > Manifest)."
);
reason!(
    AUDIENCE_NOT_AUTHORIZED,
    "audience_not_authorized",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token was issued for an application or server that is not configured.",
    "If `aud` is the client id of your MDM application (portal: App registrations > Overview > \
     Application (client) ID), or `api://` and that client id, add the client id to \
     `windows_entra_client_ids`. If it is a URL, make the Application ID URI (portal: App registrations > \
     Expose an API) an `https://` URL with the host and port of `server_url`."
);
reason!(
    SPN_AUDIENCE,
    "spn_audience",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token names its application with `spn:`, which never counts.",
    "Let the client ask for `api://{client id}/mdm_delegation`, without `spn:`; or let Entra issue v2.0 \
     tokens, which name the client id alone: set requestedAccessTokenVersion of the application to 2 \
     (portal: App registrations > Manifest)."
);
reason!(
    IDENTIFIER_URI_AUDIENCE,
    "identifier_uri_audience",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The token names its application by an `api://` URI that never counts; only `api://{client id}` of a \
     v1.0 token does, with `api` in small letters.",
    "Let Entra issue v2.0 tokens, which name the client id alone: set requestedAccessTokenVersion of the \
     application to 2 (portal: App registrations > Manifest). Or set the Application ID URI to \
     `api://{client id}` (portal: App registrations > Expose an API) and let the client ask for that."
);
reason!(
    AUDIENCE_NOT_CLIENT_ID,
    "audience_not_client_id",
    NOT_AUTHORIZED(400, NOT_MEANT),
    "The v2.0 token names its application by a URL, `api://` or `spn:`; Entra names the client id alone there.",
    "The issuer of the token must write the client id of the application to `aud`, and nothing else. \
     Entra does so in every v2.0 token, whatever the client asks for and the app registration says, \
     unless a claims policy overrides the audience (portal: Enterprise applications > Single sign-on): \
     remove that. An issuer of your own, such as one for tests, must do as Entra does."
);
reason!(
    CLIENT_NOT_PAIRED,
    "client_not_paired",
    NOT_AUTHORIZED(
        403,
        "Your organisation may not enrol devices here. Contact your IT administrator."
    ),
    "The client id in `aud` is bound to other tenants than the one that issued the token.",
    "If this tenant may use this application, add `client-id@tenant-id` with the client id in `aud`, \
     without `api://`, and the value of `tid` to `client_tenant_pairs`."
);
