//! Components that are dear to compile for their size: one shape per thing that a component may have
//! many of. Each is a good policy with more beside it.

use wasmparser::{Parser, Payload};

/// Section numbers of a core module.
mod core {
    pub(super) const TYPE: u8 = 1;
    pub(super) const IMPORT: u8 = 2;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const TABLE: u8 = 4;
    pub(super) const MEMORY: u8 = 5;
    pub(super) const GLOBAL: u8 = 6;
    pub(super) const EXPORT: u8 = 7;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const CODE: u8 = 10;
    pub(super) const DATA: u8 = 11;
}

/// Section numbers of a component.
mod outer {
    pub(super) const CORE_MODULE: u8 = 1;
    pub(super) const CORE_INSTANCE: u8 = 2;
    pub(super) const COMPONENT: u8 = 4;
    pub(super) const INSTANCE: u8 = 5;
    pub(super) const TYPE: u8 = 7;
    pub(super) const CANONICAL: u8 = 8;
    pub(super) const IMPORT: u8 = 10;
}

const MODULE_HEADER: &[u8] = b"\0asm\x01\0\0\0";
const END: u8 = 0x0b;
const I32: u8 = 0x7f;
const NO_TYPE: u8 = 0x40;

/// What is put behind a policy.
#[derive(Clone, Debug)]
pub enum Part {
    /// A core module, with an instance of it.
    Instance(Vec<u8>),
    /// A section of the component.
    Section(u8, Vec<u8>),
}

/// `policy` with parts behind it.
pub fn beside(policy: &[u8], parts: &[Part]) -> Vec<u8> {
    let mut module = Parser::new(0)
        .parse_all(policy)
        .filter(|part| matches!(part, Ok(Payload::ModuleSection { .. })))
        .count();
    let mut component = policy.to_vec();
    for part in parts {
        match part {
            Part::Instance(bytes) => {
                component.extend(section(outer::CORE_MODULE, bytes));
                let instance = [vec![0], leb128(module), vec![0]].concat();
                component.extend(section(outer::CORE_INSTANCE, &vector(&[instance])));
                module += 1;
            }
            Part::Section(id, content) => component.extend(section(*id, content)),
        }
    }
    component
}

/// All shapes. Code is `percent` of what fits into a component; everything else is as many as may be.
pub fn shapes(percent: usize) -> Vec<(&'static str, Vec<Part>)> {
    const CODE_BYTES: usize = 1_800_000;
    let loops: &[u8] = &[0x03, NO_TYPE, END];
    let ifs: &[u8] = &[0x41, 0, 0x04, NO_TYPE, END];
    let branches: &[u8] = &[0x02, NO_TYPE, 0x41, 0, 0x0d, 0, END];
    let calls: &[u8] = &[0x10, 0];
    let floats: &[u8] = &[0x20, 0, 0xb2, 0x91, 0xbc, 0x21, 0];
    let division: &[u8] = &[0x20, 0, 0x20, 1, 0x6d, 0x21, 0];
    let vectors: &[u8] = &[0x20, 0, 0xfd, 0x11, 0xfd, 0xe3, 1, 0xfd, 0x1b, 0, 0x21, 0];
    let results: &[u8] = &[0x20, 0, 0x04, I32, 0x20, 0, 0x05, 0x20, 1, END, 0x21, 0];
    let sums: &[u8] = &[0x20, 0, 0x20, 1, 0x6a, 0x21, 0];
    let bytes = CODE_BYTES * percent / 100;
    let code = |each, locals, body| instance(code(bytes.max(each), each, locals, body));
    vec![
        ("functions", instance(functions(9_500, &[0, END]))),
        ("types", instance(types(1_900))),
        ("parameters", functions_of(600, 64, 0)),
        ("nested components", nested_components(6, 3)),
        ("merging values", merging((300 * percent).div_ceil(100))),
        ("globals", instance(globals(900, &[EXPORTS]))),
        ("exports", instance(exports(1_900))),
        ("data segments", instance(data(9_900))),
        ("table entries", instance(elements(1, 9_900))),
        ("loops, small functions", code(4_000, 2, loops)),
        ("loops, large functions", code(12_000, 2, loops)),
        ("ifs, small functions", code(4_000, 2, ifs)),
        ("ifs, large functions", code(32_000, 2, ifs)),
        ("branches, many locals", code(4_000, 300, branches)),
        ("calls, small functions", code(4_000, 2, calls)),
        ("calls, large functions", code(60_000, 2, calls)),
        ("memory growth, large functions", memory_growth(bytes, 20_000)),
        ("memory growth, small functions", memory_growth(bytes, 4_000)),
        ("indirect calls, large functions", indirect_calls(bytes, 24_000)),
        ("indirect calls, small functions", indirect_calls(bytes, 4_000)),
        ("results, large functions", code(24_000, 2, results)),
        ("results, small functions", code(4_000, 2, results)),
        ("floats", code(4_000, 2, floats)),
        ("division", code(4_000, 2, division)),
        ("vectors", code(4_000, 2, vectors)),
        ("sums, large functions", code(120_000, 900, sums)),
    ]
}

