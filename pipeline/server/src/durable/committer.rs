//! The thread that keeps: one write for all that waits, and then everybody is told.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use piccolo_engine::{EngineError, Snapshot};
use piccolo_store::journal::{Journal, Write, parts};
use tokio::sync::oneshot;

use super::input::Gathering;
use super::notes::{self, Notes};
use super::queue::{Batch, Item, Queue};
use super::texts::{LaneFiles, Texts};
use super::{Durable, DurableError, Memory, Told};
use crate::feed::Decided;
use crate::ports::{Changed, DecisionSink, RuleOrder, SettleSink, Settled, Tick};
use crate::signals::SourceRecord;

/// What is kept, at work.
pub struct Committing {
    /// Takes what is to be kept.
    pub outlet: Durable,
    /// Resolves when all is kept and nothing more comes.
    pub ended: oneshot::Receiver<()>,
}

impl Committing {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system gives none.
    pub fn start(memory: Memory, told: Told) -> Result<Self, DurableError> {
        let queue = Arc::new(Queue::default());
        let (alive, ended) = oneshot::channel();
        let committer = Committer::new(Arc::clone(&queue), memory, told);
        let body = move || {
            let _alive: oneshot::Sender<()> = alive;
            committer.run();
        };
        thread::Builder::new().name("journal".into()).spawn(body).map_err(DurableError::Thread)?;
        Ok(Self { outlet: Durable(queue), ended })
    }
}

struct Committer {
    queue: Arc<Queue>,
    journal: Journal,
    told: Told,
    texts: Texts,
    /// What is kept of each source, by its number.
    sources: BTreeMap<u32, SourceRecord>,
    replayed: u64,
    snapshot_bytes: u64,
    /// The input that the snapshot comes after.
    snapshot_input: u64,
    making: Making,
}

/// A snapshot on its way into the journal.
enum Making {
    No,
    Encoding(JoinHandle<Option<Vec<u8>>>, Covered),
    /// The part that comes next.
    Writing(Vec<u8>, usize, Covered),
}

/// What a snapshot covers, and the lanes as they are after that.
struct Covered {
    input: u64,
    lanes: LaneFiles,
}

/// What is told once it is kept.
#[derive(Default)]
struct News {
    decided: Vec<Decided>,
    settled: Vec<Settled>,
    answers: Vec<(RuleOrder, Result<Changed, EngineError>)>,
    snapshot: Option<Box<Snapshot>>,
}

impl Drop for Committer {
    /// In whatever way it ends, nobody waits for it any more.
    fn drop(&mut self) {
        self.queue.stop();
        self.told.feed.close();
    }
}

impl Committer {
    fn new(queue: Arc<Queue>, memory: Memory, told: Told) -> Self {
        let Memory { journal, texts, snapshot_bytes, snapshot_input, sources, replayed, .. } =
            memory;
        let sources = (0..).zip(sources).collect();
        let making = Making::No;
        Self {
            queue,
            journal,
            told,
            texts,
            sources,
            replayed,
            snapshot_bytes,
            snapshot_input,
            making,
        }
    }

    fn run(mut self) {
        while let Some(batch) = self.queue.take() {
            if let Err(error) = self.commit(batch) {
                let cause = error.source().map(ToString::to_string);
                tracing::error!(
                    %error,
                    cause,
                    "nothing can be kept any more: see to the disk and start the server again"
                );
                return;
            }
        }
        if let Err(error) = self.finish_snapshot() {
            tracing::warn!(%error, "there is no snapshot of the end; starting again takes longer");
        }
    }

    /// Keeps a batch, then tells of it.
    fn commit(&mut self, batch: Batch) -> Result<(), piccolo_store::Error> {
        let (mut news, mut notes) = (News::default(), Notes::default());
        let catalogue = Arc::clone(&self.told.catalogue);
        let mut input = Gathering::new(&catalogue);
        for item in batch.items {
            self.gather(item, &mut input, &mut news, &mut notes);
        }
        news.settled.extend(batch.settled);
        self.note_sources(&news.settled, &batch.skipped, &mut notes);
        let input = input.finish();
        self.write(input.as_deref(), &news.decided, notes)?;
        self.queue.count(input.map_or(0, |input| input.len() as u64), self.snapshot_bytes);
        self.tell(news);
        Ok(())
    }

    fn gather(
        &mut self,
        item: Item,
        input: &mut Gathering<'_>,
        news: &mut News,
        notes: &mut Notes,
    ) {
        match item {
            Item::Step { tick, decisions, settled } => {
                input.step(&tick);
                decisions.iter().for_each(|decision| input.decided(decision.id));
                news.decided.extend(decisions.into_iter().map(Decided::new));
                news.settled.extend(settled);
                self.note_replayed(&tick, notes);
            }
            Item::Change(order, result) => {
                input.change(&order.lanes);
                let kept = result.is_ok().then_some(&order.kept);
                self.texts.change(self.journal.last_input() + 1, &order.lanes, kept, notes);
                news.answers.push((*order, result));
            }
            Item::Snapshot(snapshot) => news.snapshot = Some(snapshot),
        }
    }

