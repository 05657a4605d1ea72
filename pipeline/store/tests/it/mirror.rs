//! A mirror is the state of one revision, on every store.

use fastrand::Rng;
use piccolo_store::{Delete, Entry, Key, Mirror, Put, Range, Span, Transaction};

use crate::benches::{Bench, Kind, run};

fn key(text: &str) -> Key {
    Key::try_from(text).unwrap()
}

/// Both keys of a transaction are there or neither, and what was waited for is.
async fn follows(bench: &Bench) {
    let store = &bench.store;
    let span = Span::prefix("m/").unwrap();
    let before = store.put(Put::new(key("m/before"), "1")).await.unwrap();
    let mirror = Mirror::follow(store.clone(), span.clone()).await.unwrap();
    assert_eq!(mirror.revision(), before.revision);
    assert_eq!(mirror.get(&key("m/before")).unwrap().value, "1");
    let mut random = Rng::with_seed(3);
    let mut compared = 0;
    for round in 0..200_u64 {
        let name = key(&format!("m/{}", random.u8(..20)));
        let revision = if random.u8(..4) == 0 {
            store.delete(Delete::new(Span::key(&name))).await.unwrap().revision
        } else {
            let both = Transaction::new()
                .then(Put::new(name.clone(), round.to_string()))
                .then(Put::new(key("m/last"), round.to_string()))
                .then(Put::new(key("other"), round.to_string()));
            store.transact(both).await.unwrap().revision
        };
        mirror.wait_for(revision).await.unwrap();
        if round % 10 == 0 {
            let (mine, at) = mirror.all();
            let page = store.range(Range::new(span.clone()).at(at)).await.unwrap();
            let theirs: Vec<Entry> = page.entries;
            assert_eq!(mine, theirs, "at {at}");
            compared += mine.len();
        }
        if round == 100 {
            store.compact(revision).await.unwrap();
        }
    }
    assert!(compared > 100, "only {compared} entries were compared");
    // What changes nothing in the span is waited for as well.
    let other = store.put(Put::new(key("other"), "1")).await.unwrap().revision;
    mirror.wait_for(other).await.unwrap();
    assert!(mirror.revision() >= other);
}

fn check(kind: Kind) {
    run(async {
        if let Some(bench) = Bench::new(kind).await {
            follows(&bench).await;
        }
    });
}

#[test]
fn a_mirror_follows_the_embedded_store() {
    check(Kind::Embedded);
}

#[cfg(feature = "etcd")]
#[test]
fn a_mirror_follows_etcd() {
    check(Kind::Etcd);
}
