//! A policy with the slips that an author may make: its rules and `configure` read names that its
//! tables do not declare, as its settings say.

use admit_guest::{
    About, Absent, Fact, FactKind, Finding, Kind, Policy, Presentation, Principal, Reason, Retry,
    Rule, Setting, Settings, Token,
};

/// What is read, and where.
#[derive(Debug)]
pub struct Undeclared {
    claim: String,
    fact: String,
    at_once: bool,
}

admit_guest::export!(Undeclared);

const CLAIM: Setting = setting("claim", Kind::Text, Absent::Text("oid"));
const FACT: Setting = setting("fact", Kind::Text, Absent::Text("known"));
const AT_ONCE: Setting = setting("at_once", Kind::Boolean, Absent::Boolean(false));
const FORGETFUL: Setting = setting("forgetful", Kind::Boolean, Absent::Boolean(false));

/// Not in the table.
const FORGOTTEN: Setting = setting("forgotten", Kind::Boolean, Absent::Boolean(true));

/// As in the table, but for what counts when it is left out.
const OTHER_AT_ONCE: Setting = Setting { absent: Absent::Boolean(true), ..AT_ONCE };

const fn setting(name: &'static str, kind: Kind, absent: Absent) -> Setting {
    Setting { name, title: "A slip", help: "Which name is read.", kind, absent }
}

const REFUSED: Reason = Reason {
    code: "refused",
    title: "Refused.",
    remedy: "Do something.",
    presentation: Presentation {
        error_id: "undeclared.refused",
        http_status: 403,
        user_message: "",
        retry: Retry::No,
        fallback: None,
        mdm_fault: None,
    },
};

impl Policy for Undeclared {
    const ABOUT: About<Self> = About {
        name: "undeclared",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Reads what it does not declare.",
        claims: &["tid", "oid", "upn"],
        facts: &[Fact { name: "known", summary: "It is known.", kind: FactKind::Boolean }],
        settings: &[CLAIM, FACT, AT_ONCE, FORGETFUL],
        rules: &[Rule {
            name: "nothing_against_it",
            summary: "Neither the claim nor the fact is there.",
            check: |policy, token| {
                if !policy.at_once && token.claim("upn").is_none() {
                    return Finding::Skip;
                }
                let absent = |claim: &str| claim == "oid" || token.claim(claim).is_none();
                let unknown = token.fact(&policy.fact).is_none();
                Finding::require(absent(&policy.claim) && unknown, REFUSED.denial())
            },
        }],
        reasons: &[REFUSED],
        host_reasons: &[],
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let (claim, fact) = (settings.text(&CLAIM), settings.text(&FACT));
        let at_once = settings.boolean(&OTHER_AT_ONCE);
        if settings.boolean(&FORGETFUL)? {
            settings.boolean(&FORGOTTEN)?;
        }
        Some(Self { claim: claim?, fact: fact?, at_once: at_once? })
    }

    fn principal(&self, _: &Token<'_>) -> Principal {
        Principal::of_user()
    }
}
