//! What must hold of any bytes that are read as a backup, or as the file, of an embedded store.
//!
//! The first byte says what the others are: see [`check`].

use std::fs;
use std::sync::{Arc, OnceLock};

use piccolo_store::{
    Delete, Embedded, EmbeddedOptions, Error, Key, ManualClock, Put, Range, Revision, Span, Store,
    WatchRequest, restore, verify,
};
use tokio::runtime::Runtime;

#[path = "store/rows.rs"]
mod rows;
use crate::storage::Memory;

/// The newest revisions that are read back, each as a whole.
const REVISIONS_MAX: usize = 8;

/// What an input is, by its first byte.
pub(crate) const BACKUP: u8 = 0;
pub(crate) const BACKUP_WITHOUT_CHECKSUM: u8 = 1;
pub(crate) const FILE: u8 = 2;
pub(crate) const FAULTS: u8 = 3;
pub(crate) const FAULTS_AFTER_A_CRASH: u8 = 4;
pub(crate) const ROWS: u8 = 5;

/// Opens what an input makes of a store; whether that was done, and not refused.
///
/// A backup that is taken in gives a store that has the same backup again. A file that was closed
/// has all that it had, after a crash at most without the last commit; rows that no store writes
/// do no harm. All else is refused as damaged.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((kind, bytes)) = input.split_first() else { return false };
    let sample = sample();
    let made = runtime().block_on(async {
        match kind % (ROWS + 1) {
            BACKUP => backup(bytes).await,
            BACKUP_WITHOUT_CHECKSUM => backup(&with_checksum(bytes)).await,
            FILE => file(bytes.to_vec()).await.map(drop),
            FAULTS => faults(sample, bytes).await,
            FAULTS_AFTER_A_CRASH => faults_after_a_crash(sample, bytes).await,
            _ => file(rows::put(&sample.closed, bytes)).await.map(drop),
        }
    });
    match made {
        Ok(()) => true,
        // The last one where it had to write what is damaged.
        Err(Error::Damaged { .. } | Error::Newer { .. } | Error::Closed { reason: Some(_) }) => {
            false
        }
        Err(error) => panic!("neither opened nor refused as damaged: {error:?}"),
    }
}

async fn backup(bytes: &[u8]) -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    let (backup, store) = (folder.path().join("backup"), folder.path().join("store"));
    fs::write(&backup, bytes).unwrap();
    let verified = verify(&backup);
    let restored = restore(&backup, &store);
    assert_eq!(restored.is_ok(), verified.is_ok(), "{verified:?}, but {restored:?}");
    assert_eq!(store.exists(), restored.is_ok());
    restored?;
    let again = file(fs::read(&store).unwrap()).await.unwrap();
    if scrubbed(bytes) {
        assert!(again == bytes, "restored, and its backup is another");
    }
    Ok(())
}

/// Whether a compaction had come to its end, so that opening the store changes nothing.
fn scrubbed(backup: &[u8]) -> bool {
    backup[28..36] == backup[36..44]
}

fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    [bytes, blake3::hash(bytes).as_bytes()].concat()
}

/// Opens a file, reads all of it, and writes; its backup before that.
async fn file(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let store = open(Memory::new(bytes)).await?;
    let backup = read(&store).await?;
    write(&store).await?;
    store.close().await?;
    Ok(backup)
}

async fn open(memory: Memory) -> Result<Embedded, Error> {
    let clock = Arc::new(ManualClock::new());
    Embedded::open_in(memory, EmbeddedOptions { clock, cache_bytes: 1 << 20 }).await
}

/// Reads all that a store has; its backup.
async fn read(store: &Embedded) -> Result<Vec<u8>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let info = store.backup(&path).await?;
    let oldest = info.compacted.max(1);
    for revision in (oldest..=info.revision).rev().take(REVISIONS_MAX) {
        store.range(Range::new(Span::all()).at(revision)).await?;
    }
    history(store, oldest, info.revision).await?;
    assert_eq!(verify(&path)?, info);
    Ok(fs::read(path).unwrap())
}

