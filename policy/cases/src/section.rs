//! Case files inside a component: one custom section each, after everything else.
//!
//! The section's name is `admit:cases/` and the name of the file, its content the file's text.

use std::collections::HashSet;

use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::BinaryReader;

use crate::budget::Budget;
use crate::case::CaseSet;
use crate::error::{CaseError, shown};
use crate::file::CaseFile;
use crate::text::error_line;

/// The most case files a component may carry.
const MAX_FILES: usize = 20;

const PREFIX: &str = "admit:cases/";

/// The id of a custom section.
const CUSTOM: u8 = 0;

/// `\0asm`, version 0x0d, layer 1.
const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A case file inside a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedFile {
    /// Its name, without folder.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why the cases of a component cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum PackedError {
    /// The sections of the component cannot be read.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// A case file cannot be read.
    #[error("`{file}`: {problem}")]
    File { file: String, problem: CaseError },
    /// A case file for another policy or version.
    #[error("`{file}` is for `{policy}` {version}; expected cases for `{expected}`")]
    OtherPolicy { file: String, policy: String, version: String, expected: String },
    /// More case files than a component may carry.
    #[error("{files} case files; expected at most {MAX_FILES}")]
    TooManyFiles { files: usize },
    /// A case file without a name, or with one that another has.
    #[error("a case file is called `{file}`; expected a name of its own")]
    Name { file: String },
    /// A case file without settings.
    #[error("`{file}` has no `settings`; expected the settings its cases are about")]
    NoSettings { file: String },
}

/// The cases that the policy `name` in this `version` carries.
///
/// # Errors
///
/// [`PackedError`]; a case file that cannot be played is an error, not an absence of cases.
pub fn cases(component: &[u8], name: &str, version: &str) -> Result<Vec<CaseSet>, PackedError> {
    let files = read(component)?;
    if files.len() > MAX_FILES {
        return Err(PackedError::TooManyFiles { files: files.len() });
    }
    let mut names = HashSet::new();
    let mut budget = Budget::new();
    let mut sets = Vec::new();
    for file in files {
        if file.name.is_empty() || !names.insert(file.name.clone()) {
            return Err(PackedError::Name { file: shown(&file.name) });
        }
        sets.push(set(file, name, version, &mut budget)?);
    }
    Ok(sets)
}

fn set(
    packed: PackedFile,
    name: &str,
    version: &str,
    budget: &mut Budget,
) -> Result<CaseSet, PackedError> {
    let PackedFile { name: file, bytes } = packed;
    let file = shown(&file);
    let failed = |problem| PackedError::File { file: file.clone(), problem };
    let read = CaseFile::from_bytes(&bytes).map_err(failed)?;
    if !read.is_for(name, version) {
        let (policy, version_req) = (shown(&read.policy), read.version.to_string());
        let expected = format!("{name} {version}");
        return Err(PackedError::OtherPolicy { file, policy, version: version_req, expected });
    }
    if read.settings.is_none() {
        return Err(PackedError::NoSettings { file });
    }
    let cases = read.cases_within(version, budget).map_err(failed)?;
    Ok(CaseSet { file, cases })
}

/// Bytes that are no component, or a damaged one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SectionError(String);

/// The case files of a component, in their order.
///
/// # Errors
///
/// [`SectionError`] when the sections of the component cannot be read.
pub fn read(component: &[u8]) -> Result<Vec<PackedFile>, SectionError> {
    let found = sections(component)?.into_iter();
    let files = found.filter_map(|section| {
        let name = section.name?.strip_prefix(PREFIX)?;
        Some(PackedFile { name: name.to_owned(), bytes: section.data.to_vec() })
    });
    Ok(files.collect())
}

/// The component with exactly these case files: those it had are taken out.
///
/// Equal arguments give equal bytes.
///
/// # Errors
///
/// As [`read`].
pub fn write(component: &[u8], files: &[PackedFile]) -> Result<Vec<u8>, SectionError> {
    let mut packed = Vec::with_capacity(component.len());
    let mut kept_to = 0;
    for section in sections(component)? {
        if section.name.is_some_and(|name| name.starts_with(PREFIX)) {
            packed.extend_from_slice(component.get(kept_to..section.start).unwrap_or_default());
            kept_to = section.end;
        }
    }
    packed.extend_from_slice(component.get(kept_to..).unwrap_or_default());
    for file in files {
        let name = format!("{PREFIX}{}", file.name);
        let section = CustomSection { name: name.into(), data: file.bytes.as_slice().into() };
        section.append_to_component(&mut packed);
    }
    Ok(packed)
}

/// A section of the outermost component, with its header.
struct Section<'a> {
    start: usize,
    end: usize,
    name: Option<&'a str>,
    data: &'a [u8],
}

/// Every section of a component, a nested module or component too, is framed by its id and size.
fn sections(component: &[u8]) -> Result<Vec<Section<'_>>, SectionError> {
    let Some(framed) = component.strip_prefix(COMPONENT_HEADER) else {
        return Err(SectionError("not a WebAssembly component in binary form".to_owned()));
    };
    let mut reader = BinaryReader::new(framed, COMPONENT_HEADER.len());
    let mut sections = Vec::new();
    while !reader.eof() {
        sections.push(section(&mut reader).map_err(|error| damaged(&error))?);
    }
    Ok(sections)
}

fn section<'a>(reader: &mut BinaryReader<'a>) -> wasmparser::Result<Section<'a>> {
    let start = reader.original_position();
    let id = reader.read_u8()?;
    let size = reader.read_size(u32::MAX as usize, "section")?;
    let mut content = BinaryReader::new(reader.read_bytes(size)?, 0);
    let end = reader.original_position();
    let name = if id == CUSTOM { Some(content.read_string()?) } else { None };
    let data = content.read_bytes(content.bytes_remaining())?;
    Ok(Section { start, end, name, data })
}

fn damaged(error: &wasmparser::BinaryReaderError) -> SectionError {
    SectionError(format!("not a valid component: {}", error_line(&error.to_string())))
}
