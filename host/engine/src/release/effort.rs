//! What compiling a function will cost, read from its instructions.
//!
//! Compiling takes far more memory and time for some instructions than for others: a loop of three
//! bytes takes 22 KiB, since fuel and deadline are looked at in each. The figures are measured
//! (`make soak` measures them again) and rounded up; what counts is that their sum keeps the worst
//! component within bounds, not that they are exact.

use wasmparser::{
    BinaryReaderError, CompositeInnerType, FuncValidator, FunctionBody, Operator,
    WasmModuleResources,
};

use super::merges::Merges;

/// Memory that compiling one function may take.
const MAX_FUNCTION_KIB: u64 = 96 * 1024;

/// Time that compiling all functions may take, on a machine of 2020.
const MAX_MICROS: u64 = 5_000_000;

/// Compiling a function whose parts take this long takes twice as long.
const TWICE_AT_MICROS: u64 = 250_000;

/// Time and memory of one instruction.
struct Weight {
    micros: u64,
    bytes: u64,
    /// Whether it begins or ends a basic block, in each of which every value that is alive counts.
    splits: bool,
}

/// Bytes for each value that is alive in a basic block.
const BYTES_PER_LIVE_VALUE: u64 = 80;

/// Values that are put aside for a call in a microsecond.
const VALUES_PUT_ASIDE_PER_MICRO: u64 = 16;

/// Time and memory for each value that is passed to where control flow joins.
const MICROS_PER_MERGED_VALUE: u64 = 7;
const BYTES_PER_MERGED_VALUE: u64 = 1_000;

/// Bytes for the results of blocks that a function passes, for each and for each of the others.
const BYTES_PER_PAIR_OF_RESULTS: u64 = 3;

/// Bytes for each value that a call passes.
const BYTES_PER_PASSED_VALUE: u64 = 160;

/// What the functions that were read so far will take.
#[derive(Debug, Default)]
pub(super) struct Effort {
    micros: u64,
}

/// Why functions would be too dear to compile.
#[derive(Debug, PartialEq)]
pub(super) enum TooDear {
    /// One function, in memory.
    Function {
        /// Its estimate.
        kib: u64,
        most: u64,
    },
    /// All together, in time.
    Together { most: u64 },
}

impl Effort {
    /// Validates a function and adds what it will take.
    pub(super) fn add<T: WasmModuleResources>(
        &mut self,
        validator: &mut FuncValidator<T>,
        body: &FunctionBody<'_>,
    ) -> Result<Result<(), TooDear>, BinaryReaderError> {
        let (mut micros, mut bytes) = (0_u64, 0_u64);
        validator.read_locals(&mut body.get_binary_reader())?;
        let mut merges = Merges::new(validator.len_locals());
        let start = body.range().start;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let offset = reader.original_position();
            let opcode = body.as_bytes().get(offset - start).copied();
            let weight = weight(opcode.unwrap_or_default());
            let operator = reader.read()?;
            let alive = u64::from(validator.operand_stack_height() + validator.len_locals());
            validator.op(offset, &operator)?;
            let targets = match &operator {
                Operator::BrTable { targets } => u64::from(targets.len()),
                _ => 0,
            };
            let passed = passed(&operator, validator.resources());
            // What is alive during a call is put aside.
            let is_call = matches!(opcode, Some(0x10..=0x15));
            let put_aside = if is_call { alive / VALUES_PUT_ASIDE_PER_MICRO } else { 0 };
            let alive = if weight.splits { alive } else { 0 };
            let merged = merges.read(&operator);
            let more = weight.micros + alive + targets + passed + put_aside;
            let merging = merged.saturating_mul(MICROS_PER_MERGED_VALUE);
            micros = micros.saturating_add(more.saturating_add(merging));
            let live = alive.saturating_mul(BYTES_PER_LIVE_VALUE);
            let passed = passed.saturating_mul(BYTES_PER_PASSED_VALUE);
            let merged = merged.saturating_mul(BYTES_PER_MERGED_VALUE);
            let more = weight.bytes + live + passed + targets * 64;
            bytes = bytes.saturating_add(more.saturating_add(merged));
        }
        reader.finish()?;
        let pairs = merges.results().saturating_mul(merges.results());
        bytes = bytes.saturating_add(pairs.saturating_mul(BYTES_PER_PAIR_OF_RESULTS));
        Ok(self.take(micros, bytes))
    }

    fn take(&mut self, micros: u64, bytes: u64) -> Result<(), TooDear> {
        let kib = bytes / 1024;
        if kib > MAX_FUNCTION_KIB {
            return Err(TooDear::Function { kib, most: MAX_FUNCTION_KIB });
        }
        let micros = micros + micros.saturating_mul(micros) / TWICE_AT_MICROS;
        self.micros = self.micros.saturating_add(micros);
        if self.micros > MAX_MICROS {
            return Err(TooDear::Together { most: MAX_MICROS });
        }
        Ok(())
    }
}

