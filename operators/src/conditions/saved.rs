//! The flips of atoms, put down and taken up again.

use rustc_hash::FxHashSet;

use super::flips::AtomKey;
use super::{Clause, Conditions, Flip};
use crate::ids::{Rule, Vehicle};
use crate::saved::AtomPlace;

/// The atoms of conditions, each once, at the first place where it stands.
#[derive(Debug)]
pub struct Atoms(Vec<(AtomPlace, AtomKey)>);

impl Conditions {
    /// The atoms of rules and truths, in their order; none without `explain`.
    pub fn atoms(&self, owners: &[Rule]) -> Atoms {
        let mut seen = FxHashSet::default();
        let mut atoms = Vec::new();
        for &owner in owners {
            for clause in [Clause::When, Clause::Until] {
                let made = self.rules.get(&(owner, clause));
                let keys = made.into_iter().flat_map(|made| &made.atoms).map(AtomKey::of);
                for (atom, key) in keys.enumerate().filter(|(_, key)| seen.insert(*key)) {
                    atoms.push((AtomPlace { owner, clause, atom: atom as u32 }, key));
                }
            }
        }
        Atoms(atoms)
    }

    /// The flips of these atoms in a vehicle.
    pub fn flips(&self, vehicle: Vehicle, atoms: &Atoms) -> Vec<(AtomPlace, Flip)> {
        let Some(state) = self.vehicles.get(vehicle as usize) else { return Vec::new() };
        let flip = |(place, key): &(AtomPlace, AtomKey)| Some((*place, state.flips.get(key)?));
        atoms.0.iter().filter_map(flip).collect()
    }

    /// Makes these all the flips of a vehicle; says whether there are such atoms.
    pub fn resume_flips(&mut self, vehicle: Vehicle, flips: &[(AtomPlace, Flip)]) -> bool {
        let Some(state) = self.vehicles.get_mut(vehicle as usize) else { return false };
        state.flips.clear();
        if !self.explain {
            return true;
        }
        flips.iter().all(|(place, flip)| {
            let made = self.rules.get(&(place.owner, place.clause));
            let atom = made.and_then(|made| made.atoms.get(place.atom as usize));
            atom.map(|atom| state.flips.set(AtomKey::of(atom), *flip)).is_some()
        })
    }
}
