//! Reads overlays in VSS's own YAML.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::catalogue::SIGNALS_MAX;
use crate::json::{leaf, wrong_key};
use crate::{CatalogueError, Signal};

/// The most positions that one `instances` may name.
const INSTANCES_MAX: usize = 1_024;

/// All signals of the overlay, instances expanded, with `prefix` before each path.
pub(crate) fn signals(text: &str, prefix: Option<&str>) -> Result<Vec<Signal>, CatalogueError> {
    let nodes = nodes(text)?;
    let branches = branches(&nodes)?;
    let mut found = Vec::new();
    for (name, keys) in &nodes {
        if is_branch(keys) {
            continue;
        }
        for path in expand(name, &branches, prefix) {
            if found.len() >= SIGNALS_MAX {
                return Err(CatalogueError::TooManySignals);
            }
            found.push(leaf(keys, &path)?);
        }
    }
    Ok(found)
}

/// The branch that an overlay belongs under, where its paths do not begin at `Vehicle`:
/// what its file name has before the first `_`, `-` or `.`.
pub(crate) fn prefix_of(path: &Path, text: &str) -> Option<String> {
    let rooted = |line: &str| line.starts_with("Vehicle:") || line.starts_with("Vehicle.");
    if text.lines().any(rooted) {
        return None;
    }
    let stem = path.file_stem()?.to_str()?;
    let branch = stem.split(['_', '-', '.']).next().filter(|branch| !branch.is_empty())?;
    Some(if branch == "Vehicle" { branch.to_owned() } else { format!("Vehicle.{branch}") })
}

fn nodes(text: &str) -> Result<BTreeMap<String, Map<String, Json>>, CatalogueError> {
    serde_saphyr::from_str(text).map_err(|error| CatalogueError::Yaml(error.to_string()))
}

fn is_branch(keys: &Map<String, Json>) -> bool {
    keys.get("type").and_then(Json::as_str) == Some("branch")
}

/// The branches that have instances, each with the names that are put after it.
fn branches(
    nodes: &BTreeMap<String, Map<String, Json>>,
) -> Result<BTreeMap<&str, Vec<String>>, CatalogueError> {
    let mut found = BTreeMap::new();
    for (name, keys) in nodes.iter().filter(|(_, keys)| is_branch(keys)) {
        if let Some(instances) = keys.get("instances") {
            let names = instance_names(instances);
            let names = names
                .ok_or_else(|| wrong_key(name, "instances", "names or ranges such as Row[1,2]"))?;
            found.insert(name.as_str(), names);
        }
    }
    Ok(found)
}

/// The paths that one leaf stands for.
fn expand(name: &str, branches: &BTreeMap<&str, Vec<String>>, prefix: Option<&str>) -> Vec<String> {
    let mut paths = vec![prefix.unwrap_or_default().to_owned()];
    let mut end = 0;
    for segment in name.split('.') {
        end += segment.len();
        for path in &mut paths {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(segment);
        }
        let instances = branches.get(&name[..end]).filter(|_| end < name.len());
        if let Some(instances) = instances {
            let pairs =
                paths.iter().flat_map(|path| instances.iter().map(move |name| (path, name)));
            // One more than allowed is enough for the caller to refuse.
            paths =
                pairs.take(SIGNALS_MAX + 1).map(|(path, name)| format!("{path}.{name}")).collect();
        }
        end += 1;
    }
    paths
}

/// `Row[1,2]`; `[Left, Right]`; or several of these, one level each.
fn instance_names(instances: &Json) -> Option<Vec<String>> {
    let Json::Array(levels) = instances else {
        return level_names(instances);
    };
    let plain = |level: &Json| level.as_str().is_some_and(|name| !name.contains('['));
    if levels.iter().all(plain) {
        return levels.iter().map(|level| level.as_str().map(str::to_owned)).collect();
    }
    let mut names = vec![String::new()];
    for level in levels {
        let level = level_names(level)?;
        if names.len() * level.len() > INSTANCES_MAX {
            return None;
        }
        let join = |name: &String, last: &String| {
            if name.is_empty() { last.clone() } else { format!("{name}.{last}") }
        };
        names =
            names.iter().flat_map(|name| level.iter().map(move |last| join(name, last))).collect();
    }
    Some(names)
}

fn level_names(level: &Json) -> Option<Vec<String>> {
    match level {
        Json::Array(names) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        Json::String(name) => match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            None => Some(vec![name.clone()]),
            Some((name, range)) => {
                let (first, last) = range.split_once(',')?;
                let (first, last): (usize, usize) =
                    (first.trim().parse().ok()?, last.trim().parse().ok()?);
                if last.checked_sub(first)? >= INSTANCES_MAX {
                    return None;
                }
                Some((first..=last).map(|number| format!("{name}{number}")).collect())
            }
        },
        _ => None,
    }
}
