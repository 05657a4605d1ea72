//! Between our words and those of etcd's protocol.

use bytes::Bytes;
use etcd_client as etcd;
use etcd_client::{CompareOp, DeleteOptions, GetOptions, PutOptions, SortOrder, SortTarget};

use crate::{
    Answer, Attach, Batch, Compare, Content, Delete, Deleted, Entry, Error, Event, Key, Lease,
    LeaseId, LeaseState, Operation, Order, Outcome, Page, Put, Range, Relation, Revision, SortBy,
    Span, Target, Transaction, WatchRequest, Written,
};

/// What etcd takes for "and all after it", and for the first of all keys.
const OPEN: &[u8] = b"\0";

/// A number as etcd has it: it never has one that does not fit.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The first key of a span, and its end where it is more than one key.
pub(super) fn span(span: &Span) -> (Vec<u8>, Option<Vec<u8>>) {
    let (from, end) = span.bounds();
    let from = if from.is_empty() { OPEN } else { from };
    let end = (!span.is_key()).then(|| end.map_or_else(|| OPEN.to_vec(), |end| end.to_vec()));
    (from.to_vec(), end)
}

pub(super) fn range(range: &Range) -> (Vec<u8>, GetOptions) {
    let (from, end) = span(&range.span);
    let order = match range.order {
        Order::Ascending => SortOrder::Ascend,
        Order::Descending => SortOrder::Descend,
    };
    let target = match range.sort {
        SortBy::Key => SortTarget::Key,
        SortBy::Created => SortTarget::Create,
        SortBy::Modified => SortTarget::Mod,
    };
    let filter = range.filter;
    let mut options = GetOptions::new()
        .with_limit(range.page_entries() as i64)
        .with_revision(number(range.revision.unwrap_or(0)))
        .with_sort(target, order)
        .with_min_create_revision(number(filter.created_min))
        .with_max_create_revision(number(filter.created_max))
        .with_min_mod_revision(number(filter.modified_min))
        .with_max_mod_revision(number(filter.modified_max));
    if let Some(end) = end {
        options = options.with_range(end);
    }
    match range.content {
        Content::Whole => {}
        Content::Keys => options = options.with_keys_only(),
        Content::Count => options = options.with_count_only(),
    }
    (from, options)
}

pub(super) fn put(put: &Put) -> (Vec<u8>, Vec<u8>, PutOptions) {
    let mut options = PutOptions::new();
    if put.previous {
        options = options.with_prev_key();
    }
    if put.value.is_none() {
        options = options.with_ignore_value();
    }
    match put.lease {
        Attach::None => {}
        Attach::Keep => options = options.with_ignore_lease(),
        Attach::To(lease) => options = options.with_lease(lease.get()),
    }
    let value = put.value.as_ref().map(|value| value.to_vec()).unwrap_or_default();
    (put.key.as_bytes().to_vec(), value, options)
}

pub(super) fn delete(delete: &Delete) -> (Vec<u8>, DeleteOptions) {
    let (from, end) = span(&delete.span);
    let mut options = DeleteOptions::new();
    if let Some(end) = end {
        options = options.with_range(end);
    }
    if delete.previous {
        options = options.with_prev_key();
    }
    (from, options)
}

pub(super) fn transaction(transaction: &Transaction) -> etcd::Txn {
    let branch = |operations: &[Operation]| -> Vec<etcd::TxnOp> {
        operations.iter().map(operation).collect()
    };
    etcd::Txn::new()
        .when(transaction.compares.iter().map(compare).collect::<Vec<_>>())
        .and_then(branch(&transaction.then))
        .or_else(branch(&transaction.otherwise))
}

fn operation(operation: &Operation) -> etcd::TxnOp {
    match operation {
        Operation::Range(one) => {
            let (key, options) = range(one);
            etcd::TxnOp::get(key, Some(options))
        }
        Operation::Put(one) => {
            let (key, value, options) = put(one);
            etcd::TxnOp::put(key, value, Some(options))
        }
        Operation::Delete(one) => {
            let (key, options) = delete(one);
            etcd::TxnOp::delete(key, Some(options))
        }
    }
}

fn compare(compare: &Compare) -> etcd::Compare {
    let key = compare.key.as_bytes();
    let relation = match compare.relation {
        Relation::Equal => CompareOp::Equal,
        Relation::Greater => CompareOp::Greater,
        Relation::Less => CompareOp::Less,
        Relation::NotEqual => CompareOp::NotEqual,
    };
    match &compare.target {
        Target::Value(value) => etcd::Compare::value(key, relation, &value[..]),
        Target::Version(version) => etcd::Compare::version(key, relation, number(*version)),
        Target::Created(at) => etcd::Compare::create_revision(key, relation, number(*at)),
        Target::Modified(at) => etcd::Compare::mod_revision(key, relation, number(*at)),
        Target::Lease(lease) => etcd::Compare::lease(key, relation, lease.map_or(0, LeaseId::get)),
    }
}

