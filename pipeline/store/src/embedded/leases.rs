//! Which leases live, and until when: in memory, since keep-alives are not written down.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::{Error, LeaseId};

/// Leases that live at one time.
pub(super) const LEASES_MAX: usize = 100_000;

/// One lease.
#[derive(Clone, Copy, Debug)]
struct Held {
    ttl_s: u64,
    until: Duration,
}

/// All leases, by name and by their ends.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: HashMap<LeaseId, Held>,
    ends: BTreeSet<(Duration, LeaseId)>,
}

impl Leases {
    /// Lets a lease live from now on for its full time.
    pub(super) fn insert(&mut self, id: LeaseId, ttl_s: u64, now: Duration) {
        self.remove(id);
        let until = now.saturating_add(Duration::from_secs(ttl_s));
        self.held.insert(id, Held { ttl_s, until });
        self.ends.insert((until, id));
    }

    /// Ends a lease; whether there was one.
    pub(super) fn remove(&mut self, id: LeaseId) -> bool {
        let Some(held) = self.held.remove(&id) else { return false };
        self.ends.remove(&(held.until, id))
    }

    /// Whether a lease lives: until the moment at which it ends, that one excluded.
    pub(super) fn lives(&self, id: LeaseId) -> bool {
        self.held.contains_key(&id)
    }

    /// Whether there is room for one more.
    pub(super) fn room(&self) -> Result<(), Error> {
        if self.held.len() < LEASES_MAX {
            return Ok(());
        }
        Err(Error::Full { what: "leases", max: LEASES_MAX })
    }

    /// Lets a lease live for its full time again, and answers that, seconds.
    pub(super) fn keep(&mut self, id: LeaseId, now: Duration) -> Result<u64, Error> {
        let held = self.held.get(&id).filter(|held| held.until > now).copied();
        let held = held.ok_or(Error::LeaseNotFound { lease: id })?;
        self.insert(id, held.ttl_s, now);
        Ok(held.ttl_s)
    }

    /// The full time of a lease and what is left of it, seconds.
    pub(super) fn times(&self, id: LeaseId, now: Duration) -> Result<(u64, u64), Error> {
        let held = self.held.get(&id).filter(|held| held.until > now);
        let held = held.ok_or(Error::LeaseNotFound { lease: id })?;
        Ok((held.ttl_s, (held.until - now).as_secs()))
    }

    /// The leases that are at their end, the first to end first.
    pub(super) fn due(&self, now: Duration) -> Vec<LeaseId> {
        self.ends.iter().take_while(|(until, _)| *until <= now).map(|(_, id)| *id).collect()
    }

    /// When the next lease ends.
    pub(super) fn next(&self) -> Option<Duration> {
        self.ends.first().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> LeaseId {
        LeaseId::new(number).unwrap()
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn leases_end_in_the_order_of_their_ends() {
        let mut leases = Leases::default();
        leases.insert(id(1), 5, s(0));
        leases.insert(id(2), 3, s(0));
        leases.insert(id(3), 9, s(0));
        assert_eq!(leases.next(), Some(s(3)));
        assert_eq!(leases.due(s(2)), []);
        assert_eq!(leases.due(s(5)), [id(2), id(1)]);
        assert!(leases.remove(id(2)));
        assert!(!leases.remove(id(2)));
        assert_eq!(leases.due(s(5)), [id(1)]);
    }

    #[test]
    fn a_lease_that_is_kept_lives_for_its_full_time_again() {
        let mut leases = Leases::default();
        leases.insert(id(1), 5, s(0));
        assert_eq!(leases.keep(id(1), s(4)).unwrap(), 5);
        assert_eq!(leases.times(id(1), s(6)).unwrap(), (5, 3));
        assert_eq!(leases.next(), Some(s(9)));
        assert!(matches!(leases.keep(id(1), s(9)), Err(Error::LeaseNotFound { .. })));
        assert!(matches!(leases.times(id(1), s(9)), Err(Error::LeaseNotFound { .. })));
    }
}
