//! A cluster over a network: two namespaces with a cable between them, one killed and resumed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::checkpoints::{checkpoints, wait_for_another, wait_for_checkpoints};
use crate::cluster::{Fleet, RULES, wait};

/// Two network namespaces of this test, which go with it.
struct Cable {
    names: [String; 2],
}

impl Cable {
    /// None, with the reason, where this user may not make them.
    fn new() -> Option<Self> {
        let id = std::process::id();
        let cable = Self { names: [format!("pcl{id}a"), format!("pcl{id}b")] };
        let [a, b] = cable.names.each_ref().map(String::as_str);
        let made = ip(&["netns", "add", a]).and_then(|()| {
            ip(&["netns", "add", b])?;
            ip(&["-n", a, "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", b])?;
            for (name, address) in [(a, "10.77.0.1/24"), (b, "10.77.0.2/24")] {
                ip(&["-n", name, "addr", "add", address, "dev", "v0"])?;
                ip(&["-n", name, "link", "set", "v0", "up"])?;
                ip(&["-n", name, "link", "set", "lo", "up"])?;
            }
            Ok(())
        });
        match made {
            Ok(()) => Some(cable),
            Err(why) => {
                println!("no network namespaces, so not tested: {why}");
                None
            }
        }
    }

    /// Starts a command in a namespace.
    fn start(&self, index: usize, command: &Command) -> Child {
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--net=/run/netns/{}", self.names[index]));
        inside.arg(command.get_program()).args(command.get_args());
        inside.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
        inside.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Cuts the cable.
    fn cut(&self) {
        ip(&["-n", &self.names[0], "link", "set", "v0", "down"]).unwrap();
    }

    fn mend(&self) {
        ip(&["-n", &self.names[0], "link", "set", "v0", "up"]).unwrap();
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&["netns", "del", name]);
        }
    }
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn a_cluster_over_a_network_goes_on_after_a_kill_and_after_a_cut() {
    let Some(cable) = Cable::new() else { return };
    let fleet = Fleet::new(RULES, 600);
    let whole = fleet.whole(&[]);
    let hosts = fleet.folder.write("hosts", "10.77.0.1:4720\n10.77.0.2:4720\n");
    let dir = fleet.folder.path("checkpoints");
    let more = ["--checkpoint", &dir, "--every", "5s"];
    let start = |more: &[&str]| {
        [0, 1].map(|process| cable.start(process, &fleet.command(2, process, &hosts, more)))
    };
    let slow = [more.as_slice(), &["--batch", "1"]].concat();

    let [first, mut second] = start(&slow);
    wait_for_checkpoints(&dir, 2);
    second.kill().unwrap();
    drop(second.wait_with_output().unwrap());
    let ran = wait(first).with_code(5);
    assert!(ran.err.contains("process 1 (10.77.0.2:4720) is gone"), "{}", ran.err);

    // A cable that is cut says nothing: only silence tells.
    let before = checkpoints(&dir);
    let again = [slow.as_slice(), &["--resume"]].concat();
    let both = start(&again);
    wait_for_another(&dir, &before);
    let began = Instant::now();
    cable.cut();
    for (process, child) in both.into_iter().enumerate() {
        let ran = wait(child);
        let other = format!("process {} (10.77.0.{}:4720)", 1 - process, 2 - process);
        assert!(ran.err.contains(&other), "{}", ran.err);
        ran.with_code(5);
    }
    assert!(began.elapsed() < Duration::from_secs(15));
    cable.mend();

    let last = [more.as_slice(), &["--resume"]].concat();
    for child in start(&last) {
        wait(child).with_code(0);
    }
    assert!(fleet.merged(2) == whole, "it goes on otherwise");
}
