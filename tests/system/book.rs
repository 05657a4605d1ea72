//! The examples of the book pass their tests, or fail as they say; the cookbook uses the whole
//! language; both folders of rules pass their tests with full coverage.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_script::{ActionKind, Condition, Fact, Over, RuleSet, Verdict};
use piccolo_workbench::coverage::{IndependenceReport, Ratio, SideReport};
use piccolo_workbench::testing::Tester;

use crate::data::root;

/// What a block of the book promises.
#[derive(Debug, PartialEq, Eq)]
enum Promise {
    /// It compiles without a finding, and its tests pass.
    Tested,
    /// It has exactly one finding, of this code.
    Fails(String),
}

/// A block of the book that runs.
#[derive(Debug)]
struct Block {
    place: String,
    promise: Promise,
    text: String,
}

/// The blocks of a page that run, with their lines.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(Block, bool)> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let promise = match info.strip_prefix("rhai,") {
                    Some("test") => Some(Promise::Tested),
                    Some(other) => other.strip_prefix("error=").map(|c| Promise::Fails(c.into())),
                    None => None,
                };
                let runs = promise.is_some();
                let promise = promise.unwrap_or(Promise::Tested);
                let place = format!("{page}:{}", index + 1);
                assert!(runs || !info.contains("rhai,"), "{place}: what is `{info}`?");
                open = Some((Block { place, promise, text: String::new() }, runs));
            }
            (Some(_), Some(_)) => {
                found.extend(open.take().and_then(|(block, runs)| runs.then_some(block)))
            }
            (Some((block, _)), None) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block has no end");
    found
}

