//! Files that somebody made to hurt: each ends soon, in an error, with bounded memory.

use piccolo_resource::{
    Code, DEPTH_MAX, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, INPUT_BYTES_MAX, NOTICES_MAX, read,
};

/// Reads a text that must be refused; the codes of all errors.
#[track_caller]
fn refused(text: &str) -> Vec<Code> {
    let bundle = read(text, "hostile.yaml");
    assert!(!bundle.is_valid());
    assert!(bundle.notices.len() <= NOTICES_MAX + 1);
    assert!(bundle.notices.iter().all(|notice| notice.line > 0 && notice.column > 0));
    assert!(bundle.notices.iter().all(|notice| notice.message.chars().count() <= 201));
    bundle.notices.iter().map(|notice| notice.code).collect()
}

#[test]
fn too_large() {
    assert_eq!(refused(&"#".repeat(INPUT_BYTES_MAX + 1)), [Code::Limit]);
    assert_eq!(refused(&"a".repeat(100 << 20)), [Code::Limit]);
    let long = format!("kind: {}\n", "x".repeat(DOCUMENT_BYTES_MAX));
    assert_eq!(refused(&long), [Code::Limit]);
    let wide: String = (0..DOCUMENT_BYTES_MAX / 8).map(|i| format!("k{i}: 1\n")).collect();
    assert_eq!(refused(&wide), [Code::Limit]);
}

#[test]
fn too_many_documents() {
    let text: String = (0..=DOCUMENTS_MAX)
        .map(|i| format!("---\napiVersion: v1\nkind: Network\nmetadata: {{name: n{i}}}\n"))
        .collect();
    let bundle = read(&text, "hostile.yaml");
    assert_eq!(bundle.documents.len(), DOCUMENTS_MAX);
    assert_eq!(refused(&text), [Code::Limit]);
}

#[test]
fn too_deep() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        for depth in [DEPTH_MAX + 2, 10_000, 1_000_000] {
            let text = format!("a: {}{}\n", open.repeat(depth), close.repeat(depth));
            let text = if close.is_empty() { open.repeat(depth) + "a\n" } else { text };
            let codes = refused(&text);
            assert!(
                matches!(codes[..], [Code::Limit | Code::Syntax]),
                "{open:?} {depth}: {codes:?}"
            );
        }
    }
}

#[test]
fn alias_bombs() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert_eq!(refused(&text), [Code::Limit]);
    let aliases = "- *a\n".repeat(100_000);
    assert_eq!(refused(&format!("- &a {}\n{aliases}", "x".repeat(1 << 20))), [Code::Limit]);
    assert_eq!(refused("a: &a [*a]\n"), [Code::Syntax]);
    assert_eq!(refused("a: *nowhere\n"), [Code::Syntax]);
}

#[test]
fn aliases_within_bounds_are_read() {
    let text = "apiVersion: v1\nkind: Policy\nmetadata: {name: p}\n\
                spec: {placement: {availableNodes: [&n hpc, *n]}}\n";
    let bundle = read(text, "aliases.yaml");
    assert!(bundle.is_valid(), "{:?}", bundle.notices);
    assert_eq!(bundle.documents.len(), 1);
}

#[test]
fn parts_of_yaml_that_are_not_read() {
    for text in [
        "a: !!python/object:os.system x\n",
        "a: !mine 1\n",
        "<<: {a: 1}\n",
        "? [a]\n: b\n",
        "a: \u{0}\n",
    ] {
        assert_eq!(refused(text), [Code::Syntax], "{text:?}");
    }
}

#[test]
fn notices_are_bounded() {
    let fields: String = (0..2 * NOTICES_MAX).map(|i| format!("x{i}: 1\n")).collect();
    let text = format!("apiVersion: v1\nkind: Network\nmetadata: {{name: n}}\n{fields}");
    let bundle = read(&text, "wordy.yaml");
    assert_eq!(bundle.notices.len(), NOTICES_MAX + 1);
    assert!(bundle.is_valid(), "warnings alone keep nothing out");
    let last = bundle.notices.last().map(|notice| (notice.code, notice.line));
    assert_eq!(last, Some((Code::Limit, NOTICES_MAX + 4)));
    let codes = refused(&format!("{text}---\nkind: Nothing\n"));
    assert_eq!(codes.len(), NOTICES_MAX + 1);
}
