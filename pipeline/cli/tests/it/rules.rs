//! `piccolo check` and `piccolo explain-code`.

use crate::run::{Folder, piccolo};

/// Checks a scenario that is wrong at a place, `line:column`.
#[track_caller]
fn check(condition: &str, code: &str, place: &str, exit: i32) {
    let folder = Folder::new();
    let text = format!("scenario \"a\" {{\n    when {condition}\n    then launch(\"a\")\n}}\n");
    let path = folder.write("wrong.rhai", text);
    let ran = piccolo(&["check", &path]).with_code(exit);
    assert!(ran.out.contains(code), "{code} is not in {ran:?}");
    assert!(ran.out.contains(&format!("wrong.rhai:{place}")), "{place} is not in {ran:?}");
    assert!(ran.err.contains(&format!("piccolo explain-code {code} says more")), "{ran:?}");
    let more = piccolo(&["explain-code", code]).with_code(0).out;
    assert!(more.starts_with(&format!("{code}: ")) && more.lines().count() >= 3, "{more}");
}

#[test]
fn findings_have_code_and_place() {
    check("Vehicle.Sped > 1.0", "PR0101", "2:10", 3);
    check("Vehicle > 1.0", "PR0102", "2:10", 3);
    check("Vehicle.Speed > \"fast\"", "PR0110", "2:24", 3);
    check("Vehicle.Chassis.Accelerator.PedalPosition > 120", "PR0123", "2:54", 0);
}

#[test]
fn an_overlay_adds_signals() {
    let folder = Folder::new();
    let rules = folder
        .write("own.rhai", r#"scenario "a" { when Vehicle.Private.Heat > 1.0 then launch("a") }"#);
    piccolo(&["check", &rules]).with_code(3);
    let overlay = folder.write(
        "own.vspec",
        "Vehicle.Private:\n  type: branch\n  description: Own signals\n\
         Vehicle.Private.Heat:\n  type: sensor\n  datatype: float\n  unit: celsius\n  description: Heat\n",
    );
    let ran = piccolo(&["check", &rules, "--catalogue", &overlay]).with_code(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "1 scenarios, 0 errors, 0 warnings\n"));
}
