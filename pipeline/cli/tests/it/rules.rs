//! `piccolo check` and `piccolo explain-code`.

use serde_json::json;

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

#[test]
fn findings_as_json_have_stable_fields() {
    let folder = Folder::new();
    let path = folder.write(
        "wrong.rhai",
        "scenario \"ä\" { when true then launch(\"a\") }\nscenario \"b\" {\n    when Vehicle.Sped > 1.0\n    \
         then launch(\"a\")\n}\nscenario \"c\" { when Vehicle.Speed > 9 && Vehicle.Speed < 5 then launch(\"a\") }\n",
    );
    let ran = piccolo(&["check", "--message-format", "json", &path]).with_code(3);
    let found = ran.decisions();
    assert_eq!(found.len(), 3, "{ran:?}");
    let place =
        |line: u32, column: u32, byte: u32| json!({ "line": line, "column": column, "byte": byte });
    assert_eq!(
        found[1],
        json!({
            "code": "PR0101",
            "severity": "error",
            "title": "unknown signal",
            "message": "there is no signal `Vehicle.Sped`",
            "file": path,
            "span": { "start": place(3, 10, 69), "end": place(3, 22, 81) },
            "label": "not in the catalogue",
            "help": "did you mean `Vehicle.Speed` or `Vehicle.IsBrokenDown` or `Vehicle.AverageSpeed`?",
        })
    );
    assert_eq!(
        (&found[0]["code"], &found[0]["span"]["end"]),
        (&json!("PR0015"), &place(1, 13, 13))
    );
    let (warning, related) = (&found[2], &found[2]["related"]);
    assert_eq!((&warning["severity"], &warning["code"]), (&json!("warning"), &json!("PR0127")));
    assert_eq!(
        (&related[0]["label"], &related[1]["span"]["start"]["line"]),
        (&json!("while this holds"), &json!(6))
    );
    let good = folder.write("good.rhai", "scenario \"a\" { when true then launch(\"a\") }");
    let ran = piccolo(&["check", "--message-format", "json", &good]).with_code(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "1 scenarios, 0 errors, 0 warnings\n"));
    let odd = folder.write("odd.rhai", "scenario \"a\" { when 1 > 2 then launch(\"a\") }");
    let ran = piccolo(&["check", "--message-format", "json", &odd]).with_code(0);
    assert_eq!(ran.decisions()[0]["code"], json!("PR0124"));
    let ran = piccolo(&["check", "--message-format", "json", "fixtures/none.rhai"]).with_code(4);
    assert_eq!(ran.out, "");
}
