//! Many clients of one store, while its members are killed and frozen: what they were told can be
//! told of one store that does one thing after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use piccolo_store::{
    Batch, Embedded, EmbeddedOptions, Error, Key, Put, Range, Span, Store, WatchRequest,
};

use crate::linear::{Asked, Call, Recorder, Told, check};

const CLIENTS: usize = 6;
const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// How many calls each client makes at least.
const CALLS: usize = 300;

/// What happened in a run.
struct Run {
    calls: Vec<Call>,
    batches: Vec<Batch>,
    /// What a watch told that was there all the time.
    watched: Vec<Batch>,
}

async fn ask(store: &dyn Store, asked: &Asked) -> Told {
    let key = |text: &str| Key::try_from(text).unwrap();
    let answer = match asked {
        Asked::Put { key: of, value } => store
            .put(Put::new(key(of), value.clone()))
            .await
            .map(|done| Told::Written(done.revision)),
        Asked::Replace { key: of, value, expected } => {
            store.replace(&key(of), value.clone().into(), *expected).await.map(Told::Written)
        }
        Asked::Remove { key: of, expected } => {
            store.remove(&key(of), *expected).await.map(Told::Written)
        }
        Asked::Read { key: of } => {
            let page = store.range(Range::new(Span::key(&key(of)))).await;
            page.map(|page| Told::Read {
                at: page.revision,
                found: page.entries.first().map(|entry| {
                    (String::from_utf8(entry.value.to_vec()).unwrap(), entry.modified)
                }),
            })
        }
    };
    match answer {
        Ok(told) => told,
        Err(Error::Conflict { actual, .. }) => Told::Conflict(actual),
        Err(Error::Unknown { .. }) => Told::Unknown,
        Err(Error::Unavailable { .. }) => Told::NotDone,
        Err(error) => panic!("{error}: {asked:?}"),
    }
}

/// One client: random calls, based on what it has heard last of each key.
async fn client(
    store: Arc<dyn Store>,
    recorder: Arc<Recorder>,
    name: String,
    go_on: Arc<AtomicBool>,
) {
    let mut rng = fastrand::Rng::new();
    let mut heard = [0; KEYS.len()];
    let mut number = 0;
    while number < CALLS || go_on.load(Ordering::SeqCst) {
        let place = rng.usize(..KEYS.len());
        let (key, expected) = (KEYS[place].to_owned(), heard[place]);
        let value = format!("{name}-{number}");
        let asked = match rng.u8(..10) {
            0..3 => Asked::Put { key, value },
            3..6 => Asked::Replace { key, value, expected },
            6 if expected > 0 => Asked::Remove { key, expected },
            _ => Asked::Read { key },
        };
        let is_removal = matches!(asked, Asked::Remove { .. });
        let told = recorder.call(asked.clone(), ask(store.as_ref(), &asked)).await;
        heard[place] = match told {
            Told::Written(_) if is_removal => 0,
            Told::Written(revision) | Told::Conflict(revision) => revision,
            Told::Read { found, .. } => found.map_or(0, |(_, by)| by),
            Told::NotDone | Told::Unknown => heard[place],
        };
        number += 1;
        tokio::time::sleep(Duration::from_millis(rng.u64(..4))).await;
    }
}

/// Lets clients work until `faults` is through, and reads what came of it.
async fn run(store: Arc<dyn Store>, faults: impl Future<Output = ()>) -> Run {
    let (recorder, go_on) = (Arc::new(Recorder::default()), Arc::new(AtomicBool::new(true)));
    let first = WatchRequest::new(Span::all()).from(1);
    let watch = store.watch(first.clone()).await.unwrap();
    let clients = (0..CLIENTS).map(|number| {
        let (store, recorder, go_on) = (store.clone(), recorder.clone(), go_on.clone());
        tokio::spawn(client(store, recorder, format!("c{number}"), go_on))
    });
    let clients: Vec<_> = clients.collect();
    faults.await;
    go_on.store(false, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    // A call whose outcome nobody knows may still be done: this one comes after all of them.
    let last = Key::try_from("last").unwrap();
    let last = store.put(Put::new(last, "last-0")).await.unwrap().revision;
    recorder
        .call(Asked::Put { key: "last".into(), value: "last-0".into() }, async {
            Told::Written(last)
        })
        .await;
    let batches = told_to(store.watch(first).await.unwrap(), last).await;
    Run { calls: recorder.calls(), batches, watched: told_to(watch, last).await }
}

/// The batches of a watch up to a revision.
async fn told_to(mut watch: piccolo_store::Watch, last: u64) -> Vec<Batch> {
    let mut batches = Vec::new();
    loop {
        let batch = tokio::time::timeout(Duration::from_secs(60), watch.next());
        let batch = batch.await.expect("the watch goes on").unwrap();
        if batch.events.is_empty() {
            continue;
        }
        let revision = batch.revision;
        batches.push(batch);
        if revision >= last {
            return batches;
        }
    }
}

/// The story holds, and it is one worth checking.
fn verify(run: &Run, with_faults: bool) {
    let count =
        |wanted: fn(&Told) -> bool| run.calls.iter().filter(|call| wanted(&call.told)).count();
    let written = count(|told| matches!(told, Told::Written(_)));
    let conflicts = count(|told| matches!(told, Told::Conflict(_)));
    let reads = count(|told| matches!(told, Told::Read { .. }));
    let (unknown, not_done) =
        (count(|told| *told == Told::Unknown), count(|told| *told == Told::NotDone));
    println!(
        "{} calls: {written} written, {reads} read, {conflicts} conflicts, {unknown} unknown, \
         {not_done} not done",
        run.calls.len()
    );
    assert!(written > 300 && reads > 300 && conflicts > 30);
    assert!(!with_faults || unknown > 0, "no fault was felt");
    if let Err(why) = check(&run.calls, &run.batches) {
        panic!("{why}");
    }
    assert_eq!(
        run.watched, run.batches,
        "the watch that lived through all has told something else"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_is_linearizable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Embedded::open(path, EmbeddedOptions::default()).await.unwrap();
    verify(&run(Arc::new(store), async {}).await, false);
}

#[cfg(feature = "etcd")]
mod etcd {
    use super::*;
    use crate::cluster::Cluster;

    /// How long a member is away, and how long all are there in between.
    const AWAY: Duration = Duration::from_millis(1_500);

    /// Every member is killed once, so the leader is, and every member is frozen once.
    async fn faults(mut cluster: Cluster) -> Cluster {
        for member in 0..3 {
            tokio::time::sleep(AWAY).await;
            cluster.kill(member);
            tokio::time::sleep(AWAY).await;
            cluster.run(member).unwrap();
            tokio::time::sleep(AWAY).await;
            cluster.freeze(member, true);
            tokio::time::sleep(AWAY).await;
            cluster.freeze(member, false);
        }
        cluster
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_cluster_whose_members_fail_is_linearizable() {
        let Some(cluster) = Cluster::start(3) else { return };
        let store = Arc::new(cluster.connect().await);
        let mut kept = None;
        let run = run(store, async { kept = Some(faults(cluster).await) }).await;
        verify(&run, true);
    }
}
