//! Finds the paths that somebody may have meant.

use strsim::{jaro_winkler, normalized_damerau_levenshtein};

/// What is less alike than this is no suggestion.
const LIKENESS_MIN: f64 = 0.55;

/// The longest text that is compared: comparing takes the product of both lengths.
const COMPARED_BYTES_MAX: usize = 256;

/// The candidates most like `path`, best first; equally alike ones in order of their text.
pub(crate) fn nearest<'a>(
    candidates: impl Iterator<Item = &'a str>,
    path: &str,
    limit: usize,
) -> Vec<&'a str> {
    if path.len() > COMPARED_BYTES_MAX || limit == 0 {
        return Vec::new();
    }
    let wanted = path.to_ascii_lowercase();
    let scored = candidates.filter(|candidate| candidate.len() <= COMPARED_BYTES_MAX);
    let mut scored: Vec<(f64, &str)> = scored
        .map(|candidate| (likeness(&wanted, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.truncate(limit);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// From 0 to 1: the whole path finds typing errors, the last segments find a wrong branch.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let whole = normalized_damerau_levenshtein(wanted, candidate);
    let tail = last_segments(wanted, 1);
    let end = jaro_winkler(tail, last_segments(candidate, 1));
    let pair =
        normalized_damerau_levenshtein(last_segments(wanted, 2), last_segments(candidate, 2));
    0.45 * whole + 0.3 * end + 0.25 * pair
}

fn last_segments(path: &str, count: usize) -> &str {
    let mut dots = path.rmatch_indices('.');
    dots.nth(count - 1).map_or(path, |(dot, _)| &path[dot + 1..])
}
