//! A real etcd of one member on loopback, in a temporary directory, that ends with its test.

use std::net::TcpListener;
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
    _folder: TempDir,
}

impl Server {
    /// Starts one; none where etcd is not installed, which is said, and is a failure in CI.
    pub(crate) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir_in(FAST_FOLDER).or_else(|_| tempfile::tempdir()).unwrap();
        let (client, peer) = (free_address(), free_address());
        let spawned = Command::new("etcd")
            .args(["--name", "one", "--log-level", "error", "--data-dir"])
            .arg(folder.path())
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .args(["--experimental-watch-progress-notify-interval", "200ms"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            Ok(child) => Some(Self { child, address: client, _folder: folder }),
            Err(error) => {
                let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
                assert!(!ci, "etcd cannot be started: install etcd-server: {error}");
                eprintln!("ABSENT: etcd ({error}); install etcd-server to run this test");
                None
            }
        }
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
        // It is gone already where this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address whose port nobody listens on now.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
