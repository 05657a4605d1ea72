//! Looks signals up by the bytes of their names, once a name.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, PATH_BYTES_MAX, Scalar, Signal, SignalId, Value, ValueError};
use rustc_hash::{FxHashMap, FxHashSet};

/// The most names that verdicts are kept of; further ones are looked up each time.
const NAMES_MAX: usize = 65_536;

/// The most unknown names that a suggestion is sought for: seeking reads the whole catalogue.
const SUGGESTIONS_MAX: usize = 64;

/// The most different texts that are kept, so that equal ones share their memory.
const TEXTS_MAX: usize = 4_096;

/// What a name stands for.
#[derive(Clone)]
pub(crate) enum Verdict {
    /// A signal of the catalogue.
    Known(SignalId),
    /// None, with the nearest one.
    Unknown { name: Arc<str>, nearest: Option<Arc<str>> },
}

/// The names met in a recording, and the texts of its values.
pub(crate) struct Names {
    catalogue: Arc<Catalogue>,
    verdicts: FxHashMap<Box<[u8]>, Verdict>,
    suggestions: usize,
    texts: FxHashSet<Arc<str>>,
}

impl Names {
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            catalogue,
            verdicts: FxHashMap::default(),
            suggestions: 0,
            texts: FxHashSet::default(),
        }
    }

    pub(crate) fn signal(&self, id: SignalId) -> Option<&Signal> {
        self.catalogue.get(id)
    }

    pub(crate) fn find(&mut self, name: &[u8]) -> Verdict {
        if let Some(verdict) = self.verdicts.get(name) {
            return verdict.clone();
        }
        let verdict = self.look_up(name);
        if self.verdicts.len() < NAMES_MAX && name.len() <= PATH_BYTES_MAX {
            self.verdicts.insert(name.into(), verdict.clone());
        }
        verdict
    }

    /// Text as a value of the signal's datatype.
    pub(crate) fn parse(&mut self, signal: SignalId, text: &str) -> Result<Value, ValueError> {
        let Some(facts) = self.catalogue.get(signal) else {
            return Ok(Value::from(text));
        };
        if facts.datatype.scalar != Scalar::String || facts.datatype.array {
            return facts.parse(text);
        }
        if let Some(known) = self.texts.get(text) {
            return Ok(Value::Text(known.clone()));
        }
        let value = facts.parse(text)?;
        if let Value::Text(text) = &value
            && self.texts.len() < TEXTS_MAX
        {
            self.texts.insert(text.clone());
        }
        Ok(value)
    }

    fn look_up(&mut self, name: &[u8]) -> Verdict {
        let name = String::from_utf8_lossy(name);
        if let Some(id) = self.catalogue.find(&name) {
            return Verdict::Known(id);
        }
        let nearest = if self.suggestions < SUGGESTIONS_MAX {
            self.suggestions += 1;
            self.catalogue.nearest(&name, 1).first().map(|path| Arc::from(*path))
        } else {
            None
        };
        // What is kept and shown of a name is bounded.
        const CHARS_SHOWN: usize = 200;
        let name = name.chars().take(CHARS_SHOWN).collect::<String>().into();
        Verdict::Unknown { name, nearest }
    }
}
