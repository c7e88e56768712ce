//! A log on a disk, or on something that a test can hold up.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use admit::bounded::Bounded;
use admit::claims::VerifiedClaims;
use admit::cloud::{Cloud, TokenVersion};
use admit::decision::{Blame, Decision, Observed, PolicyRef, Ruling, sample};
use admit::facts::Facts;
use admit::gate::Input;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sink::Sink;
use super::*;
use crate::config::DecisionLogTarget;

mod cut;

const NOW: u64 = 1_767_225_600;
const TID: &str = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";
const LONG: Duration = Duration::from_secs(60);

fn options(to: DecisionLogTarget) -> DecisionLogConfig {
    let claims = ["aud", "iss", "tid", "ver", "exp", "scp"].map(str::to_owned).to_vec();
    DecisionLogConfig { to, allows: 0.0, when_full: WhenFull::Drop, buffer: 4_096, claims }
}

/// A refusal by a policy, the `number`th.
fn refusal(number: u64) -> Decision {
    let digest = format!("sha256:{:064}", 0);
    let policy = PolicyRef { name: "p".into(), version: "1.0.0".into(), digest: digest.into() };
    let id = Uuid::from_u64_pair(0x019b_76da_a800_7000, 0x8000_0000_0000_0000 + number);
    Decision {
        policy: Some(policy),
        generation: Some(3),
        token_version: Some("2.0".to_owned()),
        duration_us: 41,
        ..sample::decision("g", id, ruling(Outcome::Deny))
    }
}

fn ruling(outcome: Outcome) -> Ruling {
    sample::ruling(outcome, "tenant_not_authorized", Blame::Caller)
}

fn refusal_of(observed: Vec<Observed>) -> Decision {
    let mut decision = refusal(1);
    if let Ruling::Deny(denial) = &mut decision.ruling {
        denial.observed = observed;
    }
    decision
}

fn record(log: &DecisionLog, decision: Decision, claims: Option<Value>) {
    let claims = claims.map(|claims| {
        let text = claims.to_string();
        VerifiedClaims::vouched(text.as_bytes(), &Verification::default(), NOW).unwrap()
    });
    let facts = Facts::default();
    let request =
        Request { id: None, input: Input::Claims(b""), facts: &facts, now: NOW, trace: false };
    log.record(&Decided { decision, claims, release: None }, &request);
}

fn claims() -> Value {
    json!({
        "aud": "https://mdm.example.com", "iss": Cloud::Public.issuer(TokenVersion::V2, TID),
        "tid": TID, "ver": "2.0", "exp": NOW + 60, "upn": "dana@example.com",
    })
}

/// The lines of a file, each checked to be JSON in printable ASCII.
fn lines(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    let lines = std::str::from_utf8(&bytes).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    let number = |line: &Value| {
        let id: Uuid = line["decision_id"].as_str().unwrap().parse().unwrap();
        id.as_u64_pair().1 - 0x8000_0000_0000_0000
    };
    lines.iter().map(number).collect()
}

/// A sink that says when it is written to, then waits for a sign.
struct Held {
    reached: Sender<()>,
    go_on: Receiver<()>,
    lines: Sender<Vec<u8>>,
}

impl Sink for Held {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.reached.send(());
        let _ = self.go_on.recv();
        let _ = self.lines.send(bytes.to_vec());
        Ok(bytes.len())
    }
}

/// A log whose first line is held up in its sink; what lets it go on, and what it writes.
fn held(when_full: WhenFull, buffer: usize) -> (DecisionLog, Sender<()>, Receiver<Vec<u8>>) {
    let (reached, is_reached) = channel();
    let (go_on, may_go_on) = channel();
    let (lines, written) = channel();
    let sink = Held { reached, go_on: may_go_on, lines };
    let options = DecisionLogConfig { when_full, buffer, ..options(DecisionLogTarget::Stdout) };
    let log = DecisionLog::start_on(Output::on(Box::new(sink)), options).unwrap();
    record(&log, refusal(0), None);
    is_reached.recv().unwrap();
    (log, go_on, written)
}

fn count(written: &Receiver<Vec<u8>>) -> usize {
    let lines = |bytes: Vec<u8>| bytes.iter().filter(|byte| **byte == b'\n').count();
    written.try_iter().map(lines).sum()
}