fn instance(module: Vec<u8>) -> Vec<Part> {
    vec![Part::Instance(module)]
}

fn module(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let sections = sections.iter().map(|(id, content)| section(*id, content));
    [MODULE_HEADER.to_vec()].into_iter().chain(sections).flatten().collect()
}

/// A type that takes and gives nothing.
fn nothing() -> Vec<u8> {
    vec![0x60, 0, 0]
}

fn body(content: &[u8]) -> Vec<u8> {
    [leb128(content.len()), content.to_vec()].concat()
}

fn functions(count: usize, content: &[u8]) -> Vec<u8> {
    module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::FUNCTION, vector(&vec![vec![0]; count])),
        (core::CODE, vector(&vec![body(content); count])),
    ])
}

/// A module of this many empty functions.
pub fn empty_functions(count: usize) -> Vec<Part> {
    instance(functions(count, &[0, END]))
}

/// A function of so many bytes of loops.
pub fn loops(bytes: usize) -> Vec<Part> {
    instance(code(bytes, bytes, 0, &[0x03, NO_TYPE, END]))
}

/// A component nested `depth` deep, in which each level instantiates the next one `times` times.
pub fn nested_components(depth: usize, times: usize) -> Vec<Part> {
    let header = b"\0asm\x0d\0\x01\0".to_vec();
    let within = |inner: Vec<u8>| {
        let inner = section(outer::COMPONENT, &inner);
        let instances = section(outer::INSTANCE, &vector(&vec![vec![0, 0, 0]; times]));
        [header.clone(), inner, instances].concat()
    };
    let nested = (1..depth).fold(header.clone(), |inner, _| within(inner));
    vec![Part::Section(outer::COMPONENT, nested)]
}

/// A component that imports a component and instantiates it.
pub fn passed_component() -> Vec<Part> {
    let header = b"\0asm\x0d\0\x01\0".to_vec();
    let ty = section(outer::TYPE, &vector(&[vec![0x41, 0]]));
    let import = section(outer::IMPORT, &vector(&[vec![0, 1, b'c', 4, 0]]));
    vec![Part::Section(outer::COMPONENT, [header, ty, import].concat())]
}

/// A module of so many functions of one type of so many parameters and results.
pub fn functions_of(count: usize, params: usize, results: usize) -> Vec<Part> {
    let values = |count: usize| [leb128(count), vec![I32; count]].concat();
    let ty = [vec![0x60], values(params), values(results)].concat();
    instance(module(&[
        (core::TYPE, vector(&[ty])),
        (core::FUNCTION, vector(&vec![vec![0]; count])),
        (core::CODE, vector(&vec![body(&[0, 0, END]); count])),
    ]))
}