/// Follows all events up to the newest revision.
async fn history(store: &Embedded, from: Revision, to: Revision) -> Result<(), Error> {
    let mut watch = store.watch(WatchRequest::new(Span::all()).from(from).previous()).await?;
    watch.request_progress().await?;
    let mut last = from - 1;
    while let batch = watch.next().await?
        && !batch.events.is_empty()
    {
        assert!((last + 1..=to).contains(&batch.revision), "{} after {last}", batch.revision);
        last = batch.revision;
    }
    Ok(())
}

/// Changes every key, gives a lease and compacts.
async fn write(store: &Embedded) -> Result<(), Error> {
    let lease = store.grant(60, None).await?.id;
    for entry in store.range(Range::new(Span::all())).await?.entries {
        store.put(Put::touch(entry.key).lease(lease)).await?;
    }
    store.time_to_live(lease).await?;
    let revision = store.revoke(lease).await?;
    store.put(Put::new(key("after"), "")).await?;
    store.compact(revision).await
}

async fn faults(sample: &Sample, bytes: &[u8]) -> Result<(), Error> {
    let found = file(strike(&sample.closed, bytes)).await?;
    assert!(found == sample.last, "it was closed, and has become another");
    Ok(())
}

async fn faults_after_a_crash(sample: &Sample, bytes: &[u8]) -> Result<(), Error> {
    let found = file(strike(&sample.crashed, bytes)).await?;
    assert!(found == sample.last || found == sample.before, "more than the last commit is lost");
    Ok(())
}

/// What a disk does to a file: flips bits, loses its end, blanks a sector, writes a page over
/// another one. Four bytes are one fault.
fn strike(file: &[u8], faults: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const PAGE: usize = 4096;
    let mut file = file.to_vec();
    for fault in faults.as_chunks::<4>().0 {
        let used: Vec<usize> = (0..file.len()).filter(|at| file[*at] != 0).collect();
        let Some(last) = used.len().checked_sub(1) else { break };
        let share = usize::from(u16::from_le_bytes([fault[1], fault[2]]));
        let at = used[share * last / usize::from(u16::MAX)];
        match fault[0] % 8 {
            0 => file.truncate(at.max(1)),
            1 => file[at / SECTOR * SECTOR..].iter_mut().take(SECTOR).for_each(|byte| *byte = 0),
            2 if (at / PAGE + 1) * PAGE <= file.len() => {
                let to = usize::from(fault[3]) % (file.len() / PAGE) * PAGE;
                file.copy_within(at / PAGE * PAGE..(at / PAGE + 1) * PAGE, to);
            }
            _ => file[at] ^= fault[3],
        }
    }
    file
}

/// A small store in which all happened that can.
struct Sample {
    closed: Vec<u8>,
    /// Its file at an end without a close.
    crashed: Vec<u8>,
    /// Its backup, and that before the last commit.
    last: Vec<u8>,
    before: Vec<u8>,
}

fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| runtime().block_on(make_sample()).unwrap())
}

async fn make_sample() -> Result<Sample, Error> {
    let memory = Memory::default();
    let store = open(memory.clone()).await?;
    let lease = store.grant(60, None).await?.id;
    store.put(Put::new(key("a"), "1").lease(lease)).await?;
    store.put(Put::new(key("b"), vec![7; 300])).await?;
    store.put(Put::new(key("a"), "2").keep_lease()).await?;
    store.delete(Delete::new(Span::key(&key("b")))).await?;
    store.compact(3).await?;
    store.put(Put::new(key("b"), "3")).await?;
    let before = read(&store).await?;
    store.put(Put::new(key("c"), "4")).await?;
    let last = read(&store).await?;
    let crashed = memory.bytes();
    store.close().await?;
    Ok(Sample { closed: memory.bytes(), crashed, last, before })
}

fn key(text: &str) -> Key {
    Key::try_from(text).unwrap()
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    })
}