/// What is wrong with a block; nothing where it keeps its promise.
fn broken(block: &Block, catalogue: &Arc<Catalogue>) -> Option<String> {
    // A recording in it is named from the root.
    let name = root().join("book.rhai").display().to_string();
    let (rules, findings) = RuleSet::parse(&name, &block.text, catalogue);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    match &block.promise {
        Promise::Fails(code) if codes == [code.as_str()] => None,
        Promise::Fails(code) => Some(format!("not {code} alone, but {codes:?}: {messages:?}")),
        Promise::Tested if !codes.is_empty() => Some(format!("{codes:?}: {messages:?}")),
        Promise::Tested if rules.tests().len() == 0 => Some("it has no test".to_owned()),
        Promise::Tested => {
            let results = Tester::new(&rules, Arc::clone(catalogue)).run_all();
            (!results.all_passed()).then(|| results.to_text())
        }
    }
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the book is there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_example_keeps_its_promise() {
    let catalogue = Catalogue::vss6();
    let mut paths = Vec::new();
    pages(&root().join("docs/book/src"), &mut paths);
    paths.sort();
    let (mut tested, mut failing, mut wrong) = (0, 0, Vec::new());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a page is text");
        for block in blocks(&path.display().to_string(), &text) {
            match block.promise {
                Promise::Tested => tested += 1,
                Promise::Fails(_) => failing += 1,
            }
            wrong.extend(broken(&block, &catalogue).map(|what| format!("{}: {what}", block.place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tested > 40 && failing > 20, "only {tested} tested and {failing} failing examples");
}

#[test]
fn a_broken_promise_is_noticed() {
    let text = "\
```rhai,test
scenario \"s\" { when Vehicle.Sped > 1.0 then launch(\"p\") }
```
```rhai,test
scenario \"s\" { when Vehicle.Speed > 1.0 then launch(\"p\") }
```
```rhai,error=PR0101
scenario \"s\" { when Vehicle.Speed > 1.0 then launch(\"p\") }
```
```rhai,test
scenario \"s\" { when Vehicle.Speed > 1.0 then launch(\"p\") }
test \"t\" { play Vehicle.Speed, [[0, 2.0]] expect none(\"s\") }
```
```rhai
not run
```
";
    let blocks = blocks("page.md", text);
    assert_eq!(blocks.len(), 4);
    let catalogue = Catalogue::vss6();
    let wrong: Vec<String> = blocks.iter().filter_map(|block| broken(block, &catalogue)).collect();
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    assert!(wrong[0].contains("PR0101") && wrong[1].contains("no test"), "{wrong:?}");
    assert!(wrong[3].contains("it began at 0 s"), "{wrong:?}");
}

/// The functions over time and over the fleet, and the kinds of platform objects, in a condition.
fn functions(condition: &Condition, used: &mut BTreeSet<&'static str>) {
    let mut facts: Vec<Fact> = condition.atoms.iter().flat_map(|atom| atom.reads()).collect();
    while let Some(fact) = facts.pop() {
        if let Fact::Derived(derived) = &fact {
            facts.extend(derived.over.reads());
        }
        used.extend(match &fact {
            Fact::Platform(fact) => Some(fact.property.object),
            Fact::Resource(_) => Some("resource"),
            Fact::Action(_) => Some("action"),
            Fact::Signal(..) => None,
            Fact::Derived(derived) => match derived.over {
                Over::Truth { .. } => None,
                Over::Average { .. } => Some("avg"),
                Over::Least { .. } => Some("windowed min"),
                Over::Greatest { .. } => Some("windowed max"),
                Over::Slope { .. } => Some("slope"),
                Over::Changed { .. } => Some("changed"),
                Over::Rose { .. } => Some("rose"),
                Over::Fell { .. } => Some("fell"),
                Over::Count { .. } => Some("count"),
                Over::Within { .. } => Some("within"),
                Over::Sequence { .. } => Some("sequence"),
                Over::Fresh { .. } => Some("fresh"),
                Over::Age { .. } | Over::Older { .. } => Some("age"),
                Over::Vehicles { .. } => Some("vehicles"),
                Over::Share { .. } => Some("share"),
            },
        });
    }
}

#[test]
fn the_cookbook_uses_the_whole_language() {
    let catalogue = Catalogue::vss6();
    let folder = root().join("fixtures/cookbook");
    let (rules, findings) = RuleSet::load(&[folder], &catalogue);
    assert!(findings.is_empty(), "{findings:#?}");
    let (mut used, mut actions, mut clauses) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut texts = String::new();
    for scenario in rules.scenarios() {
        for condition in std::iter::once(&scenario.when).chain(&scenario.until) {
            functions(condition, &mut used);
            texts.extend([&*condition.text, "\n"]);
        }
        let done = scenario.then.iter().chain(&scenario.finally);
        actions.extend(done.map(|action| action.kind.name()));
        let optional = [
            ("until", scenario.until.is_some()),
            ("held", scenario.held_us > 0),
            ("cooldown", scenario.cooldown_us > 0),
            ("priority", scenario.priority != 0),
            ("finally", !scenario.finally.is_empty()),
        ];
        clauses.extend(optional.iter().filter(|(_, is)| *is).map(|(name, _)| *name));
    }
    for policy in rules.policies() {
        policy.when.iter().for_each(|when| functions(when, &mut used));
        clauses.insert(match policy.verdict {
            Verdict::Deny(_) => "deny",
            Verdict::Change(_) => "change",
            Verdict::Allow => "allow",
        });
    }
    let functions = [
        "action",
        "age",
        "alert",
        "avg",
        "changed",
        "count",
        "fell",
        "fresh",
        "model",
        "node",
        "package",
        "resource",
        "rose",
        "scenario",
        "sequence",
        "share",
        "slope",
        "vehicles",
        "windowed max",
        "windowed min",
        "within",
    ];
    assert_eq!(used, BTreeSet::from(functions));
    assert_eq!(actions, ActionKind::ALL.iter().map(|(_, name)| *name).collect());
    let all = ["allow", "change", "cooldown", "deny", "finally", "held", "priority", "until"];
    assert_eq!(clauses, BTreeSet::from(all));
    for operator in [
        "abs(",
        "max(Vehicle.Chassis",
        "min(Vehicle.Chassis",
        "known(",
        "!",
        "&&",
        "||",
        " - ",
        " * ",
    ] {
        assert!(texts.contains(operator), "no condition uses `{operator}`");
    }
    assert!(rules.scenarios().len() >= 28 && rules.policies().len() >= 6);
}

/// All tests of a folder pass, and they cover all that can be covered.
fn is_tested(folder: &str, tests_min: usize) {
    let catalogue = Catalogue::vss6();
    let (rules, findings) = RuleSet::load(&[root().join(folder)], &catalogue);
    assert!(findings.is_empty(), "{findings:#?}");
    let mut tester = Tester::new(&rules, catalogue);
    let results = tester.run_all();
    assert!(results.all_passed(), "{}", results.to_text());
    assert!(results.tests.len() >= tests_min, "only {} tests", results.tests.len());
    let report = tester.coverage();
    let full = |ratio: Ratio| ratio.covered == ratio.of && ratio.of > 0;
    let missing = report.totals.metrics().into_iter().any(|(_, ratio)| !full(ratio));
    assert!(!missing, "{}", report.to_text());
    // What counts as impossible is proved so: it is not a way out.
    for condition in &report.conditions {
        assert!(!condition.undecided, "{} is undecided", condition.rule);
        for atom in &condition.atoms {
            let sides = [&atom.true_, &atom.false_];
            let seen = sides.iter().all(|side| matches!(side, SideReport::Seen(_)));
            let shown = matches!(atom.independence, IndependenceReport::Seen { .. });
            assert!(seen && shown, "`{}` of {} is not covered", atom.atom, condition.rule);
        }
    }
}

#[test]
fn the_shipped_scenarios_are_tested_through_and_through() {
    is_tested("fixtures/scenarios", 20);
}

#[test]
fn the_cookbook_is_tested_through_and_through() {
    is_tested("fixtures/cookbook", 90);
}
