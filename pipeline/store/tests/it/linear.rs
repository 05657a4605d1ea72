//! Whether what clients were told can be told of one store that does one thing after the other.
//!
//! The store numbers all writes by itself, so no order has to be searched: what it has in the end,
//! as a watch from the first revision tells it, is the order. Every client's story must fit it, in
//! what it says and in real time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use piccolo_store::{Batch, Event, Revision};

/// What a client asked for. Every value is written by one call only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Put {
        key: String,
        value: String,
    },
    /// Only where the key was last written at `expected`; 0: only where it is absent.
    Replace {
        key: String,
        value: String,
        expected: Revision,
    },
    Remove {
        key: String,
        expected: Revision,
    },
    Read {
        key: String,
    },
}

/// What it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was written, as this revision.
    Written(Revision),
    /// The key has another revision than was expected.
    Conflict(Revision),
    /// The value that the key has, and by which revision, as of a revision of the store.
    Read { at: Revision, found: Option<(String, Revision)> },
    /// It was certainly not done.
    NotDone,
    /// Nobody knows.
    Unknown,
}

/// One call of one client, between two moments that are ordered over all clients.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) asked: Asked,
    pub(crate) told: Told,
}

/// Takes calls down while they are made.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    moment: AtomicU64,
    calls: Mutex<Vec<Call>>,
}

