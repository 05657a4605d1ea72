//! Where desired and observed differ over the whole vehicle.

use serde::{Deserialize, Serialize};

use crate::turn::Turn;
use crate::watch::settled;
use crate::{Action, Cause, Recovery, Thing};

/// One difference that has lasted for longer than things need to settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// A model, or an instance that should not be.
    pub thing: Thing,
    /// [`Cause::Missing`], [`Cause::Extra`], [`Cause::WrongNode`], [`Cause::WrongRevision`] or
    /// [`Cause::WrongState`].
    pub cause: Cause,
    /// Since when, in microseconds.
    pub since_us: u64,
    /// What mends it.
    pub mend: Action,
}

impl Recovery {
    /// All differences that were there when this was last advanced, in order of their things.
    ///
    /// They are mended without further ado, by the ladders; those of a package that is being updated,
    /// and of what waits for something that it needs, when that is over.
    #[must_use]
    pub fn drift(&self) -> Vec<Drift> {
        let mut turn = Turn::new(self.now_us);
        let tracks = self.tracks.iter();
        tracks
            .filter_map(|(thing, track)| {
                let ill = track.ill.as_ref()?;
                let cause = ill.cause.clone()?;
                let since_us = ill.cause_since_us;
                let mend = self.mend_drift(thing, &cause)?;
                let settled = settled(&mut turn, &self.policy.detection, ill, false);
                settled.then(|| Drift { thing: thing.clone(), cause, since_us, mend })
            })
            .collect()
    }

    fn mend_drift(&self, thing: &Thing, cause: &Cause) -> Option<Action> {
        match (thing, cause) {
            (Thing::Instance(model, node), Cause::Extra) => {
                Some(Action::Stop { model: model.clone(), node: node.clone() })
            }
            (
                Thing::Model(model),
                Cause::Missing
                | Cause::WrongNode { .. }
                | Cause::WrongRevision { .. }
                | Cause::WrongState { .. },
            ) => self.mend(model, cause),
            _ => None,
        }
    }
}
