//! Exit codes, and that data goes to standard output and all else to standard error.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::run::{DRIVE, Folder, SCENARIOS, command, piccolo};

/// Runs arguments separated by spaces; nothing but data may be on standard output.
#[track_caller]
fn check(args: &str, code: i32, out: &str, err: &str) {
    let args: Vec<&str> = args.split_whitespace().collect();
    let ran = piccolo(&args).with_code(code);
    assert!(ran.out.contains(out), "{out:?} is not in {ran:?}");
    assert!(ran.err.contains(err), "{err:?} is not in {ran:?}");
    if code != 0 && code != 3 {
        assert_eq!(ran.out, "", "{ran:?}");
    }
    assert!(code == 0 || !ran.err.is_empty() || !ran.out.is_empty(), "it says nothing: {ran:?}");
}

#[test]
fn what_was_asked_is_done() {
    check("--help", 0, "Examples:", "");
    check("--version", 0, "piccolo ", "");
    check("replay --help", 0, "--speed <FACTOR|max>", "");
    check("check fixtures/scenarios", 0, "", "11 scenarios, 0 errors, 0 warnings");
    check("explain-code PR0123", 0, "PR0123: ", "");
    check("explain-code", 0, "\nPR0123  ", "");
    check("test --help", 0, "piccolo test rules/ --run motorway", "");
    check("completion bash", 0, "_piccolo()", "");
    check("completion zsh", 0, "#compdef piccolo", "");
    check("replay fixtures/recordings/bad/empty.csv -r fixtures/scenarios", 0, "TIME", "F0006");
}

#[test]
fn a_wrong_command_line_is_2() {
    check("", 2, "", "Usage: piccolo <COMMAND>");
    check("frobnicate", 2, "", "frobnicate");
    check("replay drive.csv", 2, "", "--rules");
    check("replay --rules fixtures/scenarios", 2, "", "RECORDING");
    check("completion tcsh", 2, "", "tcsh");
    check("feed not-a-url", 2, "", "not-a-url");
    let replay = |more: &str, err| {
        check(&format!("replay {DRIVE} {more} -r {SCENARIOS}"), 2, "", err);
    };
    replay("--speed 0", "use a number above zero, or max");
    replay("--speed=-1", "use a number above zero, or max");
    replay("--speed fast", "use a number above zero, or max");
    replay("--from soon", "--from");
    replay("--to 3", "--to");
    replay("--batch 0", "--batch");
    replay("--workers 0", "0 workers are not possible");
    replay("--workers 65", "65 workers are not possible");
    replay("-o xml", "xml");
    replay("--vehicle a --vehicle b", "more --vehicle names than recordings");
    replay(DRIVE, "two recordings are of the vehicle `aggressive_us06`");
    replay("fixtures/drives/city_udds.csv.gz --vehicle a --vehicle a", "the vehicle `a`");
    check("replay fixtures/recordings/own.log -r fixtures/scenarios", 2, "", "DBC");
    check(&format!("convert {DRIVE} drive.txt"), 2, "", "--format");
}

#[test]
fn input_that_cannot_be_used_is_3() {
    let folder = Folder::new();
    let wrong =
        folder.write("wrong.rhai", r#"scenario "a" { when Vehicle.Sped > 1.0 then launch("a") }"#);
    check(&format!("check {wrong}"), 3, "PR0101", "1 errors");
    check(&format!("replay {DRIVE} -r {wrong}"), 3, "", "PR0101");
    check(
        "replay fixtures/recordings/bad/unknown.txt -r fixtures/scenarios",
        3,
        "",
        "is no recording",
    );
    check(
        "replay fixtures/recordings/bad/binary.bin -r fixtures/scenarios",
        3,
        "",
        "is no recording",
    );
    check("replay fixtures/recordings/bad/rows.csv -r fixtures/scenarios --strict", 3, "", "F0001");
    check("check fixtures/scenarios --catalogue fixtures/maps/rav4.yaml", 3, "", "rav4.yaml");
    check(&format!("convert {DRIVE} no-such-folder/drive.csv"), 3, "", "no-such-folder");
    // Nothing is printed, not even a heading, before it is known that there is something to replay.
    let ran = piccolo(&["replay", "fixtures/recordings/bad/unknown.txt", "-r", SCENARIOS]);
    assert_eq!(ran.out, "");
}

#[test]
fn what_does_not_exist_is_4() {
    check("replay no-such.csv -r fixtures/scenarios", 4, "", "no-such.csv");
    check(&format!("replay {DRIVE} -r no-such-rules"), 4, "", "there is no no-such-rules");
    check(
        &format!("replay {DRIVE} -r {SCENARIOS} --catalogue no-such.json"),
        4,
        "",
        "no-such.json",
    );
    check("check no-such-rules", 4, "", "there is no no-such-rules");
    check("explain-code PR9999", 4, "", "there is no code PR9999");
    check("convert no-such.csv a.mcap", 4, "", "no-such.csv");
}

#[test]
fn no_server_is_5() {
    check("feed http://127.0.0.1:1", 5, "", "127.0.0.1:1");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = Folder::new();
    // The door toggles often enough for more decisions than a pipe holds.
    let rows = (1..4_000).map(|row| {
        format!("{row}000,Vehicle.Cabin.Door.Row1.DriverSide.IsOpen,{}\n", row % 2 == 0)
    });
    let rows = format!("t_us,signal,value\n0,Vehicle.Speed,30\n{}", rows.collect::<String>());
    let drive = folder.write("drive.csv", rows);
    for output in ["table", "jsonl"] {
        let mut child = command(&["replay", &drive, "-r", SCENARIOS, "-o", output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        // The end of the pipe closes with the reader, after one line.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{output}");
        assert!(!first.is_empty());
    }
}
