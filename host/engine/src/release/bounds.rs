//! How many of everything a component may have, in all its modules and components together.
//!
//! Within 2 MiB there is room for half a million functions or two million table entries, each of
//! which takes the compiler kilobytes. A policy of ours has a few hundred of each, one that holds a
//! JavaScript engine some thousands of functions.

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    Modules,
    Instances,
    Types,
    Imports,
    Functions,
    Tables,
    TableEntries,
    Memories,
    Globals,
    Exports,
    ElementSegments,
    DataSegments,
    CustomSections,
    ConstantBytes,
    ComponentTypeBytes,
    ComponentItems,
    Parameters,
    ExpandedItems,
}

impl Thing {
    /// Its name in messages, and the most there may be.
    const fn bound(self) -> (&'static str, u64) {
        match self {
            Self::Modules => ("nested modules and components", 64),
            Self::Instances => ("core instances", 64),
            Self::Types => ("types of functions", 2_000),
            Self::Imports => ("imports of modules", 1_000),
            Self::Functions => ("functions", 10_000),
            Self::Tables => ("tables", 16),
            Self::TableEntries => ("initial entries of tables", 20_000),
            // An instance has one; of each, used or not, the compiler makes an image.
            Self::Memories => ("memories", 1),
            Self::Globals => ("globals", 1_000),
            Self::Exports => ("exports of modules", 2_000),
            Self::ElementSegments => ("element segments", 1_000),
            Self::DataSegments => ("data segments", 10_000),
            Self::CustomSections => ("custom sections", 1_000),
            Self::ConstantBytes => ("bytes of constant expressions", 128 * 1_024),
            Self::ComponentTypeBytes => ("bytes of component types", 64 * 1_024),
            Self::ComponentItems => {
                ("aliases, instances, exports and functions of components", 4_000)
            }
            Self::Parameters => ("parameters of types and functions", 40_000),
            Self::ExpandedItems => (
                "instances, aliases, exports, imports and functions of components, counted as often \
                 as they are instantiated",
                4_000,
            ),
        }
    }
}

/// More of something than there may be.
#[derive(Debug, PartialEq)]
pub(super) struct TooMany {
    pub(super) count: u64,
    pub(super) what: &'static str,
    pub(super) most: u64,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally([u64; Thing::ExpandedItems as usize + 1]);

impl Tally {
    /// Counts more of a thing.
    pub(super) fn add(&mut self, thing: Thing, more: u64) -> Result<(), TooMany> {
        let (what, most) = thing.bound();
        let Some(count) = self.0.get_mut(thing as usize) else { return Ok(()) };
        *count = count.saturating_add(more);
        if *count > most { Err(TooMany { count: *count, what, most }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_adds_up_to_its_bound() {
        let mut tally = Tally::default();
        assert_eq!(tally.add(Thing::Functions, 9_999), Ok(()));
        assert_eq!(tally.add(Thing::Types, 2_000), Ok(()));
        assert_eq!(tally.add(Thing::Functions, 1), Ok(()));
        let TooMany { count, what, most } = tally.add(Thing::Functions, 2).unwrap_err();
        assert_eq!((count, what, most), (10_002, "functions", 10_000));
        assert!(tally.add(Thing::ExpandedItems, u64::MAX).is_err());
    }
}
