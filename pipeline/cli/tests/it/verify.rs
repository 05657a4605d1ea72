//! `piccolo replay --receipt` and `piccolo verify`: the same again, or what is not the same.

use serde_json::Value;

use crate::run::{DRIVE, Folder, SCENARIOS, piccolo};

const RULES: &str = r#"
scenario "fast" { when Vehicle.Speed > 50.0 then launch("a") }
scenario "slow" { when Vehicle.Speed < 20.0 then pause("slow") }
policy "launches" { on launch("*") allow }
"#;

/// Ten edges, among them two of `slow` at 3 s and 4 s.
const ROWS: &str = "t_us,signal,value
0,Vehicle.Speed,30
1000000,Vehicle.Speed,60
2000000,Vehicle.Speed,30
3000000,Vehicle.Speed,10
4000000,Vehicle.Speed,30
5000000,Vehicle.Speed,60
6000000,Vehicle.Speed,10
7000000,Vehicle.Speed,60
";

/// A folder with a drive, rules and the receipt of their replay.
struct Case {
    folder: Folder,
    receipt: String,
    decisions: String,
}

impl Case {
    fn new(more: &[&str]) -> Self {
        let folder = Folder::new();
        let (drive, rules) = (folder.write("drive.csv", ROWS), folder.write("rules.rhai", RULES));
        let receipt = folder.path("receipt.json");
        let args = ["replay", &drive, "-r", &rules, "--receipt", &receipt, "-o", "jsonl"];
        let decisions = piccolo(&[&args, more].concat()).with_code(0).out;
        Self { folder, receipt, decisions }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&std::fs::read(&self.receipt).unwrap()).unwrap()
    }

    /// What `verify` answers; no other stream has an answer.
    #[track_caller]
    fn verify(&self, more: &[&str], code: i32) -> String {
        let args: Vec<&str> = [&["verify", self.receipt.as_str()], more].concat();
        piccolo(&args).with_code(code).out
    }

    /// Checks that something is another thing now, and what is said of it.
    #[track_caller]
    fn differs(&self, said: &str) {
        let out = self.verify(&[], 1);
        assert!(out.contains(said), "{said:?} is not in {out}");
        assert_eq!(out.lines().count(), 1);
    }
}

#[test]
fn a_receipt_has_the_hash_of_what_is_printed() {
    let case = Case::new(&["--why"]);
    let receipt = case.json();
    assert_eq!(case.decisions.lines().count(), 9);
    assert_eq!(receipt["decisions"]["count"], 9);
    let hash = blake3::hash(case.decisions.as_bytes()).to_string();
    assert_eq!(receipt["decisions"]["hash"], hash.as_str());
    assert_eq!(receipt["recordings"][0]["samples"], 8);
    assert_eq!(receipt["recordings"][0]["vehicle"], "drive");
    assert_eq!(receipt["options"]["why"], true);
    assert_eq!(receipt["rules"]["scenarios"][1]["name"], "slow");
    assert_eq!(case.verify(&[], 0), "verified: the same 9 decisions, byte for byte\n");
}

#[test]
fn workers_and_batches_change_no_byte() {
    let folder = Folder::new();
    let write = |name: &str, more: &[&str]| {
        let path = folder.path(name);
        let args = ["replay", DRIVE, "-r", SCENARIOS, "--why", "--to", "120s", "--receipt", &path];
        piccolo(&[&args, more].concat()).with_code(0);
        (std::fs::read(&path).unwrap(), path)
    };
    let (reference, receipt) = write("a.json", &[]);
    for more in ["--batch 7", "--workers 2", "--workers 3 --batch 1 -o jsonl"] {
        let more: Vec<&str> = more.split(' ').collect();
        assert_eq!(write("b.json", &more).0, reference, "{more:?}");
    }
    for more in ["", "--batch 1", "--workers 2", "--workers 4 --batch 7"] {
        let args = format!("verify {receipt} {more}");
        let ran = piccolo(&args.split_whitespace().collect::<Vec<_>>()).with_code(0);
        assert!(ran.out.starts_with("verified: the same "), "{ran:?}");
    }
}

#[test]
fn a_part_is_verified_as_that_part() {
    let case = Case::new(&["--from", "2s", "--to", "5s"]);
    assert!((2..9).contains(&case.decisions.lines().count()));
    case.verify(&[], 0);
    // What comes after the part does not count.
    case.folder
        .write("drive.csv", ROWS.replace("7000000,Vehicle.Speed,60", "8000000,Vehicle.Speed,1"));
    case.verify(&[], 0);
    case.folder
        .write("drive.csv", ROWS.replace("1000000,Vehicle.Speed,60", "1000000,Vehicle.Speed,61"));
    case.differs("drive.csv changed, or how it is read: 5 samples as before, but not the same");
}

