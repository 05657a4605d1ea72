//! Locks and leader election: who made its key first, among the keys of all that want the same.
//!
//! Each contender puts a key of its own, with its lease, under one name. The one with the least
//! create revision has it; every other one waits for the key before its own to go, so that one
//! contender wakes for each that leaves. The keys are named as etcd's own lock service names them.
//! A lease that runs out takes the key away: whoever held by it finds that out from its fence, and
//! must not rely on its own clock.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Answer, Batch, Compare, Delete, Entry, Error, Event, Filter, Key, LeaseId, Order, Outcome, Put,
    Range, Revision, SortBy, Span, Store, Transaction, Watch, WatchRequest,
};

/// A place in the line for a name; the first has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The key that stands for the holder.
    pub key: Key,
    /// Its create revision: greater for every later holder, so it fences what earlier ones send.
    pub revision: Revision,
}

impl Fence {
    /// What must hold for a transaction to be done in the name of the holder: that its key is the
    /// one that it made. To be put into every transaction that the lock or the office guards.
    #[must_use]
    pub fn holds(&self) -> Compare {
        Compare::created_at(self.key.clone(), self.revision)
    }

    fn lost(&self) -> Error {
        Error::Lost { key: self.key.clone(), held: self.revision }
    }
}

/// A lock that is held.
///
/// It is held until it is released or its lease ends; dropping it does neither.
#[must_use]
pub struct Lock {
    store: Arc<dyn Store>,
    fence: Fence,
}

impl Lock {
    /// Waits until the lock of a name is held by a lease. A lease that holds it already holds it
    /// again. Where the future is dropped while it waits, the place in line stays until the lease
    /// ends.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`]; [`Error::Lost`] where the lease ran out while it waited.
    pub async fn acquire(store: Arc<dyn Store>, name: &Key, lease: LeaseId) -> Result<Self, Error> {
        let fence = enter(&*store, name, lease, Bytes::new()).await?;
        wait(&*store, name, &fence).await?;
        Ok(Self { store, fence })
    }

    /// As [`Lock::acquire`], without waiting; none: somebody else holds it.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    pub async fn try_acquire(
        store: Arc<dyn Store>,
        name: &Key,
        lease: LeaseId,
    ) -> Result<Option<Self>, Error> {
        let fence = enter(&*store, name, lease, Bytes::new()).await?;
        if before(&*store, name, &fence).await?.is_none() {
            return Ok(Some(Self { store, fence }));
        }
        leave(&*store, &fence).await?;
        Ok(None)
    }

    /// What fences the writes of the holder.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Lets the next one have it.
    ///
    /// # Errors
    /// [`Error::Lost`]: it was not held any more.
    pub async fn release(self) -> Result<(), Error> {
        leave(&*self.store, &self.fence).await
    }
}

/// An office that is held: its holder is the leader.
///
/// It is held until it is resigned or its lease ends; dropping it does neither.
#[must_use]
pub struct Leadership {
    store: Arc<dyn Store>,
    fence: Fence,
}

impl Leadership {
    /// Waits until the lease leads under a name, and proclaims a value with it.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`]; [`Error::Lost`] where the lease ran out while it waited.
    pub async fn campaign(
        store: Arc<dyn Store>,
        name: &Key,
        lease: LeaseId,
        value: Bytes,
    ) -> Result<Self, Error> {
        let fence = enter(&*store, name, lease, value).await?;
        wait(&*store, name, &fence).await?;
        Ok(Self { store, fence })
    }

    /// What fences the writes of the leader.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Proclaims another value; its revision.
    ///
    /// # Errors
    /// [`Error::Lost`]: it leads no more.
    pub async fn proclaim(&self, value: Bytes) -> Result<Revision, Error> {
        let put = Put::new(self.fence.key.clone(), value).keep_lease();
        let transaction = Transaction::new().when(self.fence.holds()).then(put);
        let outcome = self.store.transact(transaction).await?;
        if outcome.succeeded { Ok(outcome.revision) } else { Err(self.fence.lost()) }
    }

    /// Lets the next one lead.
    ///
    /// # Errors
    /// [`Error::Lost`]: it led no more.
    pub async fn resign(self) -> Result<(), Error> {
        leave(&*self.store, &self.fence).await
    }
}

/// Who leads under a name: the entry with the value that was proclaimed; none: nobody.
///
/// # Errors
/// As [`Store::range`].
pub async fn leader(store: &dyn Store, name: &Key) -> Result<Option<Entry>, Error> {
    let first = Range::new(places(name)?).sort(SortBy::Created, Order::Ascending).limit(1);
    Ok(store.range(first).await?.entries.pop())
}

