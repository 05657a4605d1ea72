//! The truths of the atoms of one condition at one time.

/// Two bits an atom: known, true.
const ATOMS_A_WORD: usize = 32;

/// The truths of all atoms of a condition: each true, false or unknown (`None`).
///
/// Two bits an atom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vector {
    words: Box<[u64]>,
    len: usize,
}

impl Vector {
    /// How many atoms there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no atom.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The truth of an atom; unknown for one that does not exist.
    pub fn truth(&self, atom: usize) -> Option<bool> {
        let bits = self.words.get(atom / ATOMS_A_WORD)? >> (atom % ATOMS_A_WORD * 2);
        (bits & 1 != 0).then_some(bits & 2 != 0)
    }

    /// The truths in the order of the atoms.
    pub fn truths(&self) -> impl Iterator<Item = Option<bool>> {
        (0..self.len).map(|atom| self.truth(atom))
    }
}

impl FromIterator<Option<bool>> for Vector {
    fn from_iter<T: IntoIterator<Item = Option<bool>>>(truths: T) -> Self {
        let (mut words, mut len) = (Vec::new(), 0);
        for truth in truths {
            let (word, shift) = (len / ATOMS_A_WORD, len % ATOMS_A_WORD * 2);
            if word == words.len() {
                words.push(0);
            }
            words[word] |= truth.map_or(0, |truth| 1 | u64::from(truth) << 1) << shift;
            len += 1;
        }
        Self { words: words.into(), len }
    }
}
