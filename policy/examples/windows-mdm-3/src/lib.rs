//! The policy `windows-mdm` 3, an example: version 2, and the user must have signed in recently.

use admit_guest::{
    About, Absent, Denial, Finding, Kind, Policy, Principal, Rule, Setting, Settings, Token, join,
};
use windows_mdm::{reason, v2};

/// Who may enrol.
#[derive(Debug)]
pub struct WindowsMdm {
    before: v2::WindowsMdm,
    max_age_minutes: i64,
}

admit_guest::export!(WindowsMdm);

admit_guest::names! {
    /// What version 3 sees beside the claims of version 2.
    ADDED: AUTH_TIME = "auth_time";
}

const MAX_AGE: Setting = Setting {
    name: "max_sign_in_age_minutes",
    title: "Age of the sign-in",
    help: "How many minutes ago the user may have signed in (`auth_time`). 0 takes any sign-in.",
    kind: Kind::Integer,
    absent: Absent::Integer(0),
};

reason!(
    SIGN_IN_TIME_MISSING,
    "sign_in_time_missing",
    NOT_AUTHORIZED(400, "Your sign-in is incomplete. Contact your IT administrator."),
    "The token does not say when the user signed in.",
    "Add the optional claim `auth_time` to access tokens (portal: App registrations > Token configuration)."
);
reason!(
    SIGN_IN_TOO_OLD,
    "sign_in_too_old",
    NOT_AUTHORIZED(403, "Sign in again to enrol this device."),
    "The user signed in longer ago than is accepted.",
    "Let the user sign in again, or raise `max_sign_in_age_minutes`."
);

const TIME_MISSING: Denial = SIGN_IN_TIME_MISSING.denial().claims(ADDED).settings(&[MAX_AGE.name]);
const TOO_OLD: Denial = SIGN_IN_TOO_OLD.denial().claims(ADDED).settings(&[MAX_AGE.name]);

const RECENT_SIGN_IN: Rule<WindowsMdm> = Rule {
    name: "recent_sign_in",
    summary: "The user signed in recently; applies if an age is configured.",
    check: |policy, token| match token.integer(AUTH_TIME) {
        _ if policy.max_age_minutes == 0 => Finding::Skip,
        None => Finding::Deny(TIME_MISSING),
        Some(at) => {
            let age = i128::from(token.now()) - i128::from(at);
            Finding::require(age <= i128::from(policy.max_age_minutes) * 60, TOO_OLD)
        }
    },
};

const BEFORE: About<WindowsMdm> = v2::WindowsMdm::ABOUT.next("3.0.0");

impl Policy for WindowsMdm {
    const ABOUT: About<Self> = About {
        claims: join!(BEFORE.claims, [AUTH_TIME]),
        settings: join!(BEFORE.settings, [MAX_AGE] after "token_versions"),
        rules: join!(BEFORE.rules, [RECENT_SIGN_IN] after "bearer_token"),
        reasons: join!(BEFORE.reasons, [SIGN_IN_TIME_MISSING, SIGN_IN_TOO_OLD]),
        ..BEFORE
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let before = v2::WindowsMdm::configure(settings);
        let max_age_minutes = settings.integer(&MAX_AGE)?;
        if max_age_minutes < 0 {
            settings.refuse(&MAX_AGE, None, "less than 0; expected 0 or a number of minutes");
        }
        Some(Self { before: before?, max_age_minutes })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        self.before.principal(token)
    }
}

impl AsRef<v2::WindowsMdm> for WindowsMdm {
    fn as_ref(&self) -> &v2::WindowsMdm {
        &self.before
    }
}
