//! What a file is, before anything of it is compiled or run.

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, FuncValidatorAllocations, FunctionBody, Parser,
    Payload, ValidPayload, Validator, WasmFeatures,
};

use super::bounds::{Tally, Thing, TooMany};
use super::depth;
use super::effort::{Effort, TooDear};
use super::expanded::{self, Uncounted};
use super::signatures::Signatures;
use super::state::State;
use crate::contract::{INTERFACE_PREFIX, SUPPORTED_INTERFACES};
use crate::text::{Shown, error_line};

/// `\0asm`, then version and layer: 0x0d and 1 for a component, 1 and 0 for a core module.
const MAGIC: &[u8] = b"\0asm";
const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
const CORE_MODULE_HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// Levels of nested components and modules, and of types; components made by the usual tools have
/// two.
const MAX_DEPTH: usize = 8;

/// Component and instance types in all. Types can be as deep as there are of them, by naming one
/// another, and the validator panics at 128.
const MAX_NESTING_TYPES: usize = 100;

/// Size and locals of one function. Compiling takes memory by the product of the two: a function of
/// 200 KB with 1,000 locals took 780 MB, one of 500 KB with 4,000 locals some 5 GB.
const MAX_FUNCTION_BYTES: usize = 128 * 1024;
const MAX_FUNCTION_LOCALS: usize = 1_000;

/// Parameters of a function; one of QuickJS takes 13. Each call passes them all.
const MAX_PARAMETERS: usize = 64;

/// Why a file is not a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum ArtefactError {
    /// More bytes than a component may have.
    #[error("{size} bytes; expected at most {limit}")]
    TooLarge { size: usize, limit: usize },
    /// No bytes.
    #[error("the file is empty; expected a WebAssembly component")]
    Empty,
    /// A core module instead of a component.
    #[error("a core WebAssembly module; expected a component (wrap it, see policy/README.md)")]
    CoreModule,
    /// WebAssembly text.
    #[error("WebAssembly text; expected a binary component")]
    Text,
    /// Something compiled ahead of time, which is never loaded.
    #[error("precompiled native code; expected a WebAssembly component")]
    Precompiled,
    /// Another file altogether, or another version of the format.
    #[error("starts with `{start}`; expected a WebAssembly component (`00 61 73 6d 0d 00 01 00`)")]
    NotWasm {
        /// The first bytes, in hexadecimal.
        start: String,
    },
    /// Damaged, truncated, or with features that policies may not use.
    #[error("not a valid component: {0}")]
    Malformed(String),
    /// Components nested in components, or types in types, too deeply.
    #[error("components or types nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More component and instance types than any policy needs.
    #[error("more than {MAX_NESTING_TYPES} component and instance types")]
    TooManyTypes,
    /// A function that would take the compiler too much memory.
    #[error(
        "a function of {bytes} bytes with {locals} locals; expected at most {MAX_FUNCTION_BYTES} \
         bytes and {MAX_FUNCTION_LOCALS} locals"
    )]
    Function { bytes: usize, locals: usize },
    /// More of something than any policy needs, in all modules and components together.
    #[error("{count} {what}; expected at most {most}")]
    TooMany {
        /// How many were counted when it was too many.
        count: u64,
        what: &'static str,
        most: u64,
    },
    /// A component that is used before it is known which one it is.
    #[error(
        "components that are imported, exported or aliased from an instance; expected each component \
         within the policy to be instantiated where it is defined, or further in"
    )]
    PassedComponent,
    /// A module that calls functions of a component.
    #[error(
        "a module that calls functions of a component in the policy; expected modules that call one \
         another directly, as compilers make them"
    )]
    Lowered,
    /// A module whose globals cannot be read, so that they would be lost when the policy is sealed.
    #[error(
        "a module with mutable globals and without exports; expected one that exports something, so \
         that the configured policy can be sealed"
    )]
    NoExports,
    /// A function that takes more values than any policy needs.
    #[error("a function type of {params} parameters; expected at most {most}")]
    Parameters { params: usize, most: usize },
    /// A function that would take the compiler too much memory, by what it is made of.
    #[error(
        "function {index} of a module would take the compiler {kib} KiB of memory; expected at most \
         {most} KiB: make it smaller, with fewer branches, loops or values that live across them"
    )]
    DearFunction { index: u32, kib: u64, most: u64 },
    /// Functions that would take the compiler too much time together.
    #[error(
        "its functions would take the compiler more than {} s; expected less code, or code with \
         fewer branches and loops", .most / 1_000_000
    )]
    DearFunctions {
        /// The most they may take, in microseconds.
        most: u64,
    },
    /// A policy imports nothing.
    #[error("imports {}; a policy imports nothing", listed(.0))]
    Imports(Vec<String>),
    /// The interface is not exported.
    #[error("exports {}; expected `{}`", listed(.exports), SUPPORTED_INTERFACES.join("`, `"))]
    NoPolicy { exports: Vec<String> },
    /// The interface is exported in a version this host does not know.
    #[error("exports `{found}`; this host supports `{}`", SUPPORTED_INTERFACES.join("`, `"))]
    Version { found: String },
}

