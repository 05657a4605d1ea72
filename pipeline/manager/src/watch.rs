//! Every step of every thing, as it is written.

use piccolo_state::{ContainerState, Machine, ModelState, NodeState, PackageState, ScenarioState};
use piccolo_store::{Entry, Event, Revision, Span, Watch, WatchRequest};

use crate::manager::decode;
use crate::{Manager, ManagerError, Step, Subject};

/// A step of a thing of some kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyStep {
    /// Of a scenario.
    Scenario(Step<ScenarioState>),
    /// Of a package.
    Package(Step<PackageState>),
    /// Of a model.
    Model(Step<ModelState>),
    /// Of a container.
    Container(Step<ContainerState>),
    /// Of a node.
    Node(Step<NodeState>),
}

/// The steps that were written at one revision, in the order of their keys; several only where
/// somebody else wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The revision.
    pub revision: Revision,
    /// Which thing, and what happened to it.
    pub steps: Vec<(Subject, AnyStep)>,
}

/// A watch over all steps: each is told once, in order, also over a break of the connection.
#[must_use]
pub struct StepWatch(Watch);

impl Manager {
    /// Watches all steps from a revision on; none: those that come from now on.
    ///
    /// # Errors
    /// What the store says.
    pub async fn watch(&self, from: Option<Revision>) -> Result<StepWatch, ManagerError> {
        let request = WatchRequest::new(Span::prefix(HISTORY)?);
        let request = match from {
            Some(from) => request.from(from),
            None => request,
        };
        Ok(StepWatch(self.store.watch(request).await?))
    }
}

impl StepWatch {
    /// The revision of the store when the watch was made.
    #[must_use]
    pub fn made_at(&self) -> Revision {
        self.0.made_at()
    }

    /// Waits for the next steps. It is cancel-safe.
    ///
    /// # Errors
    /// What the store says; where the revision that comes next is compacted, or the store is gone,
    /// that is the end of the watch.
    pub async fn next(&mut self) -> Result<Steps, ManagerError> {
        loop {
            let batch = self.0.next().await?;
            let mut steps = Vec::new();
            for event in &batch.events {
                // Steps beyond the bound of a history are deleted.
                if let Event::Put { entry, .. } = event {
                    steps.extend(step(entry)?);
                }
            }
            if !steps.is_empty() {
                return Ok(Steps { revision: batch.revision, steps });
            }
        }
    }
}

/// Before the keys of all histories.
const HISTORY: &str = "history/";

/// The step at a key; none where the key is of no kind that is known.
fn step(entry: &Entry) -> Result<Option<(Subject, AnyStep)>, ManagerError> {
    let Some((kind, subject)) = named(entry) else { return Ok(None) };
    let step = match kind {
        ScenarioState::KIND => AnyStep::Scenario(decode(entry)?),
        PackageState::KIND => AnyStep::Package(decode(entry)?),
        ModelState::KIND => AnyStep::Model(decode(entry)?),
        ContainerState::KIND => AnyStep::Container(decode(entry)?),
        NodeState::KIND => AnyStep::Node(decode(entry)?),
        _ => return Ok(None),
    };
    Ok(Some((subject, step)))
}

/// Kind and name of the thing whose step is at a key.
fn named(entry: &Entry) -> Option<(&str, Subject)> {
    let text = std::str::from_utf8(entry.key.as_bytes()).ok()?;
    let (kind, rest) = text.strip_prefix(HISTORY)?.split_once('/')?;
    let (subject, _) = rest.rsplit_once(':')?;
    Some((kind, Subject::new(subject).ok()?))
}