/// A module with a function that branches by a table to so many blocks, each of which sets a local.
pub fn merging(blocks: usize) -> Vec<Part> {
    let locals = 900;
    let targets: Vec<_> = (0..blocks).map(leb128).collect();
    let table = [vec![0x41, 0, 0x0e], vector(&targets), vec![0]].concat();
    let ends = (0..blocks).flat_map(|index| {
        [vec![END, 0x41], leb128(index % 64), vec![0x21], leb128(index % locals)]
    });
    let begins = [0x02, NO_TYPE].repeat(blocks);
    let code = [begins, table, ends.flatten().collect(), vec![END]].concat();
    let function = [vec![1], leb128(locals), vec![I32], code].concat();
    instance(module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::FUNCTION, vector(&[vec![0]])),
        (core::CODE, vector(&[body(&function)])),
    ]))
}

/// A module of this many types.
pub fn many_types(count: usize) -> Vec<Part> {
    instance(types(count))
}

/// A module with an element segment of this many entries.
pub fn many_elements(count: usize) -> Vec<Part> {
    instance(elements(1, count))
}

/// Types that all differ.
fn types(count: usize) -> Vec<u8> {
    let of = |index: usize| {
        let bits = usize::BITS - index.leading_zeros();
        let params: Vec<u8> = (0..bits).map(|bit| I32 - u8::from(index >> bit & 1 == 1)).collect();
        [vec![0x60], leb128(params.len()), params, vec![0]].concat()
    };
    module(&[(core::TYPE, vector(&(1..=count).map(of).collect::<Vec<_>>()))])
}

fn elements(segments: usize, each: usize) -> Vec<u8> {
    let segment = [vec![0, 0x41, 0, END], vector(&vec![vec![0]; each])].concat();
    module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::FUNCTION, vector(&[vec![0]])),
        (core::TABLE, vector(&[[vec![0x70, 0], leb128(each)].concat()])),
        (core::ELEMENT, vector(&vec![segment; segments])),
        (core::CODE, vector(&[body(&[0, END])])),
    ])
}

/// No exports, as a section.
const EXPORTS: (u8, &[u8]) = (core::EXPORT, &[0]);

fn globals(count: usize, more: &[(u8, &[u8])]) -> Vec<u8> {
    let globals = (core::GLOBAL, vector(&vec![vec![I32, 1, 0x41, 0, END]; count]));
    let more = more.iter().map(|(id, content)| (*id, content.to_vec()));
    module(&[globals].into_iter().chain(more).collect::<Vec<_>>())
}

/// A module with a mutable global and without exports.
pub fn without_exports() -> Vec<Part> {
    instance(globals(1, &[]))
}

/// Functions of `each` bytes that call by a table.
fn indirect_calls(bytes: usize, each: usize) -> Vec<Part> {
    let call: &[u8] = &[0x41, 0, 0x11, 0, 0];
    let content = [&[0], &*call.repeat(each / call.len()), &[END]].concat();
    let bodies = vec![body(&content); bytes.max(each) / each];
    instance(module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::FUNCTION, vector(&vec![vec![0]; bodies.len()])),
        (core::TABLE, vector(&[vec![0x70, 0, 1]])),
        (core::CODE, vector(&bodies)),
    ]))
}

/// Functions of `each` bytes that let a memory grow which the module imports. No instance is made of it:
/// a policy has one memory.
fn memory_growth(bytes: usize, each: usize) -> Vec<Part> {
    let grow: &[u8] = &[0x20, 0, 0x40, 0, 0x21, 0];
    let content = [&[1, 1, I32], &*grow.repeat(each / grow.len()), &[END]].concat();
    let bodies = vec![body(&content); bytes.max(each) / each];
    let module = module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::IMPORT, vector(&[vec![1, b'm', 1, b'm', 2, 0, 1]])),
        (core::FUNCTION, vector(&vec![vec![0]; bodies.len()])),
        (core::CODE, vector(&bodies)),
    ]);
    vec![Part::Section(outer::CORE_MODULE, module)]
}

