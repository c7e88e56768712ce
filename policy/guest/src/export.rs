//! From a policy to a component.

/// Makes this crate a component that exports a policy.
///
/// Keeps what `configure` made in memory, which is what a host snapshots. `decide` before
/// `configure`, or after one that refused, traps. Does nothing on other targets than WebAssembly,
/// so that a policy is an ordinary library in its own tests.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
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
