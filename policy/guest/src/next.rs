//! A next version of a policy: the version before, and what it adds.
#![expect(
    clippy::indexing_slicing,
    reason = "all of it runs at compile time, where an index out of bounds is an error"
)]

use std::marker::PhantomData;

use crate::about::{About, Absent, Fact, Kind, Presentation, Reason, Rule, Setting};
use crate::contract::{FactKind, Retry};
use crate::{Finding, Policy, Token};

/// The most rules a policy has, as the contract says.
const MAX_RULES: usize = 64;

impl<B: Policy> About<B> {
    /// What a next version starts from: everything of this one, its rules asked through `as_ref`.
    ///
    /// ```
    /// # use admit_guest::{About, Finding, Policy, Principal, Rule, Settings, Token, join};
    /// # struct First;
    /// # impl Policy for First {
    /// #     const ABOUT: About<Self> = About {
    /// #         name: "sample", version: "1.0.0", summary: "A sample.", claims: &["tid", "oid"],
    /// #         facts: &[], settings: &[], reasons: &[], host_reasons: &[],
    /// #         rules: &[Rule { name: "a", summary: "A.", check: |_, _| Finding::Pass }],
    /// #     };
    /// #     fn configure(_: &mut Settings<'_>) -> Option<Self> { Some(Self) }
    /// #     fn principal(&self, _: &Token<'_>) -> Principal { Principal::of_user() }
    /// # }
    /// /// `First`, and one rule more.
    /// struct Second {
    ///     before: First,
    /// }
    ///
    /// const BEFORE: About<Second> = First::ABOUT.next("2.0.0");
    ///
    /// const ALSO: Rule<Second> =
    ///     Rule { name: "also", summary: "Also this.", check: |_, _| Finding::Pass };
    ///
    /// impl Policy for Second {
    ///     const ABOUT: About<Self> = About { rules: join!(BEFORE.rules, [ALSO]), ..BEFORE };
    ///
    ///     fn configure(settings: &mut Settings<'_>) -> Option<Self> {
    ///         Some(Self { before: First::configure(settings)? })
    ///     }
    ///
    ///     fn principal(&self, token: &Token<'_>) -> Principal {
    ///         self.before.principal(token)
    ///     }
    /// }
    ///
    /// impl AsRef<First> for Second {
    ///     fn as_ref(&self) -> &First {
    ///         &self.before
    ///     }
    /// }
    ///
    /// let names: Vec<_> = Second::ABOUT.rules.iter().map(|rule| rule.name).collect();
    /// assert_eq!(names, ["a", "also"]);
    /// ```
    #[must_use]
    pub const fn next<P: AsRef<B> + 'static>(&self, version: &'static str) -> About<P> {
        About {
            name: self.name,
            version,
            summary: self.summary,
            claims: self.claims,
            facts: self.facts,
            settings: self.settings,
            rules: Next::<B, P>::RULES,
            reasons: self.reasons,
            host_reasons: self.host_reasons,
        }
    }
}

/// The policy `P` as the next version of `B`.
struct Next<B, P>(PhantomData<(B, P)>);

/// The checks of the rules with these indices.
macro_rules! checks {
    ($($index:literal)*) => { [$(Self::check::<$index>),*] };
}

impl<B: Policy, P: AsRef<B> + 'static> Next<B, P> {
    const RULES: &'static [Rule<P>] = Self::ALL.split_at(B::ABOUT.rules.len()).0;

    /// As many as a policy can have: the length of an array cannot depend on `B`.
    const ALL: &'static [Rule<P>] = &{
        let before = B::ABOUT.rules;
        assert!(before.len() <= MAX_RULES, "the version before has more than 64 rules");
        let mut all = [Rule::BLANK; MAX_RULES];
        let mut index = 0;
        while index < before.len() {
            let Rule { name, summary, .. } = &before[index];
            all[index] = Rule { name, summary, check: Self::CHECKS[index] };
            index += 1;
        }
        all
    };

    #[rustfmt::skip]
    const CHECKS: [fn(&P, &Token<'_>) -> Finding; MAX_RULES] = checks!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
        61 62 63
    );

    /// The rule of the version before with this index.
    fn check<const INDEX: usize>(policy: &P, token: &Token<'_>) -> Finding {
        (B::ABOUT.rules[INDEX].check)(policy.as_ref(), token)
    }
}

