//! The least sets against trying all of them, over random formulas.

use fastrand::Rng;
use piccolo_script::Formula;

use super::{Literal, Terms};

const ATOMS: usize = 6;

type Truths = [Option<bool>; ATOMS];

fn formula(rng: &mut Rng, depth: u8) -> Formula {
    if depth == 0 || rng.u8(..5) == 0 {
        return match rng.u8(..20) {
            0 => Formula::Constant(rng.bool()),
            _ => Formula::Literal { atom: rng.usize(..ATOMS), negated: rng.bool() },
        };
    }
    let parts = (0..rng.usize(1..4)).map(|_| formula(rng, depth - 1)).collect();
    if rng.bool() { Formula::All(parts) } else { Formula::Any(parts) }
}

fn truths(rng: &mut Rng) -> Truths {
    std::array::from_fn(|_| [Some(true), Some(false), None][rng.usize(..3)])
}

fn holds(truths: &Truths, (atom, negated): Literal) -> bool {
    truths[atom] == Some(!negated)
}

/// The sets of atoms in the order of preference: fewer first, then the order of the text.
fn subsets() -> Vec<Vec<usize>> {
    let members =
        |bits: u32| (0..ATOMS).filter(|atom| bits >> atom & 1 == 1).collect::<Vec<usize>>();
    let mut sets: Vec<Vec<usize>> = (0..1 << ATOMS).map(members).collect();
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    sets
}

/// Whether a formula is true whatever the atoms are that are not in the set.
fn suffices(formula: &Formula, truths: &Truths, set: &[usize]) -> bool {
    formula.holds(&|atom| set.contains(&atom).then_some(truths[atom]).flatten())
}

/// Whether a formula is not true even if each literal holds whose atom is not in the set.
fn prevents(formula: &Formula, truths: &Truths, set: &[usize]) -> bool {
    match formula {
        Formula::Constant(value) => !value,
        Formula::Literal { atom, negated } => {
            set.contains(atom) && !holds(truths, (*atom, *negated))
        }
        Formula::All(parts) => parts.iter().any(|part| prevents(part, truths, set)),
        Formula::Any(parts) => parts.iter().all(|part| prevents(part, truths, set)),
    }
}

/// The fewest atoms whose change makes a formula true.
fn changes(formula: &Formula, truths: &Truths) -> Option<usize> {
    let all = 3usize.pow(ATOMS as u32);
    let candidates = (0..all).filter_map(|number| {
        let digit = |atom: usize| number / 3usize.pow(atom as u32) % 3;
        let truth = |atom: usize| [truths[atom], Some(true), Some(false)][digit(atom)];
        let changed = (0..ATOMS).filter(|atom| truth(*atom) != truths[*atom]).count();
        formula.holds(&truth).then_some(changed)
    });
    candidates.min()
}

#[test]
fn the_least_sets_are_those_of_trying_all() {
    let seed = std::env::var("PICCOLO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(17);
    let mut rng = Rng::with_seed(seed);
    let subsets = subsets();
    let (mut enough, mut kept, mut ways, mut impossible) = (0, 0, 0, 0);
    for round in 0..1_500 {
        let (formula, truths) = (formula(&mut rng, 3), truths(&mut rng));
        let place = format!("PICCOLO_SEED={seed}, round {round}: {formula:?} {truths:?}");
        let terms = Terms::of(&formula);
        assert!(terms.exact, "{place}");
        let is = |literal| holds(&truths, literal);
        let twin = subsets.iter().find(|set| suffices(&formula, &truths, set));
        let found = terms.sufficient(&is);
        assert_eq!(found.as_ref(), twin, "{place}");
        let against = Terms::against(&formula).sufficient(&|literal| !is(literal));
        let twin = subsets.iter().find(|set| prevents(&formula, &truths, set));
        assert_eq!(against.as_ref(), twin, "{place}");
        assert!(found.is_some() != against.is_some(), "{place}");
        let way = terms.cheapest(&is, &|_| 1.0);
        assert_eq!(
            way.as_ref().map(|way| way.missing.len()),
            changes(&formula, &truths),
            "{place}"
        );
        enough += usize::from(found.is_some_and(|set| !set.is_empty()));
        kept += usize::from(against.is_some_and(|set| !set.is_empty()));
        ways += usize::from(way.as_ref().is_some_and(|way| way.missing.len() > 1));
        impossible += usize::from(way.is_none());
    }
    assert!(enough > 200 && kept > 200 && ways > 40 && impossible > 10);
}

fn literal(atom: usize, negated: bool) -> Formula {
    Formula::Literal { atom, negated }
}

#[test]
fn distances_decide_between_ways_of_one_length() {
    let either = Formula::Any(vec![literal(0, false), literal(1, true)]);
    let distances = [2.0, 1.0];
    let way = Terms::of(&either).cheapest(&|_| false, &|(atom, _)| distances[atom]).unwrap();
    assert_eq!((way.missing, way.distance), (vec![(1, true)], 1.0));
    let way = Terms::of(&either).cheapest(&|_| false, &|_| 3.0).unwrap();
    assert_eq!((way.missing, way.distance), (vec![(0, false)], 3.0));
}

#[test]
fn too_many_terms_are_cut_and_that_is_said() {
    let pair =
        |index: usize| Formula::Any(vec![literal(2 * index, false), literal(2 * index + 1, false)]);
    let terms = Terms::of(&Formula::All((0..14).map(pair).collect()));
    assert!(!terms.exact);
    assert_eq!(terms.sufficient(&|_| true).unwrap().len(), 14);
}
