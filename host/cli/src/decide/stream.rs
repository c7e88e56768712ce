//! `admit decide --jsonl`: a request per line, a decision per line, in order.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use admit::facts::Facts;
use admit::gate::{Gate, Input, Request};
use serde_json::Value;

use super::{NOT_VERIFIED, exit, input};
use crate::args::{DecideArgs, FormatArg};
use crate::error::{CliError, Exit, say};
use crate::files;
use crate::line::{self, LineError};

/// A token of the largest size as JSON, with room for facts.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

const MEMBERS: &[&str] = &["id", "token", "claims", "facts", "now"];
const EXPECTED_MEMBERS: &str = "`id`, `token` or `claims`, `facts`, `now`";

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
    let path = super::input_file(args);
    let mut from = BufReader::new(files::open(path)?);
    let path = files::called(path);
    let failed = |source| CliError::Read { path: path.to_owned(), source };
    files::check_log(path, from.fill_buf().map_err(failed)?)?;
    stream.read(from, path, out)
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
            let text = if self.lines == 0 { admit::input::document(&line) } else { &line };
            self.line(admit::input::line(text), too_long, out)?;
        }
        match self.bad {
            0 => Ok(self.all),
            bad => Err(CliError::BadLines { bad, lines: self.lines }),
        }
    }

    fn line(&mut self, line: &[u8], too_long: bool, out: &mut dyn Write) -> Result<(), CliError> {
        self.lines += 1;
        let decided = match line {
            _ if too_long => Err(LineError::TooLong(MAX_LINE_BYTES)),
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
        let members = line::members(line, MEMBERS, EXPECTED_MEMBERS)?;
        let facts = line::facts(&members)?.map(Facts::from_json).transpose()?;
        let claims;
        let input = match (members.get("token"), members.get("claims")) {
            (Some(Value::String(token)), None) => input(self.args.format, token.as_bytes()),
            (None, Some(object @ Value::Object(_))) => {
                self.warn();
                claims = object.to_string();
                Input::Claims(claims.as_bytes())
            }
            (Some(other), None) => return Err(line::wrong("token", other, "a string")),
            (None, Some(other)) => return Err(line::wrong("claims", other, "an object")),
            _ => return Err(LineError::Input("expected exactly one of `token` and `claims`")),
        };
        let usual = || self.args.now.map_or_else(admit::gate::now, |moment| moment.0);
        let request = Request {
            id: line::id(&members)?,
            input,
            facts: facts.as_ref().unwrap_or(self.facts),
            now: line::now(&members)?.unwrap_or_else(usual),
            trace: self.args.trace,
        };
        let decision = self.gate.decide(&request)?;
        let json = admit::json::to_line(&decision).unwrap_or_default();
        Ok((exit(&decision), json))
    }

    /// Said once for a stream, not for each line.
    fn warn(&mut self) {
        if !self.warned {
            say(NOT_VERIFIED);
            self.warned = true;
        }
    }
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
