//! Backups of all that the server keeps: when somebody asks, and on a schedule.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use piccolo_store::backups::{self, Backup, Listed};
use piccolo_store::journal::Copier;
use piccolo_store::{Embedded, Error};
use piccolo_wire::v1;
use piccolo_wire::v1::backup_service_server::BackupService as Rpcs;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::rules::now_ms;

/// How long the schedule sleeps at most, so that it hears of a clock that was put.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// When backups are made by themselves, and how many stay.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// In UTC.
    pub at: Cron,
    /// The oldest go beyond this number.
    pub keep: usize,
}

/// Where backups are made, and of what.
pub struct Backups {
    folder: PathBuf,
    store: Arc<Embedded>,
    journal: Copier,
    /// One at a time.
    making: Mutex<()>,
}

impl Backups {
    /// Backups of a store and a journal in a folder, which is made with the first.
    pub fn new(folder: PathBuf, store: Arc<Embedded>, journal: Copier) -> Self {
        Self { folder, store, journal, making: Mutex::default() }
    }

    /// Makes a backup, named by the time; waits for one that is being made.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn create(&self) -> Result<(String, Backup), Error> {
        let _one = self.making.lock().await;
        let now_ms = now_ms();
        let name = name(now_ms);
        let journal = Some(self.journal.clone());
        let backup = backups::create(&self.folder, &name, now_ms, &self.store, journal).await?;
        tracing::info!(name, bytes = backup.bytes(), "a backup was made");
        Ok((name, backup))
    }

    /// Makes backups as the schedule says, and removes the oldest, until `stop` is cancelled. One
    /// that fails is told in the log, and the next is made all the same.
    pub async fn run(self: Arc<Self>, schedule: Schedule, stop: CancellationToken) {
        let mut due = next(&schedule.at, Utc::now());
        while let Some(at) = due {
            let wait = (at - Utc::now()).to_std().unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(wait.min(SLEEP_MAX)) => {}
                () = stop.cancelled() => return,
            }
            if wait <= SLEEP_MAX {
                self.make_one(schedule.keep).await;
                due = next(&schedule.at, Utc::now().max(at));
            }
        }
    }

    async fn make_one(&self, keep: usize) {
        let made = self.create().await;
        let (folder, _one) = (self.folder.clone(), self.making.lock().await);
        let removed = tokio::task::spawn_blocking(move || backups::retain(&folder, keep)).await;
        for error in [made.err(), removed.ok().and_then(Result::err)].into_iter().flatten() {
            tracing::error!(%error, "a backup on schedule failed");
        }
    }

    fn message(&self, (name, backup): Listed) -> v1::Backup {
        let path = self.folder.join(&name).display().to_string();
        match backup {
            Ok(backup) => v1::Backup {
                name,
                path,
                made_ms: backup.made_ms,
                bytes: backup.bytes(),
                fault: None,
            },
            Err(error) => {
                v1::Backup { name, path, fault: Some(error.to_string()), ..v1::Backup::default() }
            }
        }
    }
}

/// When the schedule comes next after a time.
fn next(at: &Cron, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.find_next_occurrence(&after, false).ok()
}

/// The name of a backup of this time: names are in the order of times.
fn name(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    time.unwrap_or_default().format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string()
}

/// Serves backups over gRPC; without a folder for them, it says so.
pub struct BackupService(pub Option<Arc<Backups>>);

impl BackupService {
    fn backups(&self) -> Result<&Arc<Backups>, Status> {
        self.0.as_ref().ok_or_else(|| {
            Status::failed_precondition(
                "this server makes no backups; start it with --data and --backups",
            )
        })
    }
}

#[tonic::async_trait]
impl Rpcs for BackupService {
    async fn create_backup(
        &self,
        _: Request<v1::CreateBackupRequest>,
    ) -> Result<Response<v1::CreateBackupResponse>, Status> {
        let backups = Arc::clone(self.backups()?);
        // To its end, also where the client goes away.
        let made = tokio::spawn(async move {
            let (name, backup) = backups.create().await?;
            Ok::<_, Error>(backups.message((name, Ok(backup))))
        });
        let made = made.await.map_err(|_| Status::internal("the backup ended unexpectedly"))?;
        let backup = Some(made.map_err(failed)?);
        Ok(Response::new(v1::CreateBackupResponse { backup }))
    }

    async fn list_backups(
        &self,
        _: Request<v1::ListBackupsRequest>,
    ) -> Result<Response<v1::ListBackupsResponse>, Status> {
        let backups = self.backups()?;
        let listed = backups::list(&backups.folder).map_err(failed)?;
        let backups = listed.into_iter().map(|listed| backups.message(listed)).collect();
        Ok(Response::new(v1::ListBackupsResponse { backups }))
    }
}

fn failed(error: Error) -> Status {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    Status::unavailable(format!("{error}{}", cause.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_times_and_schedules_in_utc() {
        let (one, other) = (name(1_795_608_000_123), name(1_795_608_001_000));
        assert_eq!(one, "2026-11-25T12-00-00.123Z");
        assert!(one < other);
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let cases = [
            ("0 3 * * *", "2026-11-25T03:00:00Z", "2026-11-26T03:00:00Z"),
            ("*/15 * * * *", "2026-11-25T12:01:00Z", "2026-11-25T12:15:00Z"),
            ("0 0 * * MON", "2026-11-25T12:00:00Z", "2026-11-30T00:00:00Z"),
        ];
        for (pattern, after, expected) in cases {
            let at: Cron = pattern.parse().unwrap();
            assert_eq!(next(&at, time(after)), Some(time(expected)), "{pattern}");
        }
    }
}
