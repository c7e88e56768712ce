//! The answer to a device with a refusal, and how a reason is declared.
//!
//! Source of the faults: MS-MDE2 2.2.10.

use admit_guest::{MdmFault, Presentation, Retry};

/// Declares a reason: constant, code, answer to the device, title, remedy.
#[macro_export]
macro_rules! reason {
    ($name:ident, $code:literal, $answer:ident($status:literal, $message:expr),
     $title:literal, $remedy:literal) => {
        #[doc = $title]
        pub const $name: admit_guest::Reason = admit_guest::Reason {
            code: $code,
            title: $title,
            remedy: $remedy,
            presentation: $crate::answers::presentation(
                $crate::answers::$answer,
                concat!("admit.windows_mdm.", $code),
                $status,
                $message,
            ),
        };
    };
}

/// How a refusal is answered: the fault of the protocol, and whether trying again helps.
pub type Answer = (MdmFault, Retry);

/// The user may not enrol: another token of the same user does not help.
pub const NOT_AUTHORIZED: Answer =
    (MdmFault { subcode: "s:Authorization", code: 0x8018_0003 }, Retry::No);

/// The token did not verify: a fresh one may help.
pub const NOT_AUTHENTICATED: Answer =
    (MdmFault { subcode: "s:Authentication", code: 0x8018_0002 }, Retry::Once);

/// The platform could not decide.
pub const NOT_DECIDED: Answer =
    (MdmFault { subcode: "s:EnrollmentServer", code: 0x8018_0005 }, Retry::Once);

/// What the device shows for a token that is for another server or application.
pub const NOT_MEANT: &str =
    "This sign-in is not meant for this server. Contact your IT administrator.";

#[must_use]
pub const fn presentation(
    (fault, retry): Answer,
    error_id: &'static str,
    http_status: u16,
    user_message: &'static str,
) -> Presentation {
    let (fallback, mdm_fault) = (None, Some(fault));
    Presentation { error_id, http_status, user_message, retry, fallback, mdm_fault }
}
