//! A set of signals, found by path or by position.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{CatalogueError, FILE_BYTES_MAX, Signal, SignalId, facts, json, nearest, vspec};

/// The most signals that a catalogue may have.
pub const SIGNALS_MAX: usize = 65_536;

/// The most bytes that a signal's path may have; Kuksa's limit.
pub const PATH_BYTES_MAX: usize = 1_000;

/// The signals that exist, each at a dense position.
///
/// A catalogue read from a file is sorted by path. One that was changed keeps
/// the positions it had, and has what was added at its end.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    signals: Vec<Signal>,
    ids: FxHashMap<Arc<str>, SignalId>,
    branches: FxHashSet<Box<str>>,
}

impl Catalogue {
    /// COVESA VSS 6.0, built in.
    pub fn vss6() -> Arc<Self> {
        static VSS6: OnceLock<Arc<Catalogue>> = OnceLock::new();
        // The facts are the project's own file and a test reads them: no error is possible here.
        let parse = || Arc::new(facts::from_facts(include_str!("vss6.tsv")).unwrap_or_default());
        VSS6.get_or_init(parse).clone()
    }

    /// Reads COVESA VSS JSON, of release 4.0, 5.1 or 6.0, as `vspec export json` writes it.
    ///
    /// # Errors
    /// Text that is no such JSON, a node that is wrong, too many signals.
    pub fn from_vss_json(text: &str) -> Result<Self, CatalogueError> {
        Self::from_signals(json::signals(text)?)
    }

    /// Reads an overlay in VSS's own YAML: dotted paths as keys, with `type`, `datatype` and so on.
    ///
    /// `prefix` is put before every path, as `#include FILE PREFIX` does in VSS.
    /// Instances and includes within the file are not expanded.
    ///
    /// # Errors
    /// Text that is no such YAML, a node that is wrong, too many signals.
    pub fn from_vspec(text: &str, prefix: Option<&str>) -> Result<Self, CatalogueError> {
        Self::from_signals(vspec::signals(text, prefix)?)
    }

    /// Reads a file: `.json` as [`Self::from_vss_json`], `.vspec`, `.yaml` and `.yml` as
    /// [`Self::from_vspec`], `.tsv` as [`from_facts`](crate::from_facts).
    ///
    /// A vspec overlay whose paths do not begin at `Vehicle` is put under the branch that
    /// its file name begins with: `OBD_overlay.vspec` under `Vehicle.OBD`.
    ///
    /// # Errors
    /// A file that cannot be read, is larger than [`FILE_BYTES_MAX`], or is no catalogue.
    pub fn load(path: &Path) -> Result<Self, CatalogueError> {
        let text = || read(path);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Self::from_vss_json(&text()?),
            Some("vspec" | "yaml" | "yml") => {
                let text = text()?;
                let prefix = vspec::prefix_of(path, &text);
                Self::from_vspec(&text, prefix.as_deref())
            }
            Some("tsv") => facts::from_facts(&text()?),
            _ => Err(CatalogueError::UnknownExtension { path: path.to_owned() }),
        }
    }

    /// Both catalogues as one: `other`'s signals replace those of the same path, or are added.
    ///
    /// It has at most [`SIGNALS_MAX`] signals of each.
    pub fn overlay(mut self, other: Self) -> Self {
        for signal in other.signals {
            self.put(signal);
        }
        self
    }

    /// The catalogue with one signal added or replaced.
    ///
    /// # Errors
    /// A path that is none, or too many signals.
    pub fn with_signal(mut self, signal: Signal) -> Result<Self, CatalogueError> {
        check_path(&signal.path)?;
        if self.len() >= SIGNALS_MAX && self.find(&signal.path).is_none() {
            return Err(CatalogueError::TooManySignals);
        }
        self.put(signal);
        Ok(self)
    }

    /// How many signals there are.
    pub fn len(&self) -> usize {
        self.signals.len()
    }

    /// Whether there is no signal.
    pub fn is_empty(&self) -> bool {
        self.signals.is_empty()
    }

    /// All signals, in order of position.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SignalId, &Signal)> {
        self.signals.iter().enumerate().map(|(index, signal)| (SignalId(index as u32), signal))
    }

    /// The signal at a position; none where the id is another catalogue's and beyond the end.
    ///
    /// Ids that this catalogue gave (by [`Self::find`] and [`Self::iter`]) always have one.
    pub fn get(&self, id: SignalId) -> Option<&Signal> {
        self.signals.get(id.0 as usize)
    }

    /// The position of the signal with that path.
    pub fn find(&self, path: &str) -> Option<SignalId> {
        self.ids.get(path).copied()
    }

    /// The paths most like a path that does not exist, best first, at most `limit`.
    pub fn nearest(&self, path: &str, limit: usize) -> Vec<&str> {
        nearest::nearest(self.signals.iter().map(|signal| &*signal.path), path, limit)
    }

    /// Whether the path is that of a branch: a proper beginning of some signal's path.
    pub fn is_branch(&self, path: &str) -> bool {
        self.branches.contains(path)
    }

    /// Sorts by path; the last of several signals with one path wins.
    pub(crate) fn from_signals(signals: Vec<Signal>) -> Result<Self, CatalogueError> {
        let mut sorted = BTreeMap::new();
        for signal in signals {
            check_path(&signal.path)?;
            sorted.insert(signal.path.clone(), signal);
            if sorted.len() > SIGNALS_MAX {
                return Err(CatalogueError::TooManySignals);
            }
        }
        let mut catalogue = Self::default();
        for signal in sorted.into_values() {
            catalogue.put(signal);
        }
        Ok(catalogue)
    }

    fn put(&mut self, signal: Signal) {
        if let Some(known) =
            self.ids.get(&signal.path).and_then(|id| self.signals.get_mut(id.0 as usize))
        {
            *known = signal;
            return;
        }
        for (dot, _) in signal.path.match_indices('.') {
            let branch = &signal.path[..dot];
            if !self.branches.contains(branch) {
                self.branches.insert(branch.into());
            }
        }
        self.ids.insert(signal.path.clone(), SignalId(self.signals.len() as u32));
        self.signals.push(signal);
    }
}

fn read(path: &Path) -> Result<String, CatalogueError> {
    let io = |source| CatalogueError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(io)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(CatalogueError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

fn check_path(path: &str) -> Result<(), CatalogueError> {
    let segment_is_good = |segment: &str| {
        !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if path.len() <= PATH_BYTES_MAX && path.split('.').all(segment_is_good) {
        return Ok(());
    }
    Err(CatalogueError::Path { path: shorten(path) })
}

/// The beginning of a path, for a message.
pub(crate) fn shorten(path: &str) -> Box<str> {
    const CHARS_SHOWN: usize = 80;
    path.chars().take(CHARS_SHOWN).collect()
}

#[cfg(test)]
mod tests;
