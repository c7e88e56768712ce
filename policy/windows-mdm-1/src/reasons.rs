//! The reasons of version 1 alone.

use windows_mdm::reason;

reason!(
    TOKEN_VERSION_NOT_ACCEPTED,
    "token_version_not_accepted",
    not_authorized(
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
    not_authorized(
        400,
        "This sign-in is not meant for this server. Contact your IT administrator."
    ),
    "The token was issued for another server.",
    "Make host and port of the Application ID URI, the value of `aud` (portal: App registrations > \
     Expose an API), equal to those of `server_url`; if `aud` is the application's client id, \
     activate version 2 of this policy."
);
