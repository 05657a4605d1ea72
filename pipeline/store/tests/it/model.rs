//! Random actions on a store and on its twin, a plain map for each revision: every answer and every
//! event must be equal.
//!
//! `PICCOLO_SEED` repeats a failure, `PICCOLO_CASES` runs so many times as many cases, and
//! `PICCOLO_ETCD_CASES` says how many run on etcd.

#[path = "model/random.rs"]
mod random;
#[path = "model/twin.rs"]
mod twin;

use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use piccolo_store::{
    Answer, Batch, Embedded, EmbeddedOptions, Error, LeaseId, ManualClock, Operation, Order,
    Outcome, Page, Put, Range, Revision, SortBy, Store, Watch, WatchRequest, restore,
};

use self::twin::Twin;
use crate::benches::run;
use crate::storage::Memory;
use crate::words::never;

const CASES: u64 = 1_000;
const ACTIONS: usize = 256;
const FOLLOWERS_MAX: usize = 3;

/// What was compared, so that a run that compares nothing fails.
#[derive(Debug, Default)]
struct Count {
    answers: u64,
    refusals: u64,
    entries: u64,
    events: u64,
    previous: u64,
    compactions: u64,
    expiries: u64,
    restarts: u64,
    backups: u64,
}

/// A watch that runs beside the actions.
struct Follower {
    request: WatchRequest,
    watch: Watch,
    /// The next revision that it has to tell.
    next: Revision,
}

/// A store beside its twin.
struct Pair {
    /// None while it is being opened again.
    store: Option<Arc<dyn Store>>,
    twin: Twin,
    random: Rng,
    place: String,
    followers: Vec<Follower>,
    count: Count,
    /// What only the embedded store has: its clock and its file.
    embedded: Option<(Arc<ManualClock>, Memory, Arc<Embedded>)>,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs cases and shows what they compared.
fn cases(cases: u64, case: impl AsyncFn(u64) -> Count) -> Count {
    let (from, to) = match variable("PICCOLO_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (1, 1 + cases),
    };
    run(async {
        let mut total = Count::default();
        for seed in from..to {
            let count = case(seed).await;
            total.answers += count.answers;
            total.refusals += count.refusals;
            total.entries += count.entries;
            total.events += count.events;
            total.previous += count.previous;
            total.compactions += count.compactions;
            total.expiries += count.expiries;
            total.restarts += count.restarts;
            total.backups += count.backups;
        }
        println!("{} cases of {ACTIONS} actions: {total:?}", to - from);
        total
    })
}

#[test]
fn the_embedded_store_does_what_its_twin_does() {
    let wanted = CASES * variable("PICCOLO_CASES").unwrap_or(1);
    let total = cases(wanted, async |seed| {
        let (clock, memory) = (Arc::new(ManualClock::new()), Memory::default());
        let store = open(&clock, &memory).await;
        let twin = Twin::new(1);
        let mut pair = Pair::new(store.clone(), twin, seed);
        pair.embedded = Some((clock, memory, store));
        pair.run().await
    });
    if variable("PICCOLO_SEED").is_none() {
        assert!(total.entries > 20 * wanted && total.events > 20 * wanted, "{total:?}");
        assert!(total.refusals > wanted && total.compactions > wanted, "{total:?}");
        assert!(total.restarts > wanted && total.expiries > wanted, "{total:?}");
        assert!(total.backups > wanted / 100, "{total:?}");
    }
}

#[cfg(feature = "etcd")]
#[test]
fn etcd_does_what_its_twin_does() {
    let wanted = variable("PICCOLO_ETCD_CASES").unwrap_or(12);
    let Some(server) = run(crate::server::Server::start()) else { return };
    let total = cases(wanted, async |seed| {
        let store: Arc<dyn Store> = Arc::new(server.connect().await);
        let emptied =
            store.delete(piccolo_store::Delete::new(piccolo_store::Span::all())).await.unwrap();
        Pair::new(store, Twin::new(emptied.revision), seed).run().await
    });
    if variable("PICCOLO_SEED").is_none() {
        assert!(total.entries > 20 * wanted && total.events > 20 * wanted, "{total:?}");
        assert!(total.refusals > wanted && total.compactions > wanted, "{total:?}");
    }
}

async fn open(clock: &Arc<ManualClock>, memory: &Memory) -> Arc<Embedded> {
    let options = EmbeddedOptions { clock: clock.clone(), ..Default::default() };
    Arc::new(Embedded::open_in(memory.clone(), options).await.unwrap())
}

impl Pair {
    fn new(store: Arc<dyn Store>, twin: Twin, seed: u64) -> Self {
        let (random, place) = (Rng::with_seed(seed), format!("PICCOLO_SEED={seed}"));
        let count = Count::default();
        let store = Some(store);
        Self { store, twin, random, place, followers: Vec::new(), count, embedded: None }
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone().expect("the store is open")
    }

