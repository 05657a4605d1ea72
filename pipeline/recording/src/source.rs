//! A file as bytes: gunzipped where it begins like gzip, with a count of how far it was read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// The size of the buffers, in bytes: large enough to detect a format behind a long comment.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;

/// How far a file was read.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    read: Arc<AtomicU64>,
    /// The size of the file, in bytes; 0 where it is not known, as for a pipe.
    pub(crate) total: u64,
}

impl Progress {
    /// Bytes of the file as it lies on the disk.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// The content of a file.
pub(crate) type Content = Box<dyn BufRead + Send>;

/// Opens a file; gzip is known by its first bytes and may have several members.
pub(crate) fn open(path: &Path) -> io::Result<(Content, Progress)> {
    let file = File::open(path)?;
    let progress = Progress { read: Arc::default(), total: file.metadata()?.len() };
    let counted = Counted { file, read: progress.read.clone() };
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, counted);
    let content: Content = if raw.fill_buf()?.starts_with(GZIP_MAGIC) {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    Ok((content, progress))
}

/// The beginning of the content, at most `BUFFER_BYTES`, and what comes when it is read whole.
///
/// An error in the beginning is kept for the reading, so that it becomes a fault there.
pub(crate) fn peek(mut content: Content) -> (Vec<u8>, Content) {
    let mut head = Vec::new();
    let read = content.by_ref().take(BUFFER_BYTES as u64).read_to_end(&mut head);
    let rest: Content = match read {
        Ok(_) => content,
        Err(error) => Box::new(BufReader::new(Failing(Some(error)))),
    };
    let chained = io::Cursor::new(head.clone()).chain(rest);
    (head, Box::new(chained))
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Gives an error once, then ends.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
