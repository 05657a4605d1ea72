//! Coverage reports of rules over drives.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_recording::{Options, Sample};
use piccolo_script::{Fact, RuleSet, Scenario};
use piccolo_workbench::coverage::{
    CoverageReport, First, MergeError, Metric, Observed, OriginKind, Ratio, SideReport, Subject,
    Threshold,
};
use piccolo_workbench::{Drive, DriveBuilder};
use serde_json::{Value as Json, json};

const RULES: &str = r#"// <b>Tom & Jerry</b>
scenario "fast" {
    when  Vehicle.Speed > 100.0 && Vehicle.Speed > 50.0
          || Vehicle.ADAS.CruiseControl.IsActive
    until Vehicle.Speed < 40.0
    then  launch("<script>")
}
"#;

fn rules(text: &str) -> RuleSet {
    let (rules, diagnostics) = RuleSet::parse("rules/<fast>.rhai", text, &Catalogue::vss6());
    assert!(!diagnostics.iter().any(|found| found.is_error()), "{diagnostics:#?}");
    rules
}

fn subjects(rules: &RuleSet) -> Vec<Subject> {
    let catalogue = Catalogue::vss6();
    rules.scenarios().flat_map(|scenario| Subject::of_scenario(scenario, &catalogue)).collect()
}

/// Notes the vector of every condition after each time of the drive.
fn observe(observed: &mut Observed, rules: &RuleSet, drive: &Drive) {
    let origin = observed.origin(OriginKind::Drive, drive.name());
    let mut facts: HashMap<SignalId, Value> = HashMap::new();
    let mut samples = drive.iter().peekable();
    while let Some(sample) = samples.next() {
        let Sample { time_us, signal, value, .. } = sample;
        match value {
            Some(value) => facts.insert(signal, value),
            None => facts.remove(&signal),
        };
        if samples.peek().is_some_and(|next| next.time_us == time_us) {
            continue;
        }
        let facts = |fact: &Fact| match fact {
            Fact::Signal(signal, _) => facts.get(signal).cloned(),
            _ => None,
        };
        let both = |scenario: &Arc<Scenario>| {
            let conditions = [Some(&scenario.when), scenario.until.as_ref()];
            let conditions = conditions.into_iter().flatten();
            conditions
                .map(|condition| {
                    condition.atoms.iter().map(|atom| atom.expression.truth(&facts)).collect()
                })
                .collect::<Vec<_>>()
        };
        for (subject, vector) in rules.scenarios().flat_map(both).enumerate() {
            observed.note(subject, &vector, First { origin, time_us });
        }
    }
}

/// A drive of speeds and of whether cruise control is active, a sample a second each.
fn drive(name: &str, samples: &[(f64, bool)]) -> Drive {
    let catalogue = Catalogue::vss6();
    let [speed, cruise] = ["Vehicle.Speed", "Vehicle.ADAS.CruiseControl.IsActive"]
        .map(|path| catalogue.find(path).unwrap());
    let mut builder = DriveBuilder::new(name, catalogue);
    for (second, (value, active)) in (0..).zip(samples) {
        for (signal, value) in [(speed, Value::from(*value)), (cruise, Value::from(*active))] {
            let time_us = second * 1_000_000;
            builder.push(Sample { time_us, signal, value: Some(value), line: 1 }).unwrap();
        }
    }
    builder.finish()
}

fn report(drives: &[Drive]) -> CoverageReport {
    let rules = rules(RULES);
    let mut observed = Observed::new(subjects(&rules));
    drives.iter().for_each(|drive| observe(&mut observed, &rules, drive));
    CoverageReport::new(&observed)
}

