//! One suite on every store: commands and the answers that must come, in `cases/*.txt`.
//!
//! etcd is the judge. `PICCOLO_REGENERATE=1` with the feature `etcd` writes its answers into the
//! files; the embedded store must give the same, to the letter.

use std::fs;
use std::path::PathBuf;

use crate::benches::{Bench, Kind, run};
use crate::script::Script;

/// A case: its name, and commands with their answers.
struct Case {
    name: String,
    steps: Vec<(String, String)>,
}

/// The cases of a file: `# name`, then `> command` with the lines of its answer below.
fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if let Some(name) = line.strip_prefix("# ") {
            cases.push(Case { name: name.to_owned(), steps: Vec::new() });
            continue;
        }
        let steps = &mut cases.last_mut().expect("a name comes first").steps;
        if let Some(command) = line.strip_prefix("> ") {
            steps.push((command.to_owned(), String::new()));
            continue;
        }
        let answer = &mut steps.last_mut().expect("a command comes first").1;
        if !answer.is_empty() {
            answer.push('\n');
        }
        answer.push_str(line);
    }
    cases
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases").join(file)
}

/// Runs all cases of a file on a store, and fails with every answer that is another one.
#[track_caller]
fn check(kind: Kind, file: &str) {
    let text = fs::read_to_string(path(file)).expect("the file of the cases is there");
    let cases = cases(&text);
    assert!(cases.len() > 5, "{file} has only {} cases", cases.len());
    let Some((wrong, answered)) = run(play(kind, &cases)) else { return };
    let regenerate = std::env::var("PICCOLO_REGENERATE").is_ok_and(|value| value == "1");
    if regenerate && kind != Kind::Embedded {
        let first = text.lines().take_while(|line| line.starts_with("//"));
        let head: String = first.map(|line| format!("{line}\n")).collect();
        fs::write(path(file), head + &answered).unwrap();
    }
    println!("{file}: {} cases on {kind:?}", cases.len());
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// What was wrong, and the cases with what was answered; none where the store is absent.
async fn play(kind: Kind, cases: &[Case]) -> Option<(Vec<String>, String)> {
    let bench = Bench::new(kind).await?;
    let (mut wrong, mut answered) = (Vec::new(), String::new());
    for Case { name, steps } in cases {
        answered.push_str(&format!("\n# {name}\n"));
        let mut script = Script::begin(&bench).await;
        for (command, expected) in steps {
            let answer = script.command(command).await;
            if answer != *expected {
                wrong.push(format!("# {name}\n> {command}\n{answer}\n  expected\n{expected}\n"));
            }
            answered.push_str(&format!("> {command}\n{answer}\n"));
        }
        script.end().await;
    }
    Some((wrong, answered))
}

/// Each file on each store.
macro_rules! suites {
    ($($name:ident),*) => {
        mod embedded {
            use super::{Kind, check};
            $(#[test]
            fn $name() {
                check(Kind::Embedded, concat!(stringify!($name), ".txt"));
            })*
        }

        #[cfg(feature = "etcd")]
        mod etcd {
            use super::{Kind, check};
            $(#[test]
            fn $name() {
                check(Kind::Etcd, concat!(stringify!($name), ".txt"));
            })*
        }

        #[test]
        fn there_are_enough_cases_and_each_has_its_name() {
            let files = [$(concat!(stringify!($name), ".txt")),*];
            let mut names = Vec::new();
            for file in files {
                names.extend(cases(&fs::read_to_string(path(file)).unwrap()).into_iter().map(|case| case.name));
            }
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            println!("{count} cases");
            assert_eq!(names.len(), count, "two cases have one name");
            assert!(count >= 120, "only {count} cases");
        }
    };
}

suites!(put, range, delete, transaction, watch, compact, lease);
