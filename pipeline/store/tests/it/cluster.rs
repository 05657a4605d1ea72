//! A real etcd cluster on loopback, in a temporary directory, whose members can be killed, frozen
//! and started again. It ends with its test.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use piccolo_store::{Etcd, EtcdOptions};
use tempfile::TempDir;

/// Where the members keep their files: in memory where there is such a folder, since they sync each
/// write and their own durability is not what is tested here.
const FAST_FOLDER: &str = "/dev/shm";

/// Members that run, or did.
pub(crate) struct Cluster {
    members: Vec<Member>,
    folder: TempDir,
}

struct Member {
    name: String,
    client: String,
    peer: String,
    child: Option<Child>,
}

impl Cluster {
    /// Starts one; none where etcd is not installed, which is said, and is a failure in CI.
    pub(crate) fn start(members: usize) -> Option<Self> {
        let folder = tempfile::tempdir_in(FAST_FOLDER).or_else(|_| tempfile::tempdir()).unwrap();
        let member = |number| Member {
            name: format!("m{number}"),
            client: free_address(),
            peer: free_address(),
            child: None,
        };
        let mut cluster = Self { members: (0..members).map(member).collect(), folder };
        for number in 0..members {
            if let Err(error) = cluster.run(number) {
                let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
                assert!(!ci, "etcd cannot be started: install etcd-server: {error}");
                eprintln!("ABSENT: etcd ({error}); install etcd-server to run this test");
                return None;
            }
        }
        Some(cluster)
    }

    /// Starts a member with the files that it has.
    pub(crate) fn run(&mut self, number: usize) -> std::io::Result<()> {
        let all = self.members.iter().map(|member| format!("{}={}", member.name, member.peer));
        let all = all.collect::<Vec<_>>().join(",");
        let member = &mut self.members[number];
        let child = Command::new("etcd")
            .args(["--name", &member.name, "--log-level", "error", "--data-dir"])
            .arg(self.folder.path().join(&member.name))
            .args(["--listen-client-urls", &member.client])
            .args(["--advertise-client-urls", &member.client])
            .args(["--listen-peer-urls", &member.peer])
            .args(["--initial-advertise-peer-urls", &member.peer])
            .args(["--initial-cluster", &all])
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .args(["--experimental-watch-progress-notify-interval", "200ms"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        member.child = Some(child);
        Ok(())
    }

    /// Ends a member at once, as a failure of its machine does.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.members[number].child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Lets a member neither do nor answer anything, or go on.
    pub(crate) fn freeze(&self, number: usize, frozen: bool) {
        let child = self.members[number].child.as_ref().unwrap();
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// A store that knows all members; waits until one answers.
    pub(crate) async fn connect(&self) -> Etcd {
        let addresses = self.members.iter().map(|member| member.client.as_str());
        let mut options = EtcdOptions::new(addresses);
        options.deadline = Duration::from_secs(60);
        Etcd::connect(options).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.members.iter_mut().filter_map(|member| member.child.as_mut()) {
            // It is gone already where this fails.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An address whose port nobody listens on now.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
