//! A file of several documents: reading it, and writing it.

mod references;

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::decode::{Context, Encode};
use crate::name::Name;
use crate::notice::{Code, Notice, Severity};
use crate::resource::{self, Kind, Resource};
use crate::yaml;

/// What a file holds, and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bundle {
    /// The name of the file, for messages.
    pub file: Arc<str>,
    /// The documents that can be used, in the order of the file.
    pub documents: Vec<Document>,
    /// Errors and warnings, by line and column; at most [`crate::NOTICES_MAX`] and one that
    /// says that there are more.
    pub notices: Vec<Notice>,
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// What it says.
    pub resource: Resource,
    /// The line where it begins, from 1.
    pub line: usize,
}

impl Bundle {
    /// Whether every document can be used: no notice is an error. A file without documents is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.notices.iter().all(|notice| notice.severity != Severity::Error)
    }

    /// The resources, in the order of the file.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.documents.iter().map(|document| &document.resource)
    }
}

/// Reads every document of a text. It never fails as a whole: a document that
/// cannot be used is left out, and a notice says why.
///
/// Bounded by [`crate::INPUT_BYTES_MAX`], [`crate::DOCUMENTS_MAX`],
/// [`crate::DOCUMENT_BYTES_MAX`], [`crate::NODES_MAX`] and [`crate::DEPTH_MAX`].
#[must_use]
pub fn read(text: &str, file: &str) -> Bundle {
    let mut context = Context::default();
    let mut documents = Vec::new();
    let mut references = references::References::default();
    let mut seen: HashSet<(Kind, Name)> = HashSet::new();
    for parsed in yaml::parse(text) {
        let node = match parsed {
            Ok(node) => node,
            Err(fault) => {
                context.report(fault.code, fault.mark, fault.message, None);
                continue;
            }
        };
        let (mark, before) = (node.mark, context.errors());
        references.collect(&node);
        let Some(resource) = resource::decode(node, &mut context) else {
            continue;
        };
        if context.errors() > before {
            continue;
        }
        if seen.insert((resource.kind(), resource.name().clone())) {
            documents.push(Document { resource, line: mark.line });
        } else {
            let message =
                format!("{} `{}` stands twice in this file", resource.kind(), resource.name());
            context.report(Code::DuplicateResource, mark, message, None);
        }
    }
    references.check(&seen, &mut context);
    Bundle { file: file.into(), documents, notices: context.finish() }
}

/// Writes resources as YAML, one document each, with the fields in the order of
/// the schema and those that are not there left out.
///
/// Reading the text gives equal resources again, as long as names are unique in
/// their kind, lists that must hold something do, and the bounds of [`read`] are kept.
#[must_use]
pub fn write(resources: &[Resource]) -> String {
    let mut text = String::new();
    for resource in resources {
        yaml::emit(&resource.encode(), &mut text);
    }
    text
}