#[test]
fn text_tells_what_is_missing() {
    let slow = drive("slow", &[(45.0, false), (60.0, false)]);
    let text = report(&[drive("slower", &[(45.0, false)]), slow]).to_text();
    let expected = "\
scenario fast (rules/<fast>.rhai:2)
  when (Vehicle.Speed > 100.0 && Vehicle.Speed > 50.0) || Vehicle.ADAS.CruiseControl.IsActive
    condition 4/6 66 %, branch 1/2 50 %, MC/DC 0/2 0 %, 1 impossible
    - it never held in 2 drives
    - `Vehicle.Speed > 100.0` was never true in 2 drives
    - `Vehicle.Speed > 50.0` cannot show an effect of its own: whenever it is false, others \
decide; the same is read by `Vehicle.Speed > 100.0`
    - `Vehicle.ADAS.CruiseControl.IsActive` was never true in 2 drives
  until Vehicle.Speed < 40.0
    condition 1/2 50 %, branch 1/2 50 %, MC/DC 0/1 0 %
    - it never held in 2 drives
    - `Vehicle.Speed < 40.0` was never true in 2 drives
in 2 drives: condition 5/8 62 %, branch 2/4 50 %, MC/DC 0/3 0 %, 1 impossible
";
    assert_eq!(text, expected);
}

#[test]
fn json_keeps_its_names() {
    let report = report(&[drive("d", &[(120.0, false), (60.0, false), (60.0, true)])]);
    let found: Json = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert_eq!(found["version"], 1);
    assert_eq!(found["origins"], json!([{"kind": "drive", "name": "d"}]));
    let when = &found["conditions"][0];
    assert_eq!(
        when["totals"],
        json!({
            "condition": {"covered": 5, "of": 6},
            "branch": {"covered": 2, "of": 2},
            "mcdc": {"covered": 2, "of": 2},
            "impossible": 1,
        })
    );
    assert_eq!((&when["line"], &when["clause"]), (&json!(2), &json!("when")));
    assert_eq!(
        when["fails"],
        json!({"state": "seen", "origin": "drive", "name": "d", "time_us": 1_000_000})
    );
    assert_eq!(
        when["atoms"][0],
        json!({
            "atom": "Vehicle.Speed > 100.0",
            "line": 3,
            "true": {"state": "seen", "origin": "drive", "name": "d", "time_us": 0},
            "false": {"state": "seen", "origin": "drive", "name": "d", "time_us": 1_000_000},
            "independence": {
                "state": "seen",
                "when_true": {
                    "truths": "TTF", "holds": true, "origin": "drive", "name": "d", "time_us": 0,
                },
                "when_false": {
                    "truths": "FTF", "holds": false, "origin": "drive", "name": "d",
                    "time_us": 1_000_000,
                },
            },
        })
    );
    let reason = "whenever it is false, others decide; the same is read by `Vehicle.Speed > 100.0`";
    assert_eq!(when["atoms"][1]["independence"], json!({"state": "impossible", "reason": reason}));
    let until = &found["conditions"][1]["atoms"][0];
    assert_eq!(until["true"], json!({"state": "missing"}));
    let lacks = "it was never seen to decide while it was true";
    assert_eq!(until["independence"], json!({"state": "missing", "lacks": lacks}));
}