pub(super) fn watch(request: &WatchRequest, from: Revision) -> (Vec<u8>, etcd::WatchOptions) {
    let (key, end) = span(&request.span);
    let mut options = etcd::WatchOptions::new().with_progress_notify();
    if from > 0 {
        options = options.with_start_revision(number(from));
    }
    if let Some(end) = end {
        options = options.with_range(end);
    }
    if request.previous {
        options = options.with_prev_key();
    }
    let mut left_out = Vec::new();
    if !request.puts {
        left_out.push(etcd::WatchFilterType::NoPut);
    }
    if !request.deletes {
        left_out.push(etcd::WatchFilterType::NoDelete);
    }
    (key, options.with_filters(left_out))
}

/// An answer that lacks what every answer of etcd has.
pub(super) fn malformed(what: &'static str) -> Error {
    Error::Refused { call: "what it answered", source: format!("{what} is missing").into() }
}

pub(super) fn revision(header: Option<&etcd::ResponseHeader>) -> Result<Revision, Error> {
    header.map(|header| unsigned(header.revision())).ok_or_else(|| malformed("the header"))
}

fn entry(found: &etcd::KeyValue) -> Result<Entry, Error> {
    Ok(Entry {
        key: key(found.key())?,
        value: Bytes::copy_from_slice(found.value()),
        created: unsigned(found.create_revision()),
        modified: unsigned(found.mod_revision()),
        version: unsigned(found.version()),
        lease: LeaseId::new(found.lease()),
    })
}

/// A key of etcd, which may be longer than ours may where others write to it.
fn key(bytes: &[u8]) -> Result<Key, Error> {
    Key::new(Bytes::copy_from_slice(bytes))
}

fn entries(found: &[etcd::KeyValue]) -> Result<Vec<Entry>, Error> {
    found.iter().map(entry).collect()
}

pub(super) fn page(answer: &etcd::GetResponse) -> Result<Page, Error> {
    Ok(Page {
        revision: revision(answer.header())?,
        entries: entries(answer.kvs())?,
        count: unsigned(answer.count()),
        more: answer.more(),
    })
}

pub(super) fn written(answer: etcd::PutResponse) -> Result<Written, Error> {
    Ok(Written {
        revision: revision(answer.header())?,
        previous: answer.prev_key().map(entry).transpose()?,
    })
}

pub(super) fn deleted(answer: etcd::DeleteResponse) -> Result<Deleted, Error> {
    Ok(Deleted {
        revision: revision(answer.header())?,
        count: unsigned(answer.deleted()),
        previous: entries(answer.prev_kvs())?,
    })
}

pub(super) fn outcome(answer: etcd::TxnResponse) -> Result<Outcome, Error> {
    let one = |answer| {
        Ok(match answer {
            etcd::TxnOpResponse::Get(answer) => Answer::Range(page(&answer)?),
            etcd::TxnOpResponse::Put(answer) => Answer::Put(written(answer)?),
            etcd::TxnOpResponse::Delete(answer) => Answer::Delete(deleted(answer)?),
            etcd::TxnOpResponse::Txn(_) => return Err(malformed("a plain operation")),
        })
    };
    Ok(Outcome {
        revision: revision(answer.header())?,
        succeeded: answer.succeeded(),
        answers: answer.op_responses().into_iter().map(one).collect::<Result<_, _>>()?,
    })
}

pub(super) fn lease(answer: &etcd::LeaseGrantResponse) -> Result<Lease, Error> {
    let id = LeaseId::new(answer.id()).ok_or_else(|| malformed("the lease"))?;
    Ok(Lease { id, ttl_s: unsigned(answer.ttl()) })
}

pub(super) fn lease_state(
    id: LeaseId,
    answer: &etcd::LeaseTimeToLiveResponse,
) -> Result<LeaseState, Error> {
    // It answers -1 for a lease that it does not have.
    if answer.ttl() < 0 {
        return Err(Error::LeaseNotFound { lease: id });
    }
    let mut keys = answer.keys().iter().map(|bytes| key(bytes)).collect::<Result<Vec<_>, _>>()?;
    keys.sort_unstable();
    let ttl_s = unsigned(answer.granted_ttl());
    Ok(LeaseState { id, ttl_s, left_s: unsigned(answer.ttl()), keys })
}

/// The events of an answer, a batch for each revision.
pub(super) fn batches(events: &[etcd::Event]) -> Result<Vec<Batch>, Error> {
    let mut batches: Vec<Batch> = Vec::new();
    for event in events {
        let found = event.kv().ok_or_else(|| malformed("the key of an event"))?;
        let revision = unsigned(found.mod_revision());
        let previous = event.prev_kv().map(entry).transpose()?;
        let event = match event.event_type() {
            etcd::EventType::Put => Event::Put { entry: entry(found)?, previous },
            etcd::EventType::Delete => Event::Delete { key: key(found.key())?, previous },
        };
        match batches.last_mut() {
            Some(batch) if batch.revision == revision => batch.events.push(event),
            _ => batches.push(Batch { revision, events: vec![event] }),
        }
    }
    Ok(batches)
}