/// Follows who leads under a name.
pub struct Observer<'a> {
    store: &'a dyn Store,
    name: Key,
    watch: Option<Watch>,
    last: Option<(Key, Revision)>,
}

impl<'a> Observer<'a> {
    /// Follows a name from now on.
    #[must_use]
    pub fn new(store: &'a dyn Store, name: Key) -> Self {
        Self { store, name, watch: None, last: None }
    }

    /// The leader, whenever it is another one or proclaimed another value; the present one first.
    /// What changed twice before it was asked for is told once, as it is then.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next(&mut self) -> Result<Entry, Error> {
        loop {
            // The watch begins before the read, so nothing is missed between them.
            let watch = match &mut self.watch {
                Some(watch) => watch,
                none => {
                    let request = WatchRequest::new(places(&self.name)?);
                    none.insert(self.store.watch(request).await?)
                }
            };
            if let Some(entry) = leader(self.store, &self.name).await? {
                let now = Some((entry.key.clone(), entry.modified));
                if now != self.last {
                    self.last = now;
                    return Ok(entry);
                }
            }
            if let Err(error) = watch.next().await {
                match error {
                    Error::Compacted { .. } => self.watch = None,
                    other => return Err(other),
                }
            }
        }
    }
}

/// The keys of all that want a name.
fn places(name: &Key) -> Result<Span, Error> {
    let mut prefix = name.as_bytes().to_vec();
    prefix.push(b'/');
    Span::prefix(prefix)
}

/// Takes a place in the line, or finds the one that the lease has.
async fn enter(
    store: &dyn Store,
    name: &Key,
    lease: LeaseId,
    value: Bytes,
) -> Result<Fence, Error> {
    let key = Key::try_from(format!("{lease}"))?;
    let mut place = name.as_bytes().to_vec();
    place.push(b'/');
    place.extend_from_slice(key.as_bytes());
    let key = Key::new(place)?;
    let transaction = Transaction::new()
        .when(Compare::absent(key.clone()))
        .then(Put::new(key.clone(), value).lease(lease))
        .otherwise(Range::new(Span::key(&key)));
    let outcome = store.transact(transaction).await?;
    let revision = made_at(&outcome);
    Ok(Fence { key, revision })
}

/// When the key of a place was made.
fn made_at(outcome: &Outcome) -> Revision {
    match outcome.answers.first() {
        Some(Answer::Range(page)) => page.entries.first().map_or(0, |entry| entry.created),
        _ => outcome.revision,
    }
}

/// Waits until nobody is before a place, and makes sure that it is still there then.
async fn wait(store: &dyn Store, name: &Key, fence: &Fence) -> Result<(), Error> {
    while let Some((entry, seen)) = before(store, name, fence).await? {
        let request = WatchRequest::new(Span::key(&entry.key)).deletes_only().from(seen + 1);
        let mut watch = store.watch(request).await?;
        let mut gone = false;
        while !gone {
            gone = match watch.next().await {
                Ok(batch) => is_deleted(&batch),
                // So much happened since that it is as well to look again.
                Err(Error::Compacted { .. }) => true,
                Err(error) => return Err(error),
            };
        }
    }
    let mine = store.get(&fence.key).await?;
    match mine.is_some_and(|entry| entry.created == fence.revision) {
        true => Ok(()),
        false => Err(fence.lost()),
    }
}

fn is_deleted(batch: &Batch) -> bool {
    batch.events.iter().any(|event| matches!(event, Event::Delete { .. }))
}

/// The last place before this one, and the revision at which it was seen; none: this one is first.
async fn before(
    store: &dyn Store,
    name: &Key,
    fence: &Fence,
) -> Result<Option<(Entry, Revision)>, Error> {
    let created_max = fence.revision.saturating_sub(1);
    if created_max == 0 {
        return Err(fence.lost());
    }
    let range = Range::new(places(name)?)
        .filter(Filter { created_max, ..Filter::default() })
        .sort(SortBy::Created, Order::Descending)
        .limit(1);
    let mut page = store.range(range).await?;
    Ok(page.entries.pop().map(|entry| (entry, page.revision)))
}

/// Gives a place up.
async fn leave(store: &dyn Store, fence: &Fence) -> Result<(), Error> {
    let transaction =
        Transaction::new().when(fence.holds()).then(Delete::new(Span::key(&fence.key)));
    match store.transact(transaction).await?.succeeded {
        true => Ok(()),
        false => Err(fence.lost()),
    }
}