    async fn run(mut self) -> Count {
        let seed = self.place.clone();
        for action in 0..ACTIONS {
            self.place = format!("{seed}, action {action}");
            self.act().await;
        }
        self.end().await;
        self.count
    }

    async fn act(&mut self) {
        match self.random.u8(..100) {
            0..=24 => self.range().await,
            25..=44 => self.put().await,
            45..=52 => self.delete().await,
            53..=74 => self.transact().await,
            75..=79 => self.grant().await,
            80..=81 => self.revoke().await,
            82..=84 => self.keep().await,
            85..=87 => self.time_to_live().await,
            88..=90 => self.compact().await,
            91..=93 => self.look_back().await,
            94..=95 => self.follow().await,
            96..=97 => self.advance().await,
            98 => self.restart().await,
            _ => self.back_up().await,
        }
    }

    /// Compares an answer of the store with that of the twin.
    #[track_caller]
    fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        store: Result<T, Error>,
        twin: Result<T, Error>,
        request: &dyn std::fmt::Debug,
    ) {
        match (store, twin) {
            (Ok(store), Ok(twin)) => {
                assert_eq!(store, twin, "{}: {request:?}", self.place);
                self.count.answers += 1;
            }
            (Err(store), Err(twin)) => {
                self.count.refusals += 1;
                if self.embedded.is_some() {
                    assert_eq!(store.to_string(), twin.to_string(), "{}: {request:?}", self.place);
                    return;
                }
                // Where several parts of a request are refused, etcd tells another one first.
                let known = |error: &Error| {
                    matches!(
                        error,
                        Error::KeyNotFound { .. }
                            | Error::LeaseNotFound { .. }
                            | Error::FutureRevision { .. }
                            | Error::Compacted { .. }
                    )
                };
                let same = discriminant(&store) == discriminant(&twin);
                let either = known(&store) && known(&twin);
                assert!(same || either, "{}: {request:?}: {store:?} {twin:?}", self.place);
            }
            (store, twin) => panic!("{}: {request:?}\n{store:?}\n{twin:?}", self.place),
        }
    }

    async fn range(&mut self) {
        let range = random::range(&mut self.random, &self.twin);
        let mut found = self.store().range(range.clone()).await;
        let mut expected = self.twin.range(&range);
        if let (Ok(found), Ok(expected)) = (&mut found, &mut expected) {
            self.count.entries += found.entries.len() as u64;
            settle(&range, found);
            settle(&range, expected);
        }
        self.equal(found, expected, &range);
    }

    async fn put(&mut self) {
        let put = random::put(&mut self.random, &self.twin);
        let written = self.store().put(put.clone()).await;
        let expected = self.single(put.clone().into()).map(|answer| match answer {
            Answer::Put(written) => written,
            other => panic!("{other:?}"),
        });
        self.equal(written, expected, &put);
    }

    async fn delete(&mut self) {
        let delete = random::delete(&mut self.random);
        let deleted = self.store().delete(delete.clone()).await;
        let expected = self.single(delete.clone().into()).map(|answer| match answer {
            Answer::Delete(deleted) => deleted,
            other => panic!("{other:?}"),
        });
        self.equal(deleted, expected, &delete);
    }

    fn single(&mut self, operation: Operation) -> Result<Answer, Error> {
        let transaction = piccolo_store::Transaction::new().then(operation);
        self.twin.transact(&transaction).map(|mut outcome| outcome.answers.remove(0))
    }

    async fn transact(&mut self) {
        let transaction = random::transaction(&mut self.random, &self.twin);
        let mut done = self.store().transact(transaction.clone()).await;
        let mut expected = self.twin.transact(&transaction);
        if let (Ok(done), Ok(expected)) = (&mut done, &mut expected) {
            let branch = if done.succeeded { &transaction.then } else { &transaction.otherwise };
            settle_all(branch, done);
            settle_all(branch, expected);
        }
        self.equal(done, expected, &transaction);
    }

