//! Reading: which entries, at which revision, in which order, how many.

use crate::{Entry, PAGE_ENTRIES_MAX, Revision, Span};

/// What to read. Made by [`Range::new`] and the functions that add to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// Which keys.
    pub span: Span,
    /// As of which revision; none: the present.
    pub revision: Option<Revision>,
    /// At most so many entries; 0 and what exceeds [`PAGE_ENTRIES_MAX`] mean that bound.
    pub limit: usize,
    /// What of the entries.
    pub content: Content,
    /// By what they are ordered; entries that are equal in it come in no promised order.
    pub sort: SortBy,
    /// In which direction.
    pub order: Order,
    /// Which of the entries.
    pub filter: Filter,
}

/// What of each entry is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Content {
    /// All.
    #[default]
    Whole,
    /// Everything but the value, which is empty.
    Keys,
    /// Nothing: only how many there are.
    Count,
}

/// By what entries are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// Their key.
    #[default]
    Key,
    /// When they were made.
    Created,
    /// When they were last written.
    Modified,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The least first.
    #[default]
    Ascending,
    /// The greatest first.
    Descending,
}

/// Only entries whose revisions lie within these, both ends included; 0: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The least create revision.
    pub created_min: Revision,
    /// The greatest create revision.
    pub created_max: Revision,
    /// The least modify revision.
    pub modified_min: Revision,
    /// The greatest modify revision.
    pub modified_max: Revision,
}

impl Filter {
    /// Whether an entry with these revisions passes.
    #[must_use]
    pub fn passes(&self, created: Revision, modified: Revision) -> bool {
        let within = |value: Revision, min: Revision, max: Revision| {
            (min == 0 || value >= min) && (max == 0 || value <= max)
        };
        within(created, self.created_min, self.created_max)
            && within(modified, self.modified_min, self.modified_max)
    }
}

impl Range {
    /// All entries of a span as they are now, ordered by key.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self {
            span,
            revision: None,
            limit: 0,
            content: Content::Whole,
            sort: SortBy::Key,
            order: Order::Ascending,
            filter: Filter::default(),
        }
    }

    /// As of a revision; 0: the present.
    #[must_use]
    pub fn at(mut self, revision: Revision) -> Self {
        self.revision = (revision > 0).then_some(revision);
        self
    }

    /// At most so many entries.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Without values.
    #[must_use]
    pub fn keys_only(mut self) -> Self {
        self.content = Content::Keys;
        self
    }

    /// Only the count.
    #[must_use]
    pub fn count_only(mut self) -> Self {
        self.content = Content::Count;
        self
    }

    /// Ordered so.
    #[must_use]
    pub fn sort(mut self, by: SortBy, order: Order) -> Self {
        (self.sort, self.order) = (by, order);
        self
    }

    /// Only what passes.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How many entries its page has at most.
    #[must_use]
    pub fn page_entries(&self) -> usize {
        if self.limit == 0 { PAGE_ENTRIES_MAX } else { self.limit.min(PAGE_ENTRIES_MAX) }
    }
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The revision of the store when it answered, also where an older one was asked for.
    pub revision: Revision,
    /// The entries, in the order asked for.
    pub entries: Vec<Entry>,
    /// How many keys the span has at the revision that was read, whatever the limit and the
    /// filter; on a page that is a continuation, how many keys are left of it.
    pub count: u64,
    /// Whether there are entries beyond the limit.
    pub more: bool,
}

impl Page {
    /// What to read next to go on from this answer to `range`: the same revision, the keys after
    /// those that came. None where there are no more, and where the order is not by key, since
    /// no key tells there where the page ended: narrow its filter instead.
    #[must_use]
    pub fn next(&self, range: &Range) -> Option<Range> {
        let last = &self.entries.last().filter(|_| self.more)?.key;
        let span = match (range.sort, range.order) {
            (SortBy::Key, Order::Ascending) => range.span.after(last),
            (SortBy::Key, Order::Descending) => range.span.before(last),
            _ => return None,
        };
        let revision = Some(range.revision.unwrap_or(self.revision));
        Some(Range { span, revision, ..range.clone() })
    }
}