/// Modules with a memory whose first and last byte are given.
pub fn memories(count: usize) -> Vec<Part> {
    let pages = 255;
    let data = |at: usize| [vec![0, 0x41], leb128(at), vec![END, 1, 1]].concat();
    let module = module(&[
        (core::MEMORY, vector(&[[vec![0], leb128(pages)].concat()])),
        (EXPORTS.0, EXPORTS.1.to_vec()),
        (core::DATA, vector(&[data(0), data(pages * 65_536 - 1)])),
    ]);
    vec![Part::Section(outer::CORE_MODULE, module); count]
}

/// A global that is the sum of so many numbers.
pub fn sum_of(count: usize) -> Vec<Part> {
    let sum = [0x41, 1, 0x6a].repeat(count);
    let global = [&[I32, 0, 0x41, 1], &*sum, &[END]].concat();
    instance(module(&[(core::GLOBAL, vector(&[global]))]))
}

/// A component that lowers a function that it imports, so that a module could call it.
pub fn lowered_function() -> Vec<Part> {
    let header = b"\0asm\x0d\0\x01\0".to_vec();
    let ty = section(outer::TYPE, &vector(&[vec![0x40, 0, 1, 0]]));
    let import = section(outer::IMPORT, &vector(&[vec![0, 1, b'f', 1, 0]]));
    let lower = section(outer::CANONICAL, &vector(&[vec![1, 0, 0, 0]]));
    vec![Part::Section(outer::COMPONENT, [header, ty, import, lower].concat())]
}

fn exports(count: usize) -> Vec<u8> {
    let export = |index: usize| {
        let name = index.to_string();
        [leb128(name.len()), name.into_bytes(), vec![0, 0]].concat()
    };
    module(&[
        (core::TYPE, vector(&[nothing()])),
        (core::FUNCTION, vector(&[vec![0]])),
        (core::EXPORT, vector(&(0..count).map(export).collect::<Vec<_>>())),
        (core::CODE, vector(&[body(&[0, END])])),
    ])
}

/// Passive, since a policy has one memory and this is not in the module that has it.
fn data(count: usize) -> Vec<u8> {
    module(&[(core::DATA, vector(&vec![vec![1, 1, 0]; count]))])
}

/// As many bytes of code, in functions of `each` bytes that all differ, repeating an instruction. The
/// locals are all alive until the end of each.
fn code(bytes: usize, each: usize, locals: usize, instruction: &[u8]) -> Vec<u8> {
    let uses = (0..locals).flat_map(|index| [vec![0x20], leb128(index), vec![0x10, 1]].concat());
    let uses: Vec<u8> = uses.collect();
    let function = |number: usize| {
        let distinct = [vec![0x41], leb128(number + 1_000_000), vec![0x1a]].concat();
        let repeated = instruction.repeat(each / instruction.len());
        let locals = [vec![1], leb128(locals), vec![I32]].concat();
        body(&[&*locals, &distinct, &repeated, &uses, &[END]].concat())
    };
    let (first, used) = (body(&[0, END]), body(&[0, END]));
    let bodies = [first, used].into_iter().chain((0..bytes / each).map(function));
    let bodies: Vec<_> = bodies.collect();
    let types = (0..bodies.len()).map(|index| vec![u8::from(index == 1)]);
    module(&[
        (core::TYPE, vector(&[nothing(), vec![0x60, 1, I32, 0]])),
        (core::FUNCTION, vector(&types.collect::<Vec<_>>())),
        (core::CODE, vector(&bodies)),
    ])
}

/// A section: its number, its length, its content.
pub fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &*leb128(content.len()), content].concat()
}

/// A vector of items.
pub fn vector(items: &[Vec<u8>]) -> Vec<u8> {
    [leb128(items.len()), items.concat()].concat()
}

/// A number in the binary format.
pub fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("7 bits");
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