    async fn grant(&mut self) {
        let id = match self.random.u8(..4) {
            0 => LeaseId::new(self.random.i64(1_000..1_010)),
            _ => None,
        };
        let few = if self.embedded.is_some() { 1..12 } else { 1_000..9_000 };
        let ttl_s = self.random.u64(few);
        match (self.store().grant(ttl_s, id).await, id) {
            (Ok(lease), _) => {
                assert!(!self.twin.holds(lease.id), "{}: {lease:?} lives", self.place);
                assert!(id.is_none_or(|id| lease.id == id), "{}", self.place);
                assert_eq!(lease.ttl_s, ttl_s, "{}", self.place);
                self.twin.grant(lease.id, ttl_s);
            }
            (Err(Error::LeaseExists { lease }), Some(id)) => {
                assert!(lease == id && self.twin.holds(id), "{}: {id}", self.place);
                self.count.refusals += 1;
            }
            (error, _) => panic!("{}: {error:?}", self.place),
        }
    }

    async fn revoke(&mut self) {
        let lease = random::lease(&mut self.random, &self.twin);
        let revoked = self.store().revoke(lease).await;
        let expected = self.twin.revoke(lease);
        self.equal(revoked, expected, &lease);
    }

    async fn keep(&mut self) {
        let lease = random::lease(&mut self.random, &self.twin);
        let kept = self.store().keep_alive(lease).await;
        let expected = self.twin.keep_alive(lease);
        self.equal(kept, expected, &lease);
    }

    async fn time_to_live(&mut self) {
        let lease = random::lease(&mut self.random, &self.twin);
        let mut state = self.store().time_to_live(lease).await;
        let mut expected = self.twin.time_to_live(lease);
        if self.embedded.is_none() {
            // Its time goes by itself.
            for state in [&mut state, &mut expected].into_iter().flatten() {
                state.left_s = 0;
            }
        }
        self.equal(state, expected, &lease);
    }

    async fn compact(&mut self) {
        let asked = random::revision(&mut self.random, &self.twin);
        // Mostly what is long past, so that history is left to look at.
        let asked = if self.random.u8(..4) == 0 { asked } else { asked.saturating_sub(40).max(1) };
        if asked < self.twin.first() {
            return;
        }
        let compacted = self.store().compact(asked).await;
        let expected = self.twin.compact(asked);
        self.count.compactions += u64::from(compacted.is_ok());
        self.equal(compacted, expected, &asked);
    }

    /// A new watch from an older revision tells all since.
    async fn look_back(&mut self) {
        let request = random::watch(&mut self.random);
        // What made the first revision, the twin does not know.
        let from = random::revision(&mut self.random, &self.twin).max(self.twin.first() + 1);
        let mut watch = self.store().watch(request.clone().from(from)).await.unwrap();
        if from < self.twin.compacted() {
            let compacted = Some(self.twin.compacted());
            let expected = Err(Error::Compacted { asked: from, compacted });
            self.equal::<Batch>(watch.next().await, expected, &request);
            return;
        }
        if self.embedded.is_none() && from == self.twin.compacted() {
            // Before 3.4.36 etcd leaves the deletes of the compacted revision out.
            return;
        }
        let expected = self.twin.told(&request, from);
        self.compare(&mut watch, &expected, &request).await;
    }

    async fn compare(&mut self, watch: &mut Watch, expected: &[Batch], request: &WatchRequest) {
        for expected in expected {
            let batch = self.batch(watch).await;
            assert_eq!(batch, *expected, "{}: {request:?}", self.place);
            self.count.events += batch.events.len() as u64;
            let before = |event: &&piccolo_store::Event| match event {
                piccolo_store::Event::Put { previous, .. } => previous.is_some(),
                piccolo_store::Event::Delete { previous, .. } => previous.is_some(),
            };
            self.count.previous += batch.events.iter().filter(before).count() as u64;
        }
        if self.embedded.is_some() {
            watch.request_progress().await.unwrap();
            let progress = watch.next().await.unwrap();
            let revision = self.twin.revision();
            assert_eq!(progress, Batch { revision, events: Vec::new() }, "{}", self.place);
        }
    }

    /// The next batch with events.
    async fn batch(&self, watch: &mut Watch) -> Batch {
        loop {
            let batch = tokio::time::timeout(Duration::from_secs(30), watch.next()).await;
            let batch = batch.unwrap_or_else(|_| panic!("{}: nothing came", self.place)).unwrap();
            if !batch.events.is_empty() {
                return batch;
            }
        }
    }

    async fn follow(&mut self) {
        if self.followers.len() < FOLLOWERS_MAX {
            let request = random::watch(&mut self.random);
            let watch = self.store().watch(request.clone()).await.unwrap();
            assert_eq!(watch.made_at(), self.twin.revision(), "{}", self.place);
            let next = self.twin.revision() + 1;
            self.followers.push(Follower { request, watch, next });
        }
    }

