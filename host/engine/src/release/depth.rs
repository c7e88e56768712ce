//! How deep types are nested, found without recursion.
//!
//! The parser reads a type within a type by calling itself: a small file with types nested some ten
//! thousand deep would take the whole stack, and the process with it. So this is looked at first.

use wasmparser::{BinaryReader, BinaryReaderError, ComponentType, ComponentTypeDeclaration};

/// Component and instance types: a list of declarations, which may be types.
const NESTING: [u8; 2] = [0x41, 0x42];

/// How many component and instance types a type section has; none when they are nested more than
/// `limit` deep.
pub(super) fn count_within(
    section: &[u8],
    limit: usize,
) -> Result<Option<usize>, BinaryReaderError> {
    let mut nesting = 0;
    let mut reader = BinaryReader::new(section, 0);
    // How many items are still to come, by level: types at first, declarations below.
    let mut open = vec![reader.read_var_u32()?];
    while let Some(items) = open.last_mut() {
        if *items == 0 {
            open.pop();
            continue;
        }
        *items -= 1;
        let is_type = open.len() == 1 || is_type_declaration(&mut reader)?;
        if !is_type {
            continue;
        }
        if NESTING.contains(&reader.clone().read_u8()?) {
            reader.read_u8()?;
            nesting += 1;
            open.push(reader.read_var_u32()?);
        } else {
            reader.read::<ComponentType<'_>>()?;
        }
        if open.len() > limit {
            return Ok(None);
        }
    }
    Ok(Some(nesting))
}

/// Reads the start of a declaration that is a type, or the whole of any other one.
fn is_type_declaration(reader: &mut BinaryReader<'_>) -> Result<bool, BinaryReaderError> {
    const TYPE: u8 = 1;
    if reader.clone().read_u8()? == TYPE {
        reader.read_u8()?;
        return Ok(true);
    }
    reader.read::<ComponentTypeDeclaration<'_>>()?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::count_within;

    /// One type: `depth` component types, each within the one before.
    fn nested(depth: usize) -> Vec<u8> {
        let mut section = vec![1];
        section.extend([0x41, 1, 1].repeat(depth - 1));
        section.extend([0x41, 0]);
        section
    }

    #[test]
    fn the_depth_of_types_is_limited() {
        assert_eq!(count_within(&[0], 8).ok(), Some(Some(0)));
        assert_eq!(count_within(&nested(7), 8).ok(), Some(Some(7)));
        assert_eq!(count_within(&nested(9), 8).ok(), Some(None));
        assert_eq!(count_within(&nested(1_000_000), 8).ok(), Some(None));
    }

    #[test]
    fn types_beside_each_other_are_not_nested() {
        let beside = [&[100_u8][..], &[0x42, 1, 1, 0x41, 0].repeat(100)].concat();
        assert_eq!(count_within(&beside, 3).ok(), Some(Some(200)));
    }

    #[test]
    fn damaged_types_are_refused() {
        for section in [&[][..], &[1], &[1, 0x41], &[1, 0x41, 1, 9], &[1, 0x41, 1, 1]] {
            assert!(count_within(section, 8).is_err(), "{section:?}");
        }
    }
}
