//! How the processes of a cluster meet: each listens, and connects to those before it, twice: for
//! the engine's data, and for what the processes say to each other.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::frame::{receive, send};
use super::links::{Links, SILENCE};
use super::{ClusterError, PROCESSES_MAX};

/// How long one attempt to connect, or a greeting, may take.
const GREETING: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt.
const RETRY: Duration = Duration::from_millis(50);

/// What a process says first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The version of the program.
    pub(crate) version: String,
    pub(crate) process: usize,
    pub(crate) processes: usize,
    /// Whether it goes on from a checkpoint.
    pub(crate) resume: bool,
    pub(crate) setup: Setup,
}

/// What must be the same in every process; texts and hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) catalogue: String,
    pub(crate) rules: String,
    /// Of the names of all vehicles and recordings.
    pub(crate) vehicles: String,
    /// What the command line says of times, reasons, checkpoints and CAN logs.
    pub(crate) options: String,
}

impl Setup {
    /// The first part that is not the same.
    pub(crate) fn differs(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            ("catalogue", &self.catalogue, &other.catalogue),
            ("rules", &self.rules, &other.rules),
            ("recordings", &self.vehicles, &other.vehicles),
            ("options", &self.options, &other.options),
        ];
        parts.into_iter().find(|(_, own, other)| own != other).map(|(what, ..)| what)
    }
}

/// A greeting on one of the two connections.
#[derive(Debug, Serialize, Deserialize)]
struct Greeting {
    /// What keeps strangers out.
    piccolo_cluster: u32,
    /// Whether it is for the engine's data.
    data: bool,
    hello: Hello,
}

/// The version of what processes say to each other.
const PROTOCOL: u32 = 1;

/// The two connections to another process.
#[derive(Debug, Default)]
struct Pair {
    data: Option<TcpStream>,
    talk: Option<TcpStream>,
}

/// Meets all processes: the links to them, and the connections for the engine.
///
/// # Errors
/// The own address is taken; a process does not come up within `patience`, or was started with
/// other rules, recordings or options.
pub(crate) fn join(
    hello: &Hello,
    hosts: &[String],
    patience: Duration,
) -> Result<(Links, Vec<Option<TcpStream>>), ClusterError> {
    let own = hello.process;
    let mut meeting = Meeting {
        hello,
        hosts,
        pairs: hosts.iter().map(|_| Pair::default()).collect(),
        until: Instant::now() + patience,
        seconds: patience.as_secs(),
    };
    let listener = meeting.listen()?;
    loop {
        let before = meeting.connected();
        meeting.accept(&listener)?;
        (0..own).try_for_each(|process| meeting.connect(process))?;
        if meeting.is_complete() {
            return meeting.links();
        }
        if Instant::now() >= meeting.until {
            return Err(meeting.missing());
        }
        if meeting.connected() == before {
            thread::sleep(RETRY);
        }
    }
}

struct Meeting<'a> {
    hello: &'a Hello,
    hosts: &'a [String],
    pairs: Vec<Pair>,
    until: Instant,
    seconds: u64,
}

