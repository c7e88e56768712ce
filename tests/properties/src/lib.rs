//! What must hold of a policy whatever it is asked, over settings, claims and facts put together at
//! random.
//!
//! A [`World`] says what to put together for one policy; its strategies vary that. A property takes
//! whatever answers for the policy, a [`Subject`]: the rules as plain Rust ([`Native`]), or a
//! component in the sandbox. Runs are the same every time: the seed is fixed. What came out is
//! counted in a [`Seen`], so that a test can demand that a run has reached every outcome.

mod answer;
mod input;
mod json;
mod native;
mod property;
mod removal;
mod run;
mod world;
pub mod worlds;

pub use answer::{Answer, Seen, Verdict};
pub use input::Input;
pub use json::recased;
pub use native::{Native, value};
pub use property::{
    agrees, ignores_letter_case, ignores_order, ignores_unrelated_claims, never_fails, recasings,
    takes_the_same_settings,
};
pub use removal::{Removal, Widening, never_widens, removals, widening};
pub use world::World;

use std::rc::Rc;

/// Writes the tests of what holds of every policy, natively: `POLICY`, its `world()`, and a test for each
/// property. Runs reach every reason, and each of the outcomes that admit or ask.
#[macro_export]
macro_rules! hold_natively {
    ($policy:ty, $world:ident, [$($admitted:literal),+]) => {
        const CASES: u32 = 20_000;
        const POLICY: $crate::Native<$policy> = $crate::Native::new();

        fn world() -> $crate::World {
            $crate::worlds::$world::<$policy>()
        }

        #[test]
        fn every_input_has_an_answer() {
            let world = world();
            let seen = $crate::never_fails(&POLICY, &world, world.any_settings(), CASES);
            seen.demand(world.reasons);
            seen.demand([$($admitted,)+ "refused"]);
        }

        #[test]
        fn the_order_of_claims_does_not_matter() {
            let world = world();
            let seen = $crate::ignores_order(&POLICY, &world, world.any_settings(), CASES);
            seen.demand(world.reasons);
            seen.demand([$($admitted),+]);
        }

        #[test]
        fn unrelated_claims_do_not_matter() {
            let world = world();
            let seen = $crate::ignores_unrelated_claims(&POLICY, &world, world.any_settings(), CASES);
            seen.demand(world.reasons);
            seen.demand([$($admitted),+]);
        }

        #[test]
        fn the_letter_case_of_guids_does_not_matter() {
            let world = world();
            let settings = $crate::recasings(world.any_settings());
            let seen = $crate::ignores_letter_case(&POLICY, &world, settings, CASES);
            seen.demand(world.reasons);
            seen.demand([$($admitted),+]);
        }
    };
}

/// Members of a JSON object: claims, facts or settings.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// Something that answers for a policy.
pub trait Subject {
    /// The policy with these settings; `None` when they are refused.
    fn configured(&self, settings: &Object) -> Option<Rc<dyn Decide>>;
}

/// A policy with its settings.
pub trait Decide {
    /// What it says; `None` when the host refuses the input before the policy sees it.
    fn decide(&self, input: &Input) -> Option<Answer>;
}
