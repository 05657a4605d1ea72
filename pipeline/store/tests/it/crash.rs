//! The machine ends at any write to the file: what was answered is there, and nothing is half.
//!
use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use piccolo_store::{
    Batch, Delete, Embedded, EmbeddedOptions, Entry, Event, Key, ManualClock, Put, Range, Revision,
    Span, Store, Transaction, WatchRequest,
};
use redb::StorageBackend;

use crate::benches::run;
use crate::storage::Memory;
use crate::wreck::Recorder;

/// Crashes that are tried for each write of the run.
const TRIES: u64 = 2;

/// What a store must hold at each revision of the run.
struct Truth {
    states: BTreeMap<Revision, BTreeMap<Key, Entry>>,
    told: Vec<Batch>,
}

fn key(number: usize) -> Key {
    format!("key/{number:02}").try_into().unwrap()
}

async fn open(storage: impl StorageBackend) -> Embedded {
    let clock = Arc::new(ManualClock::new());
    Embedded::open_in(storage, EmbeddedOptions { clock, ..Default::default() }).await.unwrap()
}

/// Transactions of several keys, deletes, leases and compactions; some of them at the same time,
/// so that they share a sync. What a watch told of it.
async fn live(random: &mut Rng, recorder: &Recorder) -> Vec<Batch> {
    let store = Arc::new(open(recorder.clone()).await);
    recorder.answered(store.revision());
    let mut watch = store.watch(WatchRequest::new(Span::all())).await.unwrap();
    let mut told = Vec::new();
    let lease = store.grant(60, None).await.unwrap().id;
    for round in 0..40_usize {
        let mut together = Vec::new();
        for _ in 0..random.usize(1..5) {
            let from = random.usize(..20);
            let mut transaction = Transaction::new();
            for number in from..from + random.usize(1..5) {
                let value = vec![random.u8(..); random.usize(1..3_000)];
                let put = Put::new(key(number), value);
                transaction = transaction.then(if random.bool() { put.lease(lease) } else { put });
            }
            if random.u8(..3) == 0 {
                transaction = transaction.then(Delete::new(Span::key(&key(from + 8))));
            }
            let (store, recorder) = (Arc::clone(&store), recorder.clone());
            together.push(tokio::spawn(async move {
                let outcome = store.transact(transaction).await.unwrap();
                recorder.answered(outcome.revision);
            }));
        }
        for one in together {
            one.await.unwrap();
        }
        if round % 16 == 15 {
            store.compact(store.revision() - 5).await.unwrap();
        }
    }
    let revision = store.revoke(lease).await.unwrap();
    recorder.answered(revision);
    while told.last().is_none_or(|batch: &Batch| batch.revision < revision) {
        told.push(watch.next().await.unwrap());
    }
    Arc::into_inner(store).unwrap().close().await.unwrap();
    told
}

/// The state at each revision, by following the events.
fn truth(told: Vec<Batch>) -> Truth {
    let mut states = BTreeMap::new();
    let mut state = BTreeMap::new();
    states.insert(1, state.clone());
    for batch in &told {
        for event in &batch.events {
            match event {
                Event::Put { entry, .. } => state.insert(entry.key.clone(), entry.clone()),
                Event::Delete { key, .. } => state.remove(key),
            };
        }
        states.insert(batch.revision, state.clone());
    }
    Truth { states, told }
}

/// Opens a wreck: it is at a revision that is not before what was answered, and all of it is as
/// it was at that revision.
async fn survives(file: Memory, answered: Revision, truth: &Truth, place: &str) {
    let store = open(file).await;
    let revision = store.revision();
    assert!(revision >= answered, "{place}: at {revision}, but {answered} was answered");
    let page = store.range(Range::new(Span::all())).await.unwrap();
    let found: BTreeMap<Key, Entry> =
        page.entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
    assert_eq!(found, truth.states[&revision], "{place}: at {revision}");
    let mut watch = store.watch(WatchRequest::new(Span::all()).from(1)).await.unwrap();
    watch.request_progress().await.unwrap();
    let first = match watch.next().await {
        Err(piccolo_store::Error::Compacted { compacted: Some(compacted), .. }) => compacted,
        _ => 2,
    };
    let mut watch = store.watch(WatchRequest::new(Span::all()).from(first)).await.unwrap();
    watch.request_progress().await.unwrap();
    let kept = truth.told.iter().filter(|batch| (first..=revision).contains(&batch.revision));
    for expected in kept {
        assert_eq!(watch.next().await.unwrap(), *expected, "{place}: at {revision}");
    }
    let progress = watch.next().await.unwrap();
    assert_eq!(progress, Batch { revision, events: Vec::new() }, "{place}");
    store.put(Put::new(key(1), "after")).await.unwrap();
    store.close().await.unwrap();
}

#[test]
fn what_was_answered_survives_a_crash_at_every_write() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = variable("PICCOLO_SEED").unwrap_or(5);
    let tries = TRIES * variable("PICCOLO_CASES").unwrap_or(1);
    run(async {
        let mut random = Rng::with_seed(seed);
        let recorder = Recorder::default();
        let truth = truth(live(&mut random, &recorder).await);
        let mut cuts = 0;
        for wreck in recorder.crashes(tries, random) {
            let place = format!("PICCOLO_SEED={seed}, {}", wreck.place);
            survives(wreck.file, wreck.answered, &truth, &place).await;
            cuts += 1;
        }
        let revisions = truth.told.len();
        println!("{cuts} crashes over {revisions} revisions");
        assert!(cuts > 500 && revisions > 50, "only {cuts} crashes, {revisions} revisions");
    });
}
