//! Reads a tree strictly: each key is asked for by name; a key that was not asked for is unknown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::form::Form;
use super::problem::{Problem, ProblemKind, Problems};
use super::tree::{Entry, Node, Origin, Value};
use super::yaml::Kind;
use crate::suggest;
use crate::text::Shown;

/// The most problems that are reported.
const MAX_PROBLEMS: usize = 50;

/// What a section is, for messages.
pub(super) const NAMES: &str = "names with values (`name: value`)";

/// What the keys of a whole document start with that mean nothing, of a kind that has them.
pub const NOTE: &str = "x-";

/// Collects the problems of a tree.
#[derive(Debug)]
pub struct Reader<'d> {
    kind: &'d Kind,
    document: &'d str,
    folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
}

/// Names with values.
#[derive(Debug)]
pub struct Section<'a> {
    reader: &'a Reader<'a>,
    path: String,
    origin: &'a Origin,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
}

/// A value and its key.
#[derive(Debug)]
pub struct Found<'a> {
    reader: &'a Reader<'a>,
    path: String,
    /// The value, with its place.
    pub node: &'a Node,
}

/// Why a value cannot be used.
#[derive(Debug)]
pub enum Wrong {
    /// What was expected instead.
    Expected(String),
    /// A reason, where the value must not be repeated or is not wrong by itself.
    Because(String),
}

/// An expected value, as a [`Wrong`].
///
/// # Errors
///
/// Always.
pub fn expected<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Expected(what.into()))
}

impl<'d> Reader<'d> {
    /// A reader of a document of this kind with this text.
    pub fn new(kind: &'d Kind, document: &'d str) -> Self {
        Self { kind, document, folder: PathBuf::new(), problems: RefCell::default() }
    }

    /// The same, for a document whose paths are relative to this folder.
    pub fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Reads the whole tree.
    pub fn root<T>(&self, tree: &Node, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let found = Found { reader: self, path: String::new(), node: tree };
        found.section(read)
    }

    /// Reports a problem.
    pub fn report(&self, origin: &Origin, kind: ProblemKind) {
        self.add(Problem::new(origin.clone(), kind));
    }

    fn add(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MAX_PROBLEMS {
            problems.push(problem);
        }
    }

    fn is_missing(&self, key: &str) -> bool {
        self.problems.borrow().iter().any(|problem| problem.says_missing(key))
    }

    fn forget_missing(&self, key: &str) {
        self.problems.borrow_mut().retain(|problem| !problem.says_missing(key));
    }

    fn count(&self) -> usize {
        self.problems.borrow().len()
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

    /// As `report_twice`, for a value that means nothing and whatever it holds.
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
    /// [`Problems`] when there were any.
    pub fn finish(self) -> Result<(), Problems> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(Problem::place);
        Problems::all(problems).map_or(Ok(()), Err)
    }
}

impl<'a> Section<'a> {
    /// The value of a key; absent when the key is, or when its value is bad, which is reported.
    pub fn value<T>(&mut self, name: &'static str, form: &Form<T>) -> Option<T> {
        let found = self.find(name)?;
        found.reported(form.read(&found))
    }

    /// As [`Section::value`], for a key that must be there.
    pub fn required<T>(&mut self, name: &'static str, expected: &str, form: &Form<T>) -> Option<T> {
        if !self.has(name) {
            let (path, expected) = (join(&self.path, name), expected.to_owned());
            self.reader.report(self.origin, ProblemKind::Missing { path, expected });
        }
        self.value(name, form)
    }

    /// As [`Section::value`]; of a lenient kind, nothing under a key is as good as no key.
    pub(super) fn value_or_nothing<T>(&mut self, name: &'static str, form: &Form<T>) -> Option<T> {
        let is_open = |entry: &Entry| matches!(entry.node.value, Value::Nothing);
        if self.reader.kind.is_lenient && self.entry(name).is_some_and(is_open) {
            self.asked.push(name);
            return None;
        }
        self.value(name, form)
    }

