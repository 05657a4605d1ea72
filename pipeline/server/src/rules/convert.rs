//! Turns rules, versions and differences into messages.

use piccolo_engine::{DecisionChange, Lane, Quarantined, RuleChange};
use piccolo_script::{Diagnostic, render};
use piccolo_wire::v1;

use super::difference::{Counts, Difference};
use super::versions::{Version, Versions};
use crate::convert::decision;

pub(super) fn change(change: &RuleChange) -> v1::RuleChange {
    let names = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect();
    v1::RuleChange {
        added: names(&change.added),
        replaced: names(&change.replaced),
        removed: names(&change.removed),
        kept: change.kept as u64,
    }
}

pub(super) fn diagnostic(found: &Diagnostic) -> v1::RuleDiagnostic {
    let place = found.source.as_ref().map(|source| source.line_column(found.span.start));
    let severity = match found.is_error() {
        true => v1::RuleSeverity::Error,
        false => v1::RuleSeverity::Warning,
    };
    v1::RuleDiagnostic {
        code: found.code.to_owned(),
        severity: severity.into(),
        message: found.message.clone(),
        file: found.source.as_ref().map(|source| source.name.to_string()),
        line: place.map(|(line, _)| line as u32),
        column: place.map(|(_, column)| column as u32),
        rendered: render(found),
    }
}

pub(super) fn version(version: &Version, versions: &Versions) -> v1::RuleVersion {
    let lane = |lane| match lane {
        Lane::Active => v1::Lane::Active.into(),
        Lane::Shadow => v1::Lane::Shadow.into(),
    };
    v1::RuleVersion {
        number: version.number,
        digest: version.known.digest.to_string(),
        scenario_count: version.known.counts.0,
        policy_count: version.known.counts.1,
        lanes: versions.lanes(version.number).map(lane).collect(),
        applied_ms: version.applied_ms,
    }
}

pub(super) fn difference(
    found: &Difference,
    (active_version, shadow_version): (u64, u64),
    limit: u32,
) -> v1::GetShadowDifferenceResponse {
    let skipped = found.latest.len().saturating_sub(limit as usize);
    v1::GetShadowDifferenceResponse {
        active_version,
        shadow_version,
        since_us: found.since_us,
        same_count: found.same,
        scenarios: found.counts.iter().map(|(name, counts)| scenario(name, *counts)).collect(),
        waiting_count: found.waiting() as u64,
        latest: found.latest.iter().skip(skipped).map(decision_difference).collect(),
    }
}

fn scenario(name: &str, counts: Counts) -> v1::ScenarioDifference {
    v1::ScenarioDifference {
        scenario: name.to_owned(),
        added_count: counts.added,
        removed_count: counts.removed,
        moved_count: counts.moved,
        changed_count: counts.changed,
    }
}

fn decision_difference(change: &DecisionChange) -> v1::DecisionDifference {
    let kind = match change {
        DecisionChange::Added { .. } => v1::DifferenceKind::Added,
        DecisionChange::Removed { .. } => v1::DifferenceKind::Removed,
        DecisionChange::Moved { .. } => v1::DifferenceKind::Moved,
        DecisionChange::Changed { .. } => v1::DifferenceKind::Changed,
    };
    v1::DecisionDifference {
        kind: kind.into(),
        from: change.from().map(decision),
        to: change.to().map(decision),
    }
}

pub(super) fn quarantined(found: &Quarantined) -> v1::QuarantinedScenario {
    v1::QuarantinedScenario {
        time_us: found.time_us,
        vehicle: found.vehicle.to_string(),
        scenario: found.scenario.to_string(),
        revision: found.revision.to_string(),
    }
}
