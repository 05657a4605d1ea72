//! What must hold of any bytes that are read as a catalogue.

use piccolo_catalogue::{Catalogue, CatalogueError, SIGNALS_MAX, from_facts, to_facts};

/// Reads bytes as each of the formats; how many signals there are in them.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    same(Catalogue::from_vss_json(&text))
        + same(Catalogue::from_vspec(&text, None))
        + same(Catalogue::from_vspec(&text, Some("Vehicle")))
        + same(from_facts(&text))
}

/// A catalogue finds its signals, and is the same after it was written as facts.
fn same(read: Result<Catalogue, CatalogueError>) -> usize {
    let catalogue = match read {
        Ok(catalogue) => catalogue,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return 0;
        }
    };
    assert!(catalogue.len() <= SIGNALS_MAX);
    for (id, signal) in catalogue.iter() {
        assert_eq!(catalogue.find(&signal.path), Some(id));
    }
    let facts = to_facts(&catalogue);
    let again = from_facts(&facts).map(|again| to_facts(&again));
    assert_eq!(again.ok().as_deref(), Some(&*facts), "{facts}");
    catalogue.len()
}