#[test]
fn what_finds_the_buffer_full_is_dropped_and_counted() {
    let (log, go_on, written) = held(WhenFull::Drop, 4);
    (1..=10).for_each(|number| record(&log, refusal(number), None));
    assert_eq!(log.dropped(), 6);
    drop(go_on);
    assert_eq!(log.close(LONG), 0);
    assert_eq!((log.written(), log.dropped(), count(&written)), (5, 6, 5));
    record(&log, refusal(11), None);
    assert_eq!((log.written(), log.dropped()), (5, 7));
}

#[test]
fn what_finds_the_buffer_full_can_wait_for_room() {
    let (log, go_on, written) = held(WhenFull::Block, 4);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let log = &log;
            scope.spawn(move || {
                (1..=100).for_each(|number| record(log, refusal(worker * 100 + number), None));
            });
        }
        drop(go_on);
    });
    assert_eq!(log.close(LONG), 0);
    assert_eq!((log.written(), log.dropped(), count(&written)), (401, 0, 401));
}

#[test]
fn closing_does_not_wait_for_ever_and_counts_what_is_lost() {
    let (log, go_on, _written) = held(WhenFull::Drop, 4);
    (1..=10).for_each(|number| record(&log, refusal(number), None));
    assert_eq!(log.dropped(), 6);
    assert_eq!(log.close(Duration::ZERO), 5, "one at the sink, four that wait");
    drop(go_on);
}

#[test]
fn whoever_waits_for_room_is_let_go_when_the_log_is_given_up() {
    let (log, go_on, _written) = held(WhenFull::Block, 4);
    std::thread::scope(|scope| {
        for number in 1..=4 {
            record(&log, refusal(number), None);
        }
        for number in 5..=8 {
            let log = &log;
            scope.spawn(move || record(log, refusal(number), None));
        }
        wait_until(|| log.waiting() == 4);
        wait_until(|| log.hangs().is_some());
        let problem = log.problem().unwrap();
        assert!(problem.starts_with("standard output: it takes nothing"), "{problem}");
        let hangs = log.hangs().unwrap();
        assert_eq!(
            hangs,
            format!("4 decisions wait for the decision log; {}", log.problem().unwrap())
        );
        assert_eq!(log.close(Duration::ZERO), 9);
    });
    assert_eq!((log.waiting(), log.dropped()), (0, 4));
    drop(go_on);
}

/// Returns when it is so.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "waits in vain");
        std::thread::yield_now();
    }
}

#[test]
fn a_file_is_appended_to_and_whole_when_the_log_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    for run in 0..3 {
        let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
        (0..1_000).for_each(|number| record(&log, refusal(run * 1_000 + number), None));
        drop(log);
    }
    assert_eq!(numbers(&lines(&path)), (0..3_000).collect::<Vec<_>>());
}

#[test]
fn a_file_is_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    drop(DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let error =
        DecisionLog::start(options(DecisionLogTarget::File(folder.path().to_owned()))).unwrap_err();
    assert!(error.to_string().starts_with("failed to open the decision log `"), "{error}");
}

#[test]
fn a_line_that_somebody_else_left_without_end_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    std::fs::write(&path, "{\"half\"").unwrap();
    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    record(&log, refusal(1), None);
    drop(log);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{\"half\"\n{\"type\":\"decision\","), "{text}");
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let [path, moved] = ["decisions.jsonl", "old.jsonl"].map(|name| folder.path().join(name));
    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    record(&log, refusal(1), None);
    std::fs::rename(&path, &moved).unwrap();
    log.reopen();
    record(&log, refusal(2), None);
    assert_eq!(log.close(LONG), 0);
    let both = [lines(&moved), lines(&path)].concat();
    assert_eq!(numbers(&both), [1, 2]);
    assert_eq!(numbers(&lines(&path)).last(), Some(&2));
}

#[test]
fn a_file_that_cannot_be_opened_anew_stays_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("logs");
    std::fs::create_dir(&inner).unwrap();
    let log = DecisionLog::start(options(DecisionLogTarget::File(inner.join("decisions.jsonl"))))
        .unwrap();
    let moved = folder.path().join("moved");
    std::fs::rename(&inner, &moved).unwrap();
    log.reopen();
    record(&log, refusal(1), None);
    assert_eq!(log.close(LONG), 0);
    assert_eq!(numbers(&lines(&moved.join("decisions.jsonl"))), [1]);
    assert_eq!((log.written(), log.failed()), (1, 0));
}

/// A sink that does what is next in a list, and takes everything after it.
struct Scripted(std::vec::IntoIter<Next>, Sender<Vec<u8>>);

enum Next {
    Takes(usize),
    Fails(std::io::ErrorKind),
}

