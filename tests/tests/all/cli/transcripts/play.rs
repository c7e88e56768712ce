//! Plays a transcript: a Markdown file whose blocks `console` are sessions of a shell.
//!
//! Playing gives the whole file as it should be, with what the commands printed now. The test compares
//! the two; with `UPDATE_TRANSCRIPTS=1` it writes the file instead.

use std::fmt::Write as _;
use std::path::Path;

use super::sandbox::Sandbox;
use super::shown::shown;

/// Checks every transcript of a folder; `TRANSCRIPT` names the only ones to play by a part of the name.
pub(super) fn check(folder: &Path) {
    let only = std::env::var("TRANSCRIPT").unwrap_or_default();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = String::new();
    for file in files.iter().filter(|file| file.to_string_lossy().contains(&only)) {
        let expected = std::fs::read_to_string(file).unwrap();
        let Ok(played) = std::panic::catch_unwind(|| play(&expected)) else {
            writeln!(wrong, "{}: see above", file.display()).unwrap();
            continue;
        };
        if played == expected {
            continue;
        }
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(file, played).unwrap();
        } else {
            write!(wrong, "{}", difference(file, &expected, &played)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE_TRANSCRIPTS=1 writes what is printed now\n");
}

/// The transcript with what its commands print now.
fn play(text: &str) -> String {
    let mut sandbox = None;
    let mut played = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(played, "{line}").unwrap();
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let sandbox = sandbox.get_or_insert_with(Sandbox::new);
        let body: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split_once(' ') {
            None if info == "console" => session(sandbox, &body, &mut played),
            Some((_, file)) => {
                let text: String = body.iter().flat_map(|line| [*line, "\n"]).collect();
                played.push_str(&text);
                sandbox.write(file, &text);
            }
            None => panic!("a block `{info}`; expected `console`, or a language and a file's name"),
        }
        played.push_str("```\n");
    }
    played
}

/// Runs the commands of a session, each with its further lines.
fn session(sandbox: &Sandbox, lines: &[&str], played: &mut String) {
    for (at, line) in lines.iter().enumerate() {
        let Some(first) = line.strip_prefix("$ ") else {
            assert!(at > 0, "a session begins with `{line}`; expected a command after `$ `");
            continue;
        };
        let further = lines[at + 1..].iter().map_while(|line| line.strip_prefix('>'));
        let further: Vec<_> = further.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        for line in &lines[at..=at + further.len()] {
            writeln!(played, "{line}").unwrap();
        }
        played.push_str(&shown(sandbox, first, &further));
    }
}

/// Where the transcript and what was played part, with the command before.
fn difference(file: &Path, expected: &str, played: &str) -> String {
    let (expected, played): (Vec<_>, Vec<_>) =
        (expected.lines().collect(), played.lines().collect());
    let same = expected.iter().zip(&played).take_while(|(one, other)| one == other).count();
    let command = played[..same].iter().rposition(|line| line.starts_with("$ ")).unwrap_or(0);
    let part = |lines: &[&str], sign: char| -> String {
        let until_next = lines[same..].iter().take_while(|line| !line.starts_with("$ ")).take(40);
        until_next.map(|line| format!("{sign} {line}\n")).collect()
    };
    let before: String = played[command..same].iter().map(|line| format!("  {line}\n")).collect();
    format!(
        "{}:{}\n{before}{}{}",
        file.display(),
        same + 1,
        part(&expected, '-'),
        part(&played, '+')
    )
}