impl Recorder {
    pub(crate) async fn call(&self, asked: Asked, told: impl Future<Output = Told>) -> Told {
        let began = self.moment.fetch_add(1, Ordering::SeqCst);
        let told = told.await;
        let ended = self.moment.fetch_add(1, Ordering::SeqCst);
        self.calls.lock().unwrap().push(Call { began, ended, asked, told: told.clone() });
        told
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

/// What the store has done: one event for each revision.
#[derive(Debug, Default)]
struct Log {
    /// Of each key: the revisions that changed it, and the value since, none for a delete.
    keys: HashMap<String, Vec<(Revision, Option<String>)>>,
    /// The key that a revision changed.
    changed: HashMap<Revision, String>,
    /// The revision that wrote a value.
    writers: HashMap<String, Revision>,
}

impl Log {
    fn new(batches: &[Batch]) -> Self {
        let mut log = Self::default();
        for batch in batches.iter().filter(|batch| !batch.events.is_empty()) {
            let [event] = batch.events.as_slice() else { panic!("{batch:?}") };
            let key = event.key().to_string();
            let value = match event {
                Event::Put { entry, .. } => Some(String::from_utf8(entry.value.to_vec()).unwrap()),
                Event::Delete { .. } => None,
            };
            if let Some(value) = &value {
                let before = log.writers.insert(value.clone(), batch.revision);
                assert_eq!(before, None, "{value} was written twice");
            }
            log.changed.insert(batch.revision, key.clone());
            log.keys.entry(key).or_default().push((batch.revision, value));
        }
        log
    }

    /// What a key was at a revision, and which revision had made it so; 0 where it was absent.
    fn at(&self, key: &str, revision: Revision) -> (Option<&str>, Revision) {
        let changes = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        match changes.iter().rev().find(|(changed, _)| *changed <= revision) {
            Some((changed, Some(value))) => (Some(value), *changed),
            _ => (None, 0),
        }
    }
}

/// A place in the order: a write is at its revision, a read after it.
type Place = (Revision, bool);

/// Fails where the calls cannot have come to what the store has.
pub(crate) fn check(calls: &[Call], batches: &[Batch]) -> Result<(), String> {
    let log = Log::new(batches);
    let mut placed: Vec<(Place, &Call)> = Vec::new();
    let mut explained: HashMap<Revision, &Call> = HashMap::new();
    for call in calls {
        let Some(place) = place(&log, call)? else { continue };
        if !place.1 && explained.insert(place.0, call).is_some() {
            return Err(format!("revision {} is of two calls, one is {call:?}", place.0));
        }
        placed.push((place, call));
    }
    if let Some((revision, key)) = log.changed.iter().find(|(at, _)| !explained.contains_key(at)) {
        let is_removal = log.at(key, *revision).0.is_none();
        if !is_removal || !may_be_unknown_removal(calls, &log, key, *revision) {
            return Err(format!("nobody asked for revision {revision} of {key}"));
        }
    }
    in_real_time(placed)
}

/// Where a call stands, where it says so and what it says is true; none where it has no place.
fn place(log: &Log, call: &Call) -> Result<Option<Place>, String> {
    let wrong = |why: &str| Err(format!("{why}: {call:?}"));
    match (&call.asked, &call.told) {
        (Asked::Put { value, .. }, Told::Written(revision)) => {
            let found = log.writers.get(value) == Some(revision);
            if found { Ok(Some((*revision, false))) } else { wrong("a write is lost") }
        }
        (Asked::Replace { key, value, expected }, Told::Written(revision)) => {
            if log.writers.get(value) != Some(revision) {
                return wrong("a write is lost");
            }
            let base = log.at(key, revision - 1).1;
            if base == *expected { Ok(Some((*revision, false))) } else { wrong("based on another") }
        }
        (Asked::Remove { key, expected }, Told::Written(revision)) => {
            let removed = log.changed.get(revision) == Some(key) && log.at(key, *revision).1 == 0;
            let base = log.at(key, revision - 1).1;
            if removed && base == *expected {
                Ok(Some((*revision, false)))
            } else {
                wrong("not removed")
            }
        }
        (Asked::Read { key }, Told::Read { at, found }) => {
            let (value, by) = log.at(key, *at);
            let same =
                found.as_ref().map(|(value, by)| (value.as_str(), *by)) == value.map(|v| (v, by));
            if same { Ok(Some((*at, true))) } else { wrong("a read of what never was so") }
        }
        (Asked::Replace { expected, value, .. }, Told::Conflict(actual)) => {
            let silent = actual != expected && !log.writers.contains_key(value);
            if silent { Ok(None) } else { wrong("no conflict") }
        }
        (Asked::Remove { expected, .. }, Told::Conflict(actual)) => {
            if actual == expected {
                wrong("no conflict")
            } else {
                Ok(None)
            }
        }
        (Asked::Put { value, .. } | Asked::Replace { value, .. }, Told::Unknown) => {
            Ok(log.writers.get(value).map(|revision| (*revision, false)))
        }
        (Asked::Put { value, .. } | Asked::Replace { value, .. }, Told::NotDone) => {
            if log.writers.contains_key(value) { wrong("done all the same") } else { Ok(None) }
        }
        (Asked::Remove { .. } | Asked::Read { .. }, Told::Unknown | Told::NotDone) => Ok(None),
        _ => wrong("no answer to that"),
    }
}

/// Whether a removal at a revision can be one whose outcome nobody knows.
fn may_be_unknown_removal(calls: &[Call], log: &Log, key: &str, revision: Revision) -> bool {
    let base = log.at(key, revision - 1).1;
    calls.iter().any(|call| {
        call.told == Told::Unknown
            && call.asked == Asked::Remove { key: key.to_owned(), expected: base }
    })
}

/// Fails where a call that had ended before another began stands behind it.
///
/// One whose outcome nobody knows may have been done long after it ended, never before it began.
fn in_real_time(mut placed: Vec<(Place, &Call)>) -> Result<(), String> {
    placed.sort_by_key(|(place, _)| *place);
    let mut latest: Option<&Call> = None;
    // Reads of one revision have no order among each other.
    for same in placed.chunk_by(|(one, _), (other, _)| one == other) {
        for (_, call) in same {
            let ended = if call.told == Told::Unknown { u64::MAX } else { call.ended };
            if let Some(earlier) = latest.filter(|earlier| earlier.began > ended) {
                return Err(format!(
                    "{earlier:?} began after the end of {call:?} and stands before it"
                ));
            }
        }
        let of_all = same.iter().map(|(_, call)| *call).chain(latest);
        latest = of_all.max_by_key(|call| call.began);
    }
    Ok(())
}

mod tests {
    use piccolo_store::{Entry, Key};

    use super::*;

    /// A log of writes to `k`: the value of each revision from 2 on; none removes it.
    fn log(values: &[Option<&str>]) -> Vec<Batch> {
        let key = Key::try_from("k").unwrap();
        let event = |revision, value: &Option<&str>| match value {
            Some(value) => {
                let value = value.to_string().into();
                let (key, created, modified) = (key.clone(), revision, revision);
                let entry = Entry { key, value, created, modified, version: 1, lease: None };
                Event::Put { entry, previous: None }
            }
            None => Event::Delete { key: key.clone(), previous: None },
        };
        let batch = |(revision, value)| Batch { revision, events: vec![event(revision, value)] };
        (2..).zip(values).map(batch).collect()
    }

    fn call((began, ended): (u64, u64), asked: Asked, told: Told) -> Call {
        Call { began, ended, asked, told }
    }

    fn put(value: &str) -> Asked {
        Asked::Put { key: "k".into(), value: value.into() }
    }

    fn replace(value: &str, expected: Revision) -> Asked {
        Asked::Replace { key: "k".into(), value: value.into(), expected }
    }

    fn remove(expected: Revision) -> Asked {
        Asked::Remove { key: "k".into(), expected }
    }

    fn read() -> Asked {
        Asked::Read { key: "k".into() }
    }

    fn found(at: Revision, found: Option<(&str, Revision)>) -> Told {
        Told::Read { at, found: found.map(|(value, by)| (value.into(), by)) }
    }

    #[test]
    fn what_fits_is_taken() {
        let calls = [
            call((0, 3), put("a"), Told::Written(2)),
            call((1, 2), read(), found(1, None)),
            call((4, 5), replace("b", 2), Told::Written(3)),
            call((6, 9), read(), found(3, Some(("b", 3)))),
            call((7, 8), replace("c", 2), Told::Conflict(3)),
            call((10, 11), remove(3), Told::Written(4)),
            call((12, 13), put("d"), Told::Unknown),
            call((14, 15), read(), found(4, None)),
            call((16, 17), read(), found(5, Some(("d", 5)))),
            call((18, 19), put("e"), Told::NotDone),
            call((20, 21), put("f"), Told::Unknown),
            call((22, 23), remove(5), Told::Unknown),
        ];
        let log = log(&[Some("a"), Some("b"), None, Some("d"), None]);
        assert_eq!(check(&calls, &log), Ok(()));
    }

    #[track_caller]
    fn refuse(calls: &[Call], values: &[Option<&str>], why: &str) {
        let error = check(calls, &log(values)).unwrap_err();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_found() {
        let first = call((0, 1), put("a"), Told::Written(2));
        let with = |second: Call| [first.clone(), second];
        refuse(&with(call((2, 3), put("b"), Told::Written(3))), &[Some("a")], "a write is lost");
        refuse(&with(call((2, 3), put("b"), Told::NotDone)), &[Some("a"), Some("b")], "done all");
        refuse(std::slice::from_ref(&first), &[Some("a"), Some("x")], "nobody asked");
        refuse(std::slice::from_ref(&first), &[Some("a"), None], "nobody asked");
        // A read of what was, though it had been overwritten before the read began.
        let stale = call((4, 5), read(), found(2, Some(("a", 2))));
        let overwritten = call((2, 3), put("b"), Told::Written(3));
        refuse(
            &[first.clone(), overwritten, stale],
            &[Some("a"), Some("b")],
            "began after the end",
        );
        // A read of what was not yet.
        let early = call((2, 3), read(), found(3, Some(("b", 3))));
        let later = call((4, 5), put("b"), Told::Written(3));
        refuse(&[first.clone(), early, later], &[Some("a"), Some("b")], "began after the end");
        // Two writes against the order in which they were made.
        let swapped =
            [call((0, 1), put("b"), Told::Written(3)), call((2, 3), put("a"), Told::Written(2))];
        refuse(&swapped, &[Some("a"), Some("b")], "began after the end");
        let never = call((2, 3), read(), found(2, None));
        refuse(&with(never), &[Some("a")], "never was so");
        let blind = call((2, 3), replace("b", 0), Told::Written(3));
        refuse(&with(blind), &[Some("a"), Some("b")], "based on another");
        let false_conflict = call((2, 3), replace("b", 2), Told::Conflict(2));
        refuse(&with(false_conflict), &[Some("a")], "no conflict");
        let unknown_before =
            [call((5, 6), put("a"), Told::Unknown), call((0, 1), put("b"), Told::Written(3))];
        refuse(&unknown_before, &[Some("a"), Some("b")], "began after the end");
    }
}