impl Sink for Scripted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = match self.0.next() {
            None => bytes.len(),
            Some(Next::Takes(taken)) => taken.min(bytes.len()),
            Some(Next::Fails(kind)) => return Err(kind.into()),
        };
        let _ = self.1.send(bytes[..taken].to_vec());
        Ok(taken)
    }
}

/// What a sink that follows this list has taken of a line per number, and how many were lost.
fn scripted(list: Vec<Next>, when_full: WhenFull) -> (String, u64) {
    let (sender, written) = channel();
    let sink = Scripted(list.into_iter(), sender);
    play(Output::on(Box::new(sink)).called(Path::new("log")), &written, when_full)
}

fn play(output: Output, written: &Receiver<Vec<u8>>, when_full: WhenFull) -> (String, u64) {
    let options = DecisionLogConfig { when_full, ..options(DecisionLogTarget::Stdout) };
    let log = DecisionLog::start_on(output, options).unwrap();
    for number in 0..5 {
        record(&log, refusal(number), None);
        // One line at a time.
        wait_until(|| log.written() + log.failed() == number + 1);
    }
    assert_eq!(log.close(LONG), 0);
    assert_eq!(log.written() + log.failed(), 5);
    let bytes = written.try_iter().flatten().collect::<Vec<_>>();
    (String::from_utf8(bytes).unwrap(), log.failed())
}

/// The numbers of the whole lines, and how many are torn.
fn whole(text: &str) -> (Vec<u64>, usize) {
    let (whole, torn): (Vec<_>, Vec<_>) =
        text.lines().map(serde_json::from_str::<Value>).partition(Result::is_ok);
    (numbers(&whole.into_iter().flatten().collect::<Vec<_>>()), torn.len())
}

#[test]
fn what_cannot_be_written_is_counted_and_the_next_line_is_whole() {
    use Next::{Fails, Takes};
    use std::io::ErrorKind::{StorageFull, WouldBlock};
    let full = || vec![Fails(StorageFull), Takes(10), Fails(StorageFull)];
    let (text, failed) = scripted(full(), WhenFull::Drop);
    assert_eq!((whole(&text), failed), ((vec![2, 3, 4], 1), 2), "{text}");
    // Where decisions wait, the line goes on where it stopped.
    let (text, failed) = scripted(full(), WhenFull::Block);
    assert_eq!((whole(&text), failed), (((0..5).collect(), 0), 0), "{text}");
    for when_full in [WhenFull::Drop, WhenFull::Block] {
        let slow = vec![Fails(WouldBlock), Takes(10), Fails(WouldBlock), Fails(WouldBlock)];
        let (text, failed) = scripted(slow, when_full);
        assert_eq!((whole(&text), failed), (((0..5).collect(), 0), 0), "{text}");
    }
}

#[test]
fn another_reader_begins_with_a_whole_line() {
    use Next::{Fails, Takes};
    let gone = vec![Takes(10), Fails(std::io::ErrorKind::BrokenPipe)];
    let (text, failed) = scripted(gone, WhenFull::Block);
    assert_eq!((whole(&text), failed), (((0..5).collect(), 1), 0), "{text}");
}

#[test]
fn a_reader_of_standard_output_that_is_gone_is_not_waited_for() {
    use Next::{Fails, Takes};
    let gone = vec![Takes(10), Fails(std::io::ErrorKind::BrokenPipe)];
    let (sender, written) = channel();
    let output = Output::on(Box::new(Scripted(gone.into_iter(), sender)));
    let (text, failed) = play(output, &written, WhenFull::Block);
    assert_eq!((whole(&text), failed), (((1..5).collect(), 1), 1), "{text}");
}

fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Opens a pipe to read, without waiting for a writer; once there is one, reads wait for it.
fn reader(path: &Path) -> BufReader<std::fs::File> {
    let flags = rustix::fs::OFlags::NONBLOCK;
    let bits = flags.bits().try_into().unwrap();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(bits).open(path).unwrap();
    let now = rustix::fs::fcntl_getfl(&file).unwrap();
    rustix::fs::fcntl_setfl(&file, now - flags).unwrap();
    BufReader::new(file)
}

