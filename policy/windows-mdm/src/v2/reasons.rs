//! The reasons that version 2 adds or words in its own way.

use crate::reason;

reason!(
    TOKEN_VERSION_NOT_ACCEPTED,
    "token_version_not_accepted",
    not_authorized(
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
    not_authorized(
        400,
        "This sign-in is not meant for this server. Contact your IT administrator."
    ),
    "The token was issued for an application or server that is not configured.",
    "If `aud` is the client id of your MDM application (portal: App registrations > Overview > \
     Application (client) ID), add it to `windows_entra_client_ids`. If it is a URL, let Entra issue \
     v1.0 tokens and make its host and port equal to those of `server_url`."
);
reason!(
    CLIENT_NOT_PAIRED,
    "client_not_paired",
    not_authorized(
        403,
        "Your organisation may not enrol devices here. Contact your IT administrator."
    ),
    "The client id in `aud` is bound to other tenants than the one that issued the token.",
    "If this tenant may use this application, add `client-id@tenant-id` with the values of `aud` and \
     `tid` to `client_tenant_pairs`."
);
