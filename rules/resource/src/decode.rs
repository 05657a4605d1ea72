//! From trees to typed fields and back: the traits, and the two macros that declare the kinds.
//!
//! A kind is declared once, field by field with its YAML key; reading,
//! writing and the list of known fields follow from that one declaration.

mod context;
mod scalar;

use std::collections::BTreeMap;

pub(crate) use context::{Context, is_alike};

use crate::notice::Code;
use crate::yaml::{Content, Entry, Mark, Node, Tree};

/// A type that is read from a tree.
pub(crate) trait Decode: Sized {
    /// What the type is called in messages, such as `text`.
    const EXPECTED: &'static str;

    /// Reads a value that is there and not null; reports what is wrong and gives `None`.
    fn decode(node: &Node, context: &mut Context) -> Option<Self>;

    /// What a field of this type is where it is absent or null; `None` where it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// A type that is written to a tree; the inverse of [`Decode`].
pub(crate) trait Encode {
    /// The tree of this value.
    fn encode(&self) -> Tree;
}

impl<T: Decode> Decode for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        T::decode(node, context).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self) -> Tree {
        self.as_ref().map_or(Tree::Absent, Encode::encode)
    }
}

impl<T: Decode> Decode for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let Content::List(items) = &node.content else {
            return context.wrong_type(node, Self::EXPECTED);
        };
        // Every item is read before the first failure counts, so that all of them are reported.
        let decoded: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                context.within(&format!("[{index}]"), |context| {
                    if item.is_null() {
                        return T::absent().or_else(|| context.wrong_type(item, T::EXPECTED));
                    }
                    T::decode(item, context)
                })
            })
            .collect();
        decoded.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self) -> Tree {
        if self.is_empty() {
            return Tree::Absent;
        }
        Tree::List(self.iter().map(Encode::encode).collect())
    }
}

impl Decode for BTreeMap<String, String> {
    const EXPECTED: &'static str = "a mapping of text to text";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            return context.wrong_type(node, Self::EXPECTED);
        };
        let decoded: Vec<Option<(String, String)>> = entries
            .iter()
            .map(|Entry { key, value, .. }| {
                context.within(key, |context| Some((key.clone(), String::decode(value, context)?)))
            })
            .collect();
        decoded.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl Encode for BTreeMap<String, String> {
    fn encode(&self) -> Tree {
        if self.is_empty() {
            return Tree::Absent;
        }
        Tree::Mapping(self.iter().map(|(key, value)| (key.clone(), value.encode())).collect())
    }
}

/// The fields of a mapping, checked against those that are known.
pub(crate) struct Fields<'n> {
    mark: Mark,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Opens a mapping and warns of every field that is not known.
    pub(crate) fn open(node: &'n Node, known: &[&str], context: &mut Context) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            return context.wrong_type(node, "a mapping");
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            context.unknown_field(entry, known);
        }
        Some(Self { mark: node.mark, entries })
    }

    /// Reads one field.
    pub(crate) fn take<T: Decode>(&self, key: &'static str, context: &mut Context) -> Option<T> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        context.within(key, |context| match entry {
            Some(entry) if !entry.value.is_null() => T::decode(&entry.value, context),
            _ => T::absent().or_else(|| {
                let mark = entry.map_or(self.mark, |entry| entry.mark);
                let help = format!("give `{key}` {}", T::EXPECTED);
                context.report(Code::Missing, mark, format!("`{key}` is missing"), Some(help));
                None
            }),
        })
    }
}

/// Declares a mapping: a struct whose fields name their YAML keys.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty = $key:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        impl $crate::decode::Decode for $name {
            const EXPECTED: &'static str = "a mapping";

            fn decode(
                node: &$crate::yaml::Node,
                context: &mut $crate::decode::Context,
            ) -> Option<Self> {
                let fields = $crate::decode::Fields::open(node, &[$($key),*], context)?;
                // All fields are read before the first failure counts.
                $(let $field = fields.take::<$type>($key, context);)*
                Some(Self { $($field: $field?,)* })
            }
        }

        impl $crate::decode::Encode for $name {
            fn encode(&self) -> $crate::yaml::Tree {
                $crate::yaml::Tree::mapping([
                    $(($key, $crate::decode::Encode::encode(&self.$field)),)*
                ])
            }
        }
    };
}

/// Declares a set of words: an enum whose variants name their YAML text and what else is read as them.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $expected:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the schema.
            $vis const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that stands for it in YAML.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::decode::Decode for $name {
            const EXPECTED: &'static str = $expected;

            fn decode(
                node: &$crate::yaml::Node,
                context: &mut $crate::decode::Context,
            ) -> Option<Self> {
                match context.scalar(node, Self::EXPECTED)? {
                    $($text $(| $alias)* => Some(Self::$variant),)*
                    other => context.not_allowed(node, other, Self::ALL.iter().map(|word| word.as_str())),
                }
            }
        }

        impl $crate::decode::Encode for $name {
            fn encode(&self) -> $crate::yaml::Tree {
                $crate::yaml::Tree::Text(self.as_str().to_owned())
            }
        }
    };
}

pub(crate) use {choice, record};
