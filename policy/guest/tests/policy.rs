//! A policy with one rule of each kind: what it answers, and in which order.
#![cfg(test)]

use admit_guest::contract::{
    Field, Outcome, Question, Request, SettingError, SettingKind, Value, Verdict,
};
use admit_guest::{
    About, Absent, Entry, Fact, FactKind, Finding, Kind, Policy, Presentation, Principal, Reason,
    Retry, Rule, Setting, Settings, Token, join,
};

const GREETING: Setting = setting("greeting", Kind::Text, Absent::Refused);
const LIMIT: Setting = setting("limit", Kind::Integer, Absent::Integer(3));
const MODE: Setting = setting("mode", Kind::Choice(&["a", "b"]), Absent::Text("b"));
const TAGS: Setting = setting(
    "tags",
    Kind::Texts(Entry { noun: "tag", activity: "tag", detail: "tag" }),
    Absent::Texts(&["x", "y"]),
);

admit_guest::names! {
    /// What `Sample` sees of a token.
    CLAIMS: TID = "tid", OID = "oid", UPN = "upn", X = "x";
}

const fn setting(name: &'static str, kind: Kind, absent: Absent) -> Setting {
    Setting { name, title: "Title", help: "Help.", kind, absent }
}

const REFUSED: Reason = Reason {
    code: "refused",
    title: "Refused.",
    remedy: "Do something.",
    presentation: Presentation {
        error_id: "sample.refused",
        http_status: 403,
        user_message: "",
        retry: Retry::No,
        fallback: None,
        mdm_fault: None,
    },
};

/// What was configured, for a look.
#[derive(Debug, PartialEq)]
struct Sample {
    greeting: String,
    limit: i64,
    mode: &'static str,
    tags: Vec<String>,
}

impl Policy for Sample {
    const ABOUT: About<Self> = About {
        name: "sample",
        version: "1.2.3",
        summary: "A sample.",
        claims: CLAIMS,
        facts: &[Fact { name: "known", summary: "It is known.", kind: FactKind::Boolean }],
        settings: &[GREETING, LIMIT, MODE, TAGS],
        rules: &[
            Rule { name: "never", summary: "Never applies.", check: |_, _| Finding::Skip },
            Rule {
                name: "no_x",
                summary: "There is no `x`.",
                check: |_, token| {
                    let denial = REFUSED.denial().claims(&[X]).settings(&["mode"]);
                    Finding::require(token.claim(X).is_none(), denial)
                },
            },
            Rule {
                name: "known",
                summary: "It is known.",
                check: |_, token| match token.flag("known") {
                    None => Finding::Ask(vec!["known"]),
                    Some(known) => Finding::require(known, REFUSED.denial().facts(&["known"])),
                },
            },
            Rule { name: "last", summary: "Always passes.", check: |_, _| Finding::Pass },
        ],
        reasons: &[REFUSED],
        host_reasons: &[Reason { code: "token.expired", ..REFUSED }],
    };

    fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let greeting = settings.text(&GREETING);
        let limit = settings.integer(&LIMIT);
        let mode = settings.choice(&MODE);
        let tags = settings.list(&TAGS, |tag| match tag.len() {
            1 => Ok(tag.to_owned()),
            _ => Err(admit_guest::says(tag, "is too long")),
        });
        Some(Self { greeting: greeting?, limit: limit?, mode: mode?, tags: tags? })
    }

    fn principal(&self, token: &Token<'_>) -> Principal {
        Principal::of_user().label("user_name", token.first_filled(&[UPN, OID]))
    }
}

fn text(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: Value::Text(value.into()) }
}

fn known(known: bool) -> Field {
    Field { name: "known".into(), value: Value::Boolean(known) }
}

fn decide(claims: Vec<Field>, facts: Vec<Field>) -> (Verdict, Vec<Outcome>) {
    let sample = Sample::configured(&[text("greeting", "hello")]).unwrap();
    let decision = sample.decide(&Request { claims, facts, now: 1, trace: true });
    (decision.verdict, decision.trace.iter().map(|step| step.outcome).collect())
}

