//! Runs the commands of a case on a store and shows the answers.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use piccolo_store::{
    Attach, Compare, Delete, Error, Filter, LeaseId, Operation, Order, Put, Range, Relation,
    SortBy, Span, Target, Transaction, Watch, WatchRequest,
};

use crate::benches::Bench;
use crate::show::Show;
use crate::words::{Names, Words};

/// A failure to tell, not a wait: nothing that is tested takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A case that runs.
pub(crate) struct Script<'a> {
    bench: &'a Bench,
    names: Names,
    watches: HashMap<String, Watch>,
}

impl<'a> Script<'a> {
    /// Begins a case on an empty store.
    pub(crate) async fn begin(bench: &'a Bench) -> Self {
        let deleted = bench.store.delete(Delete::new(Span::all())).await.unwrap();
        let names = Names { base: deleted.revision, leases: HashMap::new() };
        Self { bench, names, watches: HashMap::new() }
    }

    /// Runs a command; the answer, or the error after `!`.
    pub(crate) async fn command(&mut self, command: &str) -> String {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let answer = match verb {
            "grant" => self.grant(rest).await,
            "watch" => self.watch(rest).await,
            "next" => self.next(rest).await,
            "progress" => self.progress(rest).await,
            "advance" => {
                self.bench.advance(Duration::from_secs(rest.parse().unwrap()));
                Ok("moved".to_owned())
            }
            _ => self.plain(verb, &mut Words::new(rest, &self.names)).await,
        };
        match answer {
            Ok(answer) => format!("= {answer}"),
            Err(error) => format!("! {}", Show(&self.names).error(&error)),
        }
    }

    /// Ends the leases of the case.
    pub(crate) async fn end(self) {
        for lease in self.names.leases.into_values() {
            // Those that ended already are not found.
            let _ = self.bench.store.revoke(lease).await;
        }
    }

    async fn plain(&self, verb: &str, words: &mut Words<'_>) -> Result<String, Error> {
        let store = &self.bench.store;
        let show = Show(&self.names);
        Ok(match verb {
            "put" | "touch" => {
                let written = store.put(put(verb, words)).await?;
                show.answer(&piccolo_store::Answer::Put(written))
            }
            "del" => {
                let deleted = store.delete(delete(words)).await?;
                show.answer(&piccolo_store::Answer::Delete(deleted))
            }
            "get" => show.page(&store.range(range(words)).await?),
            "pages" => self.pages(range(words)).await?,
            "one" => match store.get(&words.key()).await? {
                Some(entry) => show.entry(&entry),
                None => "absent".to_owned(),
            },
            "txn" => show.outcome(&store.transact(transaction(&words.rest(), &self.names)).await?),
            "replace" => {
                let (key, value) = (words.key(), Bytes::copy_from_slice(words.word().as_bytes()));
                show.revision(store.replace(&key, value, words.revision()).await?)
            }
            "remove" => {
                let key = words.key();
                show.revision(store.remove(&key, words.revision()).await?)
            }
            "compact" => {
                store.compact(words.revision()).await?;
                "compacted".to_owned()
            }
            "revoke" => show.revision(store.revoke(words.lease()).await?),
            "keep" => format!("{} s", store.keep_alive(words.lease()).await?),
            "ttl" => show.lease_state(&store.time_to_live(words.lease()).await?),
            _ => panic!("no such command: {verb}"),
        })
    }

    /// All pages, one after the other.
    async fn pages(&self, range: Range) -> Result<String, Error> {
        let mut pages = Vec::new();
        let mut next = Some(range);
        while let Some(range) = next {
            let page = self.bench.store.range(range.clone()).await?;
            next = page.next(&range);
            pages.push(Show(&self.names).page(&page));
        }
        Ok(pages.join("\n= "))
    }

    async fn grant(&mut self, rest: &str) -> Result<String, Error> {
        let mut words = Words::new(rest, &self.names);
        let (name, ttl_s) = (words.word().to_owned(), words.number());
        let id: Option<LeaseId> = words.is("id").then(|| words.lease());
        let lease = self.bench.store.grant(ttl_s, id).await?;
        self.names.leases.insert(name, lease.id);
        Ok(Show(&self.names).granted(&lease))
    }

    async fn watch(&mut self, rest: &str) -> Result<String, Error> {
        let mut words = Words::new(rest, &self.names);
        let name = words.word().to_owned();
        let mut request = WatchRequest::new(words.span());
        while let Some(option) = words.option() {
            request = match option {
                "from" => request.from(words.revision()),
                "prev" => request.previous(),
                "puts" => request.puts_only(),
                "dels" => request.deletes_only(),
                _ => panic!("no such option of a watch: {option}"),
            };
        }
        let watch = self.bench.store.watch(request).await?;
        let made_at = Show(&self.names).revision(watch.made_at());
        self.watches.insert(name, watch);
        Ok(format!("watching at {made_at}"))
    }

