//! Files that are broken or made to harm: each gives its error and nothing else.

use std::fs;

use piccolo_catalogue::{
    Catalogue, CatalogueError, FILE_BYTES_MAX, SIGNALS_MAX, Signal, from_facts,
};

fn name(result: Result<Catalogue, CatalogueError>) -> String {
    match result {
        Ok(catalogue) => format!("{} signals", catalogue.len()),
        Err(error) => format!("{error:?}").split([' ', '{', '(']).next().unwrap().to_owned(),
    }
}

fn leaf(extra: &str) -> String {
    format!(r#"{{"Vehicle":{{"type":"branch","children":{{"X":{{{extra}}}}}}}}}"#)
}

#[test]
fn json() {
    let good = r#""type":"sensor","datatype":"int8""#;
    let deep = |levels: usize| {
        let open = r#"{"type":"branch","children":{"A":"#.repeat(levels);
        format!(r#"{{"Vehicle":{open}{{{good}}}{}}}"#, "}}".repeat(levels))
    };
    let cases = [
        (String::new(), "Json"),
        ("[]".to_owned(), "Json"),
        ("{}".to_owned(), "0 signals"),
        (format!("\u{feff}{}", leaf(good)), "1 signals"),
        (r#"{"Vehicle": 1}"#.to_owned(), "Key"),
        (leaf(""), "Key"),
        (leaf(r#""type":"sensor""#), "Key"),
        (leaf(r#""type":"wheel","datatype":"int8""#), "Key"),
        (leaf(r#""type":["sensor"],"datatype":"int8""#), "Key"),
        (leaf(r#""type":"sensor","datatype":"int7""#), "Key"),
        (leaf(&format!(r#"{good},"min":"0""#)), "Key"),
        (leaf(&format!(r#"{good},"max":null"#)), "Key"),
        (leaf(&format!(r#"{good},"unit":5"#)), "Key"),
        (leaf(&format!(r#"{good},"unit":"a\tb""#)), "Key"),
        (leaf(&format!(r#"{good},"allowed":{{}}"#)), "Key"),
        (leaf(&format!(r#"{good},"allowed":[[1]]"#)), "Key"),
        (leaf(&format!(r#"{good},"allowed":[1,300]"#)), "Allowed"),
        (leaf(&format!(r#"{good},"allowed":["a"]"#)), "Allowed"),
        (leaf(&format!(r#"{good},"allowed":[1,2.0],"max":1e3"#)), "1 signals"),
        (leaf(good).replace("\"X\"", "\"\""), "Path"),
        (leaf(good).replace("\"X\"", "\"a b\""), "Path"),
        (leaf(good).replace("\"X\"", "\"a\\tb\""), "Path"),
        (leaf(good).replace("\"X\"", &format!("\"{}\"", "a".repeat(1_000))), "Path"),
        (r#"{"Vehicle":{"type":"branch","children":[]}}"#.to_owned(), "Key"),
        (deep(20), "1 signals"),
        (deep(40), "TooDeep"),
        (deep(10_000), "Json"),
    ];
    for (text, expected) in cases {
        assert_eq!(name(Catalogue::from_vss_json(&text)), expected, "{:.200}", text);
    }
}

#[test]
fn too_many_signals() {
    let leaves = |count: usize| {
        let nodes: Vec<_> = (0..count)
            .map(|n| format!(r#""s{n}":{{"type":"sensor","datatype":"int8"}}"#))
            .collect();
        format!(r#"{{"V":{{"type":"branch","children":{{{}}}}}}}"#, nodes.join(","))
    };
    let full = Catalogue::from_vss_json(&leaves(SIGNALS_MAX)).unwrap();
    assert_eq!(full.len(), SIGNALS_MAX);
    assert_eq!(name(Catalogue::from_vss_json(&leaves(SIGNALS_MAX + 1))), "TooManySignals");
    let first = full.iter().next().unwrap().1.clone();
    let another = Signal { path: "V.another".into(), ..first.clone() };
    assert_eq!(name(full.clone().with_signal(first)), format!("{SIGNALS_MAX} signals"));
    assert_eq!(name(full.with_signal(another)), "TooManySignals");
}

#[test]
fn yaml() {
    let cases = [
        ("", "0 signals"),
        ("{}", "0 signals"),
        ("- a", "Yaml"),
        ("A.B: {type: sensor, datatype: float, unit: km/h, min: 0, max: 1.5}", "1 signals"),
        ("A.B: {type: sensor, datatype: string, allowed: [01, 'b']}", "1 signals"),
        ("A.B: {type: sensor}", "Key"),
        ("A.B: 5", "Yaml"),
        (
            "A: {type: branch, instances: 'Row[1,4]'}\nA.B: {type: sensor, datatype: int8}",
            "4 signals",
        ),
        (
            "A: {type: branch, instances: ['Row[1,2]', ['L', 'R']]}\nA.B.C: {type: sensor, datatype: int8}",
            "4 signals",
        ),
        ("A: {type: branch, instances: [L, R]}\nA.B: {type: sensor, datatype: int8}", "2 signals"),
        (
            "A: {type: branch, instances: 'Row[1,99999999]'}\nA.B: {type: sensor, datatype: int8}",
            "Key",
        ),
        ("A: {type: branch, instances: 'Row[2,1]'}\nA.B: {type: sensor, datatype: int8}", "Key"),
        ("A: {type: branch, instances: 7}\nA.B: {type: sensor, datatype: int8}", "Key"),
        (
            "A: {type: branch, instances: 'R[1,1000]'}\nA.A: {type: branch, instances: 'R[1,1000]'}\n\
             A.A.B: {type: sensor, datatype: int8}",
            "TooManySignals",
        ),
        (
            "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]",
            "Yaml",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(name(Catalogue::from_vspec(text, None)), expected, "{text}");
    }
}

#[test]
fn facts() {
    let line = |fields: [&str; 7]| fields.join("\t");
    let cases = [
        (String::new(), "0 signals"),
        (line(["A.B", "sensor", "int8", "", "", "", ""]), "1 signals"),
        (line(["A.B", "sensor", "int8", "m", "0", "1.5", "[1]"]), "1 signals"),
        (line(["A.B", "branch", "int8", "", "", "", ""]), "Facts"),
        (line(["A.B", "sensor", "int7", "", "", "", ""]), "Facts"),
        (line(["A.B", "sensor", "int8", "", "x", "", ""]), "Facts"),
        (line(["A.B", "sensor", "int8", "", "", "inf", ""]), "Facts"),
        (line(["A.B", "sensor", "int8", "", "", "", "[300]"]), "Facts"),
        (line(["A..B", "sensor", "int8", "", "", "", ""]), "Path"),
        ("A.B\tsensor\tint8".to_owned(), "Facts"),
    ];
    for (text, expected) in cases {
        assert_eq!(name(from_facts(&text)), expected, "{text:?}");
    }
    let error = from_facts("# head\n\nbad").unwrap_err();
    assert_eq!(error.to_string(), "line 3 of the facts is not seven fields of a signal");
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let load = |file: &str, bytes: &[u8]| {
        let path = folder.path().join(file);
        fs::write(&path, bytes).unwrap();
        name(Catalogue::load(&path))
    };
    assert_eq!(
        load("a.json", leaf(r#""type":"sensor","datatype":"int8""#).as_bytes()),
        "1 signals"
    );
    assert_eq!(load("a.json", b"\xff"), "Io");
    assert_eq!(load("a.txt", b"{}"), "UnknownExtension");
    assert_eq!(load("a.yaml", b"A.B: {type: sensor, datatype: int8}"), "1 signals");
    assert_eq!(load("a.tsv", b"A.B\tsensor\tint8\t\t\t\t"), "1 signals");
    assert_eq!(name(Catalogue::load(&folder.path().join("absent.json"))), "Io");
    let large = fs::File::create(folder.path().join("large.json")).unwrap();
    large.set_len(FILE_BYTES_MAX + 1).unwrap();
    assert_eq!(name(Catalogue::load(&folder.path().join("large.json"))), "TooLarge");
    fs::write(
        folder.path().join("Own_overlay.vspec"),
        "Deep.Signal: {type: sensor, datatype: int8}",
    )
    .unwrap();
    let own = Catalogue::load(&folder.path().join("Own_overlay.vspec")).unwrap();
    assert!(own.find("Vehicle.Own.Deep.Signal").is_some() && own.is_branch("Vehicle.Own.Deep"));
}
