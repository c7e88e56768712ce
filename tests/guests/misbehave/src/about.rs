//! What the policy says of itself. The texts are unlike any other, so that tests find them in the
//! component and put bad ones in their place.

use crate::bindings::contract::{
    Description, Fact, FactKind, Presentation, Reason, Retry, Rule, Setting, SettingKind,
};

pub(crate) fn description() -> Description {
    Description {
        name: "misbehave".into(),
        version: "1.0.0-guest".into(),
        summary: "Misbehaves on demand.".into(),
        claims: ["tid", "oid", "upn", "mode", "groups"].map(Into::into).into(),
        facts: ["account.exists", "account.bot"].map(fact).into(),
        settings: vec![mode()],
        rules: ["first_rule", "second_rule"].map(rule).into(),
        reasons: ["misbehaved", "called_before", "token.expired"].map(reason).into(),
    }
}

fn fact(name: &str) -> Fact {
    Fact { name: name.into(), summary: "A fact.".into(), kind: FactKind::Boolean }
}

fn mode() -> Setting {
    Setting {
        name: "mode".into(),
        title: "Mode".into(),
        help: "What `configure` does.".into(),
        kind: SettingKind::Text,
        required: false,
        default: None,
        entry: None,
    }
}

fn rule(name: &str) -> Rule {
    Rule { name: name.into(), summary: "A rule.".into() }
}

fn reason(code: &str) -> Reason {
    Reason {
        code: code.into(),
        title: "It misbehaved.".into(),
        remedy: "Do not use this policy.".into(),
        presentation: Presentation {
            error_id: code.into(),
            http_status: 403,
            user_message: String::new(),
            retry: Retry::No,
            fallback: None,
            mdm_fault: None,
        },
    }
}
