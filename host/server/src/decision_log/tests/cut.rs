//! Logs that are cut off, and pieces of logs.

use std::fs::File;

use super::*;

/// The release that decides on gate `g`.
fn log_release(log: &DecisionLog, generation: u64) {
    let gate = gate();
    let release = gate.release().unwrap();
    log.release("g", generation, &release, &Map::new(), gate.verification(), NOW);
}

/// The types of the lines, the generation for a release and the number for a decision.
fn told(lines: &[Value]) -> Vec<String> {
    let told = |line: &Value| match line["type"].as_str().unwrap() {
        "release" => format!("release {}", line["generation"]),
        _ => format!("decision {}", numbers(std::slice::from_ref(line))[0]),
    };
    lines.iter().map(told).collect()
}

/// Writes a decision, and waits until it is in the file.
fn write(log: &DecisionLog, number: u64) {
    let before = log.written();
    record(log, refusal(number), None);
    wait_until(|| log.written() == before + 1);
}

#[test]
fn a_file_that_was_cut_off_begins_with_the_releases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    log_release(&log, 1);
    log_release(&log, 2);
    write(&log, 1);
    assert_eq!(told(&lines(&path)), ["release 1", "release 2", "decision 1"]);
    for number in 2..5 {
        std::fs::copy(&path, folder.path().join("copy")).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        write(&log, number);
        assert_eq!(told(&lines(&path)), ["release 2".to_owned(), format!("decision {number}")]);
    }
    // Within a line, which is ended.
    File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    write(&log, 5);
    write(&log, 6);
    let text = std::fs::read_to_string(&path).unwrap();
    let whole = text.strip_prefix("{\"type\":\"r\n").unwrap().lines();
    let whole: Vec<_> = whole.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told(&whole), ["release 2", "decision 5", "decision 6"]);
    assert_eq!(log.failed(), 0);
}

#[test]
fn a_file_on_standard_output_that_was_cut_off_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stdout");
    let (sink, _) = sink::Opened::append(&path).unwrap();
    let output = Output::on(Box::new(sink));
    let log = DecisionLog::start_on(output, options(DecisionLogTarget::Stdout)).unwrap();
    log_release(&log, 1);
    write(&log, 1);
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    write(&log, 2);
    assert_eq!(told(&lines(&path)), ["release 1", "decision 2"]);
}

#[test]
fn the_release_of_a_gate_that_decides_is_written_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let (sink, _) = sink::Opened::append(&path).unwrap();
    let often = again::Again::every(Duration::ZERO, u64::MAX);
    let output = Output::on(Box::new(sink)).repeating(often);
    let log = DecisionLog::start_on(output, options(DecisionLogTarget::Stdout)).unwrap();
    log_release(&log, 1);
    let gate = gate();
    let release = gate.release().unwrap();
    log.release("idle", 1, &release, &Map::new(), gate.verification(), NOW);
    (0..200).for_each(|number| write(&log, number));
    log_release(&log, 2);
    (200..400).for_each(|number| write(&log, number));
    assert_eq!(log.close(LONG), 0);
    let lines = lines(&path);
    let of = |gate: &str, generation: u64| {
        let is = |line: &&Value| line["gate"] == gate && line["generation"] == generation;
        lines.iter().filter(|line| line["type"] == "release").filter(is).count()
    };
    assert!((2..=40).contains(&of("g", 1)) && (2..=40).contains(&of("g", 2)), "{}", lines.len());
    assert_eq!(of("idle", 1), 1, "a gate that decides nothing");
    // Nothing of the old release after the new one.
    let told = told(&lines);
    let second = told.iter().position(|line| line == "release 2").unwrap();
    assert!(!told[second..].contains(&"release 1".to_owned()));
    let decisions: Vec<_> = lines.into_iter().filter(|line| line["type"] == "decision").collect();
    assert_eq!(numbers(&decisions), (0..400).collect::<Vec<_>>());
}

#[test]
fn another_reader_of_a_pipe_begins_with_the_releases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    fifo(&path);
    let first = reader(&path);
    let to = DecisionLogTarget::File(path.clone());
    let options = DecisionLogConfig { when_full: WhenFull::Block, ..options(to) };
    let log = DecisionLog::start(options).unwrap();
    log_release(&log, 1);
    write(&log, 1);
    drop(first);
    record(&log, refusal(2), None);
    wait_until(|| log.problem().is_some());
    let mut second = reader(&path);
    wait_until(|| log.written() == 2);
    drop(log);
    let mut text = String::new();
    second.read_to_string(&mut text).unwrap();
    let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // What the first one did not read is still in the pipe.
    let told = told(&lines);
    assert!(told.ends_with(&["release 1".to_owned(), "decision 2".to_owned()]), "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "release 1").count(), 2);
}
