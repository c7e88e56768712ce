//! What the platform says about the account. What it does not say is asked for.

use admit_guest::{Denial, Finding, Rule};

use crate::IntuneMam;
use crate::reasons::{ACCOUNT_LOCKED, ACCOUNT_NOT_FOUND, BOT_LOGIN_FORBIDDEN};

const FACT_EXISTS: &str = "account.exists";
const FACT_BOT: &str = "account.bot";
const FACT_DEACTIVATED: &str = "account.deactivated";

pub(crate) const FACTS: Rule<IntuneMam> = Rule {
    name: "account_facts",
    summary: "The platform said what it knows about the account.",
    check: |_, token| {
        let wanted: &[&str] = match token.flag(FACT_EXISTS) {
            Some(false) => &[],
            _ => &[FACT_EXISTS, FACT_BOT, FACT_DEACTIVATED],
        };
        let unknown = wanted.iter().copied().filter(|fact| token.flag(fact).is_none());
        let unknown: Vec<_> = unknown.collect();
        if unknown.is_empty() { Finding::Pass } else { Finding::Ask(unknown) }
    },
};

pub(crate) const EXISTS: Rule<IntuneMam> = Rule {
    name: "account_exists",
    summary: "The account exists, or is made at the first sign-in.",
    check: |policy, token| {
        let exists = token.flag(FACT_EXISTS) == Some(true);
        Finding::require(exists || !policy.accounts_must_exist, NOT_FOUND)
    },
};

pub(crate) const BOT: Rule<IntuneMam> = Rule {
    name: "account_bot",
    summary: "The account is a person's.",
    check: |_, token| Finding::require(token.flag(FACT_BOT) != Some(true), IS_BOT),
};

pub(crate) const ACTIVE: Rule<IntuneMam> = Rule {
    name: "account_active",
    summary: "The account is not deactivated.",
    check: |_, token| Finding::require(token.flag(FACT_DEACTIVATED) != Some(true), LOCKED),
};

const NOT_FOUND: Denial =
    ACCOUNT_NOT_FOUND.denial().settings(&["auth_service"]).facts(&["account.exists"]);
const IS_BOT: Denial = BOT_LOGIN_FORBIDDEN.denial().facts(&["account.bot"]);
const LOCKED: Denial = ACCOUNT_LOCKED.denial().facts(&["account.deactivated"]);