    fn note_replayed(&mut self, tick: &Tick, notes: &mut Notes) {
        let replayed = tick.samples.iter().filter(|sample| sample.receipt.is_none()).count() as u64;
        if replayed > 0 {
            self.replayed += replayed;
            notes.put(notes::REPLAYED, &self.replayed);
        }
    }

    fn note_sources(&mut self, settled: &[Settled], skipped: &[(u32, u64)], notes: &mut Notes) {
        let mut changed: Vec<u32> = skipped.iter().map(|(source, _)| *source).collect();
        for (source, position) in skipped {
            self.source(*source).skip_to(*position);
        }
        for Settled { receipt, fate } in settled {
            self.source(receipt.source).settle(receipt.position, fate);
            if changed.last() != Some(&receipt.source) {
                changed.push(receipt.source);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for number in changed {
            let record = self.source(number);
            notes.put(notes::source(record.name()), record);
        }
    }

    fn source(&mut self, number: u32) -> &mut SourceRecord {
        let sources = &self.told.sources;
        // Receipts come from sources that have a name.
        let name = || sources.name(number).unwrap_or_default();
        self.sources.entry(number).or_insert_with(|| SourceRecord::new(name()))
    }

    /// Writes all of it, and a part of a snapshot where there is one.
    fn write(
        &mut self,
        input: Option<&[u8]>,
        decided: &[Decided],
        mut notes: Notes,
    ) -> Result<(), piccolo_store::Error> {
        self.encoded(false);
        let outputs: Vec<&[u8]> =
            decided.iter().map(|decided| decided.ready().as_bytes()).collect();
        let snapshot = match &self.making {
            Making::Writing(bytes, next, covered) => parts(covered.input, bytes).nth(*next),
            _ => None,
        };
        let is_last = snapshot.is_some_and(|part| part.last);
        if let (true, Making::Writing(_, _, covered)) = (is_last, &self.making) {
            self.texts.rebase(covered.input, covered.lanes.clone(), &mut notes);
        }
        let journal = &mut self.journal;
        notes.with(|write| {
            if input.is_none() && outputs.is_empty() && write.notes.is_empty() && snapshot.is_none()
            {
                return Ok(0);
            }
            journal.write(&Write { input, outputs: &outputs, snapshot, ..write })
        })?;
        self.written(snapshot.is_some(), is_last);
        Ok(())
    }

    /// Takes up a snapshot that has become bytes, or that must.
    fn encoded(&mut self, must: bool) {
        self.making = match std::mem::replace(&mut self.making, Making::No) {
            Making::Encoding(thread, covered) if must || thread.is_finished() => {
                match thread.join() {
                    Ok(Some(bytes)) => Making::Writing(bytes, 0, covered),
                    _ => Making::No,
                }
            }
            other => other,
        };
    }

    /// Goes on to the next part of the snapshot.
    fn written(&mut self, part: bool, last: bool) {
        let Making::Writing(_, next, covered) = &mut self.making else { return };
        if last {
            self.snapshot_input = covered.input;
            self.making = Making::No;
        } else if part {
            *next += 1;
            self.queue.poke();
        }
    }

    fn tell(&mut self, news: News) {
        if !news.decided.is_empty() {
            self.told.feed.put(news.decided);
        }
        if !news.settled.is_empty() {
            self.told.sources.settle(news.settled);
        }
        for (order, result) in news.answers {
            // Where nobody waits for the answer any more, there is nobody to tell.
            drop(order.answer.send(result));
        }
        if let Some(snapshot) = news.snapshot {
            self.make(*snapshot);
        }
    }

    /// Lets a snapshot become bytes; one that is on its way already comes first.
    fn make(&mut self, snapshot: Snapshot) {
        let input = self.journal.last_input();
        if !matches!(self.making, Making::No) || input == self.snapshot_input {
            return;
        }
        let queue = Arc::clone(&self.queue);
        let body = move || {
            let bytes = snapshot.to_bytes().ok();
            queue.poke();
            bytes
        };
        let covered = Covered { input, lanes: self.texts.lanes.clone() };
        match thread::Builder::new().name("snapshot".into()).spawn(body) {
            Ok(thread) => self.making = Making::Encoding(thread, covered),
            Err(error) => tracing::warn!(%error, "a snapshot could not be written"),
        }
    }

    /// Writes what is left of a snapshot.
    fn finish_snapshot(&mut self) -> Result<(), piccolo_store::Error> {
        self.encoded(true);
        while matches!(self.making, Making::Writing(..)) {
            self.write(None, &[], Notes::default())?;
        }
        Ok(())
    }
}
