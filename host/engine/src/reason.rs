//! The host's own reason codes: of tokens that did not verify and of decisions that failed.
//!
//! A policy may present them in its own words ([`crate::contract`]); these are the words used when
//! it does not.

use crate::decision::{Presentation, Retry};

/// A reason code of the host.
#[derive(Debug)]
pub struct HostReason {
    /// For example `token.expired`.
    pub code: &'static str,
    /// What happened, one sentence.
    pub title: &'static str,
    /// What to change.
    pub remedy: &'static str,
    /// The status of the presentation.
    pub http_status: u16,
    /// Text for the user.
    pub user_message: &'static str,
    /// Whether a fresh token can help.
    pub retry_once: bool,
}

impl From<&HostReason> for Presentation {
    fn from(reason: &HostReason) -> Self {
        Self {
            error_id: reason.code.to_owned(),
            http_status: reason.http_status,
            user_message: reason.user_message.to_owned(),
            retry: if reason.retry_once { Retry::Once } else { Retry::No },
            fallback: None,
            mdm_fault: None,
        }
    }
}

/// What more is known of a refusal than its code says, also to a policy.
#[derive(Debug)]
pub(crate) struct Advice {
    /// Instead of the words of the code.
    pub(crate) title: &'static str,
    /// Before the remedy of the code, which stands for when this is not the cause.
    pub(crate) remedy: &'static str,
}

/// Of a token that looks like one that only Microsoft Graph can verify. The host cannot verify that it is.
pub(crate) const MICROSOFT_GRAPH: Advice = Advice {
    title: "The token cannot be verified, and looks like one for Microsoft Graph, which only Microsoft Graph \
            can verify: they have a `nonce` in the JOSE header.",
    remedy: "If the client asks for a scope of Microsoft Graph, let it ask for a scope of your own application \
             instead (portal: App registrations > Expose an API). If it does not:",
};

const SIGN_IN_AGAIN: &str = "Your sign-in could not be verified. Sign in again.";
const TRY_LATER: &str = "The sign-in could not be checked at the moment. Try again later.";

const fn token(code: &'static str, title: &'static str, remedy: &'static str) -> HostReason {
    HostReason {
        code,
        title,
        remedy,
        http_status: 401,
        user_message: SIGN_IN_AGAIN,
        retry_once: true,
    }
}

const fn failed(code: &'static str, title: &'static str, remedy: &'static str) -> HostReason {
    HostReason { code, title, remedy, http_status: 503, user_message: TRY_LATER, retry_once: false }
}

const POLICY_REMEDY: &str =
    "Roll back to the release before, and report this to the policy's author.";

/// Every code of the host.
pub const HOST_REASONS: &[HostReason] = &[
    token(
        "token.malformed",
        "What was sent is not a JSON Web Token in compact form.",
        "Send the access token exactly as Microsoft Entra issued it; check the format option when it is wrapped.",
    ),
    token(
        "token.too_large",
        "The token is larger than a token may be.",
        "Check that an access token was sent; reduce the groups and optional claims of the application.",
    ),
    token(
        "token.header",
        "The JOSE header of the token is not one that Microsoft Entra writes.",
        "Check which system issued the token.",
    ),
    token(
        "token.algorithm",
        "The token is not signed with RS256.",
        "Check which system issued the token; Microsoft Entra signs access tokens with RS256.",
    ),
    token(
        "token.key",
        "The token names a signing key that is not in the key set or may not sign for its issuer.",
        "Check that the token comes from the configured cloud; a token of another API may be signed with another key.",
    ),
    token(
        "token.signature",
        "The signature of the token does not match its content.",
        "Check that nothing between the device and this host changes the token; otherwise treat it as forged.",
    ),
    token(
        "token.claims",
        "A claim that decides is missing, has another form than expected, or stands there twice.",
        "Check that an access token was sent, and the claims that are mapped or added for the application.",
    ),
    token(
        "token.issuer",
        "The issuer of the token does not match its tenant, its version or the configured cloud.",
        "Check the cloud of the gate, and that the token was not issued by another authority.",
    ),
    token(
        "token.expired",
        "The token has expired.",
        "Request a fresh token; if fresh tokens are refused, check the clock of this machine.",
    ),
    token("token.not_yet_valid", "The token is not valid yet.", "Check the clock of this machine."),
    token(
        "token.lifetime",
        "The token is valid for longer than is accepted.",
        "Shorten the token lifetime policy of the tenant, or raise the maximum lifetime of the gate.",
    ),
    failed(
        "keys.unavailable",
        "The host does not have the signing key that it needs: the key set could not be read, has no usable key, or lacks one that it had.",
        "Check that this machine reaches the key set's address; the log and the status say what is wrong with the set.",
    ),
    failed(
        "policy.failed",
        "The policy ended without an answer: it panicked, or used what a policy does not have, such as a clock.",
        POLICY_REMEDY,
    ),
    failed(
        "policy.answer",
        "The policy gave an answer that its contract does not allow.",
        POLICY_REMEDY,
    ),
    failed(
        "policy.limit.fuel",
        "The policy used more instructions than a decision may, perhaps in a loop that does not end.",
        POLICY_REMEDY,
    ),
    failed(
        "policy.limit.time",
        "The policy used more time than a decision may, perhaps in a loop that does not end.",
        POLICY_REMEDY,
    ),
    failed("policy.limit.memory", "The policy wanted more memory than it may have.", POLICY_REMEDY),
    failed("policy.limit.stack", "The policy called itself too deeply.", POLICY_REMEDY),
    failed(
        "policy.limit.transfer",
        "The policy returned more data than a decision may hold.",
        POLICY_REMEDY,
    ),
    failed(
        "policy.limit.instances",
        "Too many decisions were under way at the same time.",
        "Limit how many decisions run at the same time, or spread them over more hosts.",
    ),
    failed(
        "host.resources",
        "This machine could not run the policy: it had no memory, address space or thread to spare.",
        "Try again in a moment; give the process more memory or address space, or let fewer decisions run at the same time.",
    ),
    failed("gate.empty", "The gate has no active release.", "Activate a policy with its settings."),
];

/// The words for a code that `HOST_REASONS` lacks: no error of the engine has one today.
pub(crate) const UNLISTED: HostReason = failed(
    "host.failed",
    "The host came to no decision.",
    "Look at the detail, and at the log of the host.",
);

/// The host's reason with this code.
pub fn of_host(code: &str) -> Option<&'static HostReason> {
    HOST_REASONS.iter().find(|reason| reason.code == code)
}

/// Whether only the host may decide with this code.
///
/// Whole families are kept for the host, but for `host.`: that came after the contract was published,
/// when policies had reasons of their own.
pub(crate) fn is_reserved(code: &str) -> bool {
    let family = ["token.", "keys.", "policy.", "gate."].iter();
    family.copied().any(|prefix| code.starts_with(prefix)) || of_host(code).is_some()
}
