//! Names that one document of a file gives and no document has, though one has nearly the same.

use std::collections::HashSet;

use crate::decode::Context;
use crate::name::Name;
use crate::notice::Code;
use crate::resource::Kind;
use crate::yaml::{Content, Mark, Node};

/// How many references of a file are looked at.
const REFERENCES_MAX: usize = 4096;
/// How many pairs of names are compared in a file.
const COMPARISONS_MAX: usize = 50_000;
/// How many letters may differ in a near miss; a swap counts as one.
const EDITS_MAX: usize = 2;

/// The names that documents refer to.
#[derive(Debug, Default)]
pub(super) struct References(Vec<Reference>);

#[derive(Debug)]
struct Reference {
    kind: Kind,
    name: Name,
    path: String,
    mark: Mark,
}

impl References {
    /// Notes every name that a document refers to.
    pub(super) fn collect(&mut self, document: &Node) {
        let kind = document.get("kind").and_then(text);
        let Some(spec) = document.get("spec") else {
            return;
        };
        match kind {
            Some("Scenario") => self.note(spec, "target", "spec", Kind::Package),
            Some("Package") => self.collect_package(spec),
            _ => {}
        }
    }

    fn collect_package(&mut self, spec: &Node) {
        self.note(spec, "policy", "spec", Kind::Policy);
        self.note(spec, "schedule", "spec", Kind::Schedule);
        let Some(Node { content: Content::List(models), .. }) = spec.get("models") else {
            return;
        };
        for (index, model) in models.iter().enumerate() {
            let path = format!("spec.models[{index}]");
            self.note(model, "name", &path, Kind::Model);
            if let Some(resources) = model.get("resources") {
                let path = format!("{path}.resources");
                self.note(resources, "volume", &path, Kind::Volume);
                self.note(resources, "network", &path, Kind::Network);
            }
        }
    }

    fn note(&mut self, node: &Node, field: &str, path: &str, kind: Kind) {
        let Some(value) = node.get(field) else { return };
        let name = text(value).and_then(|text| Name::new(text).ok());
        if let Some(name) = name.filter(|_| self.0.len() < REFERENCES_MAX) {
            self.0.push(Reference {
                kind,
                name,
                path: format!("{path}.{field}"),
                mark: value.mark,
            });
        }
    }

    /// Warns of names that are not there, where one is that is nearly the same.
    pub(super) fn check(&self, there: &HashSet<(Kind, Name)>, context: &mut Context) {
        let mut names: Vec<&(Kind, Name)> = there.iter().collect();
        names.sort();
        let mut comparisons = 0;
        for reference in &self.0 {
            if there.contains(&(reference.kind, reference.name.clone())) {
                continue;
            }
            let same_kind = names.iter().filter(|(kind, _)| *kind == reference.kind);
            let near = same_kind
                .inspect(|_| comparisons += 1)
                .map(|(_, name)| (distance(name, &reference.name), name))
                .min_by_key(|(edits, _)| *edits);
            if let Some((_, name)) = near.filter(|(edits, _)| *edits <= EDITS_MAX) {
                let message = format!("no {} `{}` is in this file", reference.kind, reference.name);
                let help = Some(format!("did you mean `{name}`?"));
                context.within(&reference.path, |context| {
                    context.report(Code::NearMiss, reference.mark, message, help);
                });
            }
            if comparisons > COMPARISONS_MAX {
                return;
            }
        }
    }
}

fn distance(a: &Name, b: &Name) -> usize {
    strsim::osa_distance(a.as_str(), b.as_str())
}

fn text(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Scalar { text, .. } if !node.is_null() => Some(text),
        _ => None,
    }
}
