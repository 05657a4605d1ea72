//! What we refuse before etcd is asked, etcd refuses as well; and what we take at most, it takes.

use bytes::Bytes;
use etcd_client::{Client, DeleteOptions, Txn, TxnOp};
use piccolo_store::{
    Error, KEY_BYTES_MAX, Key, OPERATIONS_MAX, Put, Store, TRANSACTION_BYTES_MAX, Transaction,
    VALUE_BYTES_MAX,
};

use crate::benches::run;
use crate::server::Server;

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
