//! A real etcd of one member on loopback, in a temporary directory, that ends with its test.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use piccolo_store::{Etcd, EtcdOptions};
use tempfile::TempDir;

/// Where a server keeps its files: in memory where there is such a folder, since it syncs each
/// write and its own durability is not what is tested here.
const FAST_FOLDER: &str = "/dev/shm";

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    member: Member,
    folder: TempDir,
    options: Vec<String>,
}

impl Server {
    /// Starts one; none where etcd is not installed, which is said, and is a failure in CI.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with("http", Vec::new()).await
    }

    /// Starts one that clients speak to by this scheme, with further options.
    pub(crate) async fn start_with(scheme: &str, options: Vec<String>) -> Option<Self> {
        let (member, folder) = (Member::new("one", scheme), fast_folder());
        let child = present(member.spawn(folder.path(), &member.listed(), &options))?;
        Some(Self { child, member, folder, options })
    }

    /// Ends it as a failure of its machine would, and starts it again on what it had synced.
    pub(crate) fn restart(&mut self) {
        self.end();
        let Self { member, folder, options, .. } = self;
        self.child = member.spawn(folder.path(), &member.listed(), options).unwrap();
    }

    fn end(&mut self) {
        // It is gone already where this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.member.client
    }

    /// A store in it with a short deadline for its calls; waits until it answers.
    pub(crate) async fn connect_within_ms(&self, deadline_ms: u64) -> Etcd {
        self.connect().await;
        let mut options = EtcdOptions::new([self.address()]);
        options.deadline = Duration::from_millis(deadline_ms);
        Etcd::connect(options).await.unwrap()
    }

    /// A store in it; waits until it answers.
    pub(crate) async fn connect(&self) -> Etcd {
        let mut options = EtcdOptions::new([self.address()]);
        options.deadline = Duration::from_secs(60);
        Etcd::connect(options).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// One member of a cluster: its name, and where it listens.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) client: String,
    peer: String,
}

impl Member {
    /// One that clients speak to by this scheme, on ports that are free now.
    pub(crate) fn new(name: &str, scheme: &str) -> Self {
        let client = free_address().replace("http", scheme);
        Self { name: name.to_owned(), client, peer: free_address() }
    }

    /// How the list of all members names it.
    pub(crate) fn listed(&self) -> String {
        format!("{}={}", self.name, self.peer)
    }

    /// Starts it with the files that it has in the folder, among `all` members.
    pub(crate) fn spawn(&self, folder: &Path, all: &str, options: &[String]) -> io::Result<Child> {
        Command::new("etcd")
            .args(["--name", &self.name, "--log-level", "error", "--data-dir"])
            .arg(folder.join(&self.name))
            .args(["--listen-client-urls", &self.client, "--advertise-client-urls", &self.client])
            .args(["--listen-peer-urls", &self.peer])
            .args(["--initial-advertise-peer-urls", &self.peer, "--initial-cluster", all])
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .args(["--experimental-watch-progress-notify-interval", "200ms"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// What was started; none where etcd is not installed, which is said, and is a failure in CI.
pub(crate) fn present(spawned: io::Result<Child>) -> Option<Child> {
    let absent = |error: &io::Error| {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "etcd cannot be started: install etcd-server: {error}");
        eprintln!("ABSENT: etcd ({error}); install etcd-server to run this test");
    };
    spawned.inspect_err(absent).ok()
}

/// A folder for the files of servers.
pub(crate) fn fast_folder() -> TempDir {
    tempfile::tempdir_in(FAST_FOLDER).or_else(|_| tempfile::tempdir()).unwrap()
}

/// An address whose port nobody listens on now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
