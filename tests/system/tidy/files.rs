//! What a file of the repository may be: its length, its first line, its words, its size.
//!
//! Each rule is a function from path and text to what is wrong, tried on examples at the end.

use std::fs;
use std::process::Command;

use super::nothing;
use crate::data::root;

const LINES_MAX: usize = 600;
const FIXTURE_BYTES_MAX: u64 = 1_000_000;

/// Generated code is as its generator writes it.
const GENERATED: &str = "/src/gen/";

/// What only a test on a developer's own machine could mean; split, so that this file may say it.
const IGNORED: &str = concat!("#[ign", "ore");
const SLEEP: &str = concat!("thread::sl", "eep");
const MACHINE_FOLDERS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Public places that a text may point to. A mirror or a private registry must not be here.
const HOSTS: [&str; 15] = [
    "127.0.0.1",
    "localhost",
    "0.0.0.0",
    "[::1]",
    "github.com",
    "crates.io",
    "docs.rs",
    "rhai.rs",
    "rustup.rs",
    "nexte.st",
    "www.apache.org",
    "www.w3.org",
    "doi.org",
    "covesa.global",
    "example.com",
];

/// The paths that git tracks or would track, with `/` between folders.
fn paths() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let paths: Vec<String> =
        listed.split('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    assert!(paths.len() > 100, "git knows only {} files", paths.len());
    paths
}

/// Applies a rule to every text file.
#[track_caller]
fn each_text(what_to_do: &str, rule: impl Fn(&str, &str) -> Vec<String>) {
    let mut found = Vec::new();
    let mut texts = 0;
    for path in paths() {
        let bytes = fs::read(root().join(&path)).unwrap_or_default();
        if let Ok(text) = String::from_utf8(bytes) {
            texts += 1;
            found.extend(rule(&path, &text).into_iter().map(|wrong| format!("{path}: {wrong}")));
        }
    }
    assert!(texts > 100, "only {texts} files are text");
    nothing(found, what_to_do);
}

/// Applies a rule to every Rust file that people write.
#[track_caller]
fn each_source(what_to_do: &str, rule: impl Fn(&str, &str) -> Option<String>) {
    each_text(what_to_do, |path, text| {
        let written = path.ends_with(".rs") && !path.contains(GENERATED);
        written.then(|| rule(path, text)).flatten().into_iter().collect()
    });
}

fn too_long(_: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{lines} lines"))
}

fn no_purpose(_: &str, text: &str) -> Option<String> {
    (!text.starts_with("//! ")).then(|| "the first line is no `//! ...`".to_owned())
}

fn old_module(path: &str, _: &str) -> Option<String> {
    path.ends_with("/mod.rs").then(|| "a mod.rs".to_owned())
}

fn ignores(_: &str, text: &str) -> Option<String> {
    lines_with(text, |line| line.trim_start().starts_with(IGNORED))
}

/// Waiting in a test: its own file, or what follows `#[cfg(test)]`.
fn sleeps(path: &str, text: &str) -> Option<String> {
    let of_tests = path.split('/').any(|part| part == "tests" || part == "tests.rs");
    let tests = if of_tests { Some(text) } else { text.split_once("#[cfg(test)]").map(|(_, t)| t) };
    lines_with(tests?, |line| line.contains(SLEEP))
}

fn lines_with(text: &str, wrong: impl Fn(&str) -> bool) -> Option<String> {
    text.lines().find(|line| wrong(line)).map(|line| line.trim().to_owned())
}

/// Absolute paths into somebody's folders; a relative path with such a name in it is none.
fn machine_paths(text: &str) -> Vec<String> {
    let inside = |letter: char| letter.is_alphanumeric() || "._-/}".contains(letter);
    let begins = |before: &str| !before.ends_with(inside);
    let wrong = |line: &&str| {
        MACHINE_FOLDERS
            .iter()
            .any(|folder| line.match_indices(folder).any(|(at, _)| begins(&line[..at])))
    };
    text.lines().filter(wrong).map(|line| line.trim().to_owned()).collect()
}

