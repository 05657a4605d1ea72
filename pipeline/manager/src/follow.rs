//! What follows from a change: containers from their node, models from containers, packages from
//! models.

use piccolo_state::{ContainerState, ModelState, NodeState, PackageState, observed};
use piccolo_store::Error;

use crate::manager::{RACES_MAX, decode};
use crate::subject::{Kept, of_key, states};
use crate::{Applied, Cause, Change, Manager, ManagerError, Record, Subject, Wanted};

/// What a container's change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The container.
    pub container: Applied<ContainerState>,
    /// Its model, where that changed too.
    pub model: Option<Applied<ModelState>>,
    /// Its package, where that changed too.
    pub package: Option<Applied<PackageState>>,
}

impl Manager {
    /// Takes in how a container was found, and lets its model and its package follow.
    ///
    /// One that was not known comes into existence first.
    ///
    /// # Errors
    /// As [`Manager::apply`]. Where the container has changed and what follows failed, the same
    /// call, or [`Manager::settle`], goes on from there.
    pub async fn observe(
        &self,
        container: &Subject,
        change: &Change<ContainerState>,
    ) -> Result<Observed, ManagerError> {
        let created = Wanted::State(ContainerState::Created);
        container.check::<ContainerState>()?;
        if change.wanted != created
            && self.read::<ContainerState>(container).await?.record.is_none()
        {
            let id = format!("{}#created", change.id);
            self.apply(container, &Change { wanted: created, id, ..change.clone() }).await?;
        }
        let applied = self.apply(container, change).await?;
        let (mut model, mut package) = (None, None);
        if let Some(owner) = container.owner() {
            model = self.follow_model(&owner, &member::<ContainerState>(container)).await?;
            if let Some(of) = owner.owner() {
                package = self.follow_package(&of, &member::<ModelState>(&owner)).await?;
            }
        }
        Ok(Observed { container: applied, model, package })
    }

    /// Changes a model, and lets its package follow.
    ///
    /// # Errors
    /// As [`Manager::observe`].
    pub async fn apply_model(
        &self,
        model: &Subject,
        change: &Change<ModelState>,
    ) -> Result<Applied<ModelState>, ManagerError> {
        let applied = self.apply(model, change).await?;
        if let Some(package) = model.owner() {
            self.follow_package(&package, &member::<ModelState>(model)).await?;
        }
        Ok(applied)
    }

    /// Changes a node. Of what is on one that gives no sign of life, or is gone, nothing is known
    /// from then on.
    ///
    /// # Errors
    /// As [`Manager::observe`].
    pub async fn apply_node(
        &self,
        node: &Subject,
        change: &Change<NodeState>,
    ) -> Result<Applied<NodeState>, ManagerError> {
        let applied = self.apply(node, change).await?;
        self.lose(node, applied.state, applied.step).await?;
        Ok(applied)
    }

    /// Lets everything follow from what it follows from: what a server does first, since the one
    /// before may have ended between a change and what follows from it.
    ///
    /// # Errors
    /// As [`Manager::observe`].
    pub async fn settle(&self) -> Result<(), ManagerError> {
        let cause = Cause::Platform { reason: "a server has started".to_owned() };
        for (node, record) in self.of_kind::<NodeState>().await? {
            self.lose(&node, record.state, record.step).await?;
        }
        for (model, _) in self.of_kind::<ModelState>().await? {
            self.follow_model(&model, &cause).await?;
        }
        for (package, _) in self.of_kind::<PackageState>().await? {
            self.follow_package(&package, &cause).await?;
        }
        Ok(())
    }

    /// All things of a kind, ordered by name.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of_kind<S: Kept>(&self) -> Result<Vec<(Subject, Record<S>)>, ManagerError> {
        let entries = self.all(states::<S>()?).await?;
        let named = entries.iter().filter_map(|entry| Some((of_key::<S>(&entry.key)?, entry)));
        named.map(|(subject, entry)| Ok((subject, decode(entry)?))).collect()
    }

    /// Says of all containers on a node that nothing is known of them, where that is so.
    async fn lose(&self, node: &Subject, state: NodeState, step: u64) -> Result<(), ManagerError> {
        let name = node.to_string();
        for (container, record) in self.of_kind::<ContainerState>().await? {
            let seen = observed::container(record.state, state);
            if seen != record.state && record.node.as_deref() == Some(&*name) {
                let cause = Cause::Platform { reason: format!("node {name} is {state}") };
                let id = format!("node:{name}@{step}");
                self.observe(&container, &Change::new(Wanted::State(seen), cause, id)).await?;
            }
        }
        Ok(())
    }

    async fn follow_model(
        &self,
        model: &Subject,
        cause: &Cause,
    ) -> Result<Option<Applied<ModelState>>, ManagerError> {
        self.follow(model, cause, |_, members| Some(observed::model(members))).await
    }

    async fn follow_package(
        &self,
        package: &Subject,
        cause: &Cause,
    ) -> Result<Option<Applied<PackageState>>, ManagerError> {
        let follows = |state, members: &[ModelState]| {
            // Only the end of an update says what the package is.
            (state != PackageState::Updating).then(|| observed::package(members))
        };
        self.follow(package, cause, follows).await
    }

    /// Brings a thing to the state that its members make it, where it exists.
    ///
    /// The thing is read before its members, and written only at the revision that was read: so
    /// the last of several that follow at once has seen all members.
    async fn follow<S: Kept, M: Kept>(
        &self,
        subject: &Subject,
        cause: &Cause,
        follows: impl Fn(S, &[M]) -> Option<S>,
    ) -> Result<Option<Applied<S>>, ManagerError> {
        for _ in 0..RACES_MAX {
            let read = self.read::<S>(subject).await?;
            let Some(state) = read.record.map(|record| record.state) else { return Ok(None) };
            let entries = self.all(subject.members::<M>()?).await?;
            let members = entries.iter().map(decode::<Record<M>>);
            let members: Vec<M> = members
                .map(|record| record.map(|record| record.state))
                .collect::<Result<_, _>>()?;
            let Some(wanted) = follows(state, &members).filter(|wanted| *wanted != state) else {
                return Ok(None);
            };
            let id = format!("follows@{}", read.revision);
            let change = Change::new(Wanted::State(wanted), cause.clone(), id);
            match self.apply(subject, &change.expect(read.revision)).await {
                Err(ManagerError::Store(Error::Conflict { .. })) => {}
                applied => return applied.map(Some),
            }
        }
        Err(ManagerError::Raced { subject: subject.clone(), times: RACES_MAX })
    }
}

fn member<S: Kept>(subject: &Subject) -> Cause {
    Cause::Member { kind: S::KIND.to_owned(), subject: subject.to_string() }
}
