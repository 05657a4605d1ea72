//! A real etcd of one member on loopback, in a temporary directory, that ends with its test.

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
    address: String,
    peer: String,
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
        let folder = tempfile::tempdir_in(FAST_FOLDER).or_else(|_| tempfile::tempdir()).unwrap();
        let (address, peer) = (free_address(), free_address());
        let address = address.replace("http", scheme);
        let spawned = spawn(folder.path(), &address, &peer, &options);
        match spawned {
            Ok(child) => Some(Self { child, address, peer, folder, options }),
            Err(error) => {
                let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
                assert!(!ci, "etcd cannot be started: install etcd-server: {error}");
                eprintln!("ABSENT: etcd ({error}); install etcd-server to run this test");
                None
            }
        }
    }

    /// Ends it as a failure of its machine would, and starts it again on what it had synced.
    pub(crate) fn restart(&mut self) {
        self.end();
        self.child = spawn(self.folder.path(), &self.address, &self.peer, &self.options).unwrap();
    }

    fn end(&mut self) {
        // It is gone already where this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A store in it with a short deadline for its calls; waits until it answers.
    pub(crate) async fn connect_within_ms(&self, deadline_ms: u64) -> Etcd {
        self.connect().await;
        let mut options = EtcdOptions::new([&self.address]);
        options.deadline = Duration::from_millis(deadline_ms);
        Etcd::connect(options).await.unwrap()
    }

    /// A store in it; waits until it answers.
    pub(crate) async fn connect(&self) -> Etcd {
        let mut options = EtcdOptions::new([&self.address]);
        options.deadline = Duration::from_secs(60);
        Etcd::connect(options).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(folder: &Path, address: &str, peer: &str, options: &[String]) -> std::io::Result<Child> {
    Command::new("etcd")
        .args(["--name", "one", "--log-level", "error", "--data-dir"])
        .arg(folder)
        .args(["--listen-client-urls", address, "--advertise-client-urls", address])
        .args(["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer])
        .args(["--initial-cluster", &format!("one={peer}")])
        .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
        .args(["--experimental-watch-progress-notify-interval", "200ms"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// An address whose port nobody listens on now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
