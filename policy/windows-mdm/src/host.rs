//! Refusals of the host, as this policy presents them: the token did not verify, or could not be
//! verified, and no rule saw it.

use admit_guest::Reason;

use crate::reason;

pub const ALL: &[Reason] = &[
    MALFORMED,
    TOO_LARGE,
    HEADER,
    ALGORITHM,
    KEY,
    SIGNATURE,
    CLAIMS,
    ISSUER,
    EXPIRED,
    NOT_YET_VALID,
    LIFETIME,
    KEYS_UNAVAILABLE,
];

reason!(
    MALFORMED,
    "token.malformed",
    NOT_AUTHENTICATED(400, "The sign-in could not be read. Try again."),
    "What was presented is not a token.",
    "Let the device send the token it got from Entra, unchanged."
);
reason!(
    TOO_LARGE,
    "token.too_large",
    NOT_AUTHENTICATED(400, "The sign-in could not be read. Try again."),
    "The token is larger than tokens of Entra are.",
    "Reduce the claims of the application (portal: App registrations > Token configuration), above \
     all groups."
);
reason!(
    HEADER,
    "token.header",
    NOT_AUTHENTICATED(400, "The sign-in could not be read. Try again."),
    "The header of the token is not one that Entra writes.",
    "Let the device send the token it got from Entra, unchanged."
);
reason!(
    ALGORITHM,
    "token.algorithm",
    NOT_AUTHENTICATED(401, "The sign-in could not be verified. Try again."),
    "The token is not signed with RS256.",
    "Entra signs with RS256; find out where this token came from."
);
reason!(
    KEY,
    "token.key",
    NOT_AUTHENTICATED(401, "The sign-in could not be verified. Try again."),
    "The key that signed the token is not a key of the configured cloud.",
    "Check that the gate takes the cloud of your tenant, and that its key set can be reached."
);
reason!(
    SIGNATURE,
    "token.signature",
    NOT_AUTHENTICATED(401, "The sign-in could not be verified. Try again."),
    "The signature of the token is wrong: it was changed, or somebody else made it.",
    "Let the device sign in again; if that does not help, find out where this token came from."
);
reason!(
    CLAIMS,
    "token.claims",
    NOT_AUTHENTICATED(400, "The sign-in is incomplete. Try again."),
    "A claim that decides is missing, has another form than expected, or stands there twice.",
    "Let the device send an access token for this server, not an ID token; if claims are mapped or \
     added (portal: Enterprise applications > Single sign-on > Attributes & Claims), leave the one \
     that is named as Entra issues it."
);
reason!(
    ISSUER,
    "token.issuer",
    NOT_AUTHENTICATED(401, "The sign-in could not be verified. Try again."),
    "The issuer of the token is not the tenant it names, in the configured cloud.",
    "Check that the gate takes the cloud of your tenant: public, US government or China."
);
reason!(
    EXPIRED,
    "token.expired",
    NOT_AUTHENTICATED(401, "Your sign-in has expired. Sign in again."),
    "The token has expired.",
    "Let the user sign in again; if fresh tokens are refused too, correct the clock of the server."
);
reason!(
    NOT_YET_VALID,
    "token.not_yet_valid",
    NOT_AUTHENTICATED(401, "Your sign-in is not valid yet. Try again."),
    "The token is not valid yet.",
    "Correct the clock of the server."
);
reason!(
    LIFETIME,
    "token.lifetime",
    NOT_AUTHENTICATED(401, "The sign-in could not be verified. Try again."),
    "The token is valid for longer than is accepted.",
    "Shorten the access token lifetime of the application, or raise the maximum lifetime of the gate."
);
reason!(
    KEYS_UNAVAILABLE,
    "keys.unavailable",
    NOT_DECIDED(503, "Enrolment is not available right now. Try again later."),
    "The server lacks a key of Entra that it needs, so the token cannot be verified.",
    "Let the server reach the key set of the configured cloud over https, or through its proxy; \
     its status says what is wrong with the set."
);
