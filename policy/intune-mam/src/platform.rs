//! What the platform says about itself. What it does not say is taken as given.

use admit_guest::contract::Value;
use admit_guest::{Denial, Finding, Rule, Token};

use crate::IntuneMam;
use crate::reasons::{NOT_AVAILABLE, NOT_CONFIGURED};

pub(crate) const LICENSED: Rule<IntuneMam> = Rule {
    name: "platform_licensed",
    summary: "The platform's licence covers sign-in from managed applications.",
    check: |_, token| given(token, "platform.licensed", UNLICENSED),
};

pub(crate) const ENABLED: Rule<IntuneMam> = Rule {
    name: "platform_enabled",
    summary: "Sign-in from managed applications is turned on.",
    check: |_, token| given(token, "platform.enabled", DISABLED),
};

fn given(token: &Token<'_>, fact: &str, otherwise: Denial) -> Finding {
    match token.fact(fact) {
        None => Finding::Skip,
        Some(value) => Finding::require(*value == Value::Boolean(true), otherwise),
    }
}

const UNLICENSED: Denial = NOT_AVAILABLE.denial().facts(&["platform.licensed"]);
const DISABLED: Denial = NOT_CONFIGURED.denial().facts(&["platform.enabled"]);
