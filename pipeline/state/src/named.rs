//! Enums whose values have names: in messages, in the store and in JSON they are these.

use thiserror::Error;

/// A text that is none of the names.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{found}` is no {what}; there are {}", known.join(", "))]
pub struct UnknownName {
    /// What should have been named.
    pub what: &'static str,
    /// What was there.
    pub found: String,
    /// What is known.
    pub known: Vec<&'static str>,
}

/// Declares an enum with its names: `ALL`, `name`, `Display`, `FromStr`, and serde by name.
macro_rules! named {
    (
        $(#[$about:meta])*
        pub enum $enum:ident, $what:literal {
            $( $(#[$doc:meta])* $value:ident = $name:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::serde::Serialize, ::serde::Deserialize,
        )]
        pub enum $enum {
            $( $(#[$doc])* #[serde(rename = $name)] $value, )*
        }

        impl $enum {
            /// All of them, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name),* }
            }
        }

        impl ::std::fmt::Display for $enum {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $enum {
            type Err = $crate::named::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|value| value.name() == text);
                found.ok_or_else(|| $crate::named::UnknownName {
                    what: $what,
                    found: text.to_owned(),
                    known: Self::ALL.iter().map(|value| value.name()).collect(),
                })
            }
        }
    };
}

pub(crate) use named;