/// The hosts of addresses that are not known to be public.
fn strange_hosts(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = ["http://", "https://"]
        .into_iter()
        .flat_map(|scheme| text.split(scheme).skip(1))
        .map(|rest| host(rest).to_owned())
        .filter(|host| !host.is_empty() && !HOSTS.contains(&host.as_str()))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// The host at the start of an address without its scheme; empty where a program fills it in.
fn host(rest: &str) -> &str {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || ".-[:]".contains(letter);
    let end = rest.find(|letter| !inside(letter)).unwrap_or(rest.len());
    let host = &rest[..end];
    if host.starts_with('[') {
        return host.find(']').map_or(host, |last| &host[..=last]);
    }
    let host = host.split(':').next().unwrap_or_default();
    if host.contains('.') || host == "localhost" { host.trim_end_matches('.') } else { "" }
}

#[test]
fn files_are_short_enough_to_read() {
    each_source("Split the file (aim at 300 lines):", too_long);
}

#[test]
fn the_first_line_says_what_a_file_is_for() {
    each_source("Begin the file with `//! ` and its purpose:", no_purpose);
}

#[test]
fn modules_are_named_after_themselves() {
    each_source("Move x/mod.rs to x.rs:", old_module);
}

#[test]
fn no_test_is_ignored() {
    each_source("Make it pass, or delete it:", ignores);
}

#[test]
fn no_test_sleeps() {
    each_source("Wait for the event itself, or use a clock that the test moves:", sleeps);
}

#[test]
fn no_text_names_a_folder_of_one_machine() {
    each_text("Write a path relative to the repository:", |_, text| machine_paths(text));
}

#[test]
fn addresses_are_public() {
    each_text("Remove a mirror or registry; add a public host to HOSTS:", |_, text| {
        strange_hosts(text)
    });
}

#[test]
fn fixtures_are_small() {
    let mut found = Vec::new();
    for path in paths().iter().filter(|path| path.starts_with("fixtures/")) {
        let bytes = fs::metadata(root().join(path)).map_or(0, |file| file.len());
        if bytes > FIXTURE_BYTES_MAX {
            found.push(format!("{path}: {bytes} bytes"));
        }
    }
    nothing(found, "Shorten or compress it, or make it from a model:");
}

#[test]
fn each_rule_finds_what_it_forbids() {
    let long = "x\n".repeat(LINES_MAX + 1);
    assert_eq!(too_long("a.rs", &long), Some("601 lines".to_owned()));
    assert_eq!(too_long("a.rs", &long[2..]), None);
    assert!(no_purpose("a.rs", "use std::fs;\n").is_some());
    assert_eq!(no_purpose("a.rs", "//! What it is for.\n"), None);
    assert!(old_module("a/mod.rs", "").is_some());
    assert_eq!(old_module("a/my_mod.rs", ""), None);
    assert!(ignores("a.rs", &format!("    {IGNORED} = \"slow\"]")).is_some());
    let sleep = format!("std::{SLEEP}(wait);");
    assert!(sleeps("x/tests/it/a.rs", &sleep).is_some());
    assert!(sleeps("x/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {sleep} }}")).is_some());
    assert_eq!(sleeps("x/src/a.rs", &format!("{sleep}\n#[cfg(test)]\nmod tests;")), None);
}

#[test]
fn paths_and_hosts_are_found_where_they_are_meant() {
    for folder in MACHINE_FOLDERS {
        assert_eq!(machine_paths(&format!("see {folder}x and `{folder}`")).len(), 1);
        assert_eq!(machine_paths(&format!("see tests{folder}x, ..{folder}x")), [""; 0]);
    }
    let cases = [
        ("see https://github.com/x and http://127.0.0.1:50051", ""),
        ("listens on http://[::1]:50051 or http://{address}", ""),
        (concat!("index = \"https:/", "/mirror.example.net/index\""), "mirror.example.net"),
        (concat!("(http:/", "/10.0.0.7:8080)"), "10.0.0.7"),
    ];
    for (text, expected) in cases {
        assert_eq!(strange_hosts(text).join(" "), expected, "{text}");
    }
}