    /// A section inside this one; an empty one when it is not there.
    pub fn section<T>(
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
    pub fn optional<T>(
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
    pub fn each(&mut self) -> impl Iterator<Item = (&'a Entry, Found<'a>)> {
        let (reader, path) = (self.reader, self.path.clone());
        self.entries.iter().map(move |entry| {
            let path = join(&path, &entry.name);
            (entry, Found { reader, path, node: &entry.node })
        })
    }

    /// Whether a key is there.
    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Whether a key is there that was not asked for until now.
    pub fn has_unknown(&self) -> bool {
        self.entries.iter().any(|entry| !self.asked.contains(&entry.name.as_str()))
    }

    /// Where the value of a key stands; without one, where the section does.
    pub fn origin(&self, name: &str) -> &'a Origin {
        self.entry(name).map_or(self.origin, |entry| &entry.node.origin)
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Reports what is wrong with a key, beyond its own value.
    pub fn refuse(&self, name: &str, reason: impl Into<String>) {
        let (path, reason) = (join(&self.path, name), reason.into());
        self.reader.report(self.origin(name), ProblemKind::Refused { path, reason });
    }

    /// Reports that the section itself cannot be used.
    pub fn refuse_whole(&self, expected: &str) {
        let (path, came) = (self.path.clone(), "empty".to_owned());
        let expected = expected.to_owned();
        self.reader.report(self.origin, ProblemKind::Value { path, came, expected });
    }

    /// Reports that the name of the section, which stands at `entry`, must not stand there alone.
    pub fn refuse_name(&self, entry: &Entry, reason: &str) {
        let (path, reason) = (self.path.clone(), reason.to_owned());
        self.reader.report(&entry.origin, ProblemKind::Refused { path, reason });
    }

    fn find(&mut self, name: &'static str) -> Option<Found<'a>> {
        self.asked.push(name);
        let entry = self.entry(name)?;
        Some(Found { reader: self.reader, path: join(&self.path, name), node: &entry.node })
    }

    fn report_unknown(&self) {
        if self.asked.is_empty() {
            return;
        }
        for entry in self.entries {
            let may_be_note = self.reader.kind.has_notes && self.path.is_empty();
            let is_note = may_be_note && entry.name.starts_with(NOTE);
            if is_note {
                self.reader.report_twice_below(&entry.name, &entry.node);
            } else if !self.asked.contains(&entry.name.as_str()) {
                let path = join(&self.path, &entry.name);
                let missing = |key: &&&str| self.reader.is_missing(&join(&self.path, key));
                let missing = self.asked.iter().filter(missing).copied();
                let hint = match suggest::nearest(&entry.name, missing) {
                    // A slip is one problem, not a key that is unknown and another that is missing.
                    Some(meant) => {
                        self.reader.forget_missing(&join(&self.path, meant));
                        format!("did you mean `{meant}`?")
                    }
                    None => suggest::hint(&entry.name, &self.asked),
                };
                self.reader.report(&entry.origin, ProblemKind::Unknown { path, hint });
            }
        }
    }

    fn report_twice(&self) {
        self.reader.report_twice(&self.path, self.entries);
    }
}

impl<'a> Found<'a> {
    /// Whether a lenient document has a name here and nothing under it.
    pub(super) fn is_forgotten(&self) -> bool {
        self.reader.kind.is_lenient && matches!(self.node.value, Value::Nothing)
    }

    /// Reads the value as a section; nothing is one without keys.
    pub fn section<T>(&self, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
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
        let said = self.reader.count();
        let empty = Node::empty();
        let read =
            Found { reader: self.reader, path: self.path.clone(), node: &empty }.section(read);
        self.reader.problems.borrow_mut().truncate(said);
        read
    }

    /// Reports a name that is not one of those there are.
    pub fn unknown(&self, entry: &Entry, hint: &str) {
        let (path, hint) = (self.path.clone(), hint.to_owned());
        self.reader.report(&entry.origin, ProblemKind::Unknown { path, hint });
    }

    /// Reports a name that cannot be one.
    pub fn refuse_name(&self, entry: &Entry, reason: &str) {
        let (path, reason) = (self.path.clone(), reason.to_owned());
        self.reader.report(&entry.origin, ProblemKind::Refused { path, reason });
    }

    /// The items of a list, those that are bad left out and reported.
    ///
    /// # Errors
    ///
    /// [`Wrong`] when it is no list.
    pub fn items<T>(&self, form: &Form<T>) -> Result<Vec<T>, Wrong> {
        let Value::List(nodes) = &self.node.value else {
            return expected("a list (`[…]` or lines that start with `-`)");
        };
        let read_item = |(index, node)| {
            let path = format!("{}[{index}]", self.path);
            let item = Found { reader: self.reader, path, node };
            item.reported(form.read(&item))
        };
        Ok(nodes.iter().enumerate().filter_map(read_item).collect())
    }

    /// A path that is relative to the file, if it was given there.
    pub fn resolve(&self, path: &str) -> PathBuf {
        match self.node.origin {
            Origin::File { .. } => self.reader.folder.join(path),
            _ => path.into(),
        }
    }

    /// The value that was read, or a report of why there is none.
    pub fn reported<T>(&self, read: Result<T, Wrong>) -> Option<T> {
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
        let problem = Problem::new(self.node.origin.clone(), kind);
        self.reader.add(match self.node.value {
            Value::Nothing => problem.explained_by_comment(self.reader.document),
            _ => problem.explained(self.reader.document),
        });
        None
    }

    /// A scalar that is no text, as it stands in the document, if that is good enough for a text.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        let is_lenient = self.reader.kind.is_lenient;
        is_lenient.then(|| self.node.as_written(self.reader.document)).flatten()
    }

    /// What `read` makes of it, unless that reported a problem of something inside.
    pub fn sound<T>(&self, read: impl FnOnce() -> T) -> Option<T> {
        let before = self.reader.count();
        let value = read();
        (self.reader.count() == before).then_some(value)
    }

    /// Names with values, one by one; a name that is there twice is reported.
    ///
    /// # Errors
    ///
    /// [`Wrong`] when it is something else.
    pub fn entries(&self) -> Result<impl Iterator<Item = (&'a Entry, Self)>, Wrong> {
        let Value::Names(entries) = &self.node.value else { return expected(NAMES) };
        self.reader.report_twice(&self.path, entries);
        let (reader, path) = (self.reader, self.path.clone());
        Ok(entries.iter().map(move |entry| {
            let path = join(&path, &entry.name);
            (entry, Found { reader, path, node: &entry.node })
        }))
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
