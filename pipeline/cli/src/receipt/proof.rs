//! Hashes what a replay takes and gives, while it runs.

use std::path::PathBuf;

use piccolo_catalogue::Catalogue;
use piccolo_engine::Decision;
use piccolo_recording::Sample;

use super::decisions::DecisionHash;
use super::hash::SampleHash;
use super::{Outcome, RecordingPart};
use crate::error::CliError;

/// The hashes of a replay so far.
#[derive(Debug)]
pub(crate) struct Proof {
    recordings: Vec<(PathBuf, String, SampleHash)>,
    decisions: DecisionHash,
}

impl Proof {
    /// The proof of a replay that has not begun.
    ///
    /// # Errors
    /// Names that do not fit the recordings.
    pub(crate) fn new(recordings: &[PathBuf], given: &[String]) -> Result<Self, CliError> {
        let names = crate::commands::vehicle_names(recordings, given)?;
        let files = recordings.iter().cloned().zip(names);
        let recordings = files.map(|(file, name)| (file, name, SampleHash::default())).collect();
        Ok(Self { recordings, decisions: DecisionHash::new() })
    }

    /// Takes a sample that the engine gets, with the number of its recording.
    pub(crate) fn sample(&mut self, index: usize, sample: &Sample, catalogue: &Catalogue) {
        let path = catalogue.get(sample.signal).map_or("", |signal| &signal.path);
        if let Some((_, _, hash)) = self.recordings.get_mut(index) {
            hash.take(sample, path);
        }
    }

    /// Takes a decision that is printed.
    ///
    /// # Errors
    /// A decision that is no JSON.
    pub(crate) fn decision(&mut self, decision: &Decision) -> Result<(), CliError> {
        self.decisions.take(decision)
    }

    /// What it all came to.
    pub(crate) fn finish(self) -> Outcome {
        let recording = |(file, vehicle, hash): (PathBuf, String, SampleHash)| {
            let (samples, hash) = hash.finish();
            RecordingPart { file, vehicle, samples, hash }
        };
        let recordings = self.recordings.into_iter().map(recording).collect();
        Outcome { recordings, decisions: self.decisions.finish() }
    }
}
