//! A server of the benchmark's own: the binary beside this one, with the workload's rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use piccolo_base::exit::Code;
use piccolo_benchmark::Workload;
use piccolo_benchmark::table::BenchError;
use tempfile::TempDir;

use crate::error::CliError;

/// The server's binary.
const BINARY: &str = "piccolo-server";

/// How long the server waits for late samples, in milliseconds. The source promises, so that this
/// adds nothing to a latency; where this machine stops the client for a while, nothing is lost.
const LATENESS_MS: &str = "5000";

/// How long the server may take until it listens.
const START_MAX: Duration = Duration::from_secs(60);

/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(10);

/// A running server, which ends with this.
pub(super) struct Process {
    child: Child,
    /// Rules, catalogue and address; gone with this.
    _folder: TempDir,
    pub(super) url: String,
}

/// Processor time that the server has used, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CpuTime {
    /// Of the engine's thread; none where it has none of its own.
    pub(super) engine_ns: Option<u64>,
    /// Of all threads.
    pub(super) server_ns: u64,
}

impl Process {
    /// Starts the server and waits until it listens.
    pub(super) fn start(workload: &Workload, io_threads: Option<usize>) -> Result<Self, CliError> {
        let binary = beside()?;
        let folder = tempfile::tempdir()?;
        let file = |name: &str, text: &str| -> Result<PathBuf, CliError> {
            let path = folder.path().join(name);
            fs::write(&path, text)?;
            Ok(path)
        };
        let (catalogue, _) = Workload::catalogue().map_err(BenchError::from)?;
        let catalogue = file("catalogue.tsv", &piccolo_catalogue::to_facts(&catalogue))?;
        let rules = file("rules.rhai", &workload.text())?;
        let address = folder.path().join("address");
        let mut command = Command::new(&binary);
        command.arg("--rules").arg(rules).arg("--catalogue").arg(catalogue);
        command.args(["--lateness-ms", LATENESS_MS]);
        if let Some(threads) = io_threads {
            command.args(["--io-threads", &threads.to_string()]);
        }
        command.args(["--listen", "127.0.0.1:0", "--address-file"]).arg(&address);
        let child = command.stdin(Stdio::null()).spawn()?;
        let mut process = Self { child, _folder: folder, url: String::new() };
        process.url = format!("http://{}", process.listening(&address)?);
        Ok(process)
    }

    fn listening(&mut self, address: &Path) -> Result<String, CliError> {
        let began = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(address) {
                return Ok(text.trim().to_owned());
            }
            if self.child.try_wait()?.is_some() || began.elapsed() > START_MAX {
                let message = format!("{BINARY} does not listen; what it said is above");
                return Err(CliError::Server { message, code: Code::Unreachable });
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What it has used so far; none where the kernel does not say.
    pub(super) fn cpu_time(&self) -> Option<CpuTime> {
        let mut time = CpuTime::default();
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()? {
            let folder = thread.ok()?.path();
            let Ok(text) = fs::read_to_string(folder.join("schedstat")) else { continue };
            let used_ns: u64 = text.split(' ').next()?.parse().ok()?;
            time.server_ns += used_ns;
            if fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim() == "engine") {
                time.engine_ns = Some(used_ns);
            }
        }
        Some(time)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn beside() -> Result<PathBuf, CliError> {
    let binary = std::env::current_exe()?.with_file_name(BINARY);
    if binary.exists() {
        return Ok(binary);
    }
    let message = format!(
        "there is no {BINARY} beside this command: build it, or name a running one with --server"
    );
    Err(CliError::Server { message, code: Code::NotFound })
}
