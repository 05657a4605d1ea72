//! Backups of a server that goes on, and a server that goes on from one.

use std::fs;
use std::path::Path;

use piccolo_store::backups::{list, restore, verify};
use piccolo_wire::v1::{CreateBackupRequest, Edge, Lane, ListBackupsRequest, SubscribeRequest};
use tonic::Code;

use crate::binary::{Ending, server};
use crate::rules::{ACTIVE, Bench, SECOND, rule};
use crate::support::soon;

async fn open(data: Option<&Path>) -> Bench {
    Bench::open(&rule("a", 50, "one"), data, SubscribeRequest::default()).await.unwrap()
}

#[tokio::test]
async fn a_server_goes_on_from_a_backup_of_one_that_went_on() {
    let (data, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut bench = open(Some(data.path())).await;
    bench.drive(SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    bench.apply(&rule("a", 50, "two"), Lane::Active).await;
    bench.drive(2 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::End, "one"), ("a", Edge::Begin, "two")]).await;
    let made = soon(bench.backups.create_backup(CreateBackupRequest {})).await.unwrap();
    let made = made.into_inner().backup.unwrap();
    verify(Path::new(&made.path)).unwrap();
    // It ends after the backup, and the one that is restored has not heard of that.
    bench.drive(3 * SECOND, 10.0).await;
    bench.decided(&[("a", Edge::End, "two")]).await;
    let all = bench.backups.list_backups(ListBackupsRequest {}).await.unwrap().into_inner();
    assert_eq!(all.backups, std::slice::from_ref(&made));
    bench.stop().await;

    restore(Path::new(&made.path), again.path()).unwrap();
    let mut bench = open(Some(again.path())).await;
    assert_eq!(bench.source.opened.acknowledged_position, 2);
    assert_eq!(bench.versions().await, [(2, vec![ACTIVE]), (1, vec![])]);
    bench.drive(4 * SECOND, 5.0).await;
    bench.decided(&[("a", Edge::End, "two")]).await;
}

#[tokio::test]
async fn a_server_that_keeps_nothing_makes_no_backups() {
    let mut bench = open(None).await;
    let refused = soon(bench.backups.create_backup(CreateBackupRequest {})).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("--backups"), "{refused}");
}

#[test]
fn backups_come_on_schedule_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("rules.rhai"), rule("a", 50, "one")).unwrap();
    let mut command = server(&["--listen", "127.0.0.1:0", "--backup-keep", "2"]);
    // Every second.
    command.args(["--backup-at", "* * * * * *"]).arg("--backups").arg(path("backups"));
    command.arg("--rules").arg(path("rules.rhai")).arg("--data").arg(path("data"));
    let mut process = Ending(command.spawn().unwrap());
    let names = || -> Vec<String> {
        let whole = list(&path("backups")).unwrap().into_iter();
        whole.filter(|(_, backup)| backup.is_ok()).map(|(name, _)| name).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 4 {
        assert_eq!(process.0.try_wait().unwrap(), None);
        seen.extend(names());
        std::thread::yield_now();
    }
    // One more may be there while the oldest is removed.
    assert!(names().len() <= 3, "{:?}", names());
    verify(&path("backups").join(names().pop().unwrap())).unwrap();
}
