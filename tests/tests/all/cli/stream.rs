//! `admit decide --jsonl`.

use admit_tests::fixture::{NOW, claims, with};
use serde_json::{Value, json};

use super::run::{DECIDE_MAM, Folder, Run};
use super::schema;

const WARNING: &str =
    "admit: WARNING: no signature was verified; the claims are taken as they were given";

fn stream(folder: &Folder, more: &str, lines: &[String]) -> Run {
    folder.admit_with(&format!("{DECIDE_MAM} --jsonl{more}"), lines.join("\n"))
}

fn decisions(run: &Run) -> Vec<Value> {
    run.out.lines().map(schema::decision).collect()
}

fn known() -> Value {
    json!({"account.exists": true, "account.bot": false, "account.deactivated": false})
}

#[test]
fn each_line_is_decided_in_order_with_its_id_facts_and_time() {
    let folder = Folder::new();
    let token = folder.token("mam.jwt", json!({"scp": "login.mattermost"}));
    let claims = with(claims(), json!({"scp": "login.mattermost"}));
    let lines = [
        json!({"id": "row-1", "token": token}),
        json!({"id": "row-2", "token": token, "facts": known()}),
        json!({"id": "row-3", "token": token, "facts": known(), "now": NOW + 100_000}),
        json!({"id": "row-4", "token": token, "facts": known(), "now": "2026-01-01T00:00:01Z"}),
        json!({"id": "row-5", "claims": claims, "facts": known()}),
        json!({"token": "no token"}),
    ]
    .map(|line| line.to_string());
    let run = stream(&folder, " --trace", &lines);
    assert_eq!((run.code, run.err), (Some(1), format!("{WARNING}\n")));
    let run = stream(&folder, "", &lines);
    let decisions = decisions(&run);
    let all: Vec<_> =
        decisions.iter().map(|it| (it["id"].as_str(), it["outcome"].as_str().unwrap())).collect();
    assert_eq!(
        all,
        [
            (Some("row-1"), "ask"),
            (Some("row-2"), "allow"),
            (Some("row-3"), "invalid"),
            (Some("row-4"), "allow"),
            (Some("row-5"), "allow"),
            (None, "invalid"),
        ]
    );
    let signatures: Vec<_> = decisions.iter().map(|it| it["signature"].as_str()).collect();
    assert_eq!(signatures, [None, None, None, None, Some("not_verified"), None]);
}

#[test]
fn all_allowed_is_done_and_facts_of_the_command_line_are_the_default() {
    let folder = Folder::new();
    let token = folder.token("mam.jwt", json!({"scp": "login.mattermost"}));
    folder.write("facts.json", known().to_string());
    let good = json!({"token": token}).to_string();
    // A byte order mark, Windows line ends and empty lines are no reason to stop.
    let lines = [format!("\u{feff}{good}\r"), String::new(), good.clone(), "  ".to_owned()];
    let run = stream(&folder, " --facts facts.json", &lines);
    assert_eq!(decisions(&run).len(), 2);
    run.text(0);

    folder.write("requests.jsonl", format!("{good}\n{good}"));
    let run = folder.admit(&format!("{DECIDE_MAM} --jsonl --facts facts.json requests.jsonl"));
    assert_eq!(decisions(&run).len(), 2);
    run.text(0);

    let denied = json!({"token": token, "facts": {"account.exists": false}}).to_string();
    let run = stream(&folder, " --facts facts.json", &[good, denied]);
    run.text(1);
}

#[test]
fn a_bad_line_is_named_and_the_others_are_decided() {
    let folder = Folder::new();
    let token = folder.token("mam.jwt", json!({"scp": "login.mattermost"}));
    let good = json!({"token": token, "facts": known()}).to_string();
    let too_long = format!("{{\"token\": \"{}\"}}", "x".repeat(1024 * 1024));
    let bad: Vec<(String, &str)> = vec![
        ("{".into(), "not strict JSON: EOF while parsing an object at column 1"),
        (token.clone(), "not strict JSON: expected value at column 1; it looks like a token"),
        ("[]".into(), "not a JSON object but an array"),
        ("{}".into(), "expected exactly one of `token` and `claims`"),
        (json!({"token": token, "claims": {}}).to_string(), "expected exactly one of `token` and `claims`"),
        (json!({"token": 7}).to_string(), "`token` is a number; expected a string"),
        (json!({"claims": "x"}).to_string(), "`claims` is a string; expected an object"),
        (json!({"token": token, "facts": []}).to_string(), "`facts` is an array; expected an object"),
        (json!({"token": token, "id": 7}).to_string(), "`id` is a number; expected a string"),
        (
            json!({"token": token, "now": "later"}).to_string(),
            "`now` is a text that is no time; expected seconds since 1970 or an RFC 3339 time",
        ),
        (
            json!({"token": token, "now": -1}).to_string(),
            "`now` is a number; expected seconds since 1970 or an RFC 3339 time",
        ),
        (
            json!({"token": token, "Facts": {}}).to_string(),
            "member `Facts` is unknown; expected `id`, `token` or `claims`, `facts`, `now`",
        ),
        (
            format!("{{\"{token}\": 1}}"),
            &*format!(
                "member with a name of {} characters is unknown; expected `id`, `token` or `claims`, `facts`, `now`",
                token.len()
            )
            .leak(),
        ),
        (
            "{\"id\": \"a\", \"id\": \"b\"}".into(),
            "not strict JSON: duplicate name `id` at column 16",
        ),
        (
            json!({"token": token, "facts": {"account.exists": "yes"}}).to_string(),
            "fact `account.exists` is a string; expected true or false",
        ),
        (
            json!({"token": token, "facts": {"account.exists": 1.5}}).to_string(),
            "fact `account.exists` is a number; expected a boolean, an integer or a string",
        ),
        (too_long, "longer than 1048576 bytes"),
    ];
    let mut lines = Vec::new();
    let mut expected = String::new();
    for (line, error) in &bad {
        lines.extend([line.clone(), good.clone()]);
        expected.push_str(&format!("admit: line {}: {error}\n", lines.len() - 1));
    }
    let (count, all) = (bad.len(), lines.len());
    expected.push_str(&format!("admit: {count} of {all} lines were not decided\n"));
    let run = stream(&folder, "", &lines);
    assert_eq!(run.err, expected);
    assert_eq!(run.code, Some(3));
    let decisions = decisions(&run);
    assert_eq!(decisions.len(), bad.len());
    assert!(decisions.iter().all(|decision| decision["outcome"] == "allow"));
}

#[test]
fn a_line_of_the_largest_size_does_not_swallow_the_next() {
    let folder = Folder::new();
    let line = json!({"id": "x", "token": "y"}).to_string();
    let padded = format!("{line}{}", " ".repeat(1024 * 1024 - line.len()));
    let run = stream(&folder, "", &[padded, line]);
    assert_eq!(decisions(&run).len(), 2);
    run.text(1);
}