    /// The next batch with events: progress comes whenever the store likes.
    async fn next(&mut self, name: &str) -> Result<String, Error> {
        loop {
            let batch = self.batch(name).await?;
            if !batch.events.is_empty() {
                return Ok(Show(&self.names).batch(&batch));
            }
        }
    }

    async fn progress(&mut self, rest: &str) -> Result<String, Error> {
        let (name, until) = rest.split_once(' ').unwrap();
        let until = Words::new(until, &self.names).revision();
        self.watches.get_mut(name).expect("the watch was made").request_progress().await?;
        loop {
            let batch = self.batch(name).await?;
            assert!(batch.events.is_empty(), "events are left: {batch:?}");
            if batch.revision >= until {
                return Ok(Show(&self.names).batch(&batch));
            }
        }
    }

    async fn batch(&mut self, name: &str) -> Result<piccolo_store::Batch, Error> {
        let watch = self.watches.get_mut(name).expect("the watch was made");
        let batch = tokio::time::timeout(PATIENCE, watch.next()).await;
        batch.unwrap_or_else(|_| panic!("{name} told nothing for {PATIENCE:?}"))
    }
}

fn put(verb: &str, words: &mut Words<'_>) -> Put {
    let key = words.key();
    let mut put = match verb {
        "touch" => Put::touch(key),
        _ => {
            let value = match words.word() {
                "empty" => Bytes::new(),
                "bytes" => vec![b'x'; words.number()].into(),
                text => Bytes::copy_from_slice(text.as_bytes()),
            };
            Put::new(key, value)
        }
    };
    while let Some(option) = words.option() {
        match option {
            "lease" => put.lease = Attach::To(words.lease()),
            "keep" => put.lease = Attach::Keep,
            "prev" => put.previous = true,
            _ => panic!("no such option of a put: {option}"),
        }
    }
    put
}

fn delete(words: &mut Words<'_>) -> Delete {
    let delete = Delete::new(words.span());
    let delete = if words.is("prev") { delete.previous() } else { delete };
    words.end();
    delete
}

fn range(words: &mut Words<'_>) -> Range {
    let mut range = Range::new(words.span());
    let mut filter = Filter::default();
    while let Some(option) = words.option() {
        match option {
            "at" => range = range.at(words.revision()),
            "limit" => range = range.limit(words.number()),
            "keys" => range = range.keys_only(),
            "count" => range = range.count_only(),
            "by" => {
                let by = match words.word() {
                    "key" => SortBy::Key,
                    "created" => SortBy::Created,
                    "modified" => SortBy::Modified,
                    by => panic!("no such order: {by}"),
                };
                let order = if words.is("down") { Order::Descending } else { Order::Ascending };
                range = range.sort(by, order);
            }
            "cmin" => filter.created_min = words.revision(),
            "cmax" => filter.created_max = words.revision(),
            "mmin" => filter.modified_min = words.revision(),
            "mmax" => filter.modified_max = words.revision(),
            _ => panic!("no such option of a range: {option}"),
        }
    }
    range.filter(filter)
}

/// `if COMPARE, COMPARE then OPERATION, OPERATION else OPERATION`, each part where it is wanted.
fn transaction(text: &str, names: &Names) -> Transaction {
    let mut transaction = Transaction::new();
    let (text, otherwise) = text.split_once("else").unwrap_or((text, ""));
    let (text, then) = text.split_once("then").unwrap_or((text, ""));
    let compares = text.trim().strip_prefix("if").unwrap_or("");
    for part in parts(compares) {
        transaction = transaction.when(compare(&mut Words::new(part, names)));
    }
    for part in parts(then) {
        transaction = transaction.then(operation(part, names));
    }
    for part in parts(otherwise) {
        transaction = transaction.otherwise(operation(part, names));
    }
    transaction
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn operation(text: &str, names: &Names) -> Operation {
    let mut words = Words::new(text, names);
    match words.word() {
        "del" => delete(&mut words).into(),
        "get" => range(&mut words).into(),
        verb => put(verb, &mut words).into(),
    }
}

/// `value a = 1`, `version a > 1`, `created a < +2`, `modified a != 0`, `lease a = none`.
fn compare(words: &mut Words<'_>) -> Compare {
    let (what, key) = (words.word(), words.key());
    let relation = match words.word() {
        "=" => Relation::Equal,
        ">" => Relation::Greater,
        "<" => Relation::Less,
        "!=" => Relation::NotEqual,
        other => panic!("no such relation: {other}"),
    };
    let target = match what {
        "value" => Target::Value(Bytes::copy_from_slice(words.word().as_bytes())),
        "version" => Target::Version(words.number()),
        "created" => Target::Created(words.revision()),
        "modified" => Target::Modified(words.revision()),
        "lease" => Target::Lease(if words.is("none") { None } else { Some(words.lease()) }),
        other => panic!("nothing to compare: {other}"),
    };
    words.end();
    Compare { key, relation, target }
}
