//! The twin of a store: a map for each revision, and answers by looking through it.

use std::collections::BTreeMap;
use std::time::Duration;

use piccolo_store::{
    Answer, Attach, Batch, Content, Delete, Deleted, Entry, Error, Event, Key, LeaseId, LeaseState,
    Operation, Order, Outcome, Page, Put, Range, Revision, SortBy, Transaction, WatchRequest,
    Written,
};

/// All entries at one revision.
type State = BTreeMap<Key, Entry>;

/// A lease of the twin.
#[derive(Clone, Copy, Debug)]
struct Held {
    ttl_s: u64,
    until: Duration,
}

/// A store that keeps every state whole.
#[derive(Clone, Debug)]
pub(crate) struct Twin {
    /// The state at each revision, from the first one that it knows.
    states: BTreeMap<Revision, State>,
    /// What each revision changed, in order.
    changes: BTreeMap<Revision, Vec<Event>>,
    compacted: Revision,
    leases: BTreeMap<LeaseId, Held>,
    now: Duration,
}

/// A change at work: the state so far, and its events.
struct Draft {
    state: State,
    events: Vec<Event>,
    revision: Revision,
}

impl Twin {
    /// An empty store at a revision.
    pub(crate) fn new(revision: Revision) -> Self {
        Self {
            states: BTreeMap::from([(revision, State::new())]),
            changes: BTreeMap::new(),
            compacted: 0,
            leases: BTreeMap::new(),
            now: Duration::ZERO,
        }
    }

    pub(crate) fn revision(&self) -> Revision {
        *self.states.last_key_value().unwrap().0
    }

    /// The first revision that it knows.
    pub(crate) fn first(&self) -> Revision {
        *self.states.first_key_value().unwrap().0
    }

    pub(crate) fn compacted(&self) -> Revision {
        self.compacted
    }

    pub(crate) fn state(&self) -> &State {
        self.states.last_key_value().unwrap().1
    }

    pub(crate) fn leases(&self) -> Vec<LeaseId> {
        self.leases.keys().copied().collect()
    }

