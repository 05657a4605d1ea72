//! Engines of several processes that count one fleet: timely's cluster over given connections.
//!
//! Who connects, and notices that another process is gone, is outside; here its connections are
//! handed to timely. See `docs/decisions/0012-clusters-agree-on-event-time.md`.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::zero_copy::stream::Stream;
use timely::communication::allocator::{Allocator, ProcessBuilder};
use timely::communication::{Hooks, allocator::zero_copy::allocator::TcpBuilder};
use timely::worker::Worker;

use crate::error::EngineError;

/// The other processes of a cluster, as one of them sees it.
///
/// All must have the same rules, load them between the same ticks, and where rules are about the
/// fleet, step to the same ticks: a step then waits for those of the others.
#[derive(Debug)]
pub struct Peers {
    /// The number of this process.
    pub process: usize,
    /// A connection to each process, by number; none to this one. Nothing else uses them.
    pub streams: Vec<Option<TcpStream>>,
    /// Set, here or by the owner, once another process is gone: no step waits for it any more.
    pub gone: Arc<AtomicBool>,
}

/// Where a worker stands: in its process, and in the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// Its number in its process.
    pub(crate) index: usize,
    /// How many workers its process has.
    pub(crate) workers: usize,
    /// Whether another process is gone.
    pub(crate) gone: Arc<AtomicBool>,
}

impl Place {
    /// Whether a worker that counts the fleet has peers in other processes.
    pub(crate) fn is_in_cluster(&self, worker: &Worker) -> bool {
        worker.peers() > self.workers
    }

    /// Whether a worker need wait for others no more, since one of them is gone.
    pub(crate) fn is_lost(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

/// What builds the allocator of a worker in its own thread.
pub(crate) enum Builder {
    /// One of several in one process.
    Process(ProcessBuilder),
    /// One of a cluster.
    Cluster(Box<TcpBuilder>),
}

impl Builder {
    pub(crate) fn build(self) -> Allocator {
        match self {
            Self::Process(builder) => Allocator::Process(builder.build()),
            Self::Cluster(builder) => Allocator::Tcp(builder.build()),
        }
    }
}

/// Builders for the workers of this process of a cluster.
pub(crate) fn join(workers: usize, peers: Peers) -> Result<Vec<Builder>, EngineError> {
    let Peers { process, streams, gone } = peers;
    let hooks = Hooks::default();
    let inner = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), None);
    let streams = streams
        .into_iter()
        .map(|stream| stream.map(|stream| Link { stream, gone: Arc::clone(&gone) }))
        .collect();
    let (builders, guard) =
        initialize_networking_from_sockets(inner, streams, process, workers, hooks)
            .map_err(|error| EngineError::Start(error.to_string()))?;
    // Its threads end with the process: to wait for them is to wait for processes that may be gone.
    std::mem::forget(guard);
    Ok(builders.into_iter().map(|builder| Builder::Cluster(Box::new(builder))).collect())
}

/// A connection that ends in silence: timely's threads panic where one breaks.
struct Link {
    stream: TcpStream,
    gone: Arc<AtomicBool>,
}

impl Link {
    /// Says that the other side is gone. The thread has nothing left to do.
    fn end(&self) -> ! {
        self.gone.store(true, Ordering::Relaxed);
        loop {
            std::thread::park();
        }
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(buffer) {
            Ok(count) if count > 0 => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            _ => self.end(),
        }
    }
}

impl Write for Link {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer).or_else(|_| self.end())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().or_else(|_| self.end())
    }
}

impl Stream for Link {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { stream: self.stream.try_clone()?, gone: Arc::clone(&self.gone) })
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how).or_else(|_| self.end())
    }
}
