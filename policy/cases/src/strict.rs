//! YAML and JSON that people write, read strictly: the one reader of configurations, files of gates and case files.
//!
//! A text becomes a [`Node`]: values with their places. A [`Section`] asks for each key by name. Whatever
//! is unknown, there twice, missing, of another type or out of range becomes a [`Problem`] with its place, and
//! [`Problems`] has all of them at once.
//!
//! ```
//! use admit_cases::strict::{self, Kind, Section, count, text};
//!
//! const KIND: Kind = Kind { file: "a list of ports", has_notes: false, is_lenient: false };
//! let read = |section: &mut Section<'_>| {
//!     let name = section.value("name", &text());
//!     (name, section.value("port", &count(1..=65_535)))
//! };
//! let (name, port) = strict::read(&KIND, b"name: web\nport: 80\n", read)?;
//! assert_eq!((name.as_deref(), port), (Some("web"), Some(80)));
//!
//! let problems = strict::read(&KIND, b"nmae: web\nport: 0\n", read).unwrap_err();
//! let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
//! assert_eq!(said, [
//!     "line 1, column 1: `nmae` is unknown; did you mean `name`?",
//!     "line 2, column 7: `port` is the number `0`; expected a whole number, 1 to 65535",
//! ]);
//! # Ok::<(), strict::Problems>(())
//! ```

mod yaml;
mod tree;
mod read;
mod form;
mod shape;
mod problem;

pub use form::{
    Form, any, boolean, choice, count, list, names, object, of, path, seconds, setting, text,
    text_of, whole,
};
pub use problem::{Problem, ProblemKind, Problems};
pub use read::{Found, NOTE, Reader, Section, Wrong, expected};
pub use shape::{
    Member, Shape, document, named, nothing, null_or, present, schema_of_names, section,
    with_member,
};
pub use tree::{Entry, Node, Origin, Value};
pub use yaml::{Kind, parse};

/// Reads a whole document of this kind.
///
/// # Errors
///
/// Every problem that it has, or the one for which it is no YAML at all.
pub fn read<T>(
    kind: &Kind,
    document: &[u8],
    read: impl FnOnce(&mut Section<'_>) -> T,
) -> Result<T, Problems> {
    let (text, tree) = parse(kind, document).map_err(Problems::from)?;
    let reader = Reader::new(kind, text);
    let value = reader.root(&tree, read);
    reader.finish()?;
    Ok(value)
}
