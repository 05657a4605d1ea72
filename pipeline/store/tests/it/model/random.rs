//! Random requests over few keys, so that they meet.

use fastrand::Rng;
use piccolo_store::{
    Attach, Compare, Content, Delete, Filter, Key, LeaseId, Operation, Order, Put, Range, Relation,
    Revision, SortBy, Span, Target, Transaction, WatchRequest,
};

use super::twin::Twin;
use crate::words::never;

/// Few keys, some of which begin as others do.
const KEYS: [&str; 12] =
    ["a", "a\0", "aa", "ab", "abc", "b", "b\u{7f}", "ba", "c", "c/d", "c/e", "d"];

pub(crate) fn key(random: &mut Rng) -> Key {
    Key::try_from(KEYS[random.usize(..KEYS.len())]).unwrap()
}

pub(crate) fn span(random: &mut Rng) -> Span {
    match random.u8(..8) {
        0..=2 => Span::key(&key(random)),
        3 => Span::all(),
        4 => Span::from(&key(random)),
        5 | 6 => {
            let prefixes = ["a", "ab", "b", "c/", "x"];
            Span::prefix(prefixes[random.usize(..prefixes.len())]).unwrap()
        }
        _ => {
            let (one, other) = (key(random), key(random));
            match Span::between(&one, &other) {
                Ok(span) => span,
                Err(_) => Span::between(&other, &one).unwrap_or_else(|_| Span::key(&one)),
            }
        }
    }
}

/// A revision between the first one that is known and one after the newest.
pub(crate) fn revision(random: &mut Rng, twin: &Twin) -> Revision {
    let (first, last) = (twin.first(), twin.revision() + 1);
    // The newest ones more often than the others.
    let from = if random.bool() { last.saturating_sub(8).max(first) } else { first };
    random.u64(from..=last)
}

pub(crate) fn range(random: &mut Rng, twin: &Twin) -> Range {
    let mut range = Range::new(span(random));
    if random.u8(..3) == 0 {
        range = range.at(revision(random, twin));
    }
    if random.u8(..3) == 0 {
        range = range.limit(random.usize(1..5));
    }
    range.content = match random.u8(..6) {
        0 => Content::Keys,
        1 => Content::Count,
        _ => Content::Whole,
    };
    let order = if random.bool() { Order::Ascending } else { Order::Descending };
    match random.u8(..6) {
        0 => range = range.sort(SortBy::Key, order),
        1 => range = range.sort(SortBy::Created, order),
        2 => range = range.sort(SortBy::Modified, order),
        _ => {}
    }
    if random.u8(..4) == 0 {
        let mut bound = || if random.bool() { revision(random, twin) } else { 0 };
        range = range.filter(Filter {
            created_min: bound(),
            created_max: bound(),
            modified_min: bound(),
            modified_max: bound(),
        });
    }
    range
}

pub(crate) fn lease(random: &mut Rng, twin: &Twin) -> LeaseId {
    let leases = twin.leases();
    if leases.is_empty() || random.u8(..8) == 0 {
        return never();
    }
    leases[random.usize(..leases.len())]
}

pub(crate) fn put(random: &mut Rng, twin: &Twin) -> Put {
    let key = key(random);
    let length = random.usize(..24);
    let mut put = match random.u8(..8) {
        0 => Put::touch(key),
        _ => Put::new(key, vec![random.u8(b'a'..=b'd'); length]),
    };
    put.lease = match random.u8(..8) {
        0 | 1 => Attach::To(lease(random, twin)),
        2 => Attach::Keep,
        _ => Attach::None,
    };
    put.previous = random.bool();
    put
}

pub(crate) fn delete(random: &mut Rng) -> Delete {
    let delete = Delete::new(span(random));
    if random.bool() { delete.previous() } else { delete }
}

fn compare(random: &mut Rng, twin: &Twin) -> Compare {
    let key = key(random);
    let found = twin.state().get(&key);
    let relation = match random.u8(..6) {
        0 => Relation::Greater,
        1 => Relation::Less,
        2 => Relation::NotEqual,
        _ => Relation::Equal,
    };
    // What it has more often than not, so that both branches are taken.
    let near = |number: u64, random: &mut Rng| match random.u8(..4) {
        0 => number + 1,
        1 => number.saturating_sub(1),
        _ => number,
    };
    let target = match random.u8(..5) {
        0 => Target::Value(found.map(|entry| entry.value.clone()).unwrap_or_default()),
        1 => Target::Version(near(found.map_or(0, |entry| entry.version), random)),
        2 => Target::Created(near(found.map_or(0, |entry| entry.created), random)),
        3 => Target::Modified(near(found.map_or(0, |entry| entry.modified), random)),
        _ => Target::Lease(found.and_then(|entry| entry.lease)),
    };
    Compare { key, relation, target }
}

/// A transaction that is not refused for writing a key twice, which most of that size would be.
pub(crate) fn transaction(random: &mut Rng, twin: &Twin) -> Transaction {
    let mut transaction = Transaction::new();
    for _ in 0..random.usize(..3) {
        transaction = transaction.when(compare(random, twin));
    }
    transaction.then = branch(random, twin);
    transaction.otherwise = branch(random, twin);
    transaction
}

fn branch(random: &mut Rng, twin: &Twin) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for _ in 0..random.usize(..5) {
        let operation: Operation = match random.u8(..6) {
            0 | 1 => range(random, twin).into(),
            2 => delete(random).into(),
            _ => put(random, twin).into(),
        };
        let clashes = operations.iter().any(|other| match (other, &operation) {
            (Operation::Put(one), Operation::Put(other)) => one.key == other.key,
            (Operation::Put(put), Operation::Delete(delete))
            | (Operation::Delete(delete), Operation::Put(put)) => delete.span.contains(&put.key),
            _ => false,
        });
        if !clashes {
            operations.push(operation);
        }
    }
    operations
}

pub(crate) fn watch(random: &mut Rng) -> WatchRequest {
    let request = WatchRequest::new(span(random));
    let request = match random.u8(..5) {
        0 => request.puts_only(),
        1 => request.deletes_only(),
        _ => request,
    };
    if random.bool() { request.previous() } else { request }
}
