//! From a policy to a component.

/// Makes this crate a component that exports a policy.
///
/// Keeps what `configure` made in memory, which is what a host snapshots. `decide` before
/// `configure`, or after one that refused, traps. Does nothing on other targets than WebAssembly,
/// so that a policy is an ordinary library in its own tests; but on every target, a policy whose
/// tables a host would refuse does not compile, and the compiler says why:
///
/// ```compile_fail
/// # use admit_guest::{About, Policy, Principal, Settings, Token};
/// struct Nameless;
///
/// impl Policy for Nameless {
///     const ABOUT: About<Self> = About {
///         name: "Name less", version: "1.0.0", summary: "", claims: &["tid", "oid"], facts: &[],
///         settings: &[], rules: &[], reasons: &[], host_reasons: &[],
///     };
/// #   fn configure(_: &mut Settings<'_>) -> Option<Self> { Some(Self) }
/// #   fn principal(&self, _: &Token<'_>) -> Principal { Principal::of_user() }
/// }
///
/// admit_guest::export!(Nameless);
/// # fn main() {}
/// ```
///
/// A component exports one policy, so a crate that exports is never a dependency of another one that
/// does: what a next version builds on lies in a library.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        #[allow(long_running_const_eval, reason = "texts are bounded, and looked at once")]
        const _: () = $crate::check(&<$policy as $crate::Policy>::ABOUT);

        #[cfg(target_family = "wasm")]
        const _: () = {
            use std::sync::{PoisonError, RwLock};

            use $crate::Policy as _;
            use $crate::bindings::exports::admit::policy::policy::Guest;
            use $crate::contract::{Decision, Description, Field, Request, SettingError};

            static CONFIGURED: RwLock<Option<$policy>> = RwLock::new(None);

            struct Component;

            impl Guest for Component {
                fn describe() -> Description {
                    <$policy>::describe()
                }

                fn configure(settings: Vec<Field>) -> Result<(), Vec<SettingError>> {
                    let (policy, answer) = match <$policy>::configured(&settings) {
                        Ok(policy) => (Some(policy), Ok(())),
                        Err(refused) => (None, Err(refused)),
                    };
                    *CONFIGURED.write().unwrap_or_else(PoisonError::into_inner) = policy;
                    answer
                }

                fn decide(request: Request) -> Decision {
                    match &*CONFIGURED.read().unwrap_or_else(PoisonError::into_inner) {
                        Some(policy) => policy.decide(&request),
                        None => std::process::abort(),
                    }
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