/// How many values a call passes.
fn passed<T: WasmModuleResources>(operator: &Operator<'_>, resources: &T) -> u64 {
    let ty = match operator {
        Operator::Call { function_index } => resources.type_index_of_function(*function_index),
        Operator::CallIndirect { type_index, .. } => Some(*type_index),
        _ => None,
    };
    let ty = ty.and_then(|index| resources.sub_type_at(index));
    match ty.map(|ty| &ty.composite_type.inner) {
        Some(CompositeInnerType::Func(ty)) => ty.params().len().try_into().unwrap_or(u64::MAX),
        _ => 0,
    }
}

/// By the first byte of an instruction.
fn weight(opcode: u8) -> Weight {
    let of = |micros, bytes| Weight { micros, bytes, splits: false };
    let splitting = |micros, bytes| Weight { micros, bytes, splits: true };
    match opcode {
        // block
        0x02 => splitting(2, 1_024),
        // loop: fuel and deadline are looked at
        0x03 => splitting(55, 22 * 1_024),
        // if, br_if, br_table, br_on_null and its like
        0x04 | 0x0d | 0x0e | 0xd5 | 0xd6 => splitting(36, 6 * 1_024),
        // else, br, return
        0x05 | 0x0c | 0x0f => splitting(10, 2 * 1_024),
        // call
        0x10 => of(13, 3 * 1_024),
        // call_indirect: the function of the table is made when it is first called
        0x11 => splitting(70, 18 * 1_024),
        // all other calls
        0x12..=0x15 => splitting(25, 8 * 1_024),
        // table.get, table.set
        0x25 | 0x26 => splitting(25, 6 * 1_024),
        // memory.grow
        0x40 => splitting(100, 26 * 1_024),
        // division, conversion of a float to an integer: they may trap
        0x6d..=0x70 | 0x7f..=0x82 | 0xa8..=0xab | 0xae..=0xb1 => of(12, 4 * 1_024),
        // arithmetic of floats: a NaN has the same bits everywhere
        0x91..=0x98 | 0x9f..=0xa6 | 0x8b..=0x90 | 0x99..=0x9e | 0xb6 | 0xbb => of(24, 6 * 1_024),
        // memory and tables in bulk, vectors
        0xfc | 0xfd => of(25, 6 * 1_024),
        _ => of(1, 512),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_bounded_in_memory_and_all_together_in_time() {
        let mut effort = Effort::default();
        let most = MAX_FUNCTION_KIB;
        assert_eq!(effort.take(1, most * 1_024), Ok(()));
        assert_eq!(
            effort.take(1, (most + 1) * 1_024),
            Err(TooDear::Function { kib: most + 1, most })
        );
        let small = (0..).take_while(|_| effort.take(10_000, 0).is_ok()).count();
        assert!((450..500).contains(&small), "{small}");
        let mut effort = Effort::default();
        let large = (0..).take_while(|_| effort.take(500_000, 0).is_ok()).count();
        assert_eq!(large, 3);
    }
}
