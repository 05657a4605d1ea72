//! What only the embedded store promises: a new start, the clock, bounded watches, backups, space.

use std::sync::Arc;
use std::time::Duration;

use piccolo_store::{
    Batch, Delete, Embedded, EmbeddedOptions, Error, Key, ManualClock, Put, Range, Span, Store,
    WatchRequest, restore, verify,
};

use crate::benches::run;
use crate::storage::Memory;

fn key(text: &str) -> Key {
    Key::try_from(text).unwrap()
}

fn put(name: &str, value: &'static str) -> Put {
    Put::new(key(name), value)
}

fn options(clock: &Arc<ManualClock>) -> EmbeddedOptions {
    EmbeddedOptions { clock: clock.clone(), ..Default::default() }
}

async fn open(memory: &Memory, clock: &Arc<ManualClock>) -> Embedded {
    Embedded::open_in(memory.clone(), options(clock)).await.unwrap()
}

async fn new() -> (Embedded, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (open(&Memory::default(), &clock).await, clock)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_lease_ends_at_its_moment_and_not_before() {
    run(async {
        let (store, clock) = new().await;
        let lease = store.grant(10, None).await.unwrap().id;
        store.put(put("a", "1").lease(lease)).await.unwrap();
        let mut watch = store.watch(WatchRequest::new(Span::all())).await.unwrap();
        clock.advance(s(9));
        assert_eq!(store.time_to_live(lease).await.unwrap().left_s, 1);
        // The writer looks at the clock before anything it is asked.
        store.put(put("b", "1")).await.unwrap();
        assert!(store.get(&key("a")).await.unwrap().is_some());
        assert_eq!(store.keep_alive(lease).await.unwrap(), 10);
        clock.advance(s(9));
        store.put(put("b", "2")).await.unwrap();
        assert!(store.get(&key("a")).await.unwrap().is_some());
        clock.advance(s(1));
        let told = [watch.next().await, watch.next().await, watch.next().await];
        let keys = told.map(|batch| batch.unwrap().events[0].key().to_string());
        assert_eq!(keys, ["b", "b", "a"]);
        assert!(matches!(store.keep_alive(lease).await, Err(Error::LeaseNotFound { .. })));
    });
}

#[test]
fn a_new_start_lets_leases_live_for_their_full_time_and_no_longer() {
    run(async {
        let (memory, clock) = (Memory::default(), Arc::new(ManualClock::new()));
        let store = open(&memory, &clock).await;
        let lease = store.grant(10, None).await.unwrap().id;
        store.put(put("a", "1").lease(lease)).await.unwrap();
        clock.advance(s(7));
        store.close().await.unwrap();
        let store = open(&memory, &clock).await;
        let state = store.time_to_live(lease).await.unwrap();
        assert_eq!((state.ttl_s, state.left_s, state.keys), (10, 10, vec![key("a")]));
        let mut watch = store.watch(WatchRequest::new(Span::all())).await.unwrap();
        clock.advance(s(10));
        assert_eq!(watch.next().await.unwrap().revision, 3);
        assert_eq!(store.get(&key("a")).await.unwrap(), None);
    });
}

#[test]
fn a_watch_from_the_first_revision_of_an_empty_store_waits_for_the_second() {
    run(async {
        let (store, _) = new().await;
        let mut watch = store.watch(WatchRequest::new(Span::all()).from(1)).await.unwrap();
        watch.request_progress().await.unwrap();
        assert_eq!(watch.next().await.unwrap(), Batch { revision: 1, events: Vec::new() });
        store.put(put("a", "1")).await.unwrap();
        assert_eq!(watch.next().await.unwrap().revision, 2);
    });
}

/// A watch that is not asked while far more is written than memory keeps reads the rest from the
/// file, and misses nothing.
#[test]
fn a_slow_watch_falls_back_to_history_and_loses_nothing() {
    const WRITES: u64 = 40_000;
    run(async {
        let (store, _) = new().await;
        let store = Arc::new(store);
        let mut slow = store.watch(WatchRequest::new(Span::all())).await.unwrap();
        let mut quick = store.watch(WatchRequest::new(Span::all())).await.unwrap();
        let writers: Vec<_> = (0..64_u64)
            .map(|writer| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for number in 0..WRITES / 64 {
                        let name = format!("{writer}/{}", number % 10);
                        store.put(Put::new(key(&name), vec![b'x'; 100])).await.unwrap();
                    }
                })
            })
            .collect();
        for revision in 2..WRITES + 2 {
            assert_eq!(quick.next().await.unwrap().revision, revision);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        for revision in 2..WRITES + 2 {
            assert_eq!(slow.next().await.unwrap().revision, revision);
        }
    });
}

