//! The words of a command: keys, spans, revisions and numbers, and the options after them.

use std::collections::HashMap;

use piccolo_store::{Key, LeaseId, Revision, Span};

/// What the words of a case refer to.
#[derive(Default)]
pub(crate) struct Names {
    /// The revision at which the case began: `+3` is the third after it.
    pub(crate) base: Revision,
    /// The leases by their names.
    pub(crate) leases: HashMap<String, LeaseId>,
}

/// The words of one command that are left.
pub(crate) struct Words<'a> {
    words: Vec<&'a str>,
    names: &'a Names,
}

impl<'a> Words<'a> {
    pub(crate) fn new(command: &'a str, names: &'a Names) -> Self {
        Self { words: command.split_whitespace().rev().collect(), names }
    }

    /// The next word.
    pub(crate) fn word(&mut self) -> &'a str {
        self.words.pop().expect("the command goes on")
    }

    /// The next word if it is this one.
    pub(crate) fn is(&mut self, word: &str) -> bool {
        let found = self.words.last() == Some(&word);
        if found {
            self.words.pop();
        }
        found
    }

    /// The next word, if there is one.
    pub(crate) fn option(&mut self) -> Option<&'a str> {
        self.words.pop()
    }

    /// All words that are left.
    pub(crate) fn rest(&mut self) -> String {
        let rest: Vec<&str> = self.words.drain(..).rev().collect();
        rest.join(" ")
    }

    /// Fails where words are left.
    pub(crate) fn end(&self) {
        assert!(self.words.is_empty(), "words that mean nothing: {:?}", self.words);
    }

    pub(crate) fn key(&mut self) -> Key {
        key(self.word())
    }

    /// `a` one key, `a*` a prefix, `a..c` between, `a..` from one on, `*` all.
    pub(crate) fn span(&mut self) -> Span {
        let word = self.word();
        if let Some(prefix) = word.strip_suffix('*') {
            return Span::prefix(unescape(prefix)).unwrap();
        }
        match word.split_once("..") {
            Some((from, "")) => Span::from(&key(from)),
            Some((from, to)) => Span::between(&key(from), &key(to)).unwrap(),
            None => Span::key(&key(word)),
        }
    }

    /// `+3` or `-1`: after or before the case began; else the number itself.
    pub(crate) fn revision(&mut self) -> Revision {
        let word = self.word();
        let relative = |steps: &str| steps.parse::<Revision>().unwrap();
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(steps), _) => self.names.base + relative(steps),
            (_, Some(steps)) => self.names.base - relative(steps),
            _ => relative(word),
        }
    }

    pub(crate) fn number<T: std::str::FromStr>(&mut self) -> T {
        let word = self.word();
        word.parse().unwrap_or_else(|_| panic!("{word} is no number"))
    }

    /// The lease of a name; one that was never granted has a number that none has.
    pub(crate) fn lease(&mut self) -> LeaseId {
        let name = self.word();
        self.names.leases.get(name).copied().unwrap_or_else(never)
    }
}

/// The lease that is never granted.
pub(crate) fn never() -> LeaseId {
    LeaseId::new(0x7eee_eeee).unwrap()
}

fn key(word: &str) -> Key {
    Key::new(unescape(word)).unwrap()
}

/// Text with `\x00` for bytes.
fn unescape(word: &str) -> Vec<u8> {
    let mut parts = word.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(byte, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}
