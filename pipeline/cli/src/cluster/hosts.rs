//! The addresses of the processes.

use std::path::Path;

use super::ClusterError;

/// The port of process 0 where no hosts are named; that of process I is I higher.
const PORT: u16 = 4720;

/// Bytes of a file of hosts.
const HOSTS_BYTES_MAX: u64 = 1 << 20;

/// One address a process: those of the file, a line each, or ports of this machine.
pub(crate) fn hosts(file: Option<&Path>, processes: usize) -> Result<Vec<String>, ClusterError> {
    let Some(path) = file else {
        return Ok((0..processes)
            .map(|process| format!("127.0.0.1:{}", PORT + process as u16))
            .collect());
    };
    let wrong = |what: String| ClusterError::Hosts { path: path.display().to_string(), what };
    let bytes = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if bytes > HOSTS_BYTES_MAX {
        return Err(wrong(format!("{bytes} bytes are no list of hosts")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    parse(&text, processes).map_err(wrong)
}

fn parse(text: &str, processes: usize) -> Result<Vec<String>, String> {
    let mut hosts: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let host = line.split('#').next().unwrap_or_default().trim();
        if host.is_empty() {
            continue;
        }
        let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty());
        let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) || host.contains(char::is_whitespace) {
            return Err(format!("line {number} is `{host}`; write HOST:PORT, one process a line"));
        }
        if hosts.iter().any(|known| known == host) {
            return Err(format!("line {number} names `{host}` again; each process needs its own"));
        }
        hosts.push(host.to_owned());
    }
    if hosts.len() == processes {
        Ok(hosts)
    } else {
        Err(format!("it names {} processes, and --processes says {processes}", hosts.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong(text: &str, processes: usize, expected: &str) {
        let error = parse(text, processes).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_line_is_a_process() {
        let text = "# the desk\n127.0.0.1:4720\n\n  [::1]:4721  # the laptop\ncar.example.com:1\n";
        let hosts = parse(text, 3).unwrap();
        assert_eq!(hosts, ["127.0.0.1:4720", "[::1]:4721", "car.example.com:1"]);
        assert_eq!(hosts_here(2), ["127.0.0.1:4720", "127.0.0.1:4721"]);
    }

    fn hosts_here(processes: usize) -> Vec<String> {
        hosts(None, processes).unwrap()
    }

    #[test]
    fn what_is_no_address_is_named() {
        wrong("127.0.0.1:1\nlocalhost\n", 2, "line 2 is `localhost`; write HOST:PORT");
        wrong(":1\n", 1, "line 1");
        wrong("a:0\n", 1, "line 1");
        wrong("a:70000\n", 1, "line 1");
        wrong("a:1 b:2\n", 1, "line 1");
        wrong("a:1\n#\na:1\n", 2, "line 3 names `a:1` again");
        wrong("a:1\n", 2, "it names 1 processes, and --processes says 2");
        wrong("", 2, "it names 0 processes");
    }
}
