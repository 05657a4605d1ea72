//! What only etcd can show: it refuses what we refuse before it is asked, takes the greatest that we
//! take; and what we do where it is away, or an endpoint is.

use bytes::Bytes;
use etcd_client::{Client, DeleteOptions, Txn, TxnOp};
use piccolo_store::{
    Error, Etcd, EtcdOptions, KEY_BYTES_MAX, Key, OPERATIONS_MAX, Put, Span, Store,
    TRANSACTION_BYTES_MAX, Transaction, VALUE_BYTES_MAX, WatchRequest,
};

use crate::benches::run;
use crate::server::{Server, free_address};

fn put(key: &str) -> TxnOp {
    TxnOp::put(key, "1", None)
}

fn delete(key: &str) -> TxnOp {
    TxnOp::delete(key, None)
}

fn delete_prefix(key: &str) -> TxnOp {
    TxnOp::delete(key, Some(DeleteOptions::new().with_prefix()))
}

#[test]
fn etcd_refuses_what_is_written_twice() {
    let cases: [(&str, Vec<TxnOp>, bool); 8] = [
        ("two puts", vec![put("a"), put("a")], false),
        ("put, delete", vec![put("a"), delete("a")], false),
        ("delete, put", vec![delete("a"), put("a")], false),
        ("put, delete of its prefix", vec![put("ab"), delete_prefix("a")], false),
        ("delete of its prefix, put", vec![delete_prefix("a"), put("ab")], false),
        ("two deletes", vec![delete("a"), delete("a")], true),
        ("deletes that overlap", vec![delete_prefix("a"), delete("ab")], true),
        ("two keys", vec![put("a"), put("b"), delete("c")], true),
    ];
    run(async {
        let Some(server) = Server::start().await else { return };
        server.connect().await;
        let mut client = Client::connect([server.address()], None).await.unwrap();
        for (name, operations, taken) in cases {
            let then = client.txn(Txn::new().and_then(operations.clone())).await;
            assert_eq!(then.is_ok(), taken, "{name}: {then:?}");
            // In the branch that is not taken it is refused as well.
            let otherwise = client.txn(Txn::new().or_else(operations)).await;
            assert_eq!(otherwise.is_ok(), taken, "{name}: {otherwise:?}");
        }
        assert!(client.put("", "1", None).await.is_err(), "an empty key");
        let many: Vec<TxnOp> = (0..=OPERATIONS_MAX).map(|key| put(&key.to_string())).collect();
        assert!(client.txn(Txn::new().and_then(many)).await.is_err(), "too many operations");
        let lease = client.lease_grant(9_000_000_001, None).await;
        assert!(lease.is_err(), "a lease that is too long");
    });
}

#[test]
fn etcd_takes_the_greatest_that_we_take() {
    run(async {
        let Some(server) = Server::start().await else { return };
        let store = server.connect().await;
        let key = Key::new(vec![b'k'; KEY_BYTES_MAX]).unwrap();
        store.put(Put::new(key.clone(), vec![0; VALUE_BYTES_MAX])).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().unwrap().value.len(), VALUE_BYTES_MAX);
        let part = TRANSACTION_BYTES_MAX / OPERATIONS_MAX;
        let full = |part: usize| {
            let key = |number: usize| Key::try_from(format!("{number:016}")).unwrap();
            let puts = (0..OPERATIONS_MAX).map(|number| Put::new(key(number), vec![0; part - 16]));
            puts.fold(Transaction::new(), Transaction::then)
        };
        store.transact(full(part)).await.unwrap();
        let more = store.transact(full(part + 1)).await;
        assert!(matches!(more, Err(Error::TransactionTooLarge { .. })), "{more:?}");
    });
}

#[test]
fn a_store_that_is_not_there_is_unavailable_before_the_deadline() {
    run(async {
        let Some(server) = Server::start().await else { return };
        let store = server.connect_within_ms(700).await;
        drop(server);
        let began = std::time::Instant::now();
        let key = Key::try_from("a").unwrap();
        let read = store.get(&key).await;
        assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
        let written = store.put(Put::new(key.clone(), Bytes::new())).await;
        // What met a connection that broke may have been done; what met none was not.
        let told = matches!(written, Err(Error::Unavailable { .. } | Error::Unknown { .. }));
        assert!(told, "{written:?}");
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    });
}

/// A watch tells each revision once and in order over three ends of its server.
#[test]
fn a_watch_goes_on_after_its_server_was_away() {
    run(async {
        let Some(mut server) = Server::start().await else { return };
        let store = server.connect().await;
        let key = Key::try_from("a").unwrap();
        let mut watch = store.watch(WatchRequest::new(Span::key(&key))).await.unwrap();
        let (mut written, mut told) = (Vec::new(), Vec::new());
        for round in 0..4 {
            if round > 0 {
                server.restart();
            }
            for _ in 0..20 {
                match store.put(Put::new(key.clone(), "1")).await {
                    Ok(done) => written.push(done.revision),
                    // It met the connection that broke, so it was not done, or it is told below.
                    Err(Error::Unknown { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            while told.last() != written.last() {
                let batch = watch.next().await.unwrap();
                if !batch.events.is_empty() {
                    told.push(batch.revision);
                }
            }
        }
        assert!(written.len() >= 76, "only {} writes were answered", written.len());
        assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
        let first = told[0];
        let all: Vec<u64> = (first..first + told.len() as u64).collect();
        assert_eq!(told, all, "every revision was a put of the key");
        assert!(written.iter().all(|revision| told.contains(revision)));
    });
}

#[test]
fn an_endpoint_that_is_away_is_passed_by() {
    run(async {
        let Some(server) = Server::start().await else { return };
        server.connect().await;
        let endpoints = [free_address(), server.address().to_owned(), free_address()];
        let store = Etcd::connect(EtcdOptions::new(endpoints)).await.unwrap();
        let key = Key::try_from("a").unwrap();
        for _ in 0..20 {
            store.put(Put::new(key.clone(), "1")).await.unwrap();
        }
        assert_eq!(store.get(&key).await.unwrap().unwrap().version, 20);
        let mut watch = store.watch(WatchRequest::new(Span::all()).from(2)).await.unwrap();
        assert_eq!(watch.next().await.unwrap().revision, 2);
    });
}

/// Equal reads at the same time see all that was written before each of them began.
#[test]
fn reads_that_share_an_answer_are_not_older_than_their_beginning() {
    run(async {
        let Some(server) = Server::start().await else { return };
        let store = server.connect().await;
        let key = Key::try_from("a").unwrap();
        let readers: Vec<_> = (0..32)
            .map(|_| {
                let (store, key) = (store.clone(), key.clone());
                tokio::spawn(async move {
                    let mut reads = 0;
                    for _ in 0..40 {
                        let written = store.put(Put::new(key.clone(), "1")).await.unwrap();
                        let read = store.get(&key).await.unwrap().unwrap();
                        assert!(read.modified >= written.revision, "{read:?} {written:?}");
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let mut reads = 0;
        for reader in readers {
            reads += reader.await.unwrap();
        }
        assert_eq!(reads, 32 * 40);
    });
}