#[test]
fn a_pipe_with_a_slow_reader_loses_nothing_where_decisions_wait() {
    const LINES: u64 = 3_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    fifo(&path);
    let to = DecisionLogTarget::File(path.clone());
    let options = DecisionLogConfig { when_full: WhenFull::Block, buffer: 16, ..options(to) };
    // Nobody reads yet.
    let log = DecisionLog::start(options).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..LINES).for_each(|number| record(&log, refusal(number), None)));
        wait_until(|| log.waiting() == 1);
        assert_eq!(log.written(), 0);
        let mut first = reader(&path);
        let mut text = String::new();
        // Until the writer comes there is nothing to read; then it is faster, and the pipe full.
        while text.lines().count() < 100 {
            first.read_line(&mut text).unwrap();
            std::thread::yield_now();
        }
        assert_eq!(whole(&text), ((0..100).collect(), 0));
        // What it has read and not shown goes with it; then another one comes.
        let read = first.buffer().iter().filter(|byte| **byte == b'\n').count() as u64;
        drop(first);
        let mut lines = reader(&path).lines().map(Result::unwrap);
        let mut rest: Vec<Value> = Vec::new();
        while rest.last().is_none_or(|last| numbers(std::slice::from_ref(last)) != [LINES - 1]) {
            let line = lines.next().unwrap();
            // The first one may have had a part of a line.
            match serde_json::from_str(&line) {
                Ok(line) => rest.push(line),
                Err(_) => assert!(rest.is_empty(), "{line}"),
            }
        }
        let next = 100 + read;
        let rest = numbers(&rest);
        assert!(rest[0] == next || rest[0] == next + 1, "{} after {next}", rest[0]);
        assert_eq!(rest, (rest[0]..LINES).collect::<Vec<_>>());
    });
    assert_eq!((log.close(LONG), log.dropped(), log.failed()), (0, 0, 0));
}

#[test]
fn a_pipe_that_is_full_drops_and_counts_where_decisions_do_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    fifo(&path);
    let mut reader = reader(&path);
    let options = DecisionLogConfig { buffer: 16, ..options(DecisionLogTarget::File(path)) };
    let log = DecisionLog::start(options).unwrap();
    let mut all = 0;
    wait_until(|| {
        record(&log, refusal(all), None);
        all += 1;
        log.problem().is_some()
    });
    assert_eq!(log.hangs(), None);
    let (written, dropped) = (log.written(), log.dropped());
    let lost = log.close(Duration::ZERO);
    assert_eq!(written + dropped + lost, all);
    assert!(dropped > 0 && lost > 0, "{written} {dropped} {lost}");
    drop(log);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let (numbers, torn) = whole(&text);
    assert_eq!((numbers.len() as u64, torn), (written, 0));
}

#[test]
fn a_pipe_that_nobody_reads_is_no_trouble_until_a_decision_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    fifo(&path);
    let config = options(DecisionLogTarget::File(path.clone()));
    let (gate, log) = (gate(), DecisionLog::start(config.clone()).unwrap());
    let release = gate.release().unwrap();
    log.release("mam", 1, &release, &Map::new(), gate.verification(), NOW);
    // At the end it is written, if it can be.
    assert_eq!((log.close(LONG), log.failed(), log.problem()), (0, 0, None));

    let log = DecisionLog::start(config).unwrap();
    log.release("mam", 2, &release, &Map::new(), gate.verification(), NOW);
    let mut reader = reader(&path);
    record(&log, refusal(7), None);
    assert_eq!(log.close(LONG), 0);
    drop(log);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let kinds = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["type"].as_str().unwrap().to_owned()
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["release", "decision"]);
}

#[test]
fn a_file_that_was_deleted_or_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let [path, moved] = ["decisions.jsonl", "old.jsonl"].map(|name| folder.path().join(name));
    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    let write = |number: u64| {
        let before = log.written();
        record(&log, refusal(number), None);
        wait_until(|| log.written() == before + 1);
    };
    write(1);
    std::fs::remove_file(&path).unwrap();
    write(2);
    assert_eq!(numbers(&lines(&path)), [2]);
    // Rotated, and another one made by whoever did it.
    std::fs::rename(&path, &moved).unwrap();
    std::fs::write(&path, "").unwrap();
    write(3);
    assert_eq!((numbers(&lines(&moved)), numbers(&lines(&path))), (vec![2], vec![3]));
    // Renamed, and nothing in its place: another one is made after a while, without decisions.
    std::fs::remove_file(&moved).unwrap();
    std::fs::rename(&path, &moved).unwrap();
    wait_until(|| path.exists());
    write(4);
    assert_eq!((numbers(&lines(&moved)), numbers(&lines(&path))), (vec![3], vec![4]));
    assert_eq!(log.failed(), 0);
}

