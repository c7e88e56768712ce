//! What must hold for every policy and every decision, as `wit/policy.wit` says.

use std::collections::BTreeSet;

use crate::contract::{Decision, Denial, Outcome, Principal, Question, Request, Value, Verdict};
use crate::{Finding, Policy, Rule, Token, fault};

/// What is wrong with the tables: what a host would refuse, and what it would show badly.
pub(super) fn tables<P: Policy>() -> Vec<String> {
    let mut faults: Vec<_> = fault(&P::ABOUT).iter().map(|fault| fault.text().to_owned()).collect();
    let reasons = P::ABOUT.reasons.iter().chain(P::ABOUT.host_reasons);
    let bare = reasons.filter(|reason| reason.title.is_empty() || reason.remedy.is_empty());
    faults.extend(bare.map(|reason| format!("reason `{}` has no title or no remedy", reason.code)));
    faults.extend(owners::<P>());
    faults
}

/// Reasons in the wrong table: the host would not take its own code from a policy, nor present a code
/// that it does not have.
fn owners<P: Policy>() -> Vec<String> {
    let of_host = |reason: &&crate::Reason| {
        ["token.", "keys.", "policy.", "gate."].iter().any(|start| reason.code.starts_with(start))
    };
    let own = P::ABOUT.reasons.iter().filter(of_host);
    let own = own.map(|reason| format!("reasons: `{}` is a code of the host", reason.code));
    let others = P::ABOUT.host_reasons.iter().filter(|reason| !of_host(reason));
    own.chain(
        others.map(|reason| format!("host_reasons: `{}` is no code of the host", reason.code)),
    )
    .collect()
}

/// What is wrong with a decision on this request.
pub(super) fn decision<P: Policy>(request: &Request, decision: &Decision) -> Vec<String> {
    let mut faults = match &decision.verdict {
        Verdict::Allow(who) => principal(request, who),
        Verdict::Ask(ask) => question::<P>(request, ask),
        Verdict::Deny(refusal) => denial::<P>(refusal),
    };
    let steps = decision.trace.iter().map(|step| &*step.rule);
    if !steps.eq(P::ABOUT.rules.iter().map(|rule| rule.name)) {
        faults.push("the trace does not follow the rules".into());
    }
    let steps = |outcome| decision.trace.iter().filter(|step| step.outcome == outcome).count();
    if steps(Outcome::Failed) != usize::from(matches!(decision.verdict, Verdict::Deny(_)))
        || steps(Outcome::Asked) != usize::from(matches!(decision.verdict, Verdict::Ask(_)))
    {
        faults.push("the trace does not tell the rule that decided".into());
    }
    faults
}

fn principal(request: &Request, principal: &Principal) -> Vec<String> {
    let attributes = &principal.attributes;
    let has = |name, claim| attributes.iter().any(|a| a.name == name && a.claim == claim);
    let mut faults = Vec::new();
    if !has("tenant_id", "tid") || !has("object_id", "oid") {
        faults.push("the principal has no identity".into());
    }
    let unusable = attributes.iter().filter(|attribute| {
        let mut claims = request.claims.iter();
        let claim = claims.find(|claim| claim.name == attribute.claim);
        !matches!(claim.map(|claim| &claim.value), Some(Value::Text(text)) if is_shown(text))
    });
    faults.extend(unusable.map(|a| format!("claim `{}` cannot fill `{}`", a.claim, a.name)));
    faults
}

fn is_shown(text: &str) -> bool {
    (1..=1024).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn question<P: Policy>(request: &Request, question: &Question) -> Vec<String> {
    let mut faults = principal(request, &question.principal);
    let facts: Vec<_> = P::ABOUT.facts.iter().map(|fact| fact.name).collect();
    faults.extend(unknown("fact", &question.facts, &facts));
    let carried = request.facts.iter().any(|fact| question.facts.contains(&fact.name));
    if question.facts.is_empty() || carried {
        faults.push("asks for nothing, or for a fact that the request carried".into());
    }
    faults
}

fn denial<P: Policy>(denial: &Denial) -> Vec<String> {
    let reasons: Vec<_> = P::ABOUT.reasons.iter().map(|reason| reason.code).collect();
    let settings: Vec<_> = P::ABOUT.settings.iter().map(|setting| setting.name).collect();
    let facts: Vec<_> = P::ABOUT.facts.iter().map(|fact| fact.name).collect();
    let mut faults = unknown("reason", std::slice::from_ref(&denial.reason), &reasons);
    faults.extend(unknown("claim", &denial.claims, P::ABOUT.claims));
    faults.extend(unknown("setting", &denial.settings, &settings));
    faults.extend(unknown("fact", &denial.facts, &facts));
    faults
}

fn unknown(what: &str, names: &[String], known: &[&str]) -> Vec<String> {
    let unknown = names.iter().filter(|name| !known.contains(&name.as_str()));
    unknown.map(|name| format!("{what} `{name}` is not described")).collect()
}

/// What the cases have shown.
#[derive(Default)]
pub(super) struct Coverage {
    reasons: BTreeSet<String>,
    rules: BTreeSet<&'static str>,
}

impl Coverage {
    pub(super) fn note<P: Policy>(&mut self, policy: &P, request: &Request, decision: &Decision) {
        if let Verdict::Deny(denial) = &decision.verdict {
            self.reasons.insert(denial.reason.clone());
        }
        let token = Token::of::<P>(request);
        let stops = |rule: &&Rule<P>| {
            matches!((rule.check)(policy, &token), Finding::Deny(_) | Finding::Ask(_))
        };
        self.rules.extend(P::ABOUT.rules.iter().find(stops).map(|rule| rule.name));
    }

    pub(super) fn missing<P: Policy>(&self) -> Vec<String> {
        let reasons = P::ABOUT.reasons.iter().map(|reason| reason.code);
        let rules = P::ABOUT.rules.iter().map(|rule| rule.name);
        let reasons = reasons.filter(|code| !self.reasons.contains(*code));
        let rules = rules.filter(|rule| !self.rules.contains(*rule));
        reasons
            .map(|code| format!("no case is refused for `{code}`"))
            .chain(rules.map(|rule| format!("no case is stopped by the rule `{rule}`")))
            .collect()
    }
}
