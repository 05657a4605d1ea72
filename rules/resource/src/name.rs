//! Names of resources, and what makes one.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The longest name, in bytes: that of a DNS label (RFC 1123).
pub const NAME_BYTES_MAX: usize = 63;

/// The name of a resource: 1 to 63 of `a-z A-Z 0-9 - _ .`, with a letter or digit at both ends.
///
/// DNS-1123 labels are a part of this; [`Name::is_dns1123`] tells. The rest is
/// what Eclipse Pullpiri's users write today: `HPC`, `perf_18proc_tc1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing.
    #[error("a name is empty")]
    Empty,
    /// It is too long.
    #[error("a name has {bytes} bytes; at most {NAME_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It has a character that no name has.
    #[error(
        "a name has the character {character:?}; letters, digits, `-`, `_` and `.` are allowed"
    )]
    Character {
        /// The first such character.
        character: char,
    },
    /// It begins or ends with a mark.
    #[error("a name begins or ends with {character:?}; it needs a letter or digit there")]
    Edge {
        /// The mark.
        character: char,
    },
}

impl Name {
    /// Takes a text as a name.
    ///
    /// # Errors
    /// [`NameError`] where it is none.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.len() > NAME_BYTES_MAX {
            return Err(NameError::TooLong { bytes: text.len() });
        }
        if let Some(character) = text.chars().find(|&c| !allowed(c)) {
            return Err(NameError::Character { character });
        }
        let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
            return Err(NameError::Empty);
        };
        match [first, last].into_iter().find(|c| !c.is_ascii_alphanumeric()) {
            Some(character) => Err(NameError::Edge { character }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a DNS-1123 label: of `a-z 0-9 -` only.
    #[must_use]
    pub fn is_dns1123(&self) -> bool {
        self.0.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_is_none() {
        use NameError::{Character, Edge, Empty, TooLong};
        let longest = "a".repeat(NAME_BYTES_MAX);
        let cases: &[(&str, Result<bool, NameError>)] = &[
            ("a", Ok(true)),
            ("0", Ok(true)),
            ("lane-keeping", Ok(true)),
            (&longest, Ok(true)),
            ("HPC", Ok(false)),
            ("perf_18proc_tc1", Ok(false)),
            ("node.local", Ok(false)),
            ("", Err(Empty)),
            (&format!("{longest}a"), Err(TooLong { bytes: 64 })),
            ("a b", Err(Character { character: ' ' })),
            ("a/b", Err(Character { character: '/' })),
            ("straße", Err(Character { character: 'ß' })),
            ("-a", Err(Edge { character: '-' })),
            ("a.", Err(Edge { character: '.' })),
            ("_", Err(Edge { character: '_' })),
        ];
        for (text, expected) in cases {
            let name = Name::new(text);
            assert_eq!(name.as_ref().map(Name::is_dns1123).map_err(|&e| e), *expected, "{text}");
        }
    }
}
