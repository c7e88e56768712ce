//! Pieces of logs, several logs, logs in a pipe, and what is no log.

use std::process::Command;

use serde_json::Value;

use super::super::run::{Folder, Run};
use super::{decision_id, json, windows};

const OWN_TWO: &str = "windows-mdm@1.0.0 windows-mdm@2.0.0 --settings windows.json";
const OWN: &str = "--policy windows-mdm@1.0.0";

/// The lines of a log: a release, and six decisions.
fn lines(folder: &Folder) -> Vec<String> {
    let text = std::fs::read_to_string(folder.path("log.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The one line on standard error.
fn said(run: &Run) -> &str {
    let line = run.err.strip_prefix("admit: nothing was replayed: no line of the log holds a decision that this policy can make again");
    line.unwrap_or_else(|| panic!("{run:?}")).trim_end()
}

#[test]
fn a_piece_without_its_release_is_replayed_with_given_settings() {
    let folder = windows();
    folder.write("piece.jsonl", lines(&folder)[1..].join("\n"));
    let run = folder.admit(&format!("replay piece.jsonl {OWN}"));
    assert!(
        said(&run).starts_with("; 5 of 6 lines are without their release in the log: --settings"),
        "{run:?}"
    );
    assert_eq!(run.code, Some(3));
    let whole = folder.admit(&format!("replay log.jsonl {OWN} --settings windows.json"));
    let piece = folder.admit(&format!("replay piece.jsonl {OWN} --settings windows.json"));
    let of = |run: &Run| run.text(0).lines().find(|line| line.contains("equal")).map(str::to_owned);
    assert_eq!(of(&piece), of(&whole));
    assert!(piece.out.contains("  replayed   5 of 6\n"), "{piece:?}");
    let widening = folder.admit("replay piece.jsonl --policy windows-mdm --settings windows.json");
    assert!(widening.out.contains("2 widening"), "{widening:?}");
}

#[test]
fn a_log_in_a_pipe_is_read_once() {
    let folder = windows();
    let file = folder.admit(&format!("replay log.jsonl {OWN}"));
    let log = lines(&folder).join("\n");
    // A decision before its release, too.
    let mut swapped = lines(&folder);
    swapped.swap(0, 3);
    for (log, from) in [(&log, "-"), (&log, "/dev/stdin"), (&swapped.join("\n"), "-")] {
        let run = folder.admit_with(&format!("replay {from} {OWN}"), log);
        assert_eq!(run.text(0).lines().nth(1), file.text(0).lines().nth(1), "{from}");
    }
    let mark = format!("\u{feff}{log}");
    assert_eq!(folder.admit_with(&format!("replay - {OWN}"), mark).text(0), file.text(0));
}

#[test]
fn several_logs_are_replayed_as_one_and_named() {
    let folder = windows();
    let lines = lines(&folder);
    folder.write("a.jsonl", lines[..3].join("\n"));
    folder.write("b.jsonl", lines[3..].join("\n"));
    let whole = json(&folder.admit("replay log.jsonl --policy windows-mdm --format json"), 0);
    let settings = "--policy windows-mdm --format json --settings windows.json";
    for logs in ["a.jsonl b.jsonl", "b.jsonl a.jsonl"] {
        let parts =
            json(&folder.admit(&format!("replay {logs} --policy windows-mdm --format json")), 0);
        for member in ["replayed", "kinds", "agreements"] {
            assert_eq!(parts[member], whole[member], "{logs}");
        }
        let parts = json(&folder.admit(&format!("replay {logs} {settings}")), 0);
        let widening = parts["groups"].as_array().unwrap();
        let widening = widening.iter().find(|group| group["kind"] == "widening").unwrap();
        let id = decision_id(&folder, "v2-a");
        let first = json!({"log": "b.jsonl", "line": 1, "decision_id": id, "id": "v2-a"});
        assert_eq!(widening["examples"][0], first, "{logs}");
        let left_out = json!({"why": "no_claims", "count": 1, "log": "b.jsonl", "first_line": 4});
        assert_eq!(parts["left_out"], json!([left_out]));
    }
    let text = folder.admit("replay a.jsonl b.jsonl --policy windows-mdm --settings windows.json");
    assert!(text.out.contains("(from line 4 of\n             b.jsonl)"), "{text:?}");
    assert!(text.out.contains("  example    line 1 of b.jsonl, "), "{text:?}");
    let twice = folder.admit_with(&format!("replay - - {OWN}"), "");
    assert!(twice.refusal(2).starts_with("standard input is wanted twice"), "{twice:?}");
}

#[test]
fn a_log_that_was_cut_while_it_was_written_begins_with_zeros() {
    let folder = windows();
    let whole = lines(&folder).join("\n");
    folder.write("cut.jsonl", format!("{}{whole}", "\0".repeat(5_000)));
    let replay = |log: &str| {
        let run = folder.admit(&format!("replay {log} --policy windows-mdm --format json"));
        json(&run, 0)
    };
    assert_eq!(replay("cut.jsonl")["replayed"], replay("log.jsonl")["replayed"]);
}

#[test]
fn logs_of_two_servers_are_replayed_each_with_its_own_settings() {
    let folder = windows();
    let lines = lines(&folder);
    // The other server has another tenant under the same gate and generation.
    let other = lines[0].replace(admit_tests::fixture::TID, admit_tests::fixture::CLIENT);
    assert_ne!(other, lines[0]);
    let of_other = lines[1].replace("\"outcome\":\"allow\"", "\"outcome\":\"deny\"");
    folder.write("other.jsonl", format!("{of_other}\n{other}\n"));
    let run = folder.admit(&format!("replay log.jsonl other.jsonl {OWN} --format json"));
    let replay = json(&run, 0);
    let denied = json!({"outcome": "deny", "reason": "tenant_not_authorized"});
    assert_eq!(replay["groups"][0]["new"], denied, "{replay}");
    assert_eq!(replay["equal"], 5);
}

#[test]
fn a_log_that_is_packed_or_wrapped_gets_a_hint() {
    let folder = windows();
    let lines = lines(&folder);
    folder.write("log.gz", b"\x1f\x8b\x08\x00\x00");
    let run = folder.admit(&format!("replay log.gz {OWN}"));
    let expected = "log `log.gz`: compressed (gzip); expected text, so unpack it first: `gzip -dc log.gz | admit … -`";
    assert_eq!(run.refusal(3), expected);
    let run = folder.admit_with(&format!("replay - {OWN}"), b"\x28\xb5\x2f\xfd\x00");
    let expected =
        "log `standard input`: compressed (zstd); expected text, so unpack it first: `zstd -d`";
    assert_eq!(run.refusal(3), expected);
    let utf16: Vec<u8> = lines[0].encode_utf16().flat_map(u16::to_le_bytes).collect();
    let run = folder.admit_with(&format!("replay - {OWN}"), [b"\xff\xfe", &*utf16].concat());
    assert_eq!(run.refusal(3), "log `standard input`: text in UTF-16; expected UTF-8");

    let wrap = |wrap: &dyn Fn(&String) -> String| -> String {
        lines.iter().map(wrap).collect::<Vec<_>>().join("\n")
    };
    let pretty = |line: &String| {
        let line: Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&line).unwrap()
    };
    let docker = |line: &String| json!({"log": line, "stream": "stdout"}).to_string();
    for (log, hint) in [
        (
            wrap(&docker),
            "; 7 of 7 lines are not of a decision log, but with a line of one as the text of the member `log`: take it out first (`jq -r .log`)",
        ),
        (wrap(&|line| format!("2026-01-01T00:00:00Z stdout F {line}")), "`sed 's/^[^{]*//'`"),
        (wrap(&pretty), "`jq -c .`"),
        (format!("[{}]", lines.join(",")), "`jq -c '.[]'`"),
    ] {
        let run = folder.admit_with(&format!("replay - {OWN} --format json"), &log);
        assert!(said(&run).contains(hint), "{hint}: {run:?}");
        let replay = json(&run, 3);
        let detail = replay["left_out"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["why"] == "unreadable" && it["detail"].is_string());
        assert!(detail, "{replay}");
    }
    // Long lines are split, and few of many are long.
    let whole = |line: &String| format!("2026-01-01T00:00:00Z stdout F {line}");
    let (start, end) = lines[2].split_at(100);
    let parts =
        format!("2026-01-01T00:00:00Z stdout P {start}\n2026-01-01T00:00:00Z stdout F {end}");
    let log = lines.iter().map(|line| if *line == lines[2] { parts.clone() } else { whole(line) });
    let log: Vec<_> = log.collect();
    let run = folder.admit_with(&format!("replay - {OWN}"), log.join("\n"));
    assert!(
        said(&run).starts_with("; 2 of 8 lines are in parts: a container runtime (CRI) split"),
        "{run:?}"
    );
    // What the hint says makes lines of a log of them.
    let (_, command) = run.err.split_once("(`").unwrap();
    let (command, _) = command.split_once("`)").unwrap();
    folder.write("cri.log", log.join("\n") + "\n2026-01-01T00:00:00Z stderr F started\n");
    let joined = Run::of(
        Command::new("sh").args(["-c", &format!("{command} cri.log")]).current_dir(folder.path("")),
    );
    assert_eq!(joined.text(0).trim_end(), lines.join("\n"));
    let run = folder.admit_with(&format!("diff {OWN_TWO} --log -"), log.join("\n"));
    let refused = run.refusal(3);
    assert!(
        refused.starts_with("log `standard input`: line 1: of the log of a container (CRI)"),
        "{refused}"
    );
    assert!(refused.contains(command), "{refused}");
    let run = folder.admit_with(&format!("diff {OWN_TWO} --log -"), lines.join("\n"));
    assert!(
        run.refusal(3).contains("line 1: of a decision log; expected a request: `admit replay`"),
        "{run:?}"
    );
    // Zeros before the first line: the file was cut off while somebody wrote at its old end.
    let run =
        folder.admit_with(&format!("replay - {OWN}"), format!("\0\0\0\n{}", lines.join("\n")));
    assert!(run.text(0).contains("  replayed   5 of 6\n"), "{run:?}");
}

/// When the decision of a line was made, in whole seconds.
fn at(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let at = line["at"].as_str().unwrap();
    format!("{}Z", at.split(['.', 'Z']).next().unwrap())
}

#[test]
fn a_log_is_named_once() {
    let folder = windows();
    folder.write("log", lines(&folder).join("\n"));
    let run = folder.admit(&format!("replay log ./log {OWN}"));
    assert!(run.refusal(2).contains("`log` and `./log` are one log; name it once"), "{run:?}");
}

#[test]
fn the_reason_counted_most_is_the_one_shown() {
    let folder = windows();
    let lines = lines(&folder);
    let replay = |log: &str, more: &str| folder.admit_with(&format!("replay - {more}"), log);
    let log = lines.join("\n");
    for (log, more, expected) in [
        (
            &log,
            "--policy intune-mam",
            "; 6 of 6 lines are of another policy; policies in the log: `windows-mdm`; with --gate, those of any policy count",
        ),
        (
            &log,
            "--policy windows-mdm --gate other",
            ": 6 of other gates than --gate names; the log has `windows-mdm`",
        ),
        (
            &log,
            "--policy windows-mdm --until 1",
            ": 6 outside of --since and --until; the log has decisions from FIRST to LAST",
        ),
        (&lines[0], OWN, ": there is no decision in it, only 1 release"),
        (&String::new(), OWN, ": it is empty"),
        (&format!("no log\n{}", lines[6]), OWN, "; 1 of 2 lines are not of a decision log"),
        (
            &format!("no log\n{}\n{}", lines[6], lines[6]),
            OWN,
            "; 2 of 3 lines are without claims: no token verified, or nothing could be decided; refusals by a policy can be replayed, and admissions as far as `decision_log.allows` had them logged",
        ),
    ] {
        let run = replay(log, more);
        let (first, last) = (at(&lines[1]), at(&lines[6]));
        let expected = expected.replace("FIRST", &first).replace("LAST", &last);
        assert_eq!((said(&run), run.code), (&*expected, Some(3)), "{more}");
    }
    // In the report, too.
    let run = replay(&format!("no log\n{}\n{}", lines[6], lines[6]), OWN);
    let left_out: Vec<_> = run.out.lines().filter(|line| line.contains("left out")).collect();
    assert!(
        left_out[0].contains("2 without claims") && left_out[1].contains("1 not of"),
        "{run:?}"
    );
}