/// The table of the version before, with entries added: of claims, facts, settings, rules or reasons.
///
/// An entry with the name of one that is there takes its place. The others come behind the entry
/// that `after` names, else last. Evaluated at compile time; the table is exactly as long as it
/// must be.
///
/// ```
/// use admit_guest::join;
///
/// const BEFORE: &[&str] = &["tid", "oid", "upn"];
/// const CLAIMS: &[&str] = join!(BEFORE, ["acrs", "auth_time"] after "oid");
/// assert_eq!(CLAIMS, ["tid", "oid", "acrs", "auth_time", "upn"]);
/// assert_eq!(join!(BEFORE, ["oid", "cnf"]), &["tid", "oid", "upn", "cnf"]);
/// ```
///
/// A name that the table lacks does not compile:
///
/// ```compile_fail
/// const CLAIMS: &[&str] = admit_guest::join!(&["tid", "oid"], ["acrs"] after "sub");
/// ```
#[macro_export]
macro_rules! join {
    ($before:expr, [$($added:expr),+ $(,)?] $(after $after:literal)?) => {
        &$crate::Table($before).join::<{ $crate::Table($before).length(&[$($added),+]) }>(
            &[$($added),+],
            const { $crate::last_of(&["" $(, $after)?]) },
        )
    };
}

/// A table of the version before; see [`join!`].
#[derive(Debug)]
pub struct Table<'a, T>(pub &'a [T]);

/// Where a table says `after`; empty for last.
#[must_use]
pub const fn last_of(names: &[&'static str]) -> &'static str {
    names[names.len() - 1]
}

/// The tables' entries have their names in different places, and a constant function cannot call a
/// trait's: one implementation each.
macro_rules! tables {
    ($([$($generic:ident)?] $entry:ty: |$item:ident| $name:expr, $blank:expr;)+) => { $(
        impl<$($generic)?> Table<'_, $entry> {
            /// How long the joined table is.
            #[must_use]
            pub const fn length(&self, added: &[$entry]) -> usize {
                let (mut length, mut index) = (self.0.len(), 0);
                while index < added.len() {
                    if Self::place(self.0, Self::name(&added[index])).is_none() {
                        length += 1;
                    }
                    index += 1;
                }
                length
            }

            /// The joined table.
            #[must_use]
            pub const fn join<const LENGTH: usize>(
                &self,
                added: &[$entry],
                after: &str,
            ) -> [$entry; LENGTH] {
                let mut joined = [$blank; LENGTH];
                let (mut length, mut index) = (0, 0);
                while index < self.0.len() {
                    let name = Self::name(&self.0[index]);
                    joined[length] = match Self::place(added, name) {
                        Some(place) => added[place],
                        None => self.0[index],
                    };
                    length += 1;
                    if !after.is_empty() && is_same(name, after) {
                        length = self.add(added, &mut joined, length);
                    }
                    index += 1;
                }
                if after.is_empty() {
                    length = self.add(added, &mut joined, length);
                }
                assert!(length == LENGTH, "`after` names an entry that the table does not have");
                joined
            }

            /// Adds the new entries; says where the next one goes.
            const fn add(&self, added: &[$entry], to: &mut [$entry], mut at: usize) -> usize {
                let mut index = 0;
                while index < added.len() {
                    if Self::place(self.0, Self::name(&added[index])).is_none() {
                        to[at] = added[index];
                        at += 1;
                    }
                    index += 1;
                }
                at
            }

            const fn place(entries: &[$entry], name: &str) -> Option<usize> {
                let mut index = 0;
                while index < entries.len() {
                    if is_same(Self::name(&entries[index]), name) {
                        return Some(index);
                    }
                    index += 1;
                }
                None
            }

            const fn name($item: &$entry) -> &'static str {
                $name
            }
        }
    )+ };
}

tables! {
    [] &'static str: |name| name, "";
    [] Fact: |fact| fact.name, Fact::BLANK;
    [] Setting: |setting| setting.name, Setting::BLANK;
    [] Reason: |reason| reason.code, Reason::BLANK;
    [P] Rule<P>: |rule| rule.name, Rule::BLANK;
}

/// Whether two names are equal, at compile time.
pub(crate) const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

// What an array holds before it is filled.

impl Fact {
    const BLANK: Self = Self { name: "", summary: "", kind: FactKind::Boolean };
}

impl Setting {
    const BLANK: Self =
        Self { name: "", title: "", help: "", kind: Kind::Text, absent: Absent::Refused };
}

impl Reason {
    const BLANK: Self = Self {
        code: "",
        title: "",
        remedy: "",
        presentation: Presentation {
            error_id: "",
            http_status: 0,
            user_message: "",
            retry: Retry::No,
            fallback: None,
            mdm_fault: None,
        },
    };
}

impl<P> Rule<P> {
    const BLANK: Self = Self { name: "", summary: "", check: |_, _| Finding::Skip };
}
