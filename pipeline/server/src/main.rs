//! `piccolo-server`: reads its settings, serves until it is asked to stop, drains, and ends.

use std::error::Error;
use std::io;
use std::sync::Arc;

use clap::Parser;
use piccolo_base::exit::Code;
use piccolo_base::{shutdown, telemetry};
use piccolo_server::api::{self, ApiError, Input, Setup};
use piccolo_server::backups::Backups;
use piccolo_server::durable::Opened;
use piccolo_server::engine_thread::Dataflow;
use piccolo_server::feed::Limits;
use piccolo_server::ports::SystemClock;
use piccolo_server::rules::{Known, Versions, now_ms};
use piccolo_server::settings::{Settings, SettingsError};
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

#[derive(Debug, Error)]
enum MainError {
    #[error("the threads of the server could not be started")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    #[error(transparent)]
    Shutdown(#[from] shutdown::ShutdownError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl MainError {
    fn code(&self) -> Code {
        match self {
            Self::Telemetry(_) => Code::Usage,
            Self::Shutdown(_) | Self::Runtime(_) => Code::Negative,
            Self::Settings(error) => error.code(),
            Self::Api(error) => error.code(),
        }
    }
}

fn main() -> Code {
    match run(Settings::parse()) {
        Ok(()) => Code::Done,
        Err(error) => {
            tracing::error!("{}", sentence(&error));
            error.code()
        }
    }
}

/// Serves on as many threads as the settings want.
fn run(settings: Settings) -> Result<(), MainError> {
    let threads = settings.io_threads();
    let mut builder = match threads {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime =
        builder.worker_threads(threads.max(1)).enable_all().build().map_err(MainError::Runtime)?;
    LocalSet::new().block_on(&runtime, serve(settings))
}

async fn serve(settings: Settings) -> Result<(), MainError> {
    telemetry::init(&telemetry::Settings::default())?;
    let stop = shutdown::on_signal()?;
    let catalogue = settings.catalogue()?;
    let given = settings.rules(&catalogue)?;
    let input = match settings.replay(&catalogue)? {
        Some(replay) => Input::Replay { replay: Box::new(replay), speed: settings.speed },
        None => Input::Sources { lateness_us: settings.lateness_ms * 1_000 },
    };
    let rules = given.as_ref().and_then(Known::rules).cloned().unwrap_or_default();
    let (versions, kept, memory) = match settings.open(given.as_ref())? {
        Some(Opened { versions, engine, memory }) => (versions, Some(engine), Some(memory)),
        None => (Versions::new(given.clone().unwrap_or_default(), now_ms()), None, None),
    };
    let (config, signals) = (settings.engine(), Arc::clone(&catalogue));
    let engine = move || match kept {
        Some(kept) => Ok(kept.resume(config, signals)?),
        None => Ok(Dataflow::new(config, signals, &rules)?),
    };
    let store = settings.store().await?;
    let backups = settings.backups.clone().zip(memory.as_ref()).map(|(folder, memory)| {
        Arc::new(Backups::new(folder, Arc::clone(&store), memory.copier()))
    });
    if let Some((backups, schedule)) = backups.clone().zip(settings.schedule()) {
        tokio::spawn(backups.run(schedule, stop.clone()));
    }
    let setup = Setup {
        listen: settings.listen,
        catalogue,
        place: settings.place(),
        engine,
        versions,
        given,
        memory,
        store,
        backups,
        input,
        limits: Limits::default(),
        clock: Arc::new(SystemClock::default()),
    };
    let running = api::start(setup, stop).await?;
    tracing::info!("listening on {}", running.address);
    settings.write_address(running.address)?;
    Ok(running.finished().await?)
}

/// The error with its causes, on one line.
fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