    fn readable(&self, asked: Option<Revision>) -> Result<(), Error> {
        let (current, compacted) = (self.revision(), self.compacted);
        match asked {
            Some(asked) if asked > current => {
                Err(Error::FutureRevision { asked, current: Some(current) })
            }
            Some(asked) if asked < compacted => {
                Err(Error::Compacted { asked, compacted: Some(compacted) })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn range(&self, range: &Range) -> Result<Page, Error> {
        self.readable(range.revision)?;
        Ok(self.page(range, self.state(), self.revision()))
    }

    fn page(&self, range: &Range, newest: &State, revision: Revision) -> Page {
        let state = range.revision.map_or(newest, |revision| &self.states[&revision]);
        let all: Vec<&Entry> =
            state.values().filter(|entry| range.span.contains(&entry.key)).collect();
        let count = all.len() as u64;
        if range.content == Content::Count {
            return Page { revision, entries: Vec::new(), count, more: false };
        }
        let within = |value: Revision, min: Revision, max: Revision| {
            value >= min && (max == 0 || value <= max)
        };
        let filter = range.filter;
        let mut entries: Vec<Entry> = all
            .into_iter()
            .filter(|entry| within(entry.created, filter.created_min, filter.created_max))
            .filter(|entry| within(entry.modified, filter.modified_min, filter.modified_max))
            .cloned()
            .collect();
        match range.sort {
            SortBy::Key => {}
            SortBy::Created => entries.sort_by_key(|entry| entry.created),
            SortBy::Modified => entries.sort_by_key(|entry| entry.modified),
        }
        if range.order == Order::Descending {
            entries.reverse();
        }
        let limit = range.page_entries();
        let more = entries.len() > limit;
        entries.truncate(limit);
        if range.content == Content::Keys {
            entries.iter_mut().for_each(|entry| entry.value.clear());
        }
        Page { revision, entries, count, more }
    }

    pub(crate) fn transact(&mut self, transaction: &Transaction) -> Result<Outcome, Error> {
        let state = self.state();
        let succeeded =
            transaction.compares.iter().all(|compare| compare.holds(state.get(&compare.key)));
        let branch = if succeeded { &transaction.then } else { &transaction.otherwise };
        for operation in branch {
            self.check(operation)?;
        }
        let mut draft = self.draft();
        let mut answers = Vec::new();
        for operation in branch {
            answers.push(match operation {
                Operation::Range(range) => {
                    let seen = draft.revision - u64::from(draft.events.is_empty());
                    Answer::Range(self.page(range, &draft.state, seen))
                }
                Operation::Put(put) => Answer::Put(draft.put(put)),
                Operation::Delete(delete) => Answer::Delete(draft.delete(delete)),
            });
        }
        let revision = self.take(draft);
        Ok(Outcome { revision, succeeded, answers })
    }

    fn check(&self, operation: &Operation) -> Result<(), Error> {
        match operation {
            Operation::Range(range) => self.readable(range.revision),
            Operation::Delete(_) => Ok(()),
            Operation::Put(put) => {
                let keeps = put.value.is_none() || put.lease == Attach::Keep;
                match put.lease {
                    _ if keeps && !self.state().contains_key(&put.key) => {
                        Err(Error::KeyNotFound { key: put.key.clone() })
                    }
                    Attach::To(lease) if !self.leases.contains_key(&lease) => {
                        Err(Error::LeaseNotFound { lease })
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn draft(&self) -> Draft {
        let state = self.state().clone();
        Draft { state, events: Vec::new(), revision: self.revision() + 1 }
    }

    fn take(&mut self, draft: Draft) -> Revision {
        if !draft.events.is_empty() {
            self.states.insert(draft.revision, draft.state);
            self.changes.insert(draft.revision, draft.events);
        }
        self.revision()
    }

    pub(crate) fn compact(&mut self, asked: Revision) -> Result<(), Error> {
        let (current, compacted) = (self.revision(), self.compacted);
        if asked > current {
            return Err(Error::FutureRevision { asked, current: Some(current) });
        }
        if asked <= compacted {
            return Err(Error::Compacted { asked, compacted: Some(compacted) });
        }
        self.compacted = asked;
        Ok(())
    }

    /// Notes a lease that the store granted.
    pub(crate) fn grant(&mut self, id: LeaseId, ttl_s: u64) {
        let until = self.now + Duration::from_secs(ttl_s);
        self.leases.insert(id, Held { ttl_s, until });
    }

    pub(crate) fn holds(&self, id: LeaseId) -> bool {
        self.leases.contains_key(&id)
    }

    pub(crate) fn revoke(&mut self, lease: LeaseId) -> Result<Revision, Error> {
        self.leases.remove(&lease).ok_or(Error::LeaseNotFound { lease })?;
        let mut draft = self.draft();
        let held = |entry: &&Entry| entry.lease == Some(lease);
        let keys: Vec<Key> =
            draft.state.values().filter(held).map(|entry| entry.key.clone()).collect();
        for key in keys {
            draft.erase(&key);
        }
        Ok(self.take(draft))
    }

    pub(crate) fn keep_alive(&mut self, lease: LeaseId) -> Result<u64, Error> {
        let held = self.leases.get_mut(&lease).ok_or(Error::LeaseNotFound { lease })?;
        held.until = self.now + Duration::from_secs(held.ttl_s);
        Ok(held.ttl_s)
    }

    pub(crate) fn time_to_live(&self, lease: LeaseId) -> Result<LeaseState, Error> {
        let held = self.leases.get(&lease).ok_or(Error::LeaseNotFound { lease })?;
        let of_it = |entry: &&Entry| entry.lease == Some(lease);
        let keys = self.state().values().filter(of_it).map(|entry| entry.key.clone()).collect();
        let left_s = (held.until - self.now).as_secs();
        Ok(LeaseState { id: lease, ttl_s: held.ttl_s, left_s, keys })
    }

    /// Lets time go by: leases run out in the order of their ends.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.now += by;
        let mut due: Vec<(Duration, LeaseId)> =
            self.leases.iter().map(|(id, held)| (held.until, *id)).collect();
        due.retain(|(until, _)| *until <= self.now);
        due.sort_unstable();
        for (_, lease) in due {
            self.revoke(lease).unwrap();
        }
    }

    /// A new start: all leases live for their full time.
    pub(crate) fn restart(&mut self) {
        for held in self.leases.values_mut() {
            held.until = self.now + Duration::from_secs(held.ttl_s);
        }
    }

    /// What a watch must tell of the revisions from one on.
    pub(crate) fn told(&self, request: &WatchRequest, from: Revision) -> Vec<Batch> {
        let mut batches = Vec::new();
        for (revision, events) in self.changes.range(from..) {
            let known = request.previous && *revision > self.compacted;
            let mut wanted = Vec::new();
            for event in events.iter().filter(|event| request.span.contains(event.key())) {
                match event.clone() {
                    Event::Put { entry, previous } if request.puts => {
                        wanted.push(Event::Put { entry, previous: previous.filter(|_| known) });
                    }
                    Event::Delete { key, previous } if request.deletes => {
                        wanted.push(Event::Delete { key, previous: previous.filter(|_| known) });
                    }
                    _ => {}
                }
            }
            if !wanted.is_empty() {
                batches.push(Batch { revision: *revision, events: wanted });
            }
        }
        batches
    }
}

impl Draft {
    fn put(&mut self, put: &Put) -> Written {
        let previous = self.state.get(&put.key).cloned();
        let revision = self.revision;
        let kept = previous.clone();
        let entry = Entry {
            key: put.key.clone(),
            value: match &put.value {
                Some(value) => value.clone(),
                None => kept.as_ref().unwrap().value.clone(),
            },
            created: kept.as_ref().map_or(revision, |entry| entry.created),
            modified: revision,
            version: kept.as_ref().map_or(0, |entry| entry.version) + 1,
            lease: match put.lease {
                Attach::None => None,
                Attach::To(lease) => Some(lease),
                Attach::Keep => kept.unwrap().lease,
            },
        };
        self.state.insert(put.key.clone(), entry.clone());
        self.events.push(Event::Put { entry, previous: previous.clone() });
        Written { revision, previous: previous.filter(|_| put.previous) }
    }

    fn delete(&mut self, delete: &Delete) -> Deleted {
        let inside = |entry: &&Entry| delete.span.contains(&entry.key);
        let gone: Vec<Entry> = self.state.values().filter(inside).cloned().collect();
        for entry in &gone {
            self.erase(&entry.key);
        }
        Deleted {
            revision: self.revision - u64::from(self.events.is_empty()),
            count: gone.len() as u64,
            previous: if delete.previous { gone } else { Vec::new() },
        }
    }

    fn erase(&mut self, key: &Key) {
        let previous = self.state.remove(key);
        self.events.push(Event::Delete { key: key.clone(), previous });
    }
}
