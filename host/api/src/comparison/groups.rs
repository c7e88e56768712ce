//! Comparisons that came out alike, counted together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Counts comparisons by what came of them, and keeps the first few of each as examples.
///
/// `K` is what came of a comparison: the kind of change with both decisions. `E` is an example; its order
/// says which example is the first, so that one found late still takes its place.
#[derive(Clone, Debug)]
pub struct Groups<K, E>(BTreeMap<K, Group<E>>);

/// Comparisons that came out alike.
#[derive(Clone, Debug)]
pub struct Group<E> {
    /// How many there are, at least 1.
    pub count: u64,
    /// The first of them in their order; empty only where no examples are kept.
    pub examples: Vec<E>,
}

impl<K: Ord, E: Ord> Groups<K, E> {
    /// Counts a comparison, keeps its example if it is among the first `most` of its group, and returns
    /// how many the group has now.
    pub fn count(&mut self, key: K, example: E, most: usize) -> u64 {
        let group = self.0.entry(key).or_insert_with(|| Group { count: 0, examples: Vec::new() });
        group.count += 1;
        let at = group.examples.partition_point(|before| *before < example);
        if at < most {
            group.examples.insert(at, example);
            group.examples.truncate(most);
        }
        group.count
    }

    /// Whether a comparison came out so, or there is room for another group among `most`.
    pub fn has_room_for(&self, key: &K, most: usize) -> bool {
        self.0.len() < most || self.0.contains_key(key)
    }

    /// The groups, the most frequent first; of equally frequent ones, the one whose first example is first.
    pub fn by_count(&self) -> Vec<(&K, &Group<E>)> {
        let mut groups: Vec<_> = self.0.iter().collect();
        groups.sort_by_key(|(_, group)| (Reverse(group.count), group.examples.first()));
        groups
    }

    /// How many comparisons came out in one of these ways.
    pub fn sum(&self, is_one: impl Fn(&K) -> bool) -> u64 {
        self.0.iter().filter(|(key, _)| is_one(key)).map(|(_, group)| group.count).sum()
    }
}

impl<K, E> Default for Groups<K, E> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequent_come_first_then_the_early() {
        let mut groups = Groups::default();
        for (place, key) in [(0, "a"), (1, "c"), (2, "b"), (3, "d"), (4, "b")] {
            groups.count(key, place, 1);
        }
        let keys: Vec<_> =
            groups.by_count().iter().map(|(key, group)| (**key, group.count)).collect();
        assert_eq!(keys, [("b", 2), ("a", 1), ("c", 1), ("d", 1)]);
        assert_eq!(groups.sum(|key| *key < "c"), 3);
    }

    #[test]
    fn the_first_examples_are_kept_whenever_they_come() {
        let mut groups = Groups::default();
        let counts = [5, 3, 9, 1].map(|place| groups.count("a", place, 2));
        assert_eq!(counts, [1, 2, 3, 4]);
        let by_count = groups.by_count();
        assert_eq!(by_count[0].1.examples, [1, 3]);
    }

    #[test]
    fn a_full_table_has_room_for_what_it_has() {
        let mut groups = Groups::default();
        groups.count("a", 0, 0);
        assert!(groups.has_room_for(&"b", 2));
        groups.count("b", 1, 0);
        assert!(groups.has_room_for(&"b", 2) && !groups.has_room_for(&"c", 2));
    }
}