#[test]
fn allows_when_every_rule_passes_or_does_not_apply() {
    let claims = vec![text(TID, "t"), text("oid", "o"), text("upn", "")];
    let (verdict, trace) = decide(claims, vec![known(true)]);
    let Verdict::Allow(principal) = verdict else { panic!("{verdict:?}") };
    let named = principal.attributes.iter().map(|a| (a.name.as_str(), a.claim.as_str()));
    let expected = [("tenant_id", "tid"), ("object_id", "oid"), ("user_name", "oid")];
    assert!(named.eq(expected), "an empty `upn` counts as absent: {principal:?}");
    assert_eq!(trace, [Outcome::Skipped, Outcome::Passed, Outcome::Passed, Outcome::Passed]);
}

#[test]
fn stops_at_the_first_refusal() {
    let (verdict, trace) = decide(vec![text("x", "1")], vec![known(false)]);
    let Verdict::Deny(denial) = verdict else { panic!("{verdict:?}") };
    assert_eq!(denial.reason, "refused");
    assert_eq!(
        (denial.claims, denial.settings, denial.facts.len()),
        (vec!["x".into()], vec!["mode".into()], 0)
    );
    assert_eq!(trace, [Outcome::Skipped, Outcome::Failed, Outcome::Skipped, Outcome::Skipped]);
}

#[test]
fn asks_before_the_rules_behind() {
    let (verdict, trace) = decide(vec![text("tid", "t"), text("oid", "o")], vec![]);
    let Verdict::Ask(Question { facts, principal }) = verdict else { panic!("{verdict:?}") };
    assert_eq!(facts, ["known"]);
    assert_eq!(principal.attributes.len(), 3);
    assert_eq!(trace, [Outcome::Skipped, Outcome::Passed, Outcome::Asked, Outcome::Skipped]);
}

#[test]
fn a_fact_of_another_type_is_not_known() {
    let (verdict, _) = decide(vec![], vec![text("known", "true")]);
    assert!(matches!(verdict, Verdict::Ask(_)));
}

