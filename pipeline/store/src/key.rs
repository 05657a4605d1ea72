//! Keys and spans of keys.

use std::fmt;

use bytes::Bytes;

use crate::{Error, KEY_BYTES_MAX};

/// How many bytes of a key that is too long are shown.
const SHOWN_BYTES: usize = 32;

/// A key: 1 to [`KEY_BYTES_MAX`] bytes, ordered as bytes. Shown escaped, so that a message is one
/// line whatever the key holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Bytes);

impl Key {
    /// A key of these bytes.
    ///
    /// # Errors
    /// [`Error::KeyEmpty`] or [`Error::KeyTooLong`].
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, Error> {
        let bytes = bytes.into();
        match bytes.len() {
            0 => Err(Error::KeyEmpty),
            1..=KEY_BYTES_MAX => Ok(Self(bytes)),
            length => Err(Error::KeyTooLong {
                start: bytes[..SHOWN_BYTES].escape_ascii().to_string(),
                bytes: length,
                max: KEY_BYTES_MAX,
            }),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes, shared.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl TryFrom<&str> for Key {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::new(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Which keys are meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    from: Bytes,
    end: End,
}

/// Where a span ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum End {
    /// It is the one key.
    Only,
    /// Before this key.
    Before(Bytes),
    /// Never.
    Open,
}

impl Span {
    /// One key.
    #[must_use]
    pub fn key(key: &Key) -> Self {
        Self { from: key.to_bytes(), end: End::Only }
    }

    /// All keys that begin so; an empty prefix means all keys.
    ///
    /// # Errors
    /// [`Error::KeyTooLong`]: no key can begin so.
    pub fn prefix(prefix: impl Into<Bytes>) -> Result<Self, Error> {
        let from = prefix.into();
        if from.is_empty() {
            return Ok(Self::all());
        }
        let from = Key::new(from)?.to_bytes();
        let end = after_prefix(&from).map_or(End::Open, End::Before);
        Ok(Self { from, end })
    }

    /// The keys from one on and before another.
    ///
    /// # Errors
    /// [`Error::SpanEmpty`] where `to` is not greater than `from`.
    pub fn between(from: &Key, to: &Key) -> Result<Self, Error> {
        if to <= from {
            return Err(Error::SpanEmpty { from: from.clone(), to: to.clone() });
        }
        Ok(Self { from: from.to_bytes(), end: End::Before(to.to_bytes()) })
    }

    /// A key and all after it.
    #[must_use]
    pub fn from(key: &Key) -> Self {
        Self { from: key.to_bytes(), end: End::Open }
    }

    /// All keys.
    #[must_use]
    pub fn all() -> Self {
        Self { from: Bytes::new(), end: End::Open }
    }

    /// Whether a key lies in it.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        let key = key.as_bytes();
        match &self.end {
            End::Only => key == self.from,
            End::Before(end) => self.from <= key && key < end,
            End::Open => self.from <= key,
        }
    }

    /// Whether it is one key.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.end == End::Only
    }

    /// The first possible key, and the first that is no longer in it; none: it is open.
    #[must_use]
    pub fn bounds(&self) -> (&[u8], Option<Bytes>) {
        let end = match &self.end {
            End::Only => Some(successor(&self.from)),
            End::Before(end) => Some(end.clone()),
            End::Open => None,
        };
        (&self.from, end)
    }

    /// The keys of it after this one.
    #[must_use]
    pub(crate) fn after(&self, key: &Key) -> Self {
        let end = match self.bounds().1 {
            Some(end) => End::Before(end),
            None => End::Open,
        };
        Self { from: successor(key.as_bytes()), end }
    }

    /// The keys of it before this one.
    #[must_use]
    pub(crate) fn before(&self, key: &Key) -> Self {
        Self { from: self.from.clone(), end: End::Before(key.to_bytes()) }
    }
}

/// The least sequence of bytes that is greater.
fn successor(bytes: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(bytes.len() + 1);
    next.extend_from_slice(bytes);
    next.push(0);
    next.into()
}

/// The first key that no longer begins so; none: all greater keys begin so.
fn after_prefix(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::try_from(text).unwrap()
    }

    #[test]
    fn a_key_is_shown_escaped_and_bounded() {
        assert_eq!(Key::new(&b"a\n\xff\"b"[..]).unwrap().to_string(), "a\\n\\xff\\\"b");
        assert!(matches!(Key::new(Bytes::new()), Err(Error::KeyEmpty)));
        assert!(Key::new(vec![b'k'; KEY_BYTES_MAX]).is_ok());
        let long = Key::new(vec![b'k'; KEY_BYTES_MAX + 1]).unwrap_err();
        assert_eq!(
            long.to_string(),
            format!(
                "the key {}... has 4097 bytes and 4096 are allowed: shorten it",
                "k".repeat(32)
            )
        );
    }

    #[test]
    fn spans_hold_what_they_say() {
        let spans = [
            ("key", Span::key(&key("b"))),
            ("prefix", Span::prefix("b").unwrap()),
            ("between", Span::between(&key("b"), &key("c")).unwrap()),
            ("from", Span::from(&key("b"))),
            ("all", Span::prefix("").unwrap()),
        ];
        for (name, span) in spans {
            let inside: String = ["a", "b", "b\0", "ba", "b\u{7f}", "c", "d"]
                .map(|text| if span.contains(&key(text)) { '1' } else { '0' })
                .into_iter()
                .collect();
            let expected = match name {
                "key" => "0100000",
                "prefix" | "between" => "0111100",
                "from" => "0111111",
                _ => "1111111",
            };
            assert_eq!(inside, expected, "{name}");
        }
        assert!(matches!(Span::between(&key("b"), &key("b")), Err(Error::SpanEmpty { .. })));
    }

    #[test]
    fn a_prefix_of_the_last_bytes_is_open() {
        let span = Span::prefix(&b"\xff\xff"[..]).unwrap();
        assert_eq!(span.bounds().1, None);
        assert!(!span.contains(&Key::new(&b"\xff\xfe"[..]).unwrap()));
        let carried = Span::prefix(&b"a\xff"[..]).unwrap();
        assert_eq!(carried.bounds().1.unwrap(), &b"b"[..]);
    }

    #[test]
    fn a_span_goes_on_after_and_ends_before_a_key() {
        let span = Span::prefix("b").unwrap();
        assert!(!span.after(&key("b")).contains(&key("b")));
        assert!(span.after(&key("b")).contains(&key("b\0")));
        assert!(!span.after(&key("b")).contains(&key("c")));
        assert!(span.before(&key("bb")).contains(&key("ba")));
        assert!(!span.before(&key("bb")).contains(&key("bb")));
    }
}
