//! The lines that wait to be written, and the file or pipe that takes them.

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use admit::text::ascii_json;
use admit_api::log;

use super::DecisionLogError;
use super::again::Again;
use super::sink::{Opened, Sink, Whereabouts, nobody_reads};
use crate::config::DecisionLogTarget;

/// As much is kept before it is written.
const BUFFER_BYTES: usize = 64 * 1024;

/// How long a file that was renamed is written to before another one is made under its old name:
/// the program that rotates it makes one first, with the owner and mode of its choice.
const ROTATION: Duration = Duration::from_secs(1);

/// A file, a pipe or standard output, and what waits to be written to it.
pub(super) struct Output {
    /// How it is called; absent where there is nothing to open again.
    path: Option<PathBuf>,
    /// Absent while it cannot be opened.
    sink: Option<Box<dyn Sink>>,
    buffer: Vec<u8>,
    lines: VecDeque<Line>,
    /// Where the first of them begins.
    start: usize,
    /// Bytes of the buffer that are written: within the first line.
    done: usize,
    /// The last release of each gate whose line is written, or lost.
    releases: BTreeMap<String, log::Line>,
    /// When each of them is to be written again.
    again: Again,
    /// The least length of the file, unless it was cut off.
    length: u64,
    /// Whether the next line needs the releases before it: the file is new, or they were lost.
    is_new: bool,
    /// Whether the last line has no end.
    is_torn: bool,
    renamed_since: Option<Instant>,
}

struct Line {
    /// In the buffer.
    end: usize,
    content: Content,
}

enum Content {
    Decision,
    Release(log::Line),
    /// What a new file begins with.
    Head,
}

impl Output {
    /// Opens it. A pipe without a reader is opened when it has one.
    pub(super) fn open(to: &DecisionLogTarget) -> std::result::Result<Self, DecisionLogError> {
        let path = match to {
            DecisionLogTarget::Stdout => {
                let sink = Opened::stdout().map_err(DecisionLogError::Stdout)?;
                return Ok(Self::on(Box::new(sink)));
            }
            DecisionLogTarget::File(path) => path,
        };
        let mut output = Self { path: Some(path.clone()), ..Self::nowhere() };
        match output.open_again() {
            Ok(()) => output.is_new = false,
            Err(error) if nobody_reads(&error) => {}
            Err(source) => return Err(DecisionLogError::Open { path: path.clone(), source }),
        }
        Ok(output)
    }

    /// Finds out whether [`Output::open`] would open it. A pipe is not opened for that, since its reader
    /// would come to an end.
    pub(super) fn check(
        to: &DecisionLogTarget,
        made: &Path,
    ) -> std::result::Result<(), DecisionLogError> {
        match to {
            DecisionLogTarget::Stdout => {
                Opened::stdout().map(drop).map_err(DecisionLogError::Stdout)
            }
            DecisionLogTarget::File(path) => Opened::could_append(path, made)
                .map_err(|source| DecisionLogError::Open { path: path.clone(), source }),
        }
    }

    pub(super) fn on(sink: Box<dyn Sink>) -> Self {
        Self { length: sink.length().unwrap_or_default(), sink: Some(sink), ..Self::nowhere() }
    }

    /// As if it had been opened by this name.
    #[cfg(test)]
    pub(super) fn called(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// With releases written again as it says.
    #[cfg(test)]
    pub(super) fn repeating(self, again: Again) -> Self {
        Self { again, ..self }
    }

    fn nowhere() -> Self {
        Self {
            path: None,
            sink: None,
            buffer: Vec::new(),
            lines: VecDeque::new(),
            start: 0,
            done: 0,
            releases: BTreeMap::new(),
            again: Again::default(),
            length: 0,
            is_new: false,
            is_torn: false,
            renamed_since: None,
        }
    }

    /// Adds a line. A release stays the one of its gate until the next; if it was written long ago, it
    /// comes again before a decision of the gate.
    pub(super) fn add(&mut self, line: log::Line) {
        let is_decision = matches!(line, log::Line::Decision(_));
        if is_decision
            && self.again.is_due(line.gate())
            && let Some(release) = self.releases.get(line.gate())
        {
            self.add(release.clone());
        }
        let Some(bytes) = add(&mut self.buffer, &line) else { return };
        let content = if is_decision {
            self.again.passed(bytes);
            Content::Decision
        } else {
            self.again.release(line.gate(), bytes);
            Content::Release(line)
        };
        self.lines.push_back(Line { end: self.buffer.len(), content });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn has_decisions(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.content, Content::Decision))
    }

    /// Whether there is something that lines can be written to.
    pub(super) fn is_open(&self) -> bool {
        self.sink.is_some()
    }

    /// Whether it can be opened again.
    pub(super) fn has_name(&self) -> bool {
        self.path.is_some()
    }

