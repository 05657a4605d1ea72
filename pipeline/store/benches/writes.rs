//! Writes a second with one sync for many, beside redb itself on equal batches; and how long a watch
//! waits for what was written: `cargo bench -p piccolo-store`.
//!
//! `raw redb` inserts the same keys and values into one table from one thread: it has no revisions,
//! history, watches or callers that wait, so it is what the storage allows, not a rival.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use piccolo_store::{Embedded, EmbeddedOptions, Key, Put, Span, Store, WatchRequest};
use redb::{Database, TableDefinition};

const WRITES: usize = 60_000;

/// One writer waits for each sync, so it gets less to do.
const WRITES_OF_ONE_MAX: usize = 1_000;
const VALUE_BYTES: usize = 100;
const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("raw");

fn name(number: usize) -> String {
    format!("vehicle/{:05}/state", number % 10_000)
}

fn raw(path: &Path, batch: usize) -> f64 {
    let database = Database::create(path).unwrap();
    let value = [b'x'; VALUE_BYTES];
    let began = Instant::now();
    for from in (0..WRITES).step_by(batch) {
        let transaction = database.begin_write().unwrap();
        {
            let mut table = transaction.open_table(TABLE).unwrap();
            for number in from..WRITES.min(from + batch) {
                table.insert(name(number).as_bytes(), &value[..]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    WRITES as f64 / began.elapsed().as_secs_f64()
}

async fn put(store: &Embedded, number: usize) {
    let key = Key::try_from(name(number)).unwrap();
    store.put(Put::new(key, vec![b'x'; VALUE_BYTES])).await.unwrap();
}

async fn ours(path: &Path, writers: usize) -> f64 {
    let store = Arc::new(Embedded::open(path, EmbeddedOptions::default()).await.unwrap());
    let writes = WRITES.min(writers * WRITES_OF_ONE_MAX);
    let began = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in (writer..writes).step_by(writers) {
                    put(&store, number).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    writes as f64 / began.elapsed().as_secs_f64()
}

/// From the call of a write until a watch tells it, its sync included; one write at a time.
async fn delivery(path: &Path) -> Vec<Duration> {
    const DELIVERIES: usize = 2_000;
    let store = Arc::new(Embedded::open(path, EmbeddedOptions::default()).await.unwrap());
    let mut watch = store.watch(WatchRequest::new(Span::all())).await.unwrap();
    let told = tokio::spawn(async move {
        let mut told = Vec::with_capacity(DELIVERIES);
        for _ in 0..DELIVERIES {
            watch.next().await.unwrap();
            told.push(Instant::now());
        }
        told
    });
    let mut called = Vec::with_capacity(DELIVERIES);
    for number in 0..DELIVERIES {
        called.push(Instant::now());
        put(&store, number).await;
    }
    let told = told.await.unwrap();
    let mut waits: Vec<Duration> = told
        .into_iter()
        .zip(called)
        .map(|(told, called)| told.saturating_duration_since(called))
        .collect();
    waits.sort_unstable();
    waits
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: String| folder.path().join(name);
    for batch in [64, 256, 1_024] {
        let rate = raw(&path(format!("raw{batch}")), batch);
        println!("raw redb, {batch:>5} writes a sync: {rate:>9.0} writes/s");
    }
    for writers in [1, 64, 256, 1_024, 4_096] {
        let rate = ours(&path(format!("ours{writers}")), writers).await;
        println!("store, {writers:>5} writers:         {rate:>9.0} writes/s");
    }
    let waits = delivery(&path("delivery".to_owned())).await;
    let at = |part: usize| waits[waits.len() * part / 1_000];
    println!("watch: p50 {:?}, p99 {:?}, p99.9 {:?} after the call", at(500), at(990), at(999));
}
