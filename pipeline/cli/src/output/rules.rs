//! What `piccolo rules` prints: tables for people, and JSON with stable names.

use piccolo_wire::v1;
use serde_json::{Value, json};

use super::print;
use super::table::seconds;
use crate::args::DocumentFormat;
use crate::error::CliError;

/// Prints the answers of the server.
#[derive(Clone, Copy)]
pub(crate) struct RulesPrinter(DocumentFormat);

impl RulesPrinter {
    pub(crate) fn new(format: DocumentFormat) -> Self {
        Self(format)
    }

    pub(crate) fn applied(self, answer: &v1::ApplyRulesResponse) -> Result<(), CliError> {
        let document = json!({
            "version": answer.version,
            "digest": answer.digest,
            "change": answer.change.as_ref().map(change),
            "time_us": answer.time_us,
        });
        let head = match (answer.version, answer.time_us) {
            (Some(version), Some(time_us)) => {
                format!("version {version} is in force from {}", seconds(time_us))
            }
            (Some(version), None) => format!("nothing was changed: this is version {version}"),
            (None, _) => "nothing was changed: this would be a new version".to_owned(),
        };
        print(self.0, &document, &with_change(head, answer.change.as_ref()))
    }

    pub(crate) fn active(
        self,
        version: u64,
        changed: Option<&v1::RuleChange>,
        time_us: u64,
    ) -> Result<(), CliError> {
        let document =
            json!({ "version": version, "change": changed.map(change), "time_us": time_us });
        let head = format!("version {version} is in force from {}", seconds(time_us));
        print(self.0, &document, &with_change(head, changed))
    }

    pub(crate) fn dropped(self, version: u64) -> Result<(), CliError> {
        let line = format!("version {version} is no longer in the shadow");
        print(self.0, &json!({ "version": version }), &[line])
    }

    pub(crate) fn versions(self, answer: &v1::ListVersionsResponse) -> Result<(), CliError> {
        let mut lines = vec![format!(
            "{:>7}  {:<13}  {:>9}  {:>8}  {:<14}  APPLIED (ms since 1970)",
            "VERSION", "DIGEST", "SCENARIOS", "POLICIES", "LANES"
        )];
        lines.extend(answer.versions.iter().map(|version| {
            format!(
                "{:>7}  {:<13.12}  {:>9}  {:>8}  {:<14}  {}",
                version.number,
                version.digest,
                version.scenario_count,
                version.policy_count,
                lanes(version).join(", "),
                version.applied_ms
            )
        }));
        if answer.quarantined_count > 0 {
            lines.push(format!(
                "{} times a scenario was left out in a vehicle: piccolo rules quarantined",
                answer.quarantined_count
            ));
        }
        let version = |version: &v1::RuleVersion| {
            json!({
                "version": version.number,
                "digest": version.digest,
                "scenarios": version.scenario_count,
                "policies": version.policy_count,
                "lanes": lanes(version),
                "applied_ms": version.applied_ms,
            })
        };
        let document = json!({
            "versions": answer.versions.iter().map(version).collect::<Vec<_>>(),
            "quarantined": answer.quarantined_count,
        });
        print(self.0, &document, &lines)
    }

    pub(crate) fn difference(
        self,
        answer: &v1::GetShadowDifferenceResponse,
    ) -> Result<(), CliError> {
        let mut lines = vec![format!(
            "version {} in the shadow against {}, since {}: {} the same, {} waiting",
            answer.shadow_version,
            answer.active_version,
            seconds(answer.since_us),
            answer.same_count,
            answer.waiting_count
        )];
        lines.extend(answer.scenarios.iter().map(|found| {
            format!(
                "{}: {} added, {} removed, {} moved, {} changed",
                found.scenario,
                found.added_count,
                found.removed_count,
                found.moved_count,
                found.changed_count
            )
        }));
        lines.extend(answer.latest.iter().filter_map(difference_line));
        let scenario = |found: &v1::ScenarioDifference| {
            json!({
                "scenario": found.scenario,
                "added": found.added_count,
                "removed": found.removed_count,
                "moved": found.moved_count,
                "changed": found.changed_count,
            })
        };
        let latest = |found: &v1::DecisionDifference| json!({ "change": kind(found), "from": found.from, "to": found.to });
        let document = json!({
            "active": answer.active_version,
            "shadow": answer.shadow_version,
            "since_us": answer.since_us,
            "same": answer.same_count,
            "waiting": answer.waiting_count,
            "scenarios": answer.scenarios.iter().map(scenario).collect::<Vec<_>>(),
            "latest": answer.latest.iter().map(latest).collect::<Vec<_>>(),
        });
        print(self.0, &document, &lines)
    }

    pub(crate) fn quarantined(self, answer: &v1::ListQuarantinedResponse) -> Result<(), CliError> {
        let lines: Vec<String> = answer
            .scenarios
            .iter()
            .map(|found| {
                format!("{:>14}  {:<20}  {}", seconds(found.time_us), found.vehicle, found.scenario)
            })
            .collect();
        let scenario = |found: &v1::QuarantinedScenario| {
            json!({
                "time_us": found.time_us,
                "vehicle": found.vehicle,
                "scenario": found.scenario,
                "revision": found.revision,
            })
        };
        let scenarios: Vec<Value> = answer.scenarios.iter().map(scenario).collect();
        print(self.0, &json!({ "count": answer.count, "scenarios": scenarios }), &lines)
    }
}

fn change(change: &v1::RuleChange) -> Value {
    json!({
        "added": change.added,
        "replaced": change.replaced,
        "removed": change.removed,
        "kept": change.kept,
    })
}

/// The head, then one line for each scenario that changed.
fn with_change(head: String, change: Option<&v1::RuleChange>) -> Vec<String> {
    let Some(change) = change else { return vec![head] };
    let counts = format!(
        "{head}: {} added, {} replaced, {} removed, {} kept",
        change.added.len(),
        change.replaced.len(),
        change.removed.len(),
        change.kept
    );
    let lines = [("+", &change.added), ("~", &change.replaced), ("-", &change.removed)];
    let named =
        lines.into_iter().flat_map(|(sign, names)| names.iter().map(move |name| (sign, name)));
    std::iter::once(counts).chain(named.map(|(sign, name)| format!("  {sign} {name}"))).collect()
}

fn lanes(version: &v1::RuleVersion) -> Vec<&'static str> {
    let name = |lane| match lane {
        v1::Lane::Active => "active",
        v1::Lane::Shadow => "shadow",
        v1::Lane::Unspecified => "?",
    };
    version.lanes().map(name).collect()
}

fn kind(found: &v1::DecisionDifference) -> &'static str {
    match found.kind() {
        v1::DifferenceKind::Added => "added",
        v1::DifferenceKind::Removed => "removed",
        v1::DifferenceKind::Moved => "moved",
        v1::DifferenceKind::Changed => "changed",
        v1::DifferenceKind::Unspecified => "?",
    }
}

fn difference_line(found: &v1::DecisionDifference) -> Option<String> {
    let decision = found.to.as_ref().or(found.from.as_ref())?;
    let edge = match decision.edge() {
        v1::Edge::Begin => "begin",
        v1::Edge::End => "end",
        v1::Edge::Unspecified => "?",
    };
    let from = match (found.kind(), &found.from) {
        (v1::DifferenceKind::Moved, Some(from)) => format!(" from {}", seconds(from.time_us)),
        _ => String::new(),
    };
    Some(format!(
        "{:>14}  {edge:<5}  {:<20}  {:<24}  {}{from}",
        seconds(decision.time_us),
        decision.vehicle,
        decision.scenario,
        kind(found)
    ))
}
