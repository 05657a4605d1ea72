//! Reads the tree that `vspec export json` writes.

use serde_json::{Map, Value as Json};

use crate::catalogue::{SIGNALS_MAX, shorten};
use crate::facts::allowed_value;
use crate::{CatalogueError, DataType, Kind, Signal, Value};

/// The deepest that a tree may be nested; real ones have 9 levels.
const DEPTH_MAX: usize = 32;

/// All signals of the tree.
pub(crate) fn signals(text: &str) -> Result<Vec<Signal>, CatalogueError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // serde_json refuses text that is nested more than 128 times by itself.
    let root: Map<String, Json> = serde_json::from_str(text)?;
    let mut found = Vec::new();
    for (name, node) in &root {
        walk(node, name, 1, &mut found)?;
    }
    Ok(found)
}

fn walk(
    node: &Json,
    path: &str,
    depth: usize,
    found: &mut Vec<Signal>,
) -> Result<(), CatalogueError> {
    if depth > DEPTH_MAX {
        return Err(CatalogueError::TooDeep { path: shorten(path) });
    }
    let Json::Object(keys) = node else {
        return Err(wrong_key(path, "type", "a node"));
    };
    if text_of(keys, path, "type")? != Some("branch") {
        if found.len() >= SIGNALS_MAX {
            return Err(CatalogueError::TooManySignals);
        }
        found.push(leaf(keys, path)?);
        return Ok(());
    }
    let children = match keys.get("children") {
        None => return Ok(()),
        Some(Json::Object(children)) => children,
        Some(_) => return Err(wrong_key(path, "children", "an object")),
    };
    children
        .iter()
        .try_for_each(|(name, child)| walk(child, &format!("{path}.{name}"), depth + 1, found))
}

/// One signal from the keys of its node; other keys than the facts are not read.
pub(crate) fn leaf(keys: &Map<String, Json>, path: &str) -> Result<Signal, CatalogueError> {
    let kind = text_of(keys, path, "type")?.and_then(Kind::from_name);
    let datatype = text_of(keys, path, "datatype")?.and_then(|name| name.parse().ok());
    let datatype = datatype.ok_or_else(|| wrong_key(path, "datatype", "a VSS datatype"))?;
    Ok(Signal {
        path: path.into(),
        kind: kind
            .ok_or_else(|| wrong_key(path, "type", "branch, sensor, actuator or attribute"))?,
        datatype,
        unit: unit(keys, path)?,
        min: number_of(keys, path, "min")?,
        max: number_of(keys, path, "max")?,
        allowed: allowed(keys, path, datatype)?,
    })
}

/// The error of a key that is missing or wrong.
pub(crate) fn wrong_key(path: &str, key: &'static str, expected: &'static str) -> CatalogueError {
    CatalogueError::Key { path: shorten(path), key, expected }
}

fn unit(
    keys: &Map<String, Json>,
    path: &str,
) -> Result<Option<std::sync::Arc<str>>, CatalogueError> {
    match text_of(keys, path, "unit")? {
        Some(unit) if unit.contains(['\t', '\n', '\r']) => {
            Err(wrong_key(path, "unit", "text of one line"))
        }
        unit => Ok(unit.filter(|unit| !unit.is_empty()).map(Into::into)),
    }
}

fn text_of<'a>(
    keys: &'a Map<String, Json>,
    path: &str,
    key: &'static str,
) -> Result<Option<&'a str>, CatalogueError> {
    match keys.get(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_key(path, key, "text")),
    }
}

fn number_of(
    keys: &Map<String, Json>,
    path: &str,
    key: &'static str,
) -> Result<Option<f64>, CatalogueError> {
    match keys.get(key) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_f64().filter(|number| number.is_finite());
            number.map(Some).ok_or_else(|| wrong_key(path, key, "a number"))
        }
    }
}

fn allowed(
    keys: &Map<String, Json>,
    path: &str,
    datatype: DataType,
) -> Result<Box<[Value]>, CatalogueError> {
    let items = match keys.get("allowed") {
        None => return Ok(Box::default()),
        Some(Json::Array(items)) => items,
        Some(_) => return Err(wrong_key(path, "allowed", "a list of values")),
    };
    let values = items.iter().map(|item| {
        allowed_value(item, datatype)
            .ok_or_else(|| wrong_key(path, "allowed", "a list of values"))?
            .map_err(|source| CatalogueError::Allowed { path: shorten(path), source })
    });
    values.collect()
}
