//! `measure` against its twin, against masking by the structure of the formula, and by examples.

use piccolo_script::Formula;

use super::naive::{Shown, ShownAtom, shown};
use super::{Measure, measure};
use crate::coverage::{First, Seen, VECTORS_MAX, Vector};

fn seed(default: u64) -> u64 {
    std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn seen(vectors: &[Vector]) -> Seen {
    let mut seen = Seen::default();
    for (time_us, vector) in (0..).zip(vectors) {
        seen.note(vector, First { origin: 0, time_us });
    }
    seen
}

fn facts(measure: &Measure) -> Shown {
    let atom = |atom: &super::AtomMeasure| ShownAtom {
        truths: (atom.true_.is_some(), atom.false_.is_some()),
        decided: (atom.decided[1], atom.decided[0]),
        pair: atom.pair.is_some(),
    };
    Shown {
        outcomes: (measure.holds.is_some(), measure.fails.is_some()),
        unknown: measure.unknown.is_some(),
        atoms: measure.atoms.iter().map(atom).collect(),
    }
}

/// A formula over atoms; each stands in it once where `once`, and else any number of times.
fn formula(rng: &mut fastrand::Rng, atoms: std::ops::Range<usize>, once: bool) -> Formula {
    if atoms.len() == 1 || (!once && rng.u8(..4) == 0) {
        return Formula::Literal { atom: rng.usize(atoms), negated: rng.bool() };
    }
    let cut = rng.usize(atoms.start + 1..atoms.end);
    let parts = match once {
        true => vec![formula(rng, atoms.start..cut, true), formula(rng, cut..atoms.end, true)],
        false => (0..rng.usize(1..4))
            .map(|_| {
                let start = rng.usize(atoms.clone());
                let end = rng.usize(start + 1..atoms.end + 1);
                formula(rng, start..end, false)
            })
            .collect(),
    };
    if rng.bool() { Formula::All(parts) } else { Formula::Any(parts) }
}

fn vectors(rng: &mut fastrand::Rng, atoms: usize) -> Vec<Vector> {
    let truth = |rng: &mut fastrand::Rng| (rng.u8(..5) > 0).then(|| rng.bool());
    (0..rng.usize(..12)).map(|_| (0..atoms).map(|_| truth(rng)).collect()).collect()
}

#[test]
fn coverage_equals_that_of_every_pair() {
    let seed = seed(81);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut pairs, mut none, mut unknown) = (0, 0, 0);
    for round in 0..4_000 {
        let atoms = rng.usize(1..7);
        let formula = formula(&mut rng, 0..atoms, round % 2 == 0);
        let vectors = vectors(&mut rng, atoms);
        let ours = facts(&measure(&formula, atoms, &seen(&vectors)));
        let twin = shown(&formula, atoms, &vectors);
        assert_eq!(ours, twin, "PICCOLO_SEED={seed} {formula:?} {vectors:?}");
        let found = twin.atoms.iter().filter(|atom| atom.pair).count();
        pairs += found;
        none += atoms - found;
        unknown += usize::from(twin.unknown);
    }
    assert!(unknown > 1_000 && unknown < 3_500, "{unknown} conditions were unknown");
    assert!(pairs > 2_000 && none > 2_000, "{pairs} pairs, {none} atoms without one");
}

/// Masking as it is taught: on the way from the atom to the top, all others of an `&&` are
/// true and all others of an `||` are not.
fn is_unmasked(formula: &Formula, atom: usize, vector: &Vector) -> Option<bool> {
    match formula {
        Formula::Constant(_) => None,
        Formula::Literal { atom: own, .. } => (*own == atom).then_some(true),
        Formula::All(parts) | Formula::Any(parts) => {
            let all = matches!(formula, Formula::All(_));
            let unmasked = parts.iter().find_map(|part| is_unmasked(part, atom, vector))?;
            let others = parts.iter().filter(|part| is_unmasked(part, atom, vector).is_none());
            let open = others
                .map(|part| part.holds(&|other| vector.truth(other)))
                .all(|holds| holds == all);
            Some(unmasked && open)
        }
    }
}

#[test]
fn an_atom_decides_exactly_where_the_structure_does_not_mask_it() {
    let seed = seed(82);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut deciding, mut masked) = (0, 0);
    for _ in 0..2_000 {
        let atoms = rng.usize(1..8);
        let formula = formula(&mut rng, 0..atoms, true);
        for vector in vectors(&mut rng, atoms) {
            let atom = rng.usize(..atoms);
            let ours = super::decides(&formula, atom, &|other| vector.truth(other));
            let taught = is_unmasked(&formula, atom, &vector);
            assert_eq!(Some(ours), taught, "PICCOLO_SEED={seed} {formula:?} {vector:?} {atom}");
            *(if ours { &mut deciding } else { &mut masked }) += 1;
        }
    }
    assert!(deciding > 1_000 && masked > 1_000, "{deciding} decide, {masked} are masked");
}