#[test]
fn a_recording_that_was_tampered_with_is_named() {
    let case = Case::new(&[]);
    // The decisions stay the same; the recording does not.
    case.folder
        .write("drive.csv", ROWS.replace("5000000,Vehicle.Speed,60", "5000000,Vehicle.Speed,61"));
    case.differs("the recording ");
    case.differs("drive.csv changed, or how it is read: 8 samples as before, but not the same");
    case.folder.write("drive.csv", ROWS.replace("7000000,Vehicle.Speed,60\n", ""));
    case.differs("8 samples were read, now 7");
    case.folder.write("drive.csv", ROWS);
    case.verify(&[], 0);
}

#[test]
fn a_recording_in_another_package_is_the_same() {
    let case = Case::new(&["--why"]);
    let (plain, packed) = (case.folder.path("drive.csv"), case.folder.path("packed.csv.gz"));
    piccolo(&["convert", &plain, &packed]).with_code(0);
    std::fs::rename(&packed, &plain).unwrap();
    case.verify(&[], 0);
}

#[test]
fn a_changed_rule_is_named() {
    let case = Case::new(&[]);
    let write = |from: &str, to: &str| case.folder.write("rules.rhai", RULES.replace(from, to));
    write("> 50.0", "> 50.5");
    case.differs("the rules changed: scenario `fast` is another one");
    write("\"slow\" {", "\"slower\" {");
    case.differs("the rules changed: scenario `slow` is gone");
    case.folder.write(
        "rules.rhai",
        format!("{RULES}scenario \"b\" {{ when Vehicle.Speed > 1.0 then launch(\"b\") }}"),
    );
    case.differs("the rules changed: scenario `b` is new");
    write("on launch(\"*\") allow", "on launch(\"*\") deny \"no\"");
    case.differs("the rules changed: policy `launches` is another one");
    // Comments and layout are no change.
    write("scenario \"slow\" {", "// Not fast.\nscenario \"slow\" {\n ");
    case.verify(&[], 0);
    write("Vehicle.Speed > 50.0", "Vehicle.Sped > 50.0");
    assert!(case.verify(&[], 3).is_empty());
}

#[test]
fn a_changed_catalogue_is_named() {
    let folder = Folder::new();
    let overlay = |unit: &str| {
        format!(
            "Vehicle.Extra:\n  type: sensor\n  datatype: float\n  unit: {unit}\n  description: x\n"
        )
    };
    let catalogue = folder.write("extra.vspec", overlay("km"));
    let (drive, rules) = (folder.write("drive.csv", ROWS), folder.write("rules.rhai", RULES));
    let receipt = folder.path("receipt.json");
    let args = ["replay", &drive, "-r", &rules, "--catalogue", &catalogue, "--receipt", &receipt];
    piccolo(&args).with_code(0);
    piccolo(&["verify", &receipt]).with_code(0);
    folder.write("extra.vspec", overlay("m"));
    let ran = piccolo(&["verify", &receipt]).with_code(1);
    assert_eq!(ran.out, format!("the catalogue changed: {catalogue}\n"));
}

#[test]
fn decisions_that_differ_are_found() {
    let case = Case::new(&[]);
    // As if an earlier engine had decided otherwise from the third decision on.
    let mut receipt = case.json();
    receipt["engine"] = "0.0.1".into();
    for number in 2..9 {
        receipt["decisions"]["marks"][number] = "0000000000000000".into();
    }
    receipt["decisions"]["hash"] = "00".into();
    case.folder.write("receipt.json", receipt.to_string());
    case.differs(
        "the decisions differ: decision 3 is the first; it is now the begin of `slow` in drive at \
         3.000000 s (9 decisions were made, now 9)",
    );
    let ran = piccolo(&["verify", &case.receipt]).with_code(1);
    assert!(ran.err.contains("the receipt is of engine 0.0.1, this is "), "{}", ran.err);
}

#[test]
fn another_version_that_decides_the_same_is_verified() {
    let case = Case::new(&[]);
    let mut receipt = case.json();
    receipt["engine"] = "0.0.1".into();
    case.folder.write("receipt.json", receipt.to_string());
    case.verify(&[], 0);
}

#[test]
fn what_is_gone_is_4_and_what_is_no_receipt_is_3() {
    let case = Case::new(&["--default-allow", "pause,launch"]);
    assert_eq!(case.json()["rules"]["default_allow"], "launch,pause");
    piccolo(&["verify", "no-such-receipt.json"]).with_code(4);
    for name in ["drive.csv", "rules.rhai"] {
        let path = case.folder.path(name);
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let ran = piccolo(&["verify", &case.receipt]).with_code(4);
        assert!(ran.err.contains(&format!("there is no {path}")), "{}", ran.err);
        case.folder.write(name, content);
    }
    case.verify(&[], 0);
    let mut receipt = case.json();
    receipt["receipt"] = 99.into();
    case.folder.write("receipt.json", receipt.to_string());
    let ran = piccolo(&["verify", &case.receipt]).with_code(3);
    assert!(ran.err.contains("it has form 99"), "{}", ran.err);
    let ran = piccolo(&["verify", &case.folder.path("drive.csv")]).with_code(3);
    assert!(ran.err.contains("cannot be used as a receipt"), "{}", ran.err);
}