#[test]
fn a_folder_that_is_gone_fails_or_is_waited_for() {
    for when_full in [WhenFull::Drop, WhenFull::Block] {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("logs");
        let path = inner.join("decisions.jsonl");
        std::fs::create_dir(&inner).unwrap();
        let to = DecisionLogTarget::File(path.clone());
        let log = DecisionLog::start(DecisionLogConfig { when_full, ..options(to) }).unwrap();
        std::fs::remove_dir_all(&inner).unwrap();
        record(&log, refusal(1), None);
        wait_until(|| log.problem().is_some_and(|problem| problem.contains("No such file")));
        assert_eq!(log.hangs().is_some(), when_full == WhenFull::Block);
        std::fs::create_dir(&inner).unwrap();
        // Without another decision.
        wait_until(|| path.exists() && log.problem().is_none());
        record(&log, refusal(2), None);
        assert_eq!(log.close(LONG), 0);
        let expected = if when_full == WhenFull::Block { vec![1, 2] } else { vec![2] };
        assert_eq!(
            (numbers(&lines(&path)), log.failed()),
            (expected.clone(), 2 - expected.len() as u64)
        );
    }
}

#[test]
fn refusals_are_logged_and_admissions_as_far_as_they_are_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = [Outcome::Allow, Outcome::Ask, Outcome::Deny, Outcome::Invalid, Outcome::Failed];
    for (allows, expected) in [(0.0, 300), (1.0, 500)] {
        let path = folder.path().join(allows.to_string());
        let options =
            DecisionLogConfig { allows, ..options(DecisionLogTarget::File(path.clone())) };
        let log = DecisionLog::start(options).unwrap();
        for outcome in outcomes {
            (0..100).for_each(|number| {
                record(&log, Decision { ruling: ruling(outcome), ..refusal(number) }, None)
            });
        }
        drop(log);
        assert_eq!(lines(&path).len(), expected);
    }
}

fn line(decision: Decision, claims: Option<Value>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let every = options(DecisionLogTarget::File(path.clone()));
    let log = DecisionLog::start(DecisionLogConfig { allows: 1.0, ..every }).unwrap();
    record(&log, decision, claims);
    drop(log);
    let [line] = lines(&path).try_into().unwrap();
    line
}

#[test]
fn hostile_texts_stay_in_their_line() {
    let hostile = "a\r\n{\"type\":\"decision\"}\n\u{1b}[2J\u{202e}\u{2028}\u{85}\0b";
    let mut claims = claims();
    claims["scp"] = hostile.into();
    claims["aud"] = hostile.repeat(100).into();
    let observed = vec![Observed::claim("scp", Some(Bounded::new(&hostile.into())))];
    let decision = Decision { id: Some(hostile.to_owned()), ..refusal_of(observed) };
    let line = line(decision, Some(claims));
    assert_eq!(line["claims"]["scp"], hostile);
    assert_eq!(line["observed"], json!([{"claim": "scp", "value": hostile}]));
    assert_eq!(line["claims"]["aud"].as_str().unwrap().len(), 1_024);
    assert_eq!(line["cut"], json!(["aud"]));
    assert_eq!(line["id"], format!("{} characters", hostile.chars().count()));
}

#[test]
fn no_token_and_no_name_of_a_person_is_logged() {
    let secret = "dana@example.com";
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJhdWQiOiJhIn0.c2lnbmF0dXJl";
    let observed = ["upn", "aud"].map(|claim| {
        let value = if claim == "upn" { secret } else { "https://mdm.example.com" };
        Observed::claim(claim, Some(Bounded::new(&value.into())))
    });
    let identity = admit::decision::Identity {
        user_name: Some(secret.to_owned()),
        display_name: Some(secret.to_owned()),
        ..Default::default()
    };
    let mut fault = ruling(Outcome::Invalid);
    if let Ruling::Invalid(fault) = &mut fault {
        fault.detail = format!("no key `{secret}` in the JWK Set as configured");
    }
    let id = Some(token.to_owned());
    let missing = Observed::claim("scp", None);
    let denied = refusal_of(observed.into_iter().chain([missing]).collect());
    let [denied, admitted, invalid] = [
        denied,
        Decision { ruling: Ruling::Allow { identity }, ..refusal(1) },
        Decision { ruling: fault, ..refusal(1) },
    ]
    .map(|decision| line(Decision { id: id.clone(), ..decision }, Some(claims())));
    for line in [&denied, &admitted, &invalid] {
        let text = line.to_string();
        for part in token.split('.').chain([secret, "dana"]) {
            assert!(!text.contains(part), "{part} in {text}");
        }
        assert_eq!(line["id"], "63 characters");
    }
    assert_eq!(invalid["detail"], "no key `…` in the JWK Set as configured");
    let observed = json!([
        {"claim": "upn", "withheld": "names_a_person"},
        {"claim": "aud", "value": "https://mdm.example.com"},
        {"claim": "scp"},
    ]);
    assert_eq!(denied["observed"], observed);
}

