//! The worked examples of the book: what the page shows is what the commands print.

use crate::run::{piccolo, root, shared};

/// The commands of the page, each with what the page shows below it.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            line if inside => match (line.strip_prefix("$ piccolo "), found.last_mut()) {
                (Some(command), _) => found.push((command.to_owned(), String::new())),
                (None, Some((_, output))) => output.extend([line, "\n"]),
                (None, None) => panic!("no command is above {line}"),
            },
            _ => {}
        }
    }
    found
}

#[test]
fn the_page_shows_what_the_commands_print() {
    let page = std::fs::read_to_string(root().join("docs/book/src/worked.md")).unwrap();
    let examples = examples(&page);
    let of = |command: &str| examples.iter().filter(|(line, _)| line.starts_with(command)).count();
    assert!(of("explain") >= 3 && of("diff") >= 1, "{examples:#?}");
    for (command, expected) in &examples {
        let mut args = Vec::new();
        for word in command.split(' ') {
            match word.strip_prefix("../shared/data/").map(shared) {
                Some(None) => return,
                Some(Some(path)) => args.push(path),
                None => args.push(word.to_owned()),
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let code = i32::from(command.starts_with("diff"));
        assert_eq!(&piccolo(&args).with_code(code).out, expected, "{command}");
        assert!(expected.lines().count() > 3, "{command} shows nothing");
    }
}