    /// All followers must have told all.
    async fn catch_up(&mut self) {
        let next = self.twin.revision() + 1;
        for mut follower in std::mem::take(&mut self.followers) {
            let request = follower.request.clone();
            let mut expected = self.twin.told(&request, follower.next);
            if request.previous {
                // A compaction came between: which entries were known then is another question.
                expected.retain(|_| follower.next > self.twin.compacted());
            }
            if !request.previous || follower.next > self.twin.compacted() {
                self.compare(&mut follower.watch, &expected, &request).await;
                follower.next = next;
                self.followers.push(follower);
            }
        }
    }

    async fn advance(&mut self) {
        let Some((clock, ..)) = &self.embedded else { return };
        let by = Duration::from_millis(self.random.u64(..4_000));
        clock.advance(by);
        let before = self.twin.leases().len();
        self.twin.advance(by);
        self.count.expiries += (before - self.twin.leases().len()) as u64;
        // What the writer is asked next comes after what is due.
        let refused = self.store().revoke(never()).await;
        assert!(matches!(refused, Err(Error::LeaseNotFound { .. })), "{}", self.place);
    }

    async fn restart(&mut self) {
        if self.embedded.is_none() {
            return;
        }
        self.catch_up().await;
        let Some((clock, memory, store)) = self.embedded.take() else { return };
        self.store = None;
        Arc::into_inner(store).expect("nobody else has the store").close().await.unwrap();
        let store = open(&clock, &memory).await;
        assert_eq!(store.revision(), self.twin.revision(), "{}", self.place);
        self.store = Some(store.clone());
        self.embedded = Some((clock, memory, store));
        self.twin.restart();
        for mut follower in std::mem::take(&mut self.followers) {
            let ended = follower.watch.next().await;
            assert!(matches!(ended, Err(Error::Closed { .. })), "{}: {ended:?}", self.place);
            let request = follower.request.clone().from(follower.next);
            follower.watch = self.store().watch(request).await.unwrap();
            self.followers.push(follower);
        }
        self.count.restarts += 1;
    }

    /// A store that is restored from a backup has the same state and the same history.
    async fn back_up(&mut self) {
        let Some((.., store)) = &self.embedded else { return };
        if self.random.u8(..16) > 0 {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (backup, file) = (folder.path().join("backup"), folder.path().join("store"));
        let written = store.backup(&backup).await.unwrap();
        assert_eq!(written.revision, self.twin.revision(), "{}", self.place);
        assert_eq!(restore(&backup, &file).unwrap(), written, "{}", self.place);
        let restored = Embedded::open(&file, EmbeddedOptions::default()).await.unwrap();
        for _ in 0..8 {
            let range = random::range(&mut self.random, &self.twin);
            let found = restored.range(range.clone()).await;
            self.equal(found, self.twin.range(&range), &range);
        }
        for lease in self.twin.leases() {
            let keys = restored.time_to_live(lease).await.unwrap().keys;
            assert_eq!(keys, self.twin.time_to_live(lease).unwrap().keys, "{}", self.place);
        }
        restored.close().await.unwrap();
        self.count.backups += 1;
    }

    /// One more change, which all followers see if they told all before it.
    async fn end(&mut self) {
        for key in ["a", "c/d"] {
            let put = Put::new(key.try_into().unwrap(), "end");
            let written = self.store().put(put.clone()).await;
            let expected = self.single(put.into()).map(|answer| match answer {
                Answer::Put(written) => written,
                other => panic!("{other:?}"),
            });
            self.equal(written, expected, &"the end");
        }
        self.catch_up().await;
        for lease in self.twin.leases() {
            self.store().revoke(lease).await.unwrap();
        }
    }
}

/// Entries that are equal in what they are sorted by come in no promised order: this puts them into
/// one, and drops those of which a limit took some.
fn settle(range: &Range, page: &mut Page) {
    let by = |entry: &piccolo_store::Entry| match range.sort {
        SortBy::Key => 0,
        SortBy::Created => entry.created,
        SortBy::Modified => entry.modified,
    };
    if range.sort == SortBy::Key {
        return;
    }
    if page.more {
        let last = page.entries.last().map(by);
        page.entries.retain(|entry| Some(by(entry)) != last);
    }
    let down = range.order == Order::Descending;
    page.entries.sort_by_key(|entry| {
        (if down { u64::MAX - by(entry) } else { by(entry) }, entry.key.clone())
    });
}

fn settle_all(branch: &[Operation], outcome: &mut Outcome) {
    for (operation, answer) in branch.iter().zip(&mut outcome.answers) {
        if let (Operation::Range(range), Answer::Range(page)) = (operation, answer) {
            settle(range, page);
        }
    }
}