#[test]
fn html_stands_alone_and_escapes_what_others_wrote() {
    let html = report(&[drive("<i>d</i>", &[(120.0, false), (60.0, false)])]).to_html();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    for foreign in ["<script", "<b>", "<i>", "<fast>", "http", "src=", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    for part in [
        "// &lt;b&gt;Tom &amp; Jerry&lt;/b&gt;",
        "launch(&quot;&lt;script&gt;&quot;)",
        "prefers-color-scheme: dark",
        r#"<span class="full" title="Vehicle.Speed &gt; 100.0 is covered">Vehicle.Speed &gt; 100.0</span>"#,
        r#"<span class="partly" title="Vehicle.Speed &gt; 50.0 was never false in 1 drive"#,
        r#"title="Vehicle.ADAS.CruiseControl.IsActive was never true in 1 drive">Vehicle.ADAS"#,
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn thresholds_tell_what_falls_short() {
    let totals = report(&[drive("d", &[(120.0, false), (60.0, false)])]).totals;
    assert_eq!(totals.condition, Ratio { covered: 5, of: 8 });
    let check = |condition: f64, branch: f64| {
        let threshold = Threshold { condition: Some(condition), branch: Some(branch), mcdc: None };
        threshold.check(&totals).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(check(62.5, 75.0), "");
    assert_eq!(check(62.6, 75.0), "condition coverage is 5/8 62 %, less than 62.6 %");
    assert_eq!(check(0.0, 100.0), "branch coverage is 3/4 75 %, less than 100 %");
    assert_eq!(check(f64::NAN, 0.0), "condition coverage is 5/8 62 %, less than NaN %");
    let none = Threshold { mcdc: Some(100.0), ..Threshold::default() };
    let short = none.check(&totals);
    assert_eq!((short.len(), short[0].metric), (1, Metric::Mcdc));
    assert_eq!(none.check(&CoverageReport::new(&Observed::new([])).totals), []);
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

#[test]
fn drives_observed_apart_merge_to_what_they_show_together() {
    let catalogue = Catalogue::vss6();
    let (rules, diagnostics) = RuleSet::load(&[fixture("scenarios")], &catalogue);
    assert!(diagnostics.is_empty() && rules.len() > 10, "{diagnostics:#?}");
    let mut together = Observed::new(subjects(&rules));
    let mut merged = together.clone();
    for name in ["city_udds", "mixed_wltc", "aggressive_us06"] {
        let path = fixture("drives").join(format!("{name}.csv.gz"));
        let drive = Drive::load(name, &path, Options::new(Arc::clone(&catalogue))).unwrap();
        observe(&mut together, &rules, &drive);
        let mut apart = Observed::new(subjects(&rules));
        observe(&mut apart, &rules, &drive);
        merged.merge(&apart).unwrap();
    }
    let report = CoverageReport::new(&together);
    assert_eq!(report.to_json().unwrap(), CoverageReport::new(&merged).to_json().unwrap());
    assert_eq!(report.origins.len(), 3);
    let missing = |side: &SideReport| usize::from(*side == SideReport::Missing);
    for condition in &report.conditions {
        assert!(condition.vectors > 1, "{condition:#?}");
        assert!(condition.totals.mcdc.of > 0 && !condition.undecided);
        let sides = missing(&condition.holds) + missing(&condition.fails);
        assert_eq!(condition.totals.branch.of - condition.totals.branch.covered, sides);
    }
    let Ratio { covered, of } = report.totals.mcdc;
    assert!(covered * 2 > of && covered <= of, "{}", report.to_text());
    // Each atom is marked where it stands.
    let file = |subject: &Arc<Subject>| Arc::clone(&subject.source.text);
    for subject in together.subjects() {
        for atom in &subject.atoms {
            let text = &file(subject)[atom.span.start..atom.span.end];
            let first = atom.text.split(' ').next().unwrap();
            // The span of a call ends before its closing bracket.
            let first = first.trim_start_matches(['!', '(']).trim_end_matches(')');
            assert!(text.contains(first), "{text} for {}", atom.text);
        }
    }
}

#[test]
fn other_rules_do_not_merge() {
    let of = |text: &str| Observed::new(subjects(&rules(text)));
    let mut observed = of(RULES);
    let rule = || "fast".into();
    let changed = of(&RULES.replace("40.0", "41.0"));
    assert_eq!(observed.merge(&changed), Err(MergeError::Rules { rule: rule() }));
    assert_eq!(observed.merge(&Observed::new([])), Err(MergeError::Rules { rule: rule() }));
    assert_eq!(Observed::new([]).merge(&observed), Err(MergeError::Rules { rule: rule() }));
    assert_eq!(observed.merge(&of(&format!("// another line\n{RULES}"))), Ok(()));
}
