//! `admit decide --jsonl`: a request per line, a decision per line, in order.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use admit::facts::{Facts, FactsError};
use admit::gate::{Gate, Input, Request};
use admit::json::{self, Object, Value};
use admit::text::Shown;

use super::{NOT_VERIFIED, exit, input};
use crate::args::{DecideArgs, FormatArg};
use crate::error::{CliError, Exit, say};
use crate::files;

/// A token of the largest size as JSON, with room for facts.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

const MEMBERS: &[&str] = &["id", "token", "claims", "facts", "now"];

/// Why a line was not decided.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
    #[error("{}", .0.to_string().replace(" at line 1 column ", " at column "))]
    Json(#[from] json::JsonError),
    #[error("member {0} is unknown; expected `id`, `token` or `claims`, `facts`, `now`")]
    Unknown(String),
    #[error("`{member}` is {got}; expected {expected}")]
    Type { member: &'static str, got: &'static str, expected: &'static str },
    #[error("expected exactly one of `token` and `claims`")]
    Input,
    #[error(transparent)]
    Facts(#[from] FactsError),
}

/// Decides every line of the input; a line that is no request is named and left out.
pub(super) fn run(
    args: &DecideArgs,
    gate: &Gate,
    facts: &Facts,
    out: &mut dyn Write,
) -> Result<Exit, CliError> {
    if args.format == FormatArg::Claims {
        return Err(CliError::Usage(
            "--format claims does not go with --jsonl: give `claims` in the line instead".into(),
        ));
    }
    let stream = Stream { args, gate, facts, warned: false, all: Exit::Done, lines: 0, bad: 0 };
    match super::input_file(args) {
        Some(path) => {
            let failed = |source| CliError::Read { path: path.to_owned(), source };
            stream.read(BufReader::new(std::fs::File::open(path).map_err(failed)?), path, out)
        }
        None => stream.read(std::io::stdin().lock(), Path::new("standard input"), out),
    }
}

struct Stream<'a> {
    args: &'a DecideArgs,
    gate: &'a Gate,
    facts: &'a Facts,
    warned: bool,
    all: Exit,
    lines: u64,
    bad: u64,
}

impl Stream<'_> {
    fn read(
        mut self,
        mut from: impl BufRead,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<Exit, CliError> {
        let failed = |source| CliError::Read { path: path.to_owned(), source };
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = from.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line);
            if read.map_err(failed)? == 0 {
                break;
            }
            let too_long = line.len() as u64 > MAX_LINE_BYTES && !line.ends_with(b"\n");
            if too_long {
                skip_line(&mut from).map_err(failed)?;
            }
            let text = line.strip_prefix(files::BYTE_ORDER_MARK).filter(|_| self.lines == 0);
            self.line(text.unwrap_or(&line).trim_ascii(), too_long, out)?;
        }
        match self.bad {
            0 => Ok(self.all),
            bad => Err(CliError::BadLines { bad, lines: self.lines }),
        }
    }

    fn line(&mut self, line: &[u8], too_long: bool, out: &mut dyn Write) -> Result<(), CliError> {
        self.lines += 1;
        let decided = match line {
            _ if too_long => Err(LineError::TooLong),
            b"" => return Ok(()),
            line => self.decide(line),
        };
        match decided {
            Ok((exit, json)) => {
                if exit != Exit::Done {
                    self.all = exit;
                }
                writeln!(out, "{json}").and_then(|()| out.flush()).map_err(CliError::Output)
            }
            Err(error) => {
                self.bad += 1;
                say(format_args!("line {}: {error}", self.lines));
                Ok(())
            }
        }
    }

    fn decide(&mut self, line: &[u8]) -> Result<(Exit, String), LineError> {
        let members = json::parse_object(line)?;
        if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(name)) {
            return Err(LineError::Unknown(shown(name)));
        }
        let facts = match members.get("facts") {
            Some(Value::Object(facts)) => Some(Facts::from_json(facts.to_json())?),
            Some(other) => return Err(wrong("facts", other, "an object")),
            None => None,
        };
        let claims;
        let input = match (members.get("token"), members.get("claims")) {
            (Some(Value::String(token)), None) => input(self.args.format, token.as_bytes()),
            (None, Some(Value::Object(object))) => {
                self.warn();
                claims = serde_json::Value::Object(object.to_json()).to_string();
                Input::Claims(claims.as_bytes())
            }
            (Some(other), None) => return Err(wrong("token", other, "a string")),
            (None, Some(other)) => return Err(wrong("claims", other, "an object")),
            _ => return Err(LineError::Input),
        };
        let request = Request {
            id: id(&members)?,
            input,
            facts: facts.as_ref().unwrap_or(self.facts),
            now: self.now(&members)?,
            trace: self.args.trace,
        };
        let decision = self.gate.decide(&request)?;
        let json = serde_json::to_string(&decision).unwrap_or_default();
        Ok((exit(&decision), json))
    }

    fn now(&self, members: &Object) -> Result<u64, LineError> {
        const EXPECTED: &str = "seconds since 1970 or an RFC 3339 time";
        match members.get("now") {
            None => Ok(self.args.now.map_or_else(admit::gate::now, |moment| moment.0)),
            Some(Value::Number(number)) if number.is_u64() => {
                Ok(number.as_u64().unwrap_or_default())
            }
            Some(Value::String(text)) => text
                .parse::<crate::time::Moment>()
                .map(|moment| moment.0)
                .map_err(|_| LineError::Type {
                    member: "now",
                    got: "a text that is no time",
                    expected: EXPECTED,
                }),
            Some(other) => Err(wrong("now", other, EXPECTED)),
        }
    }

    /// Said once a stream: nobody reads it a thousand times.
    fn warn(&mut self) {
        if !self.warned {
            say(NOT_VERIFIED);
            self.warned = true;
        }
    }
}

fn id(members: &Object) -> Result<Option<&str>, LineError> {
    match members.get("id") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(other) => Err(wrong("id", other, "a string")),
    }
}

/// A name, unless it is long enough to be a token in the wrong place.
fn shown(name: &str) -> String {
    match name.chars().count() {
        0..=40 => format!("`{}`", Shown::new(name)),
        length => format!("with a name of {length} characters"),
    }
}

fn wrong(member: &'static str, got: &Value, expected: &'static str) -> LineError {
    LineError::Type { member, got: got.kind(), expected }
}

fn skip_line(from: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), false),
        };
        from.consume(used);
        if done {
            return Ok(());
        }
    }
}
