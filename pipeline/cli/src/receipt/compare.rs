//! The first thing in which a replay of now is not the one that a receipt tells of.

use super::{Inputs, Outcome, RecordingPart, Revision};

/// What is not as it was before the first sample, in the order in which it matters.
///
/// Another version of the engine is none of it: whether that decides otherwise is the question.
pub(crate) fn inputs_differ(then: &Inputs, now: &Inputs) -> Option<String> {
    if then.catalogue.hash != now.catalogue.hash {
        let files: Vec<String> =
            then.catalogue.files.iter().map(|file| file.display().to_string()).collect();
        let files = if files.is_empty() { "the built-in one".to_owned() } else { files.join(", ") };
        return Some(format!("the catalogue changed: {files}"));
    }
    if then.rules.hash == now.rules.hash {
        return None;
    }
    let what = changed("scenario", &then.rules.scenarios, &now.rules.scenarios)
        .or_else(|| changed("policy", &then.rules.policies, &now.rules.policies))
        .unwrap_or_else(|| "their hash in the receipt is not that of its rules".to_owned());
    Some(format!("the rules changed: {what}"))
}

/// The first rule that is another one, or only there or here.
fn changed(kind: &str, then: &[Revision], now: &[Revision]) -> Option<String> {
    let find = |rules: &[Revision], name: &str| rules.iter().any(|rule| rule.name == name);
    let mut all: Vec<&Revision> = then.iter().chain(now).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let wrong = |rule: &&&Revision| !then.contains(rule) || !now.contains(rule);
    let name = &all.iter().find(wrong)?.name;
    Some(match (find(then, name), find(now, name)) {
        (true, true) => format!("{kind} `{name}` is another one"),
        (true, false) => format!("{kind} `{name}` is gone"),
        _ => format!("{kind} `{name}` is new"),
    })
}

/// What is not as it was after the last sample: recordings first, then decisions.
pub(crate) fn outcome_differs(then: &Outcome, now: &Outcome) -> Option<String> {
    let mut pairs = then.recordings.iter().zip(&now.recordings);
    if let Some((then, now)) = pairs.find(|(then, now)| then.hash != now.hash) {
        return Some(recording_changed(then, now));
    }
    let (then, now) = (&then.decisions, &now.decisions);
    if then.hash == now.hash {
        return None;
    }
    let parting = then.parting(now);
    let (first, last) = (parting.first, parting.last);
    let place = if first == last {
        format!("decision {first} is the first")
    } else {
        format!("the first is one of decisions {first} to {last}")
    };
    let counts = format!("{} decisions were made, now {}", then.count, now.count);
    let now = parting.now.map_or_else(String::new, |now| format!("; it is now the {now}"));
    Some(format!("the decisions differ: {place}{now} ({counts})"))
}

fn recording_changed(then: &RecordingPart, now: &RecordingPart) -> String {
    let what = if then.samples == now.samples {
        format!("{} samples as before, but not the same", then.samples)
    } else {
        format!("{} samples were read, now {}", then.samples, now.samples)
    };
    format!("the recording {} changed, or how it is read: {what}", then.file.display())
}
