//! The stores under test: each in an empty state, with what moves its time.

use std::sync::Arc;
use std::time::Duration;

use piccolo_store::{Embedded, EmbeddedOptions, ManualClock, Store};

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Embedded,
    #[cfg(feature = "etcd")]
    Etcd,
}

/// A store under test.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    /// Moves its time; none: its time moves by itself.
    clock: Option<Arc<ManualClock>>,
    /// Ends the server.
    #[cfg(feature = "etcd")]
    _server: Option<crate::server::Server>,
}

impl Bench {
    /// An empty store; none where its server is not installed, which is said.
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Embedded => {
                let clock = Arc::new(ManualClock::new());
                let options = EmbeddedOptions { clock: clock.clone(), ..Default::default() };
                let storage = redb::backends::InMemoryBackend::new();
                let store = Embedded::open_in(storage, options).await.unwrap();
                Some(Self {
                    store: Arc::new(store),
                    clock: Some(clock),
                    #[cfg(feature = "etcd")]
                    _server: None,
                })
            }
            #[cfg(feature = "etcd")]
            Kind::Etcd => {
                let server = crate::server::Server::start().await?;
                let store = server.connect().await;
                Some(Self { store: Arc::new(store), clock: None, _server: Some(server) })
            }
        }
    }

    /// Lets so much time go by, where that is ours to say.
    pub(crate) fn advance(&self, by: Duration) {
        if let Some(clock) = &self.clock {
            clock.advance(by);
        }
    }
}

/// A runtime for a test, with threads beside it as in the server.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap().block_on(test)
}
