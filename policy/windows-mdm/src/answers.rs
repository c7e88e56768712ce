//! What a device is told with a refusal, and how a reason is declared.
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
            presentation: $crate::answers::$answer(
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
