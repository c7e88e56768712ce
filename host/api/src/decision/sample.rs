//! Decisions as plain as they can be, for the tests of those who handle decisions.

use std::sync::Arc;

use uuid::Uuid;

use super::{Blame, Decision, Denial, Fault, Identity, Outcome, Presentation, Retry, Ruling};

/// A ruling of this outcome; reason and blame count where the outcome has them.
pub fn ruling(outcome: Outcome, reason: &str, blame: Blame) -> Ruling {
    let identity = Identity::default();
    let fault = || Fault {
        reason: reason.to_owned(),
        blame,
        title: String::new(),
        detail: String::new(),
        remedy: String::new(),
        presentation: presentation(),
    };
    match outcome {
        Outcome::Allow => Ruling::Allow { identity },
        Outcome::Ask => Ruling::Ask { identity, asks: vec!["account.exists".to_owned()] },
        Outcome::Deny => Ruling::Deny(Denial {
            reason: reason.to_owned(),
            blame,
            observed: Vec::new(),
            expected: Vec::new(),
            title: String::new(),
            remedy: String::new(),
            presentation: presentation(),
        }),
        Outcome::Invalid => Ruling::Invalid(fault()),
        Outcome::Failed => Ruling::Failed(fault()),
    }
}

/// A decision of a gate without a release.
pub fn decision(gate: &str, decision_id: Uuid, ruling: Ruling) -> Decision {
    Decision {
        id: None,
        decision_id,
        ruling,
        gate: Arc::from(gate),
        policy: None,
        generation: None,
        token_version: None,
        signature: None,
        duration_us: 0,
        trace: Vec::new(),
    }
}

fn presentation() -> Presentation {
    Presentation {
        error_id: "sample".to_owned(),
        http_status: 400,
        user_message: String::new(),
        retry: Retry::No,
        fallback: None,
        mdm_fault: None,
    }
}
