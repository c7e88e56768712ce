//! Case files: what they come to, and where what is wrong with them.

#![cfg(test)]

use admit_cases::section::{self, PackedError, PackedFile};
use admit_cases::{Came, Case, CaseError, CaseFile, ISSUER, MAX_CASE_FILE_BYTES};
use serde_json::json;

const HEAD: &str = "policy: p\nsettings: {a: 1, list: [x]}\nbase: entra-v2\n";

fn cases(text: &str) -> Vec<Case> {
    CaseFile::parse(text).unwrap().cases().unwrap()
}

fn error(text: &str) -> String {
    match CaseFile::parse(text).and_then(|file| file.cases()) {
        Ok(cases) => panic!("{} cases", cases.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_case_starts_from_its_base_and_changes_it() {
    let text = format!(
        "{HEAD}now: 2026-01-01T00:00:00Z
bases:
  mine: {{from: entra-v1, claims: {{scp: x, upn: null}}}}
cases:
  - name: changed
    base: mine
    claims: {{tid: t, acr: null}}
    settings: {{a: null, b: true}}
    facts: {{account.exists: true}}
    expect: allow
    max_fuel: 7
"
    );
    let case = &cases(&text)[0];
    assert_eq!((case.line, case.now, case.max_fuel), (8, 1_767_225_600, Some(7)));
    assert_eq!(case.settings, json!({"list": ["x"], "b": true}).as_object().cloned());
    assert_eq!(case.facts, json!({"account.exists": true}).as_object().cloned().unwrap());
    let claim = |name: &str| case.claims.get(name).and_then(|value| value.as_str());
    assert_eq!(claim("iss"), Some(ISSUER));
    assert_eq!((claim("tid"), claim("scp"), claim("ver")), (Some("t"), Some("x"), Some("1.0")));
    assert_eq!((claim("upn"), claim("acr")), (None, None));
    assert_eq!(case.claims["exp"], 1_767_225_600 + 4_200);
}

#[test]
fn a_matrix_is_every_combination_of_its_axes() {
    let text = format!(
        "{HEAD}cases:
  - name: m
    claims: {{tid: t}}
    matrix:
      version: {{v1: {{base: entra-v1}}, v2: {{}}}}
      oid: {{upper: {{claims: {{oid: A}}}}, none: {{claims: {{oid: null}}, expect: {{deny: r}}}}}}
    expect: allow
"
    );
    let cases = cases(&text);
    let seen: Vec<_> = cases
        .iter()
        .map(|case| {
            let (ver, oid) = (&case.claims["ver"], case.claims.get("oid"));
            (case.name.as_str(), ver.clone(), oid.cloned(), case.expect.outcome())
        })
        .collect();
    let upper = Some(json!("A"));
    assert_eq!(
        seen,
        [
            ("m [v1, upper]", json!("1.0"), upper.clone(), "allow"),
            ("m [v1, none]", json!("1.0"), None, "deny"),
            ("m [v2, upper]", json!("2.0"), upper, "allow"),
            ("m [v2, none]", json!("2.0"), None, "deny"),
        ]
    );
    assert!(cases.iter().all(|case| case.claims["tid"] == "t"));
}

#[test]
fn json_is_read_by_the_same_parser() {
    let file = json!({
        "policy": "p", "base": "entra-v2", "settings": {},
        "cases": [{"name": "n", "expect": {"ask": ["f"], "identity": {"user_name": null}}}],
    });
    let case = &cases(&serde_json::to_string_pretty(&file).unwrap())[0];
    assert_eq!(case.expect.to_string(), "ask for f; no user_name");
    assert!(case.line > 1);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let one = |case: &str| format!("{HEAD}cases:\n  - {case}\n");
    let rows = [
        ("polcy: p\ncases: []\n".to_owned(), "line 1, column 1: `polcy` is unknown; did you mean `policy`?"),
        ("policy: p\ncase: []\n".to_owned(), "line 2, column 1: `case` is unknown; did you mean `cases`?"),
        (one("{name: n, expct: allow}"), "line 5, column 15: `cases[0].expct` is unknown; did you mean `expect`?"),
        (one("{name: n, expect: allow, base: other}"), "line 5: case `n`: base `other`: there is no such set of claims; expected one of entra-v1, entra-v2"),
        (one("{name: n, expect: allow, max_fuel: -1}"), "expected a whole number, not negative"),
        (one("{name: n, expect: allow, claims: tid}"), "expected names with values"),
        ("policy: p\nbases: {b: null}\ncases: []\n".to_owned(), "expected names with values"),
        ("policy: p\nbases: {b: }\ncases: []\n".to_owned(), "line 2"),
        (one("{name: n, expect: allow, matrix: {t: {x: null}}}"), "expected names with values"),
        (one("{name: n, expect: allow, matrix: {t: null}}"), "expected names with values"),
        (one("{name: n, expect: {ask: x}}"), "expected a list"),
        (one("{name: , expect: allow}"), "`cases[0].name` is nothing; expected a text"),
        (one("{name: n, name: n, expect: allow}"), "`cases[0].name` is there twice, first on line 5"),
        ("policy: p\ncases: []\n---\npolicy: p\n".to_owned(), "a second document; expected one"),
        (one(&format!("{{name: {}, expect: allow}}", "n".repeat(301))), "the name is longer than 300 characters"),
        (
            one(&format!("{{name: n, expect: allow, matrix: {{{}}}}}", (0..9).map(|axis| format!("a{axis}: {{v: {{}}}}, ")).collect::<String>())),
            "9 axes; expected at most 8",
        ),
        (one("{name: n}"), "line 5: case `n`: has no `expect`"),
        (one("{name: n, expect: {alow: {}}}"), "`cases[0].expect.alow` is unknown; did you mean `allow`?"),
        (one("{name: n, expect: {allow: {user: x}}}"), "`cases[0].expect.allow.user` is unknown; expected one of `tenant_id`, "),
        (one("{name: n, expect: {deny: r, invalid: c}}"), "expected `allow`, or one of"),
        (one("{name: n, expect: {allow: {}, claims: [a]}}"), "`claims`, `settings` and `facts` with `deny`"),
        (one("{name: n, expect: deny}"), "expected `allow`, or one of"),
        (one("{name: n, expect: allow, now: -1}"), "not before 1970"),
        (one("{name: n, expect: allow, matrix: {axis: {}}}"), "line 5: case `n`: axis `axis` has no variant"),
        (one("{name: n, expect: allow, expect: allow}"), "line 5"),
        (one("{name: n, expect: allow}\n  - {name: n, expect: allow}"), "line 6: case `n`: there is another case of this name"),
        ("policy: p\ncases: [{name: n, expect: allow}]\n".to_owned(), "case `n`: has no `base`"),
        ("policy: p\nbase: entra-v2\ncases: [{name: n, settings: {a: 1}, expect: allow}]\n".to_owned(), "changes settings, but the file has none to change"),
        ("policy: p\nversion: two\ncases: []\n".to_owned(), "line 2, column 10: `version`: `two`: "),
        ("policy: p\nbases: {entra-v1: {claims: {}}}\ncases: []\n".to_owned(), "base `entra-v1`: is built in"),
        ("policy: p\nbases: {a: {from: b}, b: {from: a}}\ncases: [{name: n, base: a, expect: allow}]\n".to_owned(), "more than 8 sets that build on one another"),
        ("policy: p\ncases: [\n".to_owned(), "line 2, column 8: unclosed bracket"),
        (String::new(), "`policy` is missing; expected the name of the policy (and 1 more)"),
    ];
    for (text, expected) in rows {
        let error = error(&text);
        assert!(error.contains(expected), "{text}\n{error}\n{expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let text = "polcy: p\nnow: x\ncases:\n  - {name: n, expct: allow}\n";
    let Err(CaseError::Form(problems)) = CaseFile::parse(text) else { panic!("another error") };
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "line 1, column 1: `polcy` is unknown; did you mean `policy`?",
            "line 2, column 6: `now` is the text `x`; expected seconds since 1970 or a time such as \
             2026-01-01T00:00:00Z, not before 1970",
            "line 4, column 15: `cases[0].expct` is unknown; did you mean `expect`?",
        ]
    );
}

#[test]
fn a_scalar_counts_as_the_text_that_stands_there() {
    let text = "policy: p\nversion: 1.10\nsettings:\nbase: entra-v1\n\
                cases: [{name: 007, base: , expect: {deny: yes}, facts: {a: yes, b: 7}}]\n";
    let file = CaseFile::parse(text).unwrap();
    assert_eq!(file.version.to_string(), "^1.10");
    let case = &file.cases().unwrap()[0];
    assert_eq!((case.name.as_str(), case.expect.to_string().as_str()), ("007", "deny yes"));
    assert_eq!(json!(case.facts), json!({"a": true, "b": 7}));
    assert_eq!(case.settings, None);
}

#[test]
fn a_file_is_bounded() {
    let large = " ".repeat(MAX_CASE_FILE_BYTES + 1);
    assert!(CaseFile::parse(&large).unwrap_err().to_string().contains("1048577 bytes"));
    assert!(CaseFile::from_bytes(large.as_bytes()).is_err());
    let axis: String = (0..100).map(|index| format!("v{index}: {{}}, ")).collect();
    let text = format!(
        "{HEAD}cases:\n  - name: n\n    expect: allow\n    matrix:\n      a: {{{axis}}}\n      b: {{{axis}}}\n"
    );
    assert_eq!(cases(&text).len(), 10_000);
    let text = format!("{text}      c: {{one: {{}}, two: {{}}}}\n");
    assert_eq!(error(&text), "line 5: the matrices make more than 10000 cases");
}

#[test]
fn what_a_small_file_expands_to_is_bounded_too() {
    let axis: String = (0..1_000).map(|index| format!("v{index}: {{}}, ")).collect();
    let large = "x".repeat(100_000);
    let text = format!(
        "{HEAD}cases:\n  - name: n\n    expect: allow\n    claims: {{big: {large}}}\n    matrix: {{a: {{{axis}}}}}\n"
    );
    assert_eq!(
        error(&text),
        "line 5: up to here names and values of the cases count for more than 64 MiB"
    );
}

#[test]
fn what_is_repeated_counts_before_it_is_made() {
    let axis: String = (0..5_000).map(|index| format!("v{index}: {{}}, ")).collect();
    let long = "x".repeat(100_000);
    let many = (0..5_000).map(|index| format!("c{index}: null, ")).collect::<String>();
    for case in [
        format!("{{name: n, expect: {{deny: {long}}}, matrix: {{a: {{{axis}}}}}}}"),
        format!("{{name: n, expect: allow, settings: {{s: {long}}}, matrix: {{a: {{{axis}}}}}}}"),
        format!("{{name: n, expect: allow, facts: {{f: {long}}}, matrix: {{a: {{{axis}}}}}}}"),
        format!("{{name: n, expect: allow, claims: {{{many}}}, matrix: {{a: {{{axis}}}}}}}"),
    ] {
        let error = error(&format!("{HEAD}cases:\n  - {case}\n"));
        assert_eq!(
            error,
            "line 5: up to here names and values of the cases count for more than 64 MiB"
        );
    }
}

#[test]
fn the_files_of_a_component_are_bounded_together() {
    let axis: String = (0..5_001).map(|index| format!("v{index}: {{}}, ")).collect();
    let text = format!("{HEAD}cases: [{{name: n, expect: allow, matrix: {{a: {{{axis}}}}}}}]\n");
    let pack = |files: &[PackedFile]| section::write(&component(), files).unwrap();
    let one = pack(&[file("a.yaml", &text)]);
    assert_eq!(section::cases(&one, "p", "1.0.0").unwrap()[0].cases.len(), 5_001);
    let two = pack(&[file("a.yaml", &text), file("b.yaml", &text)]);
    let error = section::cases(&two, "p", "1.0.0").unwrap_err();
    assert_eq!(error.to_string(), "`b.yaml`: line 4: the matrices make more than 10000 cases");
}

#[test]
fn bytes_that_are_no_text_are_named_by_line() {
    let error = CaseFile::from_bytes(b"policy: p\n# \xff\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 3: not UTF-8 text");
}

#[test]
fn a_placeholder_that_nothing_filled_in_is_called_so() {
    let file = "policy: windows-mdm\nsettings:\n  server_url: {{ server_url }}\ncases: []\n";
    let error = CaseFile::parse(file).unwrap_err().to_string();
    let expected = "line 3, column 15: `{{ server_url }}` looks like a placeholder that nothing filled in (as YAML: ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_file_is_for_the_versions_it_names() {
    let file = CaseFile::parse("policy: p\nversion: '>=1, <3'\ncases: []\n").unwrap();
    let rows = [
        ("p", "1.0.0", true),
        ("p", "2.9.1", true),
        ("p", "2.1.0-rc.1", true),
        ("p", "3.0.0-rc.1", false),
        ("p", "3.0.0", false),
        ("q", "1.0.0", false),
        ("p", "1", false),
    ];
    for (policy, version, expected) in rows {
        assert_eq!(file.is_for(policy, version), expected, "{policy} {version}");
    }
}

#[test]
fn a_case_is_for_the_versions_it_names() {
    let file = "policy: p\nsettings: {}\nbase: entra-v1\ncases:\n\
                - {name: any, expect: allow}\n\
                - {name: changed, version: '<3', expect: allow}\n\
                - {name: changed, version: '>=3', expect: {deny: r}}\n";
    let file = CaseFile::parse(file).unwrap();
    let expected = |version: &str| -> Vec<_> {
        let cases = file.cases_for(version).unwrap();
        cases.into_iter().map(|case| (case.line, case.expect.outcome())).collect()
    };
    assert_eq!(expected("2.9.0"), [(5, "allow"), (6, "allow")]);
    assert_eq!(expected("3.0.0-rc.1"), [(5, "allow"), (7, "deny")]);
    assert_eq!(file.cases().unwrap().len(), 3);
    let overlapping = "policy: p\nsettings: {}\nbase: entra-v1\ncases:\n\
                       - {name: a, version: '>=2', expect: allow}\n- {name: a, expect: allow}\n";
    let error = CaseFile::parse(overlapping).unwrap().cases_for("2.0.0").unwrap_err().to_string();
    assert!(error.contains("another case of this name"), "{error}");
    let error = CaseFile::parse("policy: p\ncases:\n- {name: a, version: two}\n").unwrap_err();
    assert!(error.to_string().contains("`cases[0].version`: `two`: "), "{error}");
}

#[test]
fn an_expectation_is_met_by_what_it_names_alone() {
    let identity = json!({"user_name": "dana", "object_id": "o"}).as_object().cloned().unwrap();
    let allowed = Came { outcome: "allow", identity: identity.clone(), ..Came::default() };
    let asked =
        Came { outcome: "ask", asks: vec!["f".into(), "g".into()], identity, ..Came::default() };
    let denied = Came {
        outcome: "deny",
        reason: Some("r".into()),
        claims: vec!["aud".into(), "ver".into()],
        ..Came::default()
    };
    let invalid =
        Came { outcome: "invalid", reason: Some("token.expired".into()), ..Came::default() };
    let failed = Came { outcome: "failed", reason: Some("r".into()), ..Came::default() };
    let rows = [
        ("allow", &allowed, true),
        ("allow", &asked, false),
        ("allow", &failed, false),
        ("{allow: {user_name: dana}}", &allowed, true),
        ("{allow: {user_name: Dana}}", &allowed, false),
        ("{allow: {user_name: null}}", &allowed, false),
        ("{allow: {email: null}}", &allowed, true),
        ("{ask: [f, g]}", &asked, true),
        ("{ask: [g, f]}", &asked, false),
        ("{ask: [f]}", &asked, false),
        ("{ask: [f, g], identity: {object_id: x}}", &asked, false),
        ("{deny: r}", &denied, true),
        ("{deny: s}", &denied, false),
        ("{deny: r}", &failed, false),
        ("{deny: r, claims: [ver, aud]}", &denied, true),
        ("{deny: r, claims: [aud]}", &denied, false),
        ("{deny: r, claims: [aud, aud]}", &denied, false),
        ("{deny: r, claims: [aud, ver, tid]}", &denied, false),
        ("{deny: r, settings: []}", &denied, true),
        ("{deny: r, settings: [s]}", &denied, false),
        ("{invalid: token.expired}", &invalid, true),
        ("{invalid: token.claims}", &invalid, false),
        ("{invalid: r}", &denied, false),
    ];
    for (expect, came, met) in rows {
        let expect = &cases(&format!("{HEAD}cases: [{{name: n, expect: {expect}}}]\n"))[0].expect;
        assert_eq!(expect.is_met_by(came), met, "{expect}: {came}");
    }
}

/// A component with a nested module and a custom section, and nothing else.
fn component() -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([0, 5, 4, b'n', b'a', b'm', b'e']);
    bytes.extend([1, 8]);
    bytes.extend(b"\0asm\x01\0\0\0");
    bytes
}

fn file(name: &str, text: &str) -> PackedFile {
    PackedFile { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

#[test]
fn packed_files_come_back_as_they_were() {
    let files = [file("a.yaml", "one"), file("b.yaml", "two")];
    let packed = section::write(&component(), &files).unwrap();
    assert!(packed.starts_with(&component()));
    assert_eq!(section::read(&packed).unwrap(), files);
    assert_eq!(section::write(&component(), &files).unwrap(), packed);
}

#[test]
fn a_component_that_is_cut_off_is_not_packed() {
    for end in 9..component().len() {
        let cut = &component()[..end];
        let whole = end == 8 + 7;
        assert_eq!(section::write(cut, &[]).is_ok(), whole, "{end}");
        assert_eq!(section::read(cut).is_ok(), whole, "{end}");
    }
}

#[test]
fn packing_again_replaces_what_was_packed() {
    let packed =
        section::write(&component(), &[file("a.yaml", "one"), file("b.yaml", "")]).unwrap();
    let again = section::write(&packed, &[file("c.yaml", "three")]).unwrap();
    assert_eq!(section::read(&again).unwrap(), [file("c.yaml", "three")]);
    assert_eq!(section::write(&again, &[]).unwrap(), component());
}

#[test]
fn packed_cases_are_for_the_policy_and_carry_settings() {
    let good = format!("{HEAD}cases: [{{name: n, expect: allow}}]\n");
    let read = |text: &str| {
        let packed = section::write(&component(), &[file("a.yaml", text)]).unwrap();
        section::cases(&packed, "p", "1.0.0")
    };
    let sets = read(&good).unwrap();
    assert_eq!((sets[0].file.as_str(), sets[0].cases.len()), ("a.yaml", 1));
    let errors = [
        (
            good.replace("policy: p", "policy: q"),
            "`a.yaml` is for `q` *; expected cases for `p 1.0.0`",
        ),
        (good.replace("settings:", "#"), "`a.yaml` has no `settings`"),
        (good.replace("expect", "exect"), "`a.yaml`: line 4, column"),
    ];
    for (text, expected) in errors {
        let error = read(&text).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(matches!(section::cases(b"\0asm", "p", "1.0.0"), Err(PackedError::Section(_))));
}
