//! The commands of the book exist as they are written, and put out what the book shows.

use std::process::Command;

use crate::run::{Folder, command, piccolo, root};

/// The fenced blocks of a page that begin with this line.
fn blocks(page: &str, fence: &str) -> Vec<String> {
    let path = root().join("docs/book/src").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let fence = format!("\n```{fence}\n");
    let begins = text.split(&fence).skip(1);
    begins.map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// The commands of a page, word by word, without what the shell leaves out.
fn commands(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<String> =
        blocks(page, "sh").iter().map(|block| block.replace('"', "")).collect();
    let lines = lines.iter().flat_map(|block| block.lines());
    let lines = lines.filter_map(|line| line.strip_prefix("piccolo "));
    lines
        .map(|line| {
            line.split(" #").next().unwrap().split_whitespace().map(str::to_owned).collect()
        })
        .collect()
}

/// Checks that a command is understood, and how many of the page are.
#[track_caller]
fn check(page: &str, at_least: usize) {
    let mut understood = 0;
    for words in commands(page) {
        // Help is given where every word before it is understood.
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.push("--help");
        piccolo(&words).with_code(0);
        understood += 1;
    }
    assert!(understood >= at_least, "only {understood} commands in {page}");
}

#[test]
fn commands_are_understood() {
    check("tutorial.md", 6);
    check("testing.md", 5);
    check("receipts.md", 2);
    check("fleet.md", 5);
    check("cookbook/index.md", 1);
}

/// Runs a command in a folder of its own; its output without times.
fn output(folder: &Folder, args: &[&str]) -> String {
    let mut command: Command = command(args);
    let output = command.current_dir(folder.path("")).output().unwrap();
    without_times(&String::from_utf8(output.stdout).unwrap())
}

/// The lines without how long it took.
fn without_times(text: &str) -> String {
    let line = |line: &str| match (line.split_once(" s  "), line.split_once(" failed, in ")) {
        (Some((first, rest)), _) => format!("{} {rest}\n", &first[..4]),
        (_, Some((first, _))) => format!("{first}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Checks that a page shows what comes out.
#[track_caller]
fn shows(page: &str, out: &str) {
    let shown: Vec<String> = blocks(page, "text").iter().map(|text| without_times(text)).collect();
    assert!(shown.iter().any(|text| text == out), "{page} does not show\n{out}but {shown:#?}");
}

#[test]
fn the_tutorial_shows_what_comes_out() {
    let folder = Folder::new();
    let [rules] = blocks("tutorial.md", "rhai,test").try_into().unwrap();
    folder.write("first.rhai", &rules);
    assert_eq!(output(&folder, &["check", "first.rhai"]), "");
    shows("tutorial.md", &output(&folder, &["test", "first.rhai"]));
    folder.write("first.rhai", rules.replace("\"3500ms\"", "\"3s\""));
    shows("tutorial.md", &output(&folder, &["test", "first.rhai"]));
}

#[test]
fn the_page_on_tests_shows_what_comes_out() {
    let folder = Folder::new();
    let [rules] = blocks("testing.md", "rhai,test").try_into().unwrap();
    folder.write("belts.rhai", &rules);
    let covered = output(&folder, &["test", "belts.rhai", "--coverage"]);
    let (_, report) = covered.split_once("\n\n").unwrap();
    shows("testing.md", report);
    let (scenario, _) = rules.split_once("test \"").unwrap();
    let slow = r#"test "an open belt at speed" {
    given  #{ "Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted": false }
    play   Vehicle.Speed, [[0, 0.0], [1000, 7.5]]
    expect begins("unbelted-driver", 1)
}
"#;
    folder.write("belts.rhai", format!("{scenario}{slow}"));
    let failed = output(&folder, &["test", "belts.rhai"]);
    let (failed, _) = failed.split_once("0 tests passed").unwrap();
    shows("testing.md", failed);
}

#[test]
fn the_page_on_receipts_shows_what_comes_out() {
    let folder = Folder::new();
    let receipt = folder.path("drive.json");
    let mut commands = commands("receipts.md").into_iter();
    let mut run = || {
        let words = commands.next().unwrap();
        let word = |word| if word == "drive.json" { receipt.clone() } else { word };
        let words: Vec<String> = words.into_iter().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        piccolo(&words).with_code(0).out
    };
    run();
    shows("receipts.md", &run());
}
