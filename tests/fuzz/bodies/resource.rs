//! What must hold of any bytes that are read as resource YAML.

use piccolo_resource::{NOTICES_MAX, Resource, read, write};

/// Reads bytes; how many resources there are in them.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let bundle = read(&text, "fuzz.yaml");
    assert!(bundle.notices.len() <= NOTICES_MAX + 1);
    assert!(bundle.notices.iter().all(|notice| notice.line > 0 && notice.column > 0));
    let resources: Vec<Resource> = bundle.resources().cloned().collect();
    let again = write(&resources);
    let read_again = read(&again, "again.yaml");
    let same: Vec<Resource> = read_again.resources().cloned().collect();
    assert_eq!(same, resources, "{text}\nwas written as\n{again}\n{:#?}", read_again.notices);
    resources.len()
}
