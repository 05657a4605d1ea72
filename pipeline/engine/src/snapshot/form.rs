//! A snapshot as bytes: what it is, the version of its form, a checksum, then postcard.

use super::{Snapshot, SnapshotError};

/// How the bytes begin.
const MAGIC: &[u8; 8] = b"PICSNAP\n";

/// The version of the form; another one is refused.
const FORM: u32 = 1;

/// Bytes of a BLAKE3 checksum.
const SUM_BYTES: usize = blake3::OUT_LEN;

impl Snapshot {
    /// The snapshot as bytes: the same for the same state.
    ///
    /// # Errors
    /// None in practice: all of it can be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SnapshotError> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORM.to_le_bytes());
        bytes.extend([0; SUM_BYTES]);
        let body = bytes.len();
        let mut bytes = postcard::to_extend(self, bytes)
            .map_err(|_| SnapshotError::Unfit("a value that cannot be written"))?;
        let sum = blake3::hash(&bytes[body..]);
        bytes[body - SUM_BYTES..body].copy_from_slice(sum.as_bytes());
        Ok(bytes)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// The checksum finds damage; it does not prove who wrote it.
    ///
    /// # Errors
    /// Other bytes, of another form, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NoSnapshot)?;
        let cut = || SnapshotError::Damaged("it is cut off");
        let (form, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let found = u32::from_le_bytes(*form);
        if found != FORM {
            return Err(SnapshotError::Form { found, known: FORM });
        }
        let (sum, body) = rest.split_first_chunk::<SUM_BYTES>().ok_or_else(cut)?;
        if blake3::hash(body) != *sum {
            return Err(SnapshotError::Damaged("its checksum is another one"));
        }
        match postcard::take_from_bytes(body) {
            Ok((snapshot, [])) => Ok(snapshot),
            _ => Err(SnapshotError::Damaged("it cannot be read")),
        }
    }
}
