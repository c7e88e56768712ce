//! Reads a tree strictly: each key is asked for by name; a key that was not asked for is unknown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use admit::cases::suggest;
use admit::text::Shown;

use super::problem::{ConfigError, Problem, ProblemKind};
use super::tree::{Entry, Node, Origin, Value};

/// The most problems that are reported.
const MAX_PROBLEMS: usize = 50;

/// What a section is, for messages.
const NAMES: &str = "names with values (`name: value`)";

/// What the keys of a whole file start with that mean nothing: a place for anchors.
pub const NOTE: &str = "x-";

/// Collects the problems of a tree.
pub(super) struct Reader {
    file: String,
    folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
}

/// Names with values.
pub(super) struct Section<'a> {
    reader: &'a Reader,
    path: String,
    origin: &'a Origin,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
}

/// A value and its key.
pub(super) struct Found<'a> {
    reader: &'a Reader,
    pub(super) path: String,
    pub(super) node: &'a Node,
}

/// Why a value cannot be used.
pub(super) enum Wrong {
    /// What was expected instead.
    Expected(String),
    /// A reason, where the value must not be repeated or is not wrong by itself.
    Because(String),
}

/// An expected value, as a [`Wrong`].
pub(super) fn expected<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Expected(what.into()))
}

impl Reader {
    pub(super) fn new(file: Option<&Path>) -> Self {
        let folder = file.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let file = file.map(|file| file.display().to_string()).unwrap_or_default();
        Self { file, folder, problems: RefCell::default() }
    }

    /// The file that is read; absent where there is none.
    pub(super) fn path(&self) -> Option<&Path> {
        (!self.file.is_empty()).then(|| Path::new(&self.file))
    }

    /// Reads the whole tree.
    pub(super) fn root<T>(&self, tree: &Node, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let found = Found { reader: self, path: String::new(), node: tree };
        found.section(read)
    }

    pub(super) fn report(&self, origin: &Origin, kind: ProblemKind) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MAX_PROBLEMS {
            problems.push(Problem { file: self.file.clone(), origin: origin.clone(), kind });
        }
    }

    fn report_twice(&self, path: &str, entries: &[Entry]) {
        let mut lines = HashMap::new();
        for entry in entries {
            let Origin::File { line, .. } = entry.origin else { continue };
            if let Some(&first) = lines.get(&entry.name) {
                let path = join(path, &entry.name);
                self.report(&entry.origin, ProblemKind::Twice { path, first });
            } else {
                lines.insert(&entry.name, line);
            }
        }
    }

    /// As [`Reader::report_twice`], for a value that means nothing and whatever it holds.
    fn report_twice_below(&self, path: &str, node: &Node) {
        match &node.value {
            Value::Names(entries) => {
                self.report_twice(path, entries);
                for entry in entries {
                    self.report_twice_below(&join(path, &entry.name), &entry.node);
                }
            }
            Value::List(items) => {
                items.iter().for_each(|item| self.report_twice_below(path, item));
            }
            _ => {}
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there were problems.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| match problem.origin {
            Origin::File { line, column } => (line, column),
            _ => (u64::MAX, u64::MAX),
        });
        if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
    }
}

impl<'a> Section<'a> {
    /// The value of a key; absent when the key is, or when its value is bad, which is reported.
    pub(super) fn value<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Found<'_>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let found = self.find(name)?;
        found.reported(read(&found))
    }

    /// As [`Section::value`], with what counts otherwise.
    pub(super) fn value_or<T>(
        &mut self,
        name: &'static str,
        usual: T,
        read: impl FnOnce(&Found<'_>) -> Result<T, Wrong>,
    ) -> T {
        self.value(name, read).unwrap_or(usual)
    }

    /// As [`Section::value`], for a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&Found<'_>) -> Result<T, Wrong>,
    ) -> Option<T> {
        if !self.has(name) {
            let (path, expected) = (join(&self.path, name), expected.to_owned());
            self.reader.report(self.origin, ProblemKind::Missing { path, expected });
        }
        self.value(name, read)
    }

    /// A section inside this one; an empty one when it is not there.
    pub(super) fn section<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let empty = Node::empty();
        let absent = || Found { reader: self.reader, path: name.to_owned(), node: &empty };
        match self.find(name) {
            Some(found) => found.section(read),
            None => absent().section(read),
        }
    }

    /// A section whose presence says something: nothing at all in it is a problem.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        let found = self.find(name)?;
        match found.node.value {
            Value::Nothing => found.reported(expected(format!("{NAMES}, or no `{name}` at all"))),
            _ => Some(found.section(read)),
        }
    }

    /// Every key with its value, where the names are free.
    pub(super) fn each(&mut self) -> impl Iterator<Item = (&'a Entry, Found<'a>)> {
        let (reader, path) = (self.reader, self.path.clone());
        self.entries.iter().map(move |entry| {
            let path = join(&path, &entry.name);
            (entry, Found { reader, path, node: &entry.node })
        })
    }

    /// Whether a key is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// Reports what is wrong with a key, beyond its own value.
    pub(super) fn refuse(&self, name: &str, reason: impl Into<String>) {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let origin = entry.map_or(self.origin, |entry| &entry.node.origin);
        let (path, reason) = (join(&self.path, name), reason.into());
        self.reader.report(origin, ProblemKind::Refused { path, reason });
    }

    /// Reports that the section itself cannot be used.
    pub(super) fn refuse_whole(&self, expected: &str) {
        let (path, came) = (self.path.clone(), "empty".to_owned());
        let expected = expected.to_owned();
        self.reader.report(self.origin, ProblemKind::Value { path, came, expected });
    }

    fn find(&mut self, name: &'static str) -> Option<Found<'a>> {
        self.asked.push(name);
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(Found { reader: self.reader, path: join(&self.path, name), node: &entry.node })
    }

    fn report_unknown(&self) {
        if self.asked.is_empty() {
            return;
        }
        for entry in self.entries {
            let is_note = self.path.is_empty() && entry.name.starts_with(NOTE);
            if is_note {
                self.reader.report_twice_below(&entry.name, &entry.node);
            } else if !self.asked.contains(&entry.name.as_str()) {
                let path = join(&self.path, &entry.name);
                let hint = suggest::hint(&entry.name, &self.asked);
                self.reader.report(&entry.origin, ProblemKind::Unknown { path, hint });
            }
        }
    }

    fn report_twice(&self) {
        self.reader.report_twice(&self.path, self.entries);
    }
}

