//! What the processes of a cluster say to each other while they work.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ClusterError;
use super::frame::{receive, send};

/// A process that has said nothing for so long is gone.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

/// How often a process says that it is there.
const PULSE: Duration = Duration::from_secs(1);

/// How often the main thread looks whether another process is gone while it waits.
const LOOK: Duration = Duration::from_millis(200);

/// What one process says to another.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    /// It is there.
    Alive,
    /// What it brings to an agreement.
    Round(serde_json::Value),
    /// A process failed: which, and why.
    Failed(usize, String),
    /// It is done, and goes.
    Bye,
}

/// The connections to the other processes.
#[derive(Debug)]
pub(crate) struct Links {
    process: usize,
    hosts: Vec<String>,
    writers: Vec<Option<Arc<Mutex<TcpStream>>>>,
    rounds: Vec<Option<Receiver<serde_json::Value>>>,
    loss: Arc<Loss>,
}

/// The first process that was lost.
#[derive(Debug, Default)]
struct Loss {
    gone: Arc<AtomicBool>,
    first: Mutex<Option<(usize, String)>>,
}

impl Loss {
    fn note(&self, process: usize, what: String) {
        locked(&self.first).get_or_insert((process, what));
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Links {
    /// Links over one connection to each other process.
    pub(super) fn new(
        process: usize,
        hosts: &[String],
        streams: Vec<Option<TcpStream>>,
    ) -> Result<Self, ClusterError> {
        let loss: Arc<Loss> = Arc::default();
        let (mut writers, mut rounds) = (Vec::new(), Vec::new());
        for (other, stream) in streams.into_iter().enumerate() {
            let Some(stream) = stream else {
                writers.push(None);
                rounds.push(None);
                continue;
            };
            let (said, heard) = channel();
            let (reader, loss) = (stream.try_clone()?, Arc::clone(&loss));
            thread::Builder::new()
                .name(format!("hears process {other}"))
                .spawn(move || listen(other, reader, &said, &loss))?;
            writers.push(Some(Arc::new(Mutex::new(stream))));
            rounds.push(Some(heard));
        }
        let pulse: Vec<_> = writers.iter().flatten().cloned().collect();
        thread::Builder::new().name("pulse".to_owned()).spawn(move || beat(&pulse))?;
        Ok(Self { process, hosts: hosts.to_vec(), writers, rounds, loss })
    }

    /// Set once another process is gone.
    pub(crate) fn gone(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.loss.gone)
    }

    /// Fails where another process is gone before it was done.
    ///
    /// The flag alone does not tell: it is also set where the engine's connection to a process
    /// closes that is done and has said so.
    pub(crate) fn check(&self) -> Result<(), ClusterError> {
        let lost = locked(&self.loss.first).is_some();
        if lost { Err(self.lost()) } else { Ok(()) }
    }

    /// The process that is gone; its connection may have to be found broken first.
    pub(crate) fn lost(&self) -> ClusterError {
        let mut waited = Duration::ZERO;
        loop {
            let first = locked(&self.loss.first).clone();
            if first.is_some() || waited > SILENCE {
                let (process, what) =
                    first.unwrap_or((self.process, "a connection of it broke".to_owned()));
                let address = self.hosts.get(process).cloned().unwrap_or_default();
                return ClusterError::Gone { process, address, what };
            }
            thread::sleep(LOOK);
            waited += LOOK;
        }
    }

    /// Brings a value to all processes; the values of all, by process. It waits for the last.
    ///
    /// # Errors
    /// A process is gone.
    pub(crate) fn agree<T>(&self, own: T) -> Result<Vec<T>, ClusterError>
    where
        T: Serialize + DeserializeOwned,
    {
        let value = serde_json::to_value(&own).map_err(std::io::Error::from)?;
        self.tell_all(&Message::Round(value));
        let mut all = Vec::with_capacity(self.hosts.len());
        let mut own = Some(own);
        for (process, round) in self.rounds.iter().enumerate() {
            match round {
                None => all.extend(own.take()),
                Some(round) => all.push(self.hear(process, round)?),
            }
        }
        Ok(all)
    }

    fn hear<T: DeserializeOwned>(
        &self,
        process: usize,
        round: &Receiver<serde_json::Value>,
    ) -> Result<T, ClusterError> {
        loop {
            match round.recv_timeout(LOOK) {
                Ok(value) => {
                    return serde_json::from_value(value).map_err(|error| {
                        let address = self.hosts[process].clone();
                        ClusterError::Gone { process, address, what: error.to_string() }
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.lost()),
                Err(RecvTimeoutError::Timeout) => self.check()?,
            }
        }
    }

    /// Lets the others know that this process cannot go on, or which other one is gone.
    pub(crate) fn fail(&self, what: &str) {
        let first = locked(&self.loss.first).clone();
        let (process, what) = first.unwrap_or((self.process, what.to_owned()));
        self.tell_all(&Message::Failed(process, what));
    }

    /// Lets the others know that this process is done.
    pub(crate) fn bye(&self) {
        self.tell_all(&Message::Bye);
    }

    fn tell_all(&self, message: &Message) {
        for writer in self.writers.iter().flatten() {
            // Who cannot be told is found gone by the thread that hears it.
            let _ = send(&mut locked(writer), message);
        }
    }
}

fn listen(process: usize, mut stream: TcpStream, said: &Sender<serde_json::Value>, loss: &Loss) {
    loop {
        match receive(&mut stream) {
            Ok(Message::Alive) => {}
            Ok(Message::Round(value)) => {
                if said.send(value).is_err() {
                    return;
                }
            }
            Ok(Message::Failed(process, what)) => return loss.note(process, what),
            Ok(Message::Bye) => return,
            Err(error) => {
                let silent = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                let what = if silent {
                    format!("it has said nothing for {} s", SILENCE.as_secs())
                } else {
                    "its connection closed".to_owned()
                };
                return loss.note(process, what);
            }
        }
    }
}

/// Says that this process is there, until nobody hears it.
fn beat(writers: &[Arc<Mutex<TcpStream>>]) {
    loop {
        thread::sleep(PULSE);
        for writer in writers {
            let _ = send(&mut locked(writer), &Message::Alive);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
