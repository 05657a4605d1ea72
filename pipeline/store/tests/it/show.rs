//! Answers as text: revisions from the beginning of the case on, leases by their names.

use piccolo_store::{
    Answer, Batch, Entry, Error, Event, Lease, LeaseId, LeaseState, Outcome, Page, Revision,
};

use crate::words::{Names, never};

pub(crate) struct Show<'a>(pub(crate) &'a Names);

impl Show<'_> {
    pub(crate) fn revision(&self, revision: Revision) -> String {
        match revision.checked_sub(self.0.base) {
            _ if revision == 0 => "0".to_owned(),
            Some(steps) => format!("+{steps}"),
            None => format!("-{}", self.0.base - revision),
        }
    }

    pub(crate) fn lease(&self, id: LeaseId) -> String {
        let known = self.0.leases.iter().find(|(_, known)| **known == id);
        match known {
            Some((name, _)) => name.clone(),
            None if id == never() => "never".to_owned(),
            None => "unknown".to_owned(),
        }
    }

    pub(crate) fn entry(&self, entry: &Entry) -> String {
        let value = if entry.value.len() > 40 {
            format!("({} bytes)", entry.value.len())
        } else {
            entry.value.escape_ascii().to_string()
        };
        let (created, modified) = (self.revision(entry.created), self.revision(entry.modified));
        let lease = entry.lease.map(|lease| format!(" lease {}", self.lease(lease)));
        let lease = lease.unwrap_or_default();
        format!("{}={value} c{created} m{modified} v{}{lease}", entry.key, entry.version)
    }

    fn entries(&self, entries: &[Entry]) -> String {
        let shown: Vec<String> = entries.iter().map(|entry| self.entry(entry)).collect();
        if shown.is_empty() { "-".to_owned() } else { shown.join("; ") }
    }

    pub(crate) fn page(&self, page: &Page) -> String {
        let more = if page.more { " more" } else { "" };
        let revision = self.revision(page.revision);
        format!("at {revision} count {}{more}: {}", page.count, self.entries(&page.entries))
    }

    pub(crate) fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::Range(page) => self.page(page),
            Answer::Put(written) => {
                let previous = written.previous.as_ref();
                let previous = previous.map(|entry| format!(" was {}", self.entry(entry)));
                format!("put {}{}", self.revision(written.revision), previous.unwrap_or_default())
            }
            Answer::Delete(deleted) => {
                let was = if deleted.previous.is_empty() {
                    String::new()
                } else {
                    format!(" was {}", self.entries(&deleted.previous))
                };
                format!("deleted {} {}{was}", deleted.count, self.revision(deleted.revision))
            }
        }
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) -> String {
        let branch = if outcome.succeeded { "then" } else { "else" };
        let mut text = format!("{branch} {}", self.revision(outcome.revision));
        for answer in &outcome.answers {
            text.push_str(" | ");
            text.push_str(&self.answer(answer));
        }
        text
    }

    pub(crate) fn batch(&self, batch: &Batch) -> String {
        let event = |event: &Event| {
            let (text, previous) = match event {
                Event::Put { entry, previous } => (format!("put {}", self.entry(entry)), previous),
                Event::Delete { key, previous } => (format!("del {key}"), previous),
            };
            let previous = previous.as_ref().map(|entry| format!(" was {}", self.entry(entry)));
            text + &previous.unwrap_or_default()
        };
        let events: Vec<String> = batch.events.iter().map(event).collect();
        let events = if events.is_empty() { "progress".to_owned() } else { events.join("; ") };
        format!("{} {events}", self.revision(batch.revision))
    }

    pub(crate) fn granted(&self, lease: &Lease) -> String {
        format!("granted {} for {} s", self.lease(lease.id), lease.ttl_s)
    }

    /// What is left differs where time goes by itself, so only its bounds are shown.
    pub(crate) fn lease_state(&self, state: &LeaseState) -> String {
        let left = if state.left_s <= state.ttl_s { "at most that" } else { "MORE" };
        let keys: Vec<String> = state.keys.iter().map(ToString::to_string).collect();
        let keys = if keys.is_empty() { "-".to_owned() } else { keys.join(" ") };
        format!("{} of {} s, {left} left, keys {keys}", self.lease(state.id), state.ttl_s)
    }

    pub(crate) fn error(&self, error: &Error) -> String {
        let known = |revision: &Option<Revision>| {
            revision.map_or("unknown".to_owned(), |revision| self.revision(revision))
        };
        match error {
            Error::FutureRevision { asked, current } => {
                format!("future: {} of {}", self.revision(*asked), known(current))
            }
            Error::Compacted { asked, compacted } => {
                format!("compacted: {} of {}", self.revision(*asked), known(compacted))
            }
            Error::Conflict { key, expected, actual } => {
                let (expected, actual) = (self.revision(*expected), self.revision(*actual));
                format!("conflict: {key} expected {expected} actual {actual}")
            }
            Error::LeaseNotFound { lease } => format!("no lease {}", self.lease(*lease)),
            Error::LeaseExists { lease } => format!("lease {} exists", self.lease(*lease)),
            Error::Lost { key: _, held } => format!("lost, held since {}", self.revision(*held)),
            Error::Unknown { .. } | Error::Unavailable { .. } | Error::Refused { .. } => {
                format!("{error:?}")
            }
            other => other.to_string(),
        }
    }
}
