//! Refusals of the host, as this policy presents them: the token did not verify, or could not be
//! verified, and no rule saw it.

use admit_guest::{Presentation, Reason};

use crate::reasons::{INVALID_TOKEN, MISSING_CLAIMS, retried};

const EXPIRED: Presentation = retried(
    "ent.intune.validate_token.token_expired.app_error",
    400,
    "Your session has expired. Please sign in again.",
);

const KEYS: Presentation = retried(
    "ent.intune.validate_token.keys_unavailable.app_error",
    500,
    "Sign-in is not available right now. Please try again later.",
);

pub const ALL: &[Reason] = &[
    reason(
        "token.malformed",
        INVALID_TOKEN,
        "What was presented is not a token.",
        "Let the application send the access token it got from Entra, unchanged.",
    ),
    reason(
        "token.too_large",
        INVALID_TOKEN,
        "The token is larger than tokens of Entra are.",
        "Reduce the claims of the application (portal: App registrations > Token configuration), \
         above all groups.",
    ),
    reason(
        "token.header",
        INVALID_TOKEN,
        "The header of the token is not one that Entra writes.",
        "Let the application send the access token it got from Entra, unchanged.",
    ),
    reason(
        "token.algorithm",
        INVALID_TOKEN,
        "The token is not signed with RS256.",
        "Entra signs with RS256; find out where this token came from.",
    ),
    reason(
        "token.key",
        INVALID_TOKEN,
        "The key that signed the token is not a key of the configured cloud.",
        "Check that the gate takes the cloud of your tenant, and that its key set can be reached.",
    ),
    reason(
        "token.signature",
        INVALID_TOKEN,
        "The signature of the token is wrong: it was changed, or somebody else made it.",
        "Let the user sign in again; if that does not help, find out where this token came from.",
    ),
    reason(
        "token.issuer",
        INVALID_TOKEN,
        "The issuer of the token is not the tenant it names, in the configured cloud.",
        "Check that the gate takes the cloud of your tenant: public, US government or China.",
    ),
    reason(
        "token.not_yet_valid",
        INVALID_TOKEN,
        "The token is not valid yet.",
        "Correct the clock of the server.",
    ),
    reason(
        "token.lifetime",
        INVALID_TOKEN,
        "The token is valid for longer than is accepted.",
        "Shorten the access token lifetime of the application, or raise the maximum lifetime of \
         the gate.",
    ),
    reason(
        "token.expired",
        EXPIRED,
        "The token has expired.",
        "Let the user sign in again; if fresh tokens are refused too, correct the clock of the \
         server.",
    ),
    reason(
        "token.claims",
        MISSING_CLAIMS,
        "A claim that decides is missing, has another form than expected, or stands there twice.",
        "Let the application send an access token for this server, not an ID token or a token for \
         Microsoft Graph.",
    ),
    reason(
        "keys.unavailable",
        KEYS,
        "The server lacks a key of Entra that it needs, so the token cannot be verified.",
        "Let the server reach the key set of the configured cloud over https, or through its proxy; \
         its status says what is wrong with the set.",
    ),
];

const fn reason(
    code: &'static str,
    presentation: Presentation,
    title: &'static str,
    remedy: &'static str,
) -> Reason {
    Reason { code, title, remedy, presentation }
}