/// The first names of a list, and how many more there are.
fn listed(names: &[String]) -> String {
    const MAX_LISTED: usize = 12;
    let first: Vec<_> = names.iter().take(MAX_LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(MAX_LISTED) {
        _ if names.is_empty() => "nothing".into(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The outside of a component: which interface it exports, and what else.
#[derive(Debug)]
pub(crate) struct Artefact {
    /// One of [`SUPPORTED_INTERFACES`].
    pub(crate) interface: &'static str,
    /// Everything the component exports.
    pub(crate) exports: Vec<String>,
}

/// Reads a component from the outside, in full, running nothing.
pub(crate) fn read(bytes: &[u8], limit: usize) -> Result<Artefact, ArtefactError> {
    if bytes.len() > limit {
        return Err(ArtefactError::TooLarge { size: bytes.len(), limit });
    }
    kind(bytes)?;
    let outside = outside(bytes)?;
    validate(bytes)?;
    if !outside.imports.is_empty() {
        return Err(ArtefactError::Imports(outside.imports));
    }
    let interface = interface(&outside.exports)?;
    Ok(Artefact { interface, exports: outside.exports })
}

fn kind(bytes: &[u8]) -> Result<(), ArtefactError> {
    let text = bytes.trim_ascii_start();
    if bytes.is_empty() {
        Err(ArtefactError::Empty)
    } else if bytes.starts_with(COMPONENT_HEADER) {
        Ok(())
    } else if bytes.starts_with(CORE_MODULE_HEADER) {
        Err(ArtefactError::CoreModule)
    } else if bytes.starts_with(b"\x7fELF") {
        Err(ArtefactError::Precompiled)
    } else if text.starts_with(b"(") || text.starts_with(b";;") {
        Err(ArtefactError::Text)
    } else if bytes.starts_with(MAGIC) && bytes.len() < COMPONENT_HEADER.len() {
        Err(ArtefactError::Malformed("the file ends within its header".into()))
    } else {
        Err(ArtefactError::NotWasm { start: start(bytes) })
    }
}

fn start(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

#[derive(Default)]
struct Outside {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// Imports and exports of the outermost component.
fn outside(bytes: &[u8]) -> Result<Outside, ArtefactError> {
    let mut outside = Outside::default();
    let mut nesting_types = 0;
    let mut level = 0_usize;
    let mut tally = Tally::default();
    let (mut expanded, mut signatures) = (expanded::Reading::default(), Signatures::default());
    let mut state = State::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        if let Payload::ComponentTypeSection(types) = &payload {
            let section = bytes.get(types.range()).unwrap_or_default();
            nesting_types += depth::count_within(section, MAX_DEPTH)
                .map_err(malformed)?
                .ok_or(ArtefactError::TooDeep)?;
        }
        count(&payload, &mut tally)?;
        count_parameters(&payload, &mut signatures, &mut tally)?;
        count_expanded(&payload, &mut expanded)?;
        if state.read(&payload).map_err(malformed)? {
            return Err(ArtefactError::NoExports);
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => level += 1,
            Payload::End(_) => level = level.saturating_sub(1),
            Payload::CodeSectionEntry(body) => function(&body)?,
            Payload::ComponentImportSection(imports) if level == 0 => {
                for import in imports {
                    let name = import.map_err(malformed)?.name.name;
                    outside.imports.push(format!("`{}`", Shown::new(name)));
                }
            }
            Payload::ComponentExportSection(exports) if level == 0 => {
                for export in exports {
                    outside
                        .exports
                        .push(Shown::new(export.map_err(malformed)?.name.name).to_string());
                }
            }
            _ => {}
        }
        if level > MAX_DEPTH {
            return Err(ArtefactError::TooDeep);
        }
        if nesting_types > MAX_NESTING_TYPES {
            return Err(ArtefactError::TooManyTypes);
        }
    }
    Ok(outside)
}

/// What policies may be made of: what the usual languages are compiled to, and nothing that a
/// compiler seldom sees. The engine is set up with the same. Not several results, nor blocks that take
/// values: compilers do not make them unless asked to, and 4,000 loops of ten values, 12 KB, took
/// 5 GB.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Validates everything, and refuses functions that would be too dear to compile.
fn validate(bytes: &[u8]) -> Result<(), ArtefactError> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    let mut effort = Effort::default();
    let mut allocations = FuncValidatorAllocations::default();
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(malformed)?
        else {
            continue;
        };
        let mut validator = function.into_validator(allocations);
        let index = validator.index();
        let added = effort.add(&mut validator, &body).map_err(malformed)?;
        added.map_err(|error| match error {
            TooDear::Function { kib, most } => ArtefactError::DearFunction { index, kib, most },
            TooDear::Together { most } => ArtefactError::DearFunctions { most },
        })?;
        allocations = validator.into_allocations();
    }
    Ok(())
}

/// Counts what a section has, without reading more of it than is needed.
fn count(payload: &Payload<'_>, tally: &mut Tally) -> Result<(), ArtefactError> {
    let mut add = |thing, more: u64| tally.add(thing, more).map_err(too_many);
    match payload {
        Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => add(Thing::Modules, 1),
        Payload::InstanceSection(items) => add(Thing::Instances, items.count().into()),
        Payload::TypeSection(items) => add(Thing::Types, items.count().into()),
        Payload::CoreTypeSection(items) => add(Thing::Types, items.count().into()),
        Payload::ImportSection(items) => add(Thing::Imports, items.count().into()),
        Payload::FunctionSection(items) => add(Thing::Functions, items.count().into()),
        Payload::MemorySection(items) => add(Thing::Memories, items.count().into()),
        Payload::GlobalSection(globals) => {
            add(Thing::Globals, globals.count().into())?;
            for global in globals.clone() {
                add(Thing::ConstantBytes, size(&global.map_err(malformed)?.init_expr))?;
            }
            Ok(())
        }
        Payload::ExportSection(items) => add(Thing::Exports, items.count().into()),
        Payload::DataSection(segments) => {
            add(Thing::DataSegments, segments.count().into())?;
            for segment in segments.clone() {
                if let DataKind::Active { offset_expr, .. } = segment.map_err(malformed)?.kind {
                    add(Thing::ConstantBytes, size(&offset_expr))?;
                }
            }
            Ok(())
        }
        Payload::CustomSection(_) => add(Thing::CustomSections, 1),
        Payload::TableSection(tables) => {
            add(Thing::Tables, tables.count().into())?;
            for table in tables.clone() {
                add(Thing::TableEntries, table.map_err(malformed)?.ty.initial)?;
            }
            Ok(())
        }
        Payload::ElementSection(segments) => {
            add(Thing::ElementSegments, segments.count().into())?;
            for segment in segments.clone() {
                let segment = segment.map_err(malformed)?;
                if let ElementKind::Active { offset_expr, .. } = &segment.kind {
                    add(Thing::ConstantBytes, size(offset_expr))?;
                }
                let entries = match segment.items {
                    ElementItems::Functions(items) => items.count(),
                    ElementItems::Expressions(_, items) => items.count(),
                };
                add(Thing::TableEntries, entries.into())?;
            }
            Ok(())
        }
        Payload::ComponentTypeSection(types) => {
            let bytes = u64::try_from(types.range().len()).unwrap_or(u64::MAX);
            add(Thing::ComponentTypeBytes, bytes)
        }
        Payload::ComponentCanonicalSection(items) => {
            add(Thing::ComponentItems, items.count().into())
        }
        Payload::ComponentAliasSection(items) => add(Thing::ComponentItems, items.count().into()),
        Payload::ComponentInstanceSection(items) => {
            add(Thing::ComponentItems, items.count().into())
        }
        Payload::ComponentExportSection(items) => add(Thing::ComponentItems, items.count().into()),
        _ => Ok(()),
    }
}

/// The bytes of a constant expression: the start of a global, or where a segment goes.
fn size(expression: &ConstExpr<'_>) -> u64 {
    expression.get_binary_reader().bytes_remaining().try_into().unwrap_or(u64::MAX)
}

/// Counts what the parts of a component come to, each as often as it is instantiated.
fn count_expanded(
    payload: &Payload<'_>,
    expanded: &mut expanded::Reading,
) -> Result<(), ArtefactError> {
    let so_far = expanded.read(payload).map_err(|error| match error {
        Uncounted::Malformed(error) => malformed(error),
        Uncounted::Passed => ArtefactError::PassedComponent,
        Uncounted::Lowered => ArtefactError::Lowered,
    })?;
    Tally::default().add(Thing::ExpandedItems, so_far).map_err(too_many)
}

/// Counts the parameters of types and of functions, each of which has code that passes them.
fn count_parameters(
    payload: &Payload<'_>,
    signatures: &mut Signatures,
    tally: &mut Tally,
) -> Result<(), ArtefactError> {
    let added = signatures.read(payload).map_err(malformed)?;
    if added.most > MAX_PARAMETERS {
        return Err(ArtefactError::Parameters { params: added.most, most: MAX_PARAMETERS });
    }
    tally.add(Thing::Parameters, added.sum).map_err(too_many)
}

fn too_many(TooMany { count, what, most }: TooMany) -> ArtefactError {
    ArtefactError::TooMany { count, what, most }
}

/// Refuses a function that would take the compiler too much memory.
fn function(body: &FunctionBody<'_>) -> Result<(), ArtefactError> {
    let bytes = body.range().len();
    let mut locals = 0_usize;
    for group in body.get_locals_reader().map_err(malformed)? {
        let (count, _) = group.map_err(malformed)?;
        locals = locals.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
    }
    if bytes > MAX_FUNCTION_BYTES || locals > MAX_FUNCTION_LOCALS {
        return Err(ArtefactError::Function { bytes, locals });
    }
    Ok(())
}

fn malformed(error: wasmparser::BinaryReaderError) -> ArtefactError {
    let mut text = error_line(&error.to_string());
    if text.contains("multi-value") {
        text.push_str("; compile the policy without `multivalue`, as compilers do by default");
    }
    ArtefactError::Malformed(text)
}

fn interface(exports: &[String]) -> Result<&'static str, ArtefactError> {
    let supported = SUPPORTED_INTERFACES.iter().find(|name| exports.iter().any(|e| e == *name));
    if let Some(interface) = supported {
        return Ok(interface);
    }
    match exports.iter().find(|name| name.starts_with(INTERFACE_PREFIX)) {
        Some(found) => Err(ArtefactError::Version { found: found.clone() }),
        None => Err(ArtefactError::NoPolicy { exports: exports.to_vec() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_component_is_named_for_what_it_is() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("empty", b"", "the file is empty; expected a WebAssembly component"),
            ("core module", b"\0asm\x01\0\0\0", "a core WebAssembly module"),
            ("text", b"\n (component)", "WebAssembly text; expected a binary component"),
            ("precompiled", b"\x7fELF\x02", "precompiled native code"),
            ("other", b"PK\x03\x04", "starts with `50 4b 03 04`"),
            ("header only in part", b"\0asm\x0d", "the file ends within its header"),
            ("other layer", b"\0asm\x0e\0\x01\0", "starts with `00 61 73 6d 0e 00 01 00`"),
            ("nothing exported", COMPONENT_HEADER, "exports nothing; expected `admit:policy/"),
        ];
        for (name, bytes, expected) in cases {
            let error = read(bytes, 1_000).expect_err(name).to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn size_is_looked_at_before_anything_else() {
        let error = read(&[0; 11], 10).expect_err("too large");
        assert_eq!(error.to_string(), "11 bytes; expected at most 10");
    }
}
