//! Pages of the catalogue.

use super::*;
use piccolo_catalogue::SignalId;

fn request(page_size: u32, page_token: &str, root: &str) -> ListSignalsRequest {
    ListSignalsRequest { page_size, page_token: page_token.into(), root: root.into() }
}

#[test]
fn pages_give_every_signal_once() {
    let catalogue = Catalogue::vss6();
    for (size, root) in
        [(0, ""), (7, "Vehicle.Cabin"), (5_000, ""), (1, "Vehicle.Speed"), (100, "Vehicle")]
    {
        let mut token = String::new();
        let mut found = Vec::new();
        loop {
            let page = page(&catalogue, &request(size, &token, root)).unwrap();
            assert!(!page.signals.is_empty() && page.signals.len() <= PAGE_SIGNALS_MAX);
            found.extend(page.signals.into_iter().map(|signal| signal.path));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let below = format!("{root}.");
        let wanted = |path: &str| root.is_empty() || path == root || path.starts_with(&below);
        let expected: Vec<_> = catalogue
            .iter()
            .map(|(_, signal)| signal.path.to_string())
            .filter(|path| wanted(path))
            .collect();
        assert_eq!(found, expected, "{size} {root}");
    }
}

#[test]
fn a_page_has_what_the_catalogue_knows() {
    let catalogue = Catalogue::vss6();
    let found = page(&catalogue, &request(1, "", "Vehicle.Speed")).unwrap().signals.remove(0);
    let id: SignalId = catalogue.find("Vehicle.Speed").unwrap();
    let known = catalogue.get(id).unwrap();
    assert_eq!((found.datatype.as_str(), found.unit.as_deref()), ("float", Some("km/h")));
    assert_eq!((found.min, found.max), (known.min, known.max));
}

#[test]
fn wrong_pages_are_refused() {
    let cases =
        [("x", "", tonic::Code::InvalidArgument), ("", "Vehicle.Sped", tonic::Code::NotFound)];
    for (token, root, code) in cases {
        let status = page(&Catalogue::vss6(), &request(0, token, root)).unwrap_err();
        assert_eq!(status.code(), code, "{status}");
    }
}