    /// Whether there is enough to be written at once.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER_BYTES
    }

    /// Writes some of what waits, without blocking; returns how many decisions are written with it.
    pub(super) fn push(&mut self) -> Result<u64> {
        self.keep_up()?;
        self.begin();
        let portion = self.portion();
        let bytes = self.buffer.get(self.done..portion).unwrap_or_default();
        let Some(sink) = &mut self.sink else { return Err(ErrorKind::NotFound.into()) };
        let written = sink.write(bytes).inspect_err(|error| {
            // Another reader must not begin within a line, and needs the releases.
            self.is_torn |= nobody_reads(error) && self.done > self.start;
            self.is_new |= nobody_reads(error);
        })?;
        self.length += written as u64;
        // What went into a file that was deleted just now is written again, to another one.
        if self.whereabouts() == Whereabouts::Deleted {
            return Ok(0);
        }
        self.done += written;
        Ok(self.settle())
    }

    /// Where to stop writing: at the end of a line, as far as the sink likes to go.
    fn portion(&self) -> usize {
        let most = self.done.saturating_add(self.sink.as_ref().map_or(0, |sink| sink.portion()));
        let ends = self.lines.iter().map(|line| line.end);
        ends.take_while(|end| *end <= most).last().unwrap_or(most).min(self.buffer.len())
    }

    /// Forgets the lines that are written; returns how many of them are decisions.
    fn settle(&mut self) -> u64 {
        let mut decisions = 0;
        while self.lines.front().is_some_and(|line| line.end <= self.done) {
            decisions += self.forget_first();
        }
        if self.lines.is_empty() {
            self.buffer.clear();
            (self.start, self.done) = (0, 0);
        }
        decisions
    }

    fn forget_first(&mut self) -> u64 {
        let Some(Line { end, content }) = self.lines.pop_front() else { return 0 };
        self.start = end;
        match content {
            Content::Decision => return 1,
            Content::Release(line) => {
                self.releases.insert(line.gate().to_owned(), line);
            }
            Content::Head => {}
        }
        0
    }

    /// Gives up what waits; returns how many decisions were lost.
    pub(super) fn lose(&mut self) -> u64 {
        self.is_torn |= self.done > self.start;
        self.is_new = true;
        self.done = self.buffer.len();
        self.settle()
    }

    /// Makes lines go where the name says: reopens the file after it was rotated or deleted, and starts
    /// over in one that was truncated. While opening fails, the old file stays in
    /// use if it has a name.
    pub(super) fn keep_up(&mut self) -> Result<()> {
        let whereabouts = match self.sink {
            Some(_) => self.whereabouts(),
            None => Whereabouts::Deleted,
        };
        match whereabouts {
            Whereabouts::Named => {
                self.renamed_since = None;
                self.notice_cut();
                Ok(())
            }
            Whereabouts::Renamed => {
                let since = *self.renamed_since.get_or_insert_with(Instant::now);
                if since.elapsed() < ROTATION { Ok(()) } else { self.open_again() }
            }
            Whereabouts::Replaced => self.open_again(),
            Whereabouts::Deleted => {
                self.leave();
                self.open_again()
            }
        }
    }

    fn whereabouts(&self) -> Whereabouts {
        match (&self.path, &self.sink) {
            (Some(path), Some(sink)) => sink.whereabouts(path),
            _ => Whereabouts::Named,
        }
    }

    /// Starts over if the file is shorter than what was written to it: a rotation truncated it without a
    /// signal to the server.
    fn notice_cut(&mut self) {
        let Some(length) = self.sink.as_ref().and_then(|sink| sink.length()) else { return };
        if length < self.length {
            // The beginning of a line that is half written is gone, and what is left may end anywhere.
            self.done = self.start;
            (self.is_torn, self.is_new) = (length > 0, true);
        }
        self.length = length;
    }

    fn leave(&mut self) {
        if self.sink.take().is_some() {
            tracing::warn!("the file of the decision log was deleted; making another");
        }
    }

    /// Opens the file by its name; the old one stays in use if that fails.
    pub(super) fn open_again(&mut self) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let (sink, is_torn) = Opened::append(path)?;
        self.length = sink.length().unwrap_or_default();
        self.sink = Some(Box::new(sink));
        (self.is_torn, self.is_new) = (is_torn, true);
        self.renamed_since = None;
        Ok(())
    }

    /// Puts before the next line what a new file, or a new reader, needs to make sense of it.
    fn begin(&mut self) {
        if !self.is_new && !self.is_torn {
            return;
        }
        if matches!(self.lines.front(), Some(Line { content: Content::Head, .. })) {
            self.is_new = true;
            self.forget_first();
        }
        let mut buffer = Vec::new();
        if std::mem::take(&mut self.is_torn) {
            buffer.push(b'\n');
        }
        if std::mem::take(&mut self.is_new) {
            for (gate, release) in &self.releases {
                let bytes = add(&mut buffer, release).unwrap_or_default();
                self.again.release(gate, bytes);
            }
        }
        let head = buffer.len();
        buffer.extend_from_slice(self.buffer.get(self.start..).unwrap_or_default());
        for line in &mut self.lines {
            line.end = line.end - self.start + head;
        }
        if head > 0 {
            self.lines.push_front(Line { end: head, content: Content::Head });
        }
        (self.buffer, self.start, self.done) = (buffer, 0, 0);
    }
}

/// Adds a line; says how long it is, if it could be written as JSON.
fn add(buffer: &mut Vec<u8>, line: &log::Line) -> Option<usize> {
    let line = serde_json::to_string(line).ok()?;
    let line = ascii_json(&line);
    buffer.extend_from_slice(line.as_bytes());
    buffer.push(b'\n');
    Some(line.len() + 1)
}