impl<'a> Found<'a> {
    /// Reads the value as a section; nothing is one without keys.
    pub(super) fn section<T>(&self, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let entries: &[Entry] = match &self.node.value {
            Value::Names(entries) => entries,
            Value::Nothing => &[],
            _ => return self.no_section(read),
        };
        let (reader, path, origin) = (self.reader, self.path.clone(), &self.node.origin);
        let mut section = Section { reader, path, origin, entries, asked: Vec::new() };
        let read = read(&mut section);
        section.report_twice();
        section.report_unknown();
        read
    }

    /// Reports that there is something else than a section. What it would miss in it is not said as well.
    fn no_section<T>(&self, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        self.reported::<()>(expected(NAMES));
        let said = self.reader.problems.borrow().len();
        let empty = Node::empty();
        let read =
            Found { reader: self.reader, path: self.path.clone(), node: &empty }.section(read);
        self.reader.problems.borrow_mut().truncate(said);
        read
    }

    /// Reports a name that is not one of those there are.
    pub(super) fn unknown(&self, entry: &Entry, hint: &str) {
        let (path, hint) = (self.path.clone(), hint.to_owned());
        self.reader.report(&entry.origin, ProblemKind::Unknown { path, hint });
    }

    /// Reports a name that cannot be one.
    pub(super) fn refuse_name(&self, entry: &Entry, reason: &str) {
        let (path, reason) = (self.path.clone(), reason.to_owned());
        self.reader.report(&entry.origin, ProblemKind::Refused { path, reason });
    }

    /// The items of a list, those that are bad left out and reported.
    pub(super) fn items<T>(
        &self,
        mut read: impl FnMut(&Found<'_>) -> Result<T, Wrong>,
    ) -> Result<Vec<T>, Wrong> {
        let Value::List(nodes) = &self.node.value else {
            return expected("a list (`[…]` or lines that start with `-`)");
        };
        let read_item = |(index, node)| {
            let path = format!("{}[{index}]", self.path);
            let item = Found { reader: self.reader, path, node };
            item.reported(read(&item))
        };
        Ok(nodes.iter().enumerate().filter_map(read_item).collect())
    }

    /// A path that is relative to the file, if it was given there.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        match self.node.origin {
            Origin::File { .. } => self.reader.folder.join(path),
            _ => path.into(),
        }
    }

    /// The value that was read, or a report of why there is none.
    pub(super) fn reported<T>(&self, read: Result<T, Wrong>) -> Option<T> {
        let kind = match read {
            Ok(value) => return Some(value),
            Err(Wrong::Because(reason)) => ProblemKind::Refused { path: self.path.clone(), reason },
            Err(Wrong::Expected(expected)) => {
                let path = match self.path.as_str() {
                    "" => "the file".to_owned(),
                    path => path.to_owned(),
                };
                ProblemKind::Value { path, came: came(&self.node.value), expected }
            }
        };
        self.reader.report(&self.node.origin, kind);
        None
    }
}

fn join(path: &str, name: &str) -> String {
    let name = Shown::name(name);
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

/// What came, for messages.
fn came(value: &Value) -> String {
    match value {
        Value::Nothing => "nothing".to_owned(),
        Value::Boolean(value) => format!("`{value}`"),
        Value::Integer(value) => format!("the number `{value}`"),
        Value::Number(value) => format!("the number `{value:?}`"),
        Value::Text(text) => format!("the text `{}`", Shown::new(text)),
        Value::Given(text) => format!("`{}`", Shown::new(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Names(_) => "names with values".to_owned(),
    }
}
