//! Runs the command from the root of the repository, as the examples in its help do.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The scenarios that ship with the project.
pub(crate) const SCENARIOS: &str = "fixtures/scenarios";
/// The shortest drive that ships with the project.
pub(crate) const DRIVE: &str = "fixtures/drives/aggressive_us06.csv.gz";

/// What a run of the command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What a process that has ended came to.
    pub(crate) fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails unless the command ended with this code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The decisions of `-o jsonl`.
    pub(crate) fn decisions(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_piccolo"));
    command.args(args).current_dir(root()).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

pub(crate) fn piccolo(args: &[&str]) -> Ran {
    finish(command(args))
}

/// The command with a text on its standard input.
pub(crate) fn piccolo_fed(args: &[&str], input: &str) -> Ran {
    let mut command = command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

fn finish(mut command: Command) -> Ran {
    Ran::of(command.output().unwrap())
}

/// `piccolo replay` with the shipped scenarios, as JSON lines; it must end well.
#[track_caller]
pub(crate) fn replay(recording: &str, more: &[&str]) -> Ran {
    let mut args = vec!["replay", recording, "--rules", SCENARIOS, "-o", "jsonl"];
    args.extend_from_slice(more);
    piccolo(&args).with_code(0)
}

/// A folder for the files of a test, and a way to name them.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A file of the shared data. Where it is absent the test says so and passes, but not in CI.
pub(crate) fn shared(name: &str) -> Option<String> {
    let folder = std::env::var_os("PICCOLO_SHARED_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return path.to_str().map(str::to_owned);
    }
    assert!(std::env::var_os("CI").is_none(), "{name} is absent, and in CI it must be there");
    println!("absent, so not tested: {name}");
    None
}
