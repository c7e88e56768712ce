//! Enums whose values are names.

/// Declares an enum with the name of each value: in JSON, as text, and back.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident { $($(#[$of:meta])* $variant:ident = $name:literal),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $enum {
            $($(#[$of])* #[serde(rename = $name)] $variant,)+
        }

        impl $enum {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The value with this name; absent when none has it.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    };
}

pub(crate) use names;