impl Meeting<'_> {
    fn listen(&self) -> Result<TcpListener, ClusterError> {
        let address = &self.hosts[self.hello.process];
        let failed = |source| {
            let (process, address) = (self.hello.process, address.clone());
            ClusterError::Listen { process, address, source }
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(listener)
    }

    fn connected(&self) -> usize {
        let count =
            |pair: &Pair| usize::from(pair.data.is_some()) + usize::from(pair.talk.is_some());
        self.pairs.iter().map(count).sum()
    }

    fn is_complete(&self) -> bool {
        self.connected() == 2 * (self.hosts.len() - 1)
    }

    fn missing(&self) -> ClusterError {
        let others = self.pairs.iter().zip(self.hosts).enumerate();
        let missing = others
            .filter(|(process, (pair, _))| *process != self.hello.process && pair.talk.is_none())
            .map(|(process, (_, host))| (process, host.clone()));
        ClusterError::Missing { missing: missing.collect(), seconds: self.seconds }
    }

    /// Takes those in that have connected, and passes strangers over.
    fn accept(&mut self, listener: &TcpListener) -> Result<(), ClusterError> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nonblocking(false)?;
            if let Ok((stream, greeting)) = self.greet(stream, None) {
                self.take(stream, greeting, receive::<bool>)?;
            }
        }
    }

    /// Connects to a process before this one, if it is there already.
    fn connect(&mut self, process: usize) -> Result<(), ClusterError> {
        for data in [true, false] {
            let pair = &self.pairs[process];
            let known = if data { &pair.data } else { &pair.talk };
            if known.is_some() {
                continue;
            }
            let addresses: Vec<SocketAddr> =
                self.hosts[process].to_socket_addrs().map(Iterator::collect).unwrap_or_default();
            let reached = addresses
                .iter()
                .find_map(|address| TcpStream::connect_timeout(address, GREETING).ok());
            let Some(stream) = reached else { return Ok(()) };
            let Ok((stream, greeting)) = self.greet(stream, Some(data)) else { return Ok(()) };
            if greeting.hello.process != process {
                let found = greeting.hello.process;
                return Err(self.unlike(process, format!("process {found} answers there")));
            }
            self.take(stream, greeting, |stream| send(stream, &true).map(|()| true))?;
        }
        Ok(())
    }

    /// Says hello and hears the other; who has connected says for what.
    fn greet(
        &self,
        mut stream: TcpStream,
        data: Option<bool>,
    ) -> io::Result<(TcpStream, Greeting)> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(GREETING))?;
        stream.set_write_timeout(Some(GREETING))?;
        let hello = self.hello.clone();
        let own = |data| Greeting { piccolo_cluster: PROTOCOL, data, hello };
        let other = match data {
            Some(data) => {
                send(&mut stream, &own(data))?;
                Greeting { data, ..receive(&mut stream)? }
            }
            None => {
                let other: Greeting = receive(&mut stream)?;
                send(&mut stream, &own(other.data))?;
                other
            }
        };
        Ok((stream, other))
    }

    /// Takes a connection once both sides know that it stands: who gave up on it says nothing.
    fn take(
        &mut self,
        mut stream: TcpStream,
        greeting: Greeting,
        confirm: impl Fn(&mut TcpStream) -> io::Result<bool>,
    ) -> Result<(), ClusterError> {
        let Greeting { piccolo_cluster, data, hello } = greeting;
        let process = hello.process;
        if let Some(what) = unlike(self.hello, &hello, piccolo_cluster) {
            return Err(self.unlike(process, what));
        }
        let twice = "it is there twice; give each process its own --process";
        if process == self.hello.process {
            return Err(self.unlike(process, twice.to_owned()));
        }
        let Some(pair) = self.pairs.get_mut(process) else { return Ok(()) };
        if confirm(&mut stream).is_err() {
            return Ok(());
        }
        let place = if data { &mut pair.data } else { &mut pair.talk };
        if place.replace(stream).is_some() {
            return Err(self.unlike(process, twice.to_owned()));
        }
        Ok(())
    }

    fn unlike(&self, process: usize, what: String) -> ClusterError {
        let address = self.hosts.get(process).cloned().unwrap_or_else(|| "?".to_owned());
        ClusterError::Unlike { process, address, what }
    }

    fn links(self) -> Result<(Links, Vec<Option<TcpStream>>), ClusterError> {
        let (mut data, mut talk) = (Vec::new(), Vec::new());
        for pair in self.pairs {
            for stream in pair.data.iter().chain(&pair.talk) {
                stream.set_read_timeout(None)?;
                stream.set_write_timeout(None)?;
            }
            if let Some(stream) = &pair.talk {
                stream.set_read_timeout(Some(SILENCE))?;
                stream.set_write_timeout(Some(SILENCE))?;
            }
            data.push(pair.data);
            talk.push(pair.talk);
        }
        Ok((Links::new(self.hello.process, self.hosts, talk)?, data))
    }
}

/// In what another process is unlike this one.
fn unlike(own: &Hello, other: &Hello, protocol: u32) -> Option<String> {
    if protocol != PROTOCOL || own.version != other.version {
        let (own, other) = (&own.version, &other.version);
        return Some(format!("it has version {other} of piccolo, this one {own}"));
    }
    if own.processes != other.processes || other.process >= PROCESSES_MAX {
        let (own, other) = (own.processes, other.processes);
        return Some(format!("it was started with --processes {other}, this one with {own}"));
    }
    if own.resume != other.resume {
        let with = if other.resume { "with" } else { "without" };
        return Some(format!("it was started {with} --resume; start all or none with it"));
    }
    let what = own.setup.differs(&other.setup)?;
    Some(format!("its {what} are others; start all processes with the same {what}"))
}