#[test]
fn a_watch_that_compaction_overtakes_ends_with_the_compacted_revision() {
    run(async {
        let (memory, clock) = (Memory::default(), Arc::new(ManualClock::new()));
        let store = open(&memory, &clock).await;
        for _ in 0..9 {
            store.put(put("a", "1")).await.unwrap();
        }
        // A new start, so that nothing is in memory.
        store.close().await.unwrap();
        let store = open(&memory, &clock).await;
        let mut watch = store.watch(WatchRequest::new(Span::all()).from(2)).await.unwrap();
        store.compact(7).await.unwrap();
        for _ in 0..2 {
            let ended = watch.next().await;
            let expected = matches!(ended, Err(Error::Compacted { asked: 2, compacted: Some(7) }));
            assert!(expected, "{ended:?}");
        }
    });
}

#[test]
fn a_store_that_is_closed_says_so() {
    run(async {
        let (memory, clock) = (Memory::default(), Arc::new(ManualClock::new()));
        let store = open(&memory, &clock).await;
        let mut watch = store.watch(WatchRequest::new(Span::all())).await.unwrap();
        store.put(put("a", "1")).await.unwrap();
        store.close().await.unwrap();
        assert_eq!(watch.next().await.unwrap().revision, 2, "what is known is told first");
        assert!(matches!(watch.next().await, Err(Error::Closed { reason: None })));
    });
}

#[test]
fn a_compaction_frees_its_space() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = Arc::new(Embedded::open(&path, EmbeddedOptions::default()).await.unwrap());
        let mut writers = Vec::new();
        for writer in 0..50 {
            let store = Arc::clone(&store);
            writers.push(tokio::spawn(async move {
                for _ in 0..100 {
                    let name = format!("key {writer}");
                    store.put(Put::new(key(&name), vec![b'x'; 4_000])).await.unwrap();
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let bytes = || std::fs::metadata(&path).unwrap().len();
        let before = bytes();
        store.compact(store.revision()).await.unwrap();
        assert!(store.shrink().await.unwrap());
        let after = bytes();
        assert!(after * 4 < before, "{before} bytes before, {after} after");
        let all = store.range(Range::new(Span::all()).count_only()).await.unwrap();
        assert_eq!(all.count, 50);
    });
}

#[test]
fn a_second_opening_of_a_file_is_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = Embedded::open(&path, EmbeddedOptions::default()).await.unwrap();
        let second = Embedded::open(&path, EmbeddedOptions::default()).await;
        assert!(matches!(second, Err(Error::Storage { .. })), "{second:?}");
        store.put(put("a", "1")).await.unwrap();
        store.close().await.unwrap();
        let again = Embedded::open(&path, EmbeddedOptions::default()).await.unwrap();
        assert_eq!(again.revision(), 2);
    });
}

/// A backup is of one moment, although writers go on.
#[test]
fn a_backup_while_writers_run_is_of_one_revision() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = new().await;
        let store = Arc::new(store);
        let writer = tokio::spawn({
            let store = Arc::clone(&store);
            async move {
                for number in 0..500_u64 {
                    let value = number.to_string();
                    let both = piccolo_store::Transaction::new()
                        .then(Put::new(key("left"), value.clone()))
                        .then(Put::new(key("right"), value));
                    store.transact(both).await.unwrap();
                }
            }
        });
        for number in 0..5 {
            let backup = folder.path().join(format!("backup{number}"));
            let file = folder.path().join(format!("store{number}"));
            let info = store.backup(&backup).await.unwrap();
            assert_eq!(verify(&backup).unwrap(), info);
            restore(&backup, &file).unwrap();
            let restored = Embedded::open(&file, EmbeddedOptions::default()).await.unwrap();
            assert_eq!(restored.revision(), info.revision);
            let left = restored.get(&key("left")).await.unwrap().map(|entry| entry.value);
            let right = restored.get(&key("right")).await.unwrap().map(|entry| entry.value);
            assert_eq!(left, right);
            assert_eq!(left.is_some(), info.revision > 1);
            restored.put(put("left", "after")).await.unwrap();
        }
        writer.await.unwrap();
    });
}