const fn atom(atom: usize) -> Formula {
    Formula::Literal { atom, negated: false }
}

const fn not(atom: usize) -> Formula {
    Formula::Literal { atom, negated: true }
}

/// Vectors as text, a letter an atom: `T`, `F`, `?`; and which atoms have shown their effect.
#[track_caller]
fn check(formula: &Formula, seen_vectors: &[&str], shown_atoms: &str) {
    let truth = |letter: char| match letter {
        'T' => Some(true),
        'F' => Some(false),
        _ => None,
    };
    let vectors: Vec<Vector> =
        seen_vectors.iter().map(|text| text.chars().map(truth).collect()).collect();
    let measure = measure(formula, shown_atoms.len(), &seen(&vectors));
    let shown: String =
        measure.atoms.iter().map(|atom| if atom.pair.is_some() { 'y' } else { 'n' }).collect();
    assert_eq!(shown, shown_atoms, "{seen_vectors:?}");
}

#[test]
fn pairs_by_example() {
    let and = Formula::All(vec![atom(0), atom(1)]);
    check(&and, &["TT", "FT", "TF"], "yy");
    check(&and, &["TT", "FF"], "nn");
    check(&and, &["TT", "FT"], "yn");
    // Unknown is not true: it masks the other, and is no side of its own pair.
    check(&and, &["TT", "F?", "?F"], "nn");
    check(&and, &["TT", "?T", "T?"], "nn");
    let or = Formula::Any(vec![atom(0), atom(1)]);
    check(&or, &["T?", "F?", "?T", "?F"], "yy");
    // Masking: the second atom changes as well, but is masked by the third.
    let masked = Formula::Any(vec![atom(0), Formula::All(vec![atom(1), atom(2)])]);
    check(&masked, &["TTF", "FFF"], "ynn");
    check(&masked, &["TTF", "FFT", "FTT", "FTF"], "yyy");
    // An atom that stands twice is one atom: exclusive or.
    let xor = Formula::Any(vec![
        Formula::All(vec![atom(0), not(1)]),
        Formula::All(vec![not(0), atom(1)]),
    ]);
    check(&xor, &["TF", "FT"], "nn");
    check(&xor, &["TF", "FF"], "yn");
    check(&xor, &["TF", "FF", "TT"], "yy");
    check(&Formula::Constant(true), &["T", "F"], "n");
    check(&not(0), &["T", "F"], "y");
}

#[test]
fn what_was_seen_first_counts() {
    let formula = Formula::All(vec![atom(0), atom(1)]);
    let vector = |a, b| Vector::from_iter([Some(a), Some(b)]);
    let mut seen = Seen::default();
    let first = |origin, time_us| First { origin, time_us };
    seen.note(&vector(true, true), first(1, 5));
    seen.note(&vector(true, true), first(1, 3));
    seen.note(&vector(true, true), first(2, 0));
    seen.note(&vector(false, true), first(2, 7));
    let measure = measure(&formula, 2, &seen);
    assert_eq!((measure.holds, measure.fails), (Some(first(1, 3)), Some(first(2, 7))));
    let pair = measure.atoms[0].pair.as_ref().unwrap();
    assert_eq!(pair.when_true, (vector(true, true), first(1, 3)));
    assert_eq!(pair.when_false, (vector(false, true), first(2, 7)));
    assert!(pair.holds_when_true);
}

#[test]
fn vectors_beyond_the_bound_are_counted() {
    let vectors = |count: usize| -> Vec<Vector> {
        let truths = |index: usize| (0..16).map(move |bit| Some(index >> bit & 1 == 1));
        (0..count).map(|index| truths(index).collect()).collect()
    };
    let all = vectors(VECTORS_MAX + 2);
    let mut seen = seen(&all);
    assert_eq!((seen.len(), seen.dropped()), (VECTORS_MAX, 2));
    // What is kept goes on being noted.
    seen.note(&all[5], First { origin: 0, time_us: 0 });
    assert_eq!((seen.len(), seen.dropped()), (VECTORS_MAX, 2));
}

#[test]
fn a_vector_of_many_atoms_keeps_every_truth() {
    let mut rng = fastrand::Rng::with_seed(seed(84));
    for len in [0, 1, 31, 32, 33, 64, 100] {
        let truths: Vec<Option<bool>> =
            (0..len).map(|_| (rng.u8(..3) > 0).then(|| rng.bool())).collect();
        let vector: Vector = truths.iter().copied().collect();
        assert!(vector.truths().eq(truths), "{vector:?}");
        assert_eq!((vector.len(), vector.is_empty()), (len, len == 0));
        assert_eq!(vector.truth(len), None);
    }
}