#[test]
fn a_line_says_when_what_and_why() {
    let line = line(refusal(1), Some(claims()));
    let expected = json!({
        "type": "decision",
        "at": "2026-01-01T00:00:00Z",
        "now": NOW,
        "gate": "g",
        "decision_id": "019b76da-a800-7000-8000-000000000001",
        "outcome": "deny",
        "reason": "tenant_not_authorized",
        "blame": "caller",
        "policy": {"name": "p", "version": "1.0.0", "digest": format!("sha256:{:064}", 0)},
        "generation": 3,
        "token_version": "2.0",
        "duration_us": 41,
        "claims": {
            "aud": "https://mdm.example.com",
            "iss": Cloud::Public.issuer(TokenVersion::V2, TID),
            "tid": TID, "ver": "2.0", "exp": NOW + 60,
        },
    });
    assert_eq!(line, expected);
}

/// A gate with the facts of Intune MAM, and with the user names of people.
fn gate() -> admit::gate::Gate {
    let keys = admit::keys::Keys::fixed(admit::keys::KeySet::default());
    let runtime = admit::runtime::Runtime::new().unwrap();
    let gate = admit::gate::Gate::new("mam", runtime, keys.into(), Verification::default());
    let settings = json!({"tenant_id": TID, "client_id": TID, "auth_service": "office365"});
    let settings = admit::settings::Settings::parse(settings.to_string().as_bytes()).unwrap();
    let component = admit_policies::INTUNE_MAM.component;
    gate.activate(admit::gate::Activation { component, settings, cases: &[] }).unwrap();
    gate
}

#[test]
fn a_release_comes_first_in_every_file_and_decisions_say_what_they_do_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let [path, moved] = ["decisions.jsonl", "old.jsonl"].map(|name| folder.path().join(name));
    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    let gate = gate();
    let release = gate.release().unwrap();
    log.release("mam", 0, &release, &Map::new(), gate.verification(), NOW);
    log.release("mam", 1, &release, &Map::new(), gate.verification(), NOW);
    let mut claims = claims();
    claims["oid"] = TID.into();
    claims["groups"] = json!(["a"]);
    let claims = claims.to_string();
    let facts = json!({"account.exists": true, "platform.name": "dana", "account.bot": false});
    let facts = Facts::parse(facts.to_string().as_bytes()).unwrap();
    let input = Input::Claims(claims.as_bytes());
    let request = Request { id: None, input, facts: &facts, now: NOW, trace: false };
    let decided = gate.decide_with_claims(&request).unwrap();
    log.record(&decided, &request);
    assert_eq!(log.close(LONG), 0);

    let [before, release_line, decision] = lines(&path).try_into().unwrap();
    assert_eq!((&before["generation"], &release_line["generation"]), (&json!(0), &json!(1)));
    assert_eq!(release_line["settings"]["auth_service"], "office365");
    assert_eq!(release_line["release"], json!(release.digest().to_string()));
    assert_eq!(release_line["leeway_seconds"], 60);
    assert_eq!(release_line["logged_claims"].as_array().unwrap().len(), 6);
    assert_eq!(decision["outcome"], "deny");
    assert_eq!(decision["facts"], json!({"account.exists": true, "account.bot": false}));
    assert_eq!(decision["withheld"]["oid"], "text");
    assert_eq!(decision["withheld"]["upn"], "text");
    assert_eq!(decision["withheld"].get("groups"), None);

    let log = DecisionLog::start(options(DecisionLogTarget::File(path.clone()))).unwrap();
    log.release("mam", 1, &release, &Map::new(), gate.verification(), NOW);
    log.release("mam", 2, &release, &Map::new(), gate.verification(), NOW);
    std::fs::rename(&path, moved).unwrap();
    log.reopen();
    log.record(&decided, &request);
    assert_eq!(log.close(LONG), 0);
    let lines = lines(&path);
    let [.., before, last] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!((&before["type"], &before["generation"]), (&json!("release"), &json!(2)));
    assert_eq!(last["type"], "decision");
}