/// The message with which a read of what the tables of `Sample` do not declare panics.
fn read<'a, T>(request: &'a Request, read: impl Fn(&Token<'a>) -> T) -> String {
    let token = Token::of::<Sample>(request);
    let read = std::panic::AssertUnwindSafe(|| read(&token));
    let panic = std::panic::catch_unwind(read).err().expect("it was read");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn a_name_that_no_table_declares_cannot_be_read() {
    // Neither when the request lacks it nor when it has it.
    let with = Request {
        claims: vec![text("cnf", "k")],
        facts: vec![text("other", "f")],
        now: 1,
        trace: false,
    };
    let without = Request { claims: vec![], facts: vec![], ..with.clone() };
    for request in [&with, &without] {
        let claim = "the policy reads claim `cnf`, which its table `claims` does not declare; add it \
                     there, or no request would ever have it";
        assert_eq!(read(request, |token| token.claim("cnf")), claim);
        assert_eq!(read(request, |token| token.text("cnf")), claim);
        assert_eq!(read(request, |token| token.guid("cnf")), claim);
        assert_eq!(read(request, |token| token.first_filled(&["oid", "cnf"])), claim);
        let fact = claim.replace("claim `cnf`", "fact `other`").replace("`claims`", "`facts`");
        assert_eq!(read(request, |token| token.fact("other")), fact);
        assert_eq!(read(request, |token| token.flag("other")), fact);
        assert!(read(request, |token| token.audience()).contains("claim `aud`"));
        assert!(read(request, |token| token.version()).contains("claim `ver`"));
        assert!(read(request, |token| token.is_app_only()).contains("claim `idtyp`"));
    }
}

#[test]
fn a_claim_is_read_as_its_kind_alone() {
    let field = |name: &str, value: Value| Field { name: name.into(), value };
    let value = |value: Value| Request {
        claims: vec![field(X, value)],
        facts: vec![],
        now: 1,
        trace: false,
    };
    let kinds = |request: &Request| {
        let token = Token::of::<Sample>(request);
        let json = token.json(X).and_then(|json| json.member("kid")?.text().map(String::from));
        (
            token.text(X).is_some(),
            token.texts(X).is_some(),
            token.integer(X),
            token.boolean(X),
            json,
        )
    };
    let none = (false, false, None, None, None);
    for (claim, expected) in [
        (Value::Text("{}".into()), (true, false, None, None, None)),
        (Value::Texts(vec![]), (false, true, None, None, None)),
        (Value::Integer(7), (false, false, Some(7), None, None)),
        (Value::Boolean(true), (false, false, None, Some(true), None)),
        (Value::Json(r#"{"kid":"k"}"#.into()), (false, false, None, None, Some("k".to_owned()))),
        (Value::Json("1.5".into()), none.clone()),
        (Value::Json("{".into()), none.clone()),
    ] {
        assert_eq!(kinds(&value(claim.clone())), expected, "{claim:?}");
    }
}

#[test]
fn a_next_version_asks_the_one_before() {
    struct Next {
        before: Sample,
    }

    const BEFORE: About<Next> = Sample::ABOUT.next("2.0.0");
    const STRICT: Rule<Next> = Rule {
        name: "no_x",
        summary: "There is no `x` for a limit of 3.",
        check: |policy, token| {
            let denial = REFUSED.denial().claims(&[X]);
            Finding::require(policy.before.limit != 3 || token.claim(X).is_none(), denial)
        },
    };
    const EXTRA: Rule<Next> =
        Rule { name: "extra", summary: "Nothing.", check: |_, _| Finding::Skip };

    impl Policy for Next {
        const ABOUT: About<Self> = About {
            claims: join!(BEFORE.claims, ["extra"] after "oid"),
            settings: join!(BEFORE.settings, [Setting { absent: Absent::Integer(4), ..LIMIT }]),
            rules: join!(BEFORE.rules, [EXTRA, STRICT] after "no_x"),
            ..BEFORE
        };

        fn configure(settings: &mut Settings<'_>) -> Option<Self> {
            Some(Self { before: Sample::configure(settings)? })
        }

        fn principal(&self, token: &Token<'_>) -> Principal {
            self.before.principal(token)
        }
    }

    impl AsRef<Sample> for Next {
        fn as_ref(&self) -> &Sample {
            &self.before
        }
    }

    assert_eq!((Next::ABOUT.name, Next::ABOUT.version), ("sample", "2.0.0"));
    assert_eq!(Next::ABOUT.claims, [TID, OID, "extra", UPN, X]);
    let names: Vec<_> = Next::ABOUT.rules.iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["never", "no_x", "extra", "known", "last"]);
    assert_eq!(BEFORE.rules.len(), Sample::ABOUT.rules.len());
    let decided = |settings: &[Field], claims: Vec<Field>| {
        let next = Next::configured(settings).unwrap_or_else(|errors| panic!("{errors:?}"));
        next.decide(&Request { claims, facts: vec![known(true)], now: 1, trace: true })
    };
    let claims = || vec![text(TID, "t"), text(OID, "o"), text(X, "1")];
    // The default of the new table counts for the version before too.
    let decision = decided(&[text("greeting", "hello")], claims());
    assert!(matches!(decision.verdict, Verdict::Allow(_)), "{decision:?}");
    let limit = Field { name: "limit".into(), value: Value::Integer(3) };
    let decision = decided(&[text("greeting", "hello"), limit], claims());
    assert!(matches!(&decision.verdict, Verdict::Deny(denial) if denial.settings.is_empty()));
    let steps: Vec<_> = decision.trace.iter().map(|step| (&*step.rule, step.outcome)).collect();
    assert_eq!(
        steps[..3],
        [("never", Outcome::Skipped), ("no_x", Outcome::Failed), ("extra", Outcome::Skipped),]
    );
}

#[test]
fn a_setting_that_the_table_does_not_declare_is_refused() {
    const OTHER: Setting = setting("other", Kind::Choice(&["a"]), Absent::Text("a"));
    let fields = [text("other", "a")];
    for fields in [&fields[..], &[]] {
        let mut settings = Settings::of::<Sample>(fields);
        assert_eq!((settings.choice(&OTHER), settings.text(&OTHER)), (None, None));
        assert_eq!(settings.list(&OTHER, |text| Ok(text.len())), None);
    }
}

#[test]
fn the_table_says_what_counts_when_a_setting_is_left_out() {
    const LENIENT: Setting = Setting { absent: Absent::Integer(9), ..LIMIT };
    const WIDE: Setting = Setting { kind: Kind::Choice(&["c"]), ..MODE };
    let mut settings = Settings::of::<Sample>(&[]);
    assert_eq!((settings.integer(&LENIENT), settings.choice(&WIDE)), (Some(3), Some("b")));
}

#[test]
fn leaves_the_trace_out_unless_asked_for() {
    let sample = Sample::configured(&[text("greeting", "hello")]).unwrap();
    let request = Request { claims: vec![], facts: vec![known(false)], now: 1, trace: false };
    let decision = sample.decide(&request);
    assert!(decision.trace.is_empty());
    assert!(matches!(decision.verdict, Verdict::Deny(_)));
}

#[test]
fn takes_defaults_from_the_description() {
    let sample = Sample::configured(&[text("greeting", "hello")]).unwrap();
    let tags = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(sample, Sample { greeting: "hello".into(), limit: 3, mode: "b", tags });
}

#[test]
fn says_all_that_is_wrong_with_the_settings() {
    let tags = Value::Texts(["x", "long\u{1b}", "x"].map(String::from).into());
    let settings = [
        text("greeting", ""),
        text("limit", "3"),
        text("mode", "c"),
        Field { name: "tags".into(), value: tags },
    ];
    let refused = Sample::configured(&settings).err().unwrap();
    let error = |setting: &str, value: Option<&str>, message: &str| SettingError {
        setting: setting.into(),
        value: value.map(Into::into),
        message: message.into(),
    };
    assert_eq!(
        refused,
        [
            error("greeting", Some(""), "expected a text that is not empty"),
            error("limit", None, "value of another type; expected a whole number"),
            error("mode", Some("c"), "`c` is not accepted; expected `a` or `b`"),
            error("tags", Some("long\u{1b}"), "`long\u{fffd}` is too long"),
            error("tags", Some("x"), "`x` stands in the list twice"),
        ]
    );
}

#[test]
fn bounds_what_a_message_shows() {
    let message = admit_guest::says(&"\u{e9}".repeat(65), "is too long");
    assert_eq!(message, format!("`{}\u{2026}` is too long", "\u{e9}".repeat(64)));
}

#[test]
fn describes_the_tables() {
    let about = Sample::describe();
    assert_eq!((&*about.name, &*about.version), ("sample", "1.2.3"));
    let required: Vec<_> = about.settings.iter().map(|setting| setting.required).collect();
    assert_eq!(required, [true, false, false, false]);
    assert_eq!(about.settings[1].default, Some(Value::Integer(3)));
    assert_eq!(about.settings[2].kind, SettingKind::Choice(vec!["a".into(), "b".into()]));
    assert_eq!(about.settings[3].entry.as_ref().map(|entry| &*entry.noun), Some("tag"));
    let codes: Vec<_> = about.reasons.iter().map(|reason| &*reason.code).collect();
    assert_eq!(codes, ["refused", "token.expired"]);
}

/// The runner of case files, on files with something wrong.
#[cfg(feature = "testing")]
mod testing {
    use admit_guest::testing::{run, run_all};
    use admit_guest::{About, Finding, Policy, Principal, Reason, Rule, Settings, Token};

    use super::REFUSED;

    fn file(cases: &str) -> String {
        let head = r#"{"policy": "sample", "version": "=1.2.3", "now": 0, "base": "b",
            "settings": {"greeting": "hello"},
            "bases": {"b": {"claims": {"tid": "t", "oid": "o"}}}, "cases": ["#;
        format!("{head}{cases}]}}")
    }

    const ALLOW: &str = r#"{"name": "a", "facts": {"known": true},
        "expect": {"allow": {"user_name": "o", "user_name_claim": "oid"}}}"#;
    const DENY: &str = r#"{"name": "d", "claims": {"x": 1}, "expect": {"deny": "refused"}}"#;
    const ASK: &str = r#"{"name": "k", "expect": {"ask": ["known"]}}"#;

    /// The rules that refuse nothing in any case.
    const IDLE: [&str; 2] =
        ["no case is stopped by the rule `never`", "no case is stopped by the rule `last`"];

    #[test]
    fn finds_nothing_wrong_with_good_cases() {
        assert_eq!(run::<super::Sample>(&file(&[ALLOW, DENY, ASK].join(","))), IDLE);
    }

    #[test]
    fn tells_a_case_that_comes_out_otherwise() {
        let other_name = ALLOW.replace("\"o\"", "\"p\"");
        let other_reason = DENY.replace("refused", "other");
        let other_fact = ASK.replace("[\"known\"]", "[]");
        let other_outcome = ASK.replace("{\"ask\": [\"known\"]}", "\"allow\"");
        for case in [other_name, other_reason, other_fact, other_outcome] {
            let case = case.replace("\"name\": \"", "\"name\": \"another ");
            let faults = run::<super::Sample>(&file(&[ALLOW, DENY, ASK, &case].join(",")));
            assert_eq!(faults.len(), 3, "{faults:?}");
            assert!(faults[0].contains(": expected "), "{faults:?}");
        }
    }

    #[test]
    fn tells_a_fact_that_the_policy_does_not_have() {
        let case = ALLOW.replace("\"known\": true", "\"known\": true, \"now\": true");
        let faults = run::<super::Sample>(&file(&[DENY, ASK, &case].join(",")));
        assert!(
            faults[0].ends_with("passes fact `now`, which the policy does not have"),
            "{faults:?}"
        );
    }

    #[test]
    fn tells_a_setting_that_the_policy_does_not_have() {
        let case = ALLOW.replace("\"facts\"", r#""settings": {"tag": ["x"]}, "facts""#);
        let faults = run::<super::Sample>(&file(&[DENY, ASK, &case].join(",")));
        assert!(
            faults[0].ends_with("configures setting `tag`, which the policy does not have"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_failed_case_names_claims_the_policy_does_not_ask_for() {
        let case = DENY
            .replace("\"x\": 1", r#""cnf": {"kid": "k"}, "exp": 9, "upn": "u""#)
            .replace("\"name\"", r#""facts": {"known": true}, "name""#);
        let faults = run::<super::Sample>(&file(&[ALLOW, ASK, &case].join(",")));
        assert!(
            faults[0].ends_with("; claims of the case that the policy does not ask for: `cnf`"),
            "{faults:?}"
        );
    }

    #[test]
    fn tells_reasons_without_a_case() {
        let faults = run::<super::Sample>(&file(ALLOW));
        assert!(faults.contains(&"no case is refused for `refused`".into()), "{faults:?}");
    }

    #[test]
    fn tells_an_identity_that_the_token_does_not_carry() {
        let case = ALLOW.replace("\"facts\"", r#""claims": {"tid": 7}, "facts""#);
        let faults = run::<super::Sample>(&file(&[DENY, ASK, &case].join(",")));
        assert_eq!(faults[0], "line 3: a: claim `tid` cannot fill `tenant_id`");
    }

    /// Reads a claim that it does not declare, if the token has another one.
    struct Slip;

    impl Policy for Slip {
        const ABOUT: About<Self> = About {
            name: "sample",
            version: "1.2.3",
            summary: "A slip.",
            claims: &["tid", "oid", "upn"],
            facts: &[],
            settings: &[],
            rules: &[Rule {
                name: "bearer",
                summary: "Not bound.",
                check: |_, token| match token.text("upn") {
                    Some(_) => Finding::require(token.claim("cnf").is_none(), REFUSED.denial()),
                    None => Finding::Skip,
                },
            }],
            reasons: &[REFUSED],
            host_reasons: &[Reason { code: "expired", ..REFUSED }],
        };

        fn configure(_: &mut Settings<'_>) -> Option<Self> {
            Some(Self)
        }

        fn principal(&self, _: &Token<'_>) -> Principal {
            Principal::of_user()
        }
    }

    #[test]
    fn tells_a_name_that_is_read_but_not_declared() {
        let file = r#"{"policy": "sample", "now": 0, "base": "entra-v1", "cases": [
            {"name": "bound", "claims": {"cnf": {"kid": "k"}}, "expect": {"deny": "refused"}}]}"#;
        let faults = run::<Slip>(file);
        assert_eq!(faults[0], "host_reasons: `expired` is no code of the host");
        assert!(
            faults[1]
                .contains("bound: the policy reads claim `cnf`, which its table `claims` does not")
                && faults[1].ends_with("that the policy does not ask for: `cnf`"),
            "{faults:?}"
        );
    }

    /// Panics over a user, or while it is configured.
    struct Panics;

    impl Policy for Panics {
        const ABOUT: About<Self> = About {
            rules: &[Rule {
                name: "user",
                summary: "The user is an ordinary one.",
                check: |_, token| {
                    assert!(token.text("upn") != Some("odd"), "an odd user");
                    Finding::Pass
                },
            }],
            settings: &[super::LIMIT],
            host_reasons: &[],
            ..Slip::ABOUT.next("1.2.3")
        };

        fn configure(settings: &mut Settings<'_>) -> Option<Self> {
            let limit = settings.integer(&super::LIMIT)?;
            assert!(limit < 100, "an odd limit");
            Some(Self)
        }

        fn principal(&self, _: &Token<'_>) -> Principal {
            Principal::of_user()
        }
    }

    impl AsRef<Slip> for Panics {
        fn as_ref(&self) -> &Slip {
            &Slip
        }
    }

    #[test]
    fn tells_a_panic_with_its_message_and_goes_on() {
        let file = r#"{"policy": "sample", "now": 0, "base": "entra-v1", "settings": {}, "cases": [
            {"name": "odd", "claims": {"upn": "odd"}, "expect": "allow"},
            {"name": "large", "settings": {"limit": 100}, "expect": "allow"},
            {"name": "even", "claims": {"upn": "even"}, "expect": {"deny": "refused"}}]}"#;
        let faults = run::<Panics>(file);
        let expected = |line: u32, case: &str, doing: &str, message: &str| {
            format!(
                "line {line}: {case}: the policy panicked while it {doing}: {message}; in a component the \
                 decision fails (`policy.failed`), without the message"
            )
        };
        assert_eq!(faults[0], expected(2, "odd", "decided", "an odd user"));
        assert_eq!(faults[1], expected(3, "large", "was configured", "an odd limit"));
        assert!(faults[2].starts_with("line 4: even: expected deny refused"), "{faults:?}");
    }

    #[test]
    fn tells_the_file_of_a_fault_of_several() {
        let (good, bad) = (file(&[DENY, ASK].join(",")), file(&ALLOW.replace("\"o\"", "\"p\"")));
        let faults = run_all::<super::Sample>(&[("before.yaml", &good), ("own.yaml", &bad)]);
        assert!(faults[0].starts_with("own.yaml: line 3: a: expected allow"), "{faults:?}");
        assert_eq!(faults[1..], IDLE, "the cases of both count");
    }

    #[test]
    fn tells_files_that_are_not_for_this_policy() {
        let faults = run::<super::Sample>(&file(ALLOW).replace("1.2.3", "2.0.0"));
        assert_eq!(faults[0], "the file is for another policy or version");
        assert!(run::<super::Sample>("{}")[0].contains("policy"));
    }
}
