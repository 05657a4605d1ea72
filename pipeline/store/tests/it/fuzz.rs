//! Mutated backups, files and rows: each makes a store that is whole, or is refused as damaged.

use piccolo_store::{Delete, Embedded, EmbeddedOptions, Key, Put, Span, Store};

use crate::benches::run;
use crate::body::{
    BACKUP, BACKUP_WITHOUT_CHECKSUM, FAULTS, FAULTS_AFTER_A_CRASH, FILE, ROWS, check,
};
use crate::mutation::{Mutation, corpus, kept};
use crate::storage::Memory;

/// Numbers of few and of many bytes, and what a backup and a file of the storage begin with.
const WORDS: [&str; 9] = [
    "\0",
    "\u{1}",
    "\u{2}",
    "\u{7f}",
    "\0\0\0\0\0\0\0",
    "\u{1}\0\0\0\0\0\0\0",
    "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}",
    "piccolo backup\r\n\u{1}\0\0\0",
    "redb",
];

/// The backup of a small store.
async fn backup() -> Vec<u8> {
    let store = Embedded::open_in(Memory::default(), EmbeddedOptions::default()).await.unwrap();
    let keys = ["a", "b"].map(|text| Key::try_from(text).unwrap());
    let lease = store.grant(60, None).await.unwrap().id;
    store.put(Put::new(keys[0].clone(), "1").lease(lease)).await.unwrap();
    store.put(Put::new(keys[1].clone(), "2")).await.unwrap();
    store.put(Put::touch(keys[0].clone())).await.unwrap();
    store.delete(Delete::new(Span::key(&keys[1]))).await.unwrap();
    store.compact(3).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    store.backup(&path).await.unwrap();
    std::fs::read(path).unwrap()
}

/// One of each kind of input.
fn inputs() -> Vec<Vec<u8>> {
    let backup: &[u8] = &run(backup());
    let without_checksum = &backup[..backup.len() - blake3::OUT_LEN];
    let faults: Vec<u8> = (1..40).map(|number: u8| number.wrapping_mul(83)).collect();
    let contents = [
        (BACKUP, backup),
        (BACKUP_WITHOUT_CHECKSUM, without_checksum),
        (FILE, b"redb"),
        (FAULTS, &faults),
        (FAULTS_AFTER_A_CRASH, &faults[..4]),
        (ROWS, b"\x01\x09\x01a\x05\x20aaaaaaaabbbbbbbbccccccccdddddddd"),
    ];
    contents.iter().map(|(kind, bytes)| [&[*kind], *bytes].concat()).collect()
}

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let made = corpus("store").iter().filter(|bytes| check(bytes)).count();
    assert!(made > 5, "only {made} stores were made");
}

#[test]
fn mutated_stores() {
    let mut inputs = inputs();
    inputs.extend(kept(&[".store"]));
    for bytes in &inputs {
        check(bytes);
    }
    let made = Mutation::new(61, inputs, &WORDS).run(2_000, |bytes| usize::from(check(bytes)));
    assert!((100..1_900).contains(&made), "{made} stores were made");
}