#[test]
fn a_backup_with_any_byte_changed_is_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("backup");
        let (store, _) = new().await;
        let lease = store.grant(60, None).await.unwrap().id;
        store.put(put("a", "1").lease(lease)).await.unwrap();
        store.put(put("b", "2")).await.unwrap();
        store.delete(Delete::new(Span::key(&key("b")))).await.unwrap();
        let info = store.backup(&backup).await.unwrap();
        assert_eq!((info.revision, info.changes, info.leases), (4, 3, 1));
        let whole = std::fs::read(&backup).unwrap();
        let damaged = folder.path().join("damaged");
        let mut refused = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            std::fs::write(&damaged, bytes).unwrap();
            let target = folder.path().join("never");
            let error = restore(&damaged, &target).unwrap_err();
            let known = matches!(error, Error::Damaged { .. } | Error::Newer { .. });
            assert!(known && !target.exists(), "byte {at}: {error:?}");
            refused += 1;
        }
        for length in 0..whole.len() {
            std::fs::write(&damaged, &whole[..length]).unwrap();
            assert!(matches!(verify(&damaged), Err(Error::Damaged { .. })), "{length} bytes");
        }
        assert_eq!(refused, info.bytes as usize);
        std::fs::write(&damaged, [&whole[..], &[0]].concat()).unwrap();
        assert!(matches!(verify(&damaged), Err(Error::Damaged { .. })), "one byte more");
    });
}

/// A file in which anything was changed, or that never was a store, is refused before it is used.
#[test]
fn a_file_that_no_store_wrote_is_refused() {
    async fn refused(bytes: Vec<u8>) {
        let memory = Memory::new(bytes.clone());
        let error =
            Embedded::open_in(memory.clone(), EmbeddedOptions::default()).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(error.to_string().ends_with("restore a backup"), "{error}");
    }
    run(async {
        let (memory, clock) = (Memory::default(), Arc::new(ManualClock::new()));
        let store = open(&memory, &clock).await;
        store.put(Put::new(key("a"), vec![b'x'; 100])).await.unwrap();
        store.close().await.unwrap();
        let mut changed = memory.bytes();
        let value = changed.windows(100).position(|bytes| bytes == [b'x'; 100]).unwrap();
        changed[value] = b'y';
        refused(changed).await;
        refused(memory.bytes()[..memory.bytes().len() / 2].to_vec()).await;
        refused(b"mine".repeat(1_000)).await;
        refused(of_another()).await;
    });
}

/// A file of the same storage with tables of its own.
fn of_another() -> Vec<u8> {
    let memory = Memory::default();
    let database = redb::Builder::new().create_with_backend(memory.clone()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(redb::TableDefinition::<u64, u64>::new("theirs")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    memory.bytes()
}

#[test]
fn a_restore_overwrites_nothing() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (backup, file) = (folder.path().join("backup"), folder.path().join("store"));
        let (store, _) = new().await;
        store.backup(&backup).await.unwrap();
        std::fs::write(&file, "mine").unwrap();
        assert!(matches!(restore(&backup, &file), Err(Error::Storage { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    });
}

/// A storage whose syncs fail from some moment on.
#[derive(Clone, Debug, Default)]
struct Failing {
    memory: Memory,
    fails: Arc<std::sync::atomic::AtomicBool>,
}

impl redb::StorageBackend for Failing {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        match self.fails.load(std::sync::atomic::Ordering::SeqCst) {
            true => Err(std::io::Error::other("no space left")),
            false => self.memory.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.memory.write(offset, data)
    }
}

#[test]
fn a_sync_that_fails_leaves_its_change_unknown_and_stops_the_store() {
    run(async {
        let storage = Failing::default();
        let clock = Arc::new(ManualClock::new());
        let store = Embedded::open_in(storage.clone(), options(&clock)).await.unwrap();
        store.put(put("a", "1")).await.unwrap();
        storage.fails.store(true, std::sync::atomic::Ordering::SeqCst);
        let unknown = store.put(put("a", "2")).await.unwrap_err();
        assert!(
            matches!(&unknown, Error::Unknown { keys, .. } if *keys == [key("a")]),
            "{unknown:?}"
        );
        let closed = store.put(put("a", "3")).await.unwrap_err();
        assert!(matches!(&closed, Error::Closed { .. }), "{closed:?}");
    });
}
