//! A real etcd cluster on loopback, whose members can be killed, frozen and started again. It ends
//! with its test.

use std::process::{Child, Command};
use std::time::Duration;

use piccolo_store::{Etcd, EtcdOptions};
use tempfile::TempDir;

use crate::server::{Member, fast_folder, present};

/// Members, and those of them that run.
pub(crate) struct Cluster {
    members: Vec<(Member, Option<Child>)>,
    /// How each names all.
    all: String,
    folder: TempDir,
}

impl Cluster {
    /// Starts one; none where etcd is not installed, which is said, and is a failure in CI.
    pub(crate) fn start(members: usize) -> Option<Self> {
        let member = |number| (Member::new(&format!("m{number}"), "http"), None);
        let members: Vec<(Member, Option<Child>)> = (0..members).map(member).collect();
        let all = members.iter().map(|(member, _)| member.listed()).collect::<Vec<_>>().join(",");
        let mut cluster = Self { members, all, folder: fast_folder() };
        for number in 0..cluster.members.len() {
            cluster.run(number)?;
        }
        Some(cluster)
    }

    /// Starts a member with the files that it has.
    pub(crate) fn run(&mut self, number: usize) -> Option<()> {
        let (member, child) = &mut self.members[number];
        *child = Some(present(member.spawn(self.folder.path(), &self.all, &[]))?);
        Some(())
    }

    /// Ends a member at once, as a failure of its machine does.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.members[number].1.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Lets a member neither do nor answer anything, or go on.
    pub(crate) fn freeze(&self, number: usize, frozen: bool) {
        let child = self.members[number].1.as_ref().unwrap();
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// A store that knows all members; waits until one answers.
    pub(crate) async fn connect(&self) -> Etcd {
        let addresses = self.members.iter().map(|(member, _)| member.client.as_str());
        let mut options = EtcdOptions::new(addresses);
        options.deadline = Duration::from_secs(60);
        Etcd::connect(options).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.members.iter_mut().filter_map(|(_, child)| child.as_mut()) {
            // It is gone already where this fails.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
