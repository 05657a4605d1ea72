//! `piccolo bench soak`: a short one, for what it reports; figures are no matter of tests.

use serde_json::Value;

use crate::run::{Folder, piccolo};

const SHORT: [&str; 10] =
    ["bench", "soak", "--minutes", "0.034", "--size", "20x3", "--rate", "5000", "--changes", "20"];

#[test]
fn a_soak_reports_each_second_and_draws_them() {
    let folder = Folder::new();
    let picture = folder.path("soak.svg");
    let ran = piccolo(&[&SHORT[..], &["-o", "json", "--plot", &picture]].concat()).with_code(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let seconds = report["seconds"].as_array().unwrap();
    assert_eq!((seconds.len(), &report["lost"]), (2, &0.into()));
    let sum =
        |name: &str| -> u64 { seconds.iter().map(|second| second[name].as_u64().unwrap()).sum() };
    assert!(sum("changes") > 0 && sum("decisions") > 0 && sum("steps") > 0, "{report}");
    assert!(sum("samples") + seconds[1]["behind"].as_u64().unwrap() >= 10_000, "{report}");
    let picture = std::fs::read_to_string(picture).unwrap();
    assert_eq!(picture.matches("<polyline").count(), 7);
    assert!(picture.trim_end().ends_with("</svg>") && !picture.contains("NaN"));
}

#[test]
fn a_soak_is_a_table_for_people() {
    let ran = piccolo(&SHORT).with_code(0);
    assert!(ran.out.contains(" 0 lost; "), "{}", ran.out);
    assert!(ran.out.contains("memory: too short"), "{}", ran.out);
    piccolo(&["bench", "soak", "--minutes", "0"]).with_code(2);
}
