//! Files that are no policies, damaged policies, and policies that want something of the host.
//!
//! Nothing of these is compiled: reading the file is enough to refuse it.

use std::time::Duration;

use admit::facts::Facts;
use admit::limits::Limits;
use admit::release::Inspected;
use admit::runtime::Runtime;
use admit_policies::WINDOWS_MDM_2;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{NOW, claims};
use admit_tests::guests;
use serde_json::json;
use wasmparser::{Parser, Payload, Validator};

use super::{Host, PANIC, activate, chain, decide, gate};
use crate::artefacts::{HEADER, no_policies};

/// The section numbers of the binary format of components.
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const COMPONENT: u8 = 4;
const TYPE: u8 = 7;
const IMPORT: u8 = 10;
const EXPORT: u8 = 11;

const POLICY: &str = "admit:policy/policy@0.1.0";

fn good() -> &'static [u8] {
    WINDOWS_MDM_2.component
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// The error of inspecting a component, or `taken`.
fn inspect(runtime: &Runtime, component: &[u8]) -> String {
    match Inspected::new(runtime, component) {
        Ok(_) => "taken".into(),
        Err(error) => chain(&error),
    }
}

fn refused(rows: &[(&str, Vec<u8>, &str)]) {
    let runtime = runtime();
    let mut wrong = Vec::new();
    for (name, component, expected) in rows {
        let error = inspect(&runtime, component);
        let is_fit = error.len() < 600 && !error.chars().any(char::is_control);
        if !error.contains(expected) || !is_fit {
            wrong.push(format!("{name}: expected {expected:?}, got {error:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A section: its number, its length, its content.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &*leb128(content.len()), content].concat()
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A vector of one item.
fn one(item: &[u8]) -> Vec<u8> {
    [&[1], item].concat()
}

fn name(name: &str) -> Vec<u8> {
    [&[0], &*leb128(name.len()), name.as_bytes()].concat()
}

/// The good policy, which also imports an empty instance of this name.
fn importing(interface: &str) -> Vec<u8> {
    const EMPTY_INSTANCE_TYPE: &[u8] = &[0x42, 0];
    const INSTANCE: u8 = 5;
    let types = Validator::new().validate_all(good()).unwrap();
    let index = leb128(types.as_ref().component_type_count().try_into().unwrap());
    let import = [name(interface), vec![INSTANCE], index].concat();
    [good(), &section(TYPE, &one(EMPTY_INSTANCE_TYPE)), &section(IMPORT, &one(&import))].concat()
}

/// The good policy, which exports its interface under this name too.
fn exporting(interface: &str) -> Vec<u8> {
    const INSTANCE: u8 = 5;
    const TYPE_LEFT_OUT: u8 = 0;
    let types = Validator::new().validate_all(good()).unwrap();
    let last = types.as_ref().component_instance_count() - 1;
    let index = leb128(last.try_into().unwrap());
    let export = [name(interface), vec![INSTANCE], index, vec![TYPE_LEFT_OUT]].concat();
    [good(), &section(EXPORT, &one(&export))].concat()
}

/// The good policy with this many more core instances, each of a module of its own.
fn with_instances(count: usize, module: &[u8]) -> Vec<u8> {
    let modules = Parser::new(0).parse_all(good());
    let modules = modules.filter(|part| matches!(part, Ok(Payload::ModuleSection { .. })));
    let first = modules.count();
    let mut component = good().to_vec();
    for index in first..first + count {
        component.extend(section(CORE_MODULE, module));
        let instance = [vec![0], leb128(index), vec![0]].concat();
        component.extend(section(CORE_INSTANCE, &one(&instance)));
    }
    component
}

/// Components in components, `depth` of them.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(HEADER.to_vec(), |inner, _| [HEADER, &section(COMPONENT, &inner)].concat())
}

/// A component type in a component type, `depth` of them.
fn nested_types(depth: usize) -> Vec<u8> {
    const COMPONENT_TYPE: u8 = 0x41;
    const TYPE_DECLARATION: u8 = 1;
    let mut nested = [COMPONENT_TYPE, 1, TYPE_DECLARATION].repeat(depth);
    nested.extend([COMPONENT_TYPE, 0]);
    [HEADER, &section(TYPE, &one(&nested))].concat()
}

#[test]
fn a_file_that_is_no_policy_is_refused_for_what_it_is() {
    let runtime = runtime();
    for file in no_policies() {
        file.check(&inspect(&runtime, &file.bytes), "");
    }
}

#[test]
fn every_import_is_refused_by_name() {
    let names = [
        "wasi:cli/environment@0.2.0",
        "wasi:clocks/wall-clock@0.2.0",
        "wasi:filesystem/types@0.2.0",
        "wasi:random/random@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "admit:policy/policy@0.1.0",
        "contoso:extra/anything@9.9.9",
        "anything",
    ];
    let expected = names.map(|name| format!("imports `{name}`; a policy imports nothing"));
    let rows: Vec<_> =
        names.iter().zip(&expected).map(|(name, said)| (*name, importing(name), &**said)).collect();
    refused(&rows);
}

#[test]
fn a_thousand_imports_make_no_long_message() {
    let import = r#"(import "a-name-of-some-length-NUMBER" (func))"#;
    let imports: String = (0..1_000).map(|n| import.replace("NUMBER", &n.to_string())).collect();
    let component = wat::parse_str(format!("(component {imports})")).unwrap();
    let error = inspect(&runtime(), &component);
    assert!(error.contains("and 988 more; a policy imports nothing"), "{error}");
    assert!(error.len() < 600, "{error}");
}

#[test]
fn other_interfaces_are_refused_with_both_versions_named() {
    let other = |to| guests::patched(good(), POLICY, to);
    let function = |from, to| guests::patched(good(), from, to);
    refused(&[
        (
            "older",
            other("admit:policy/policy@0.0.9"),
            "exports `admit:policy/policy@0.0.9`; this host supports `admit:policy/policy@0.1.0`",
        ),
        (
            "next major",
            other("admit:policy/policy@1.0.0"),
            "exports `admit:policy/policy@1.0.0`; this host",
        ),
        (
            "no decide",
            function("decide", "devide"),
            "the exported interface differs from the contract: ",
        ),
        (
            "no describe",
            function("describe", "prescibe"),
            "the exported interface differs from the contract: ",
        ),
        (
            "other field of a record",
            function("http-status", "ftp2-status"),
            "the exported interface differs from the contract: ",
        ),
        (
            "other case of a variant",
            function("integer", "numeral"),
            "the exported interface differs from the contract: ",
        ),
        (
            "an instance of nothing",
            empty_policy(),
            "the exported interface differs from the contract: ",
        ),
    ]);
}

/// Exports an instance of the right name with nothing in it.
fn empty_policy() -> Vec<u8> {
    wat::parse_str(format!(r#"(component (instance) (export "{POLICY}" (instance 0)))"#)).unwrap()
}

#[test]
fn further_exports_are_reported_and_not_in_the_way() {
    let component = exporting("contoso:extra/anything@1.0.0");
    let inspected = Inspected::new(&runtime(), &component).map_err(|error| chain(&error)).unwrap();
    assert_eq!(inspected.exports(), [POLICY, "contoso:extra/anything@1.0.0"]);
    assert_eq!(inspected.interface(), POLICY);
    let newer = exporting("admit:policy/policy@0.2.0");
    let inspected = Inspected::new(&runtime(), &newer).map_err(|error| chain(&error)).unwrap();
    assert_eq!(inspected.interface(), POLICY);
}

#[test]
fn size_depth_and_instances_are_limited() {
    let memory = wat::parse_str("(module (memory 256))").unwrap();
    let looping = wat::parse_str("(module (func $f (loop (br 0))) (start $f))").unwrap();
    let custom = |bytes| section(0, &[name("x"), vec![0; bytes]].concat());
    let too_large = [good(), &custom(8 * 1024 * 1024)].concat();
    let limit = Limits::default().component_bytes;
    refused(&[
        ("over-size", too_large, &format!("bytes; expected at most {limit}")),
        ("over-size and no component", vec![b'x'; limit + 1], &format!("expected at most {limit}")),
        ("1,000 components deep", nested(1_000), "nested more than 8 deep"),
        ("10,000 components deep", nested(10_000), "nested more than 8 deep"),
        ("1,000 types deep", nested_types(1_000), "nested more than 8 deep"),
        ("600,000 types deep", nested_types(600_000), "nested more than 8 deep"),
        ("128 types that name one another", chained_types(128), "more than 100 component and"),
        ("a function of 4,000 locals", with_function(4_000, 0), "with 4000 locals; expected"),
        ("a function of 2 GB locals", with_function(1 << 31, 0), "locals"),
        ("a function of 1 MB", with_function(0, 1 << 20), "a function of 1048580 bytes with"),
        (
            "20 more instances",
            with_instances(20, b"\0asm\x01\0\0\0"),
            "the component was not compiled: ",
        ),
        (
            "an instance with memory of its own",
            with_instances(1, &memory),
            "2 memories; expected at most 1",
        ),
        (
            "an instance that never starts",
            with_instances(1, &looping),
            "`describe` failed: the policy used more",
        ),
    ]);
}

/// A module with one function of blocks in blocks, `depth` of them.
fn nested_blocks(depth: usize) -> Vec<u8> {
    const BLOCK: [u8; 2] = [0x02, 0x40];
    const END: [u8; 1] = [0x0b];
    module(&[&[0], &*BLOCK.repeat(depth), &END.repeat(depth + 1)].concat())
}

/// The good policy with one more function, of so many locals and so many bytes that do nothing.
fn with_function(locals: usize, bytes: usize) -> Vec<u8> {
    const I32: u8 = 0x7f;
    const NOP: u8 = 0x01;
    let body = [vec![1], leb128(locals), vec![I32], vec![NOP; bytes], vec![0x0b]].concat();
    with_instances(1, &module(&body))
}

/// Instance types, each of which names the one before.
fn chained_types(count: usize) -> Vec<u8> {
    const INSTANCE_TYPE: u8 = 0x42;
    let mut types = [leb128(count), vec![INSTANCE_TYPE, 0]].concat();
    for before in 0..count - 1 {
        types.extend([INSTANCE_TYPE, 2, 0x02, 0x03, 0x02, 0x01]);
        types.extend(leb128(before));
        types.extend([0x04, 0x00, 0x01, b'x', 0x05, 0x00]);
    }
    [HEADER, &section(TYPE, &types)].concat()
}

/// A module with one function that takes and gives nothing.
fn module(body: &[u8]) -> Vec<u8> {
    const TYPE_OF_NOTHING: &[u8] = &[1, 4, 1, 0x60, 0, 0];
    const FUNCTION: &[u8] = &[3, 2, 1, 0];
    const CODE: u8 = 10;
    let body = [leb128(body.len()), body.to_vec()].concat();
    [b"\0asm\x01\0\0\0", TYPE_OF_NOTHING, FUNCTION, &section(CODE, &one(&body))].concat()
}

#[test]
fn blocks_nested_very_deep_do_not_take_the_hosts_stack() {
    let component = with_instances(1, &nested_blocks(43_000));
    assert_eq!(inspect(&runtime(), &component), "taken");
}

#[test]
fn compilation_is_given_up_at_its_deadline() {
    let compile_deadline = Duration::from_millis(1);
    let runtime = Runtime::with_limits(Limits { compile_deadline, ..Limits::default() }).unwrap();
    let late = "the component was not compiled: compilation took longer than 0.001 s";
    assert_eq!(inspect(&runtime, good()), late);
    let busy = "the component was not compiled: an earlier compilation that took too long is still \
                running";
    assert_eq!(inspect(&runtime, good()), busy);
    wait_until("the first one ends", || inspect(&runtime, good()) == late);
    Host::shared().is_well("a compilation that took too long");
}

#[test]
fn trailing_bytes_are_refused() {
    let behind = |bytes: &[u8]| [good(), bytes].concat();
    refused(&[
        ("zero", behind(b"\0"), "not a valid component: "),
        ("zeros", behind(&[0; 64]), "not a valid component: "),
        ("the same again", behind(good()), "not a valid component: "),
        ("an unknown section", behind(&section(99, b"x")), "not a valid component: "),
    ]);
}

#[test]
fn a_truncated_component_is_refused_wherever_it_ends() {
    let runtime = runtime();
    let ends = (0..4_096).chain((4_096..good().len()).step_by(97));
    let ends: Vec<_> = ends.filter(|end| *end < good().len()).collect();
    assert!(ends.len() > 4_096);
    for end in ends {
        let error = inspect(&runtime, &good()[..end]);
        let is_artefact = error.starts_with("not a policy component: ");
        assert!(is_artefact, "the first {end} bytes: {error}");
    }
}

/// A changed bit either makes the file no policy, or one that decides or fails like any other.
#[test]
fn a_flipped_bit_breaks_nothing_but_the_policy() {
    const SAMPLES: usize = 48;
    let gate = gate("flipped", &runtime());
    let settings = json!({"server_url": "https://mdm.example.com", "windows_entra_tenant_ids": []});
    let mut refused = 0;
    for sample in 0..SAMPLES {
        let (position, bit) = (sample * good().len() / SAMPLES, sample % 8);
        let mut component = good().to_vec();
        component[position] ^= 1 << bit;
        match activate(&gate, &component, settings.clone()) {
            Ok(()) => drop(decide(&gate, &claims(), &Facts::default(), NOW, true)),
            Err(error) => {
                assert!(!error.starts_with(PANIC), "bit {bit} of byte {position}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    Host::shared().is_well("flipped bits");
}
