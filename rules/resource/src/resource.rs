//! One resource of any kind: what all have in common, and how a document becomes one.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::decode::{Context, Decode, Encode, choice, is_alike, record};
use crate::kinds::{model, network, node, package, policy, scenario, schedule, volume};
use crate::legacy;
use crate::name::Name;
use crate::notice::Code;
use crate::yaml::{Content, Node, Tree};

/// The only version of the schema.
const API_VERSION: &str = "v1";
/// The prefix of annotations before the project was renamed.
const OLD_ANNOTATION_PREFIX: &str = "io.piccolo.annotations.";

record! {
    /// What every resource has.
    pub struct Metadata {
        /// Its name, unique among its kind.
        pub name: Name = "name",
        /// What it can be selected by.
        pub labels: BTreeMap<String, String> = "labels",
        /// What tools note about it.
        pub annotations: BTreeMap<String, String> = "annotations",
    }
}

impl Metadata {
    /// A name without labels and annotations.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self { name, labels: BTreeMap::new(), annotations: BTreeMap::new() }
    }
}

choice! {
    /// The kind of a resource.
    pub enum Kind: "a kind" {
        /// A condition and an action.
        Scenario = "Scenario",
        /// Models that are run together.
        Package = "Package",
        /// Containers that are run together.
        Model = "Model",
        /// Shared storage.
        Volume = "Volume",
        /// What models talk over.
        Network = "Network",
        /// A computer.
        Node = "Node",
        /// Where packages may run.
        Policy = "Policy",
        /// Real-time tasks.
        Schedule = "Schedule",
    }
}

macro_rules! resources {
    ($($kind:ident in $module:ident,)*) => {
        /// One resource.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "resources are few, and matched on everywhere")]
        pub enum Resource {
            $(
                #[doc = concat!("A resource of kind `", stringify!($kind), "`.")]
                $kind($module::$kind),
            )*
        }

        impl Resource {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }

            /// Its name, labels and annotations.
            #[must_use]
            pub const fn metadata(&self) -> &Metadata {
                match self { $(Self::$kind(resource) => &resource.metadata,)* }
            }

            fn body(&self) -> Tree {
                match self { $(Self::$kind(resource) => resource.encode(),)* }
            }
        }

        $(
            impl From<$module::$kind> for Resource {
                fn from(resource: $module::$kind) -> Self {
                    Self::$kind(resource)
                }
            }
        )*

        fn decode_kind(kind: Kind, node: &Node, context: &mut Context) -> Option<Resource> {
            match kind {
                $(Kind::$kind => $module::$kind::decode(node, context).map(Resource::$kind),)*
            }
        }
    };
}

resources! {
    Scenario in scenario,
    Package in package,
    Model in model,
    Volume in volume,
    Network in network,
    Node in node,
    Policy in policy,
    Schedule in schedule,
}

impl Resource {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.metadata().name
    }
}

impl Encode for Resource {
    fn encode(&self) -> Tree {
        let mut fields = vec![
            ("apiVersion".to_owned(), Tree::Text(API_VERSION.to_owned())),
            ("kind".to_owned(), self.kind().encode()),
        ];
        if let Tree::Mapping(body) = self.body() {
            fields.extend(body);
        }
        Tree::Mapping(fields)
    }
}

/// The same fields as in YAML, in the same order.
impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode().serialize(serializer)
    }
}

/// Reads the resource of one document.
pub(crate) fn decode(mut node: Node, context: &mut Context) -> Option<Resource> {
    if node.get("kind").is_none() && legacy::is_workload(&node) {
        return legacy::workload(&node, context).map(Resource::Schedule);
    }
    let kind = kind(&node, context)?;
    check_version(&node, context);
    check_metadata(&node, context);
    if kind == Kind::Scenario && !legacy::is_2024(&node) {
        check_condition(&node, context);
    }
    if let Content::Mapping(entries) = &mut node.content {
        entries.retain(|entry| entry.key != "apiVersion" && entry.key != "kind");
    }
    let resource = match kind {
        Kind::Scenario if legacy::is_staged(&node) => legacy::staged(&node, context),
        Kind::Scenario if legacy::is_2024(&node) => {
            legacy::scenario(&node, context).map(Resource::Scenario)
        }
        Kind::Node if legacy::is_nested_node(&node) => {
            legacy::node(&node, context).map(Resource::Node)
        }
        kind => decode_kind(kind, &node, context),
    };
    check_content(resource.as_ref()?, &node, context);
    resource
}

fn kind(node: &Node, context: &mut Context) -> Option<Kind> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let no_resource = |message: &str, context: &mut Context| {
        let help = format!("give `kind` one of {}", kinds.join(", "));
        context.report(Code::NotAResource, node.mark, message.to_owned(), Some(help));
        None
    };
    if !matches!(node.content, Content::Mapping(_)) {
        return no_resource("a document must be a mapping", context);
    }
    let Some(value) = node.get("kind").filter(|value| !value.is_null()) else {
        return no_resource("the document has no `kind`", context);
    };
    context.within("kind", |context| {
        let text = context.scalar(value, Kind::EXPECTED)?;
        if text == "Pod" {
            let message = "`kind: Pod` of the generation of 2024 is read as a Model";
            let help = "write `kind: Model`";
            context.report(Code::LegacyConverted, value.mark, message.into(), Some(help.into()));
            return Some(Kind::Model);
        }
        let found = Kind::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().or_else(|| context.no_such_kind(value, text, &kinds))
    })
}

fn check_version(node: &Node, context: &mut Context) {
    let value = node.get("apiVersion");
    let message = match value.map(|value| &value.content) {
        Some(Content::Scalar { text, .. }) if text == API_VERSION => return,
        None => "`apiVersion` is missing; v1 is assumed",
        Some(_) => "`apiVersion` is not `v1`; the document is read as if it were",
    };
    let mark = value.map_or(node.mark, |value| value.mark);
    let help = Some("write `apiVersion: v1`".to_owned());
    context.within("apiVersion", |context| {
        context.report(Code::ApiVersion, mark, message.to_owned(), help);
    });
}

fn check_metadata(node: &Node, context: &mut Context) {
    let Some(metadata) = node.get("metadata") else {
        return;
    };
    if let Some(value) = metadata.get("name")
        && let Content::Scalar { text, .. } = &value.content
        && Name::new(text).is_ok_and(|name| !name.is_dns1123())
    {
        let message = format!("`{text}` is no DNS-1123 label; other platforms refuse it");
        let help = Some("use lower-case letters, digits and `-` only".to_owned());
        context.within("metadata.name", |context| {
            context.report(Code::OddName, value.mark, message, help);
        });
    }
    if let Some(Node { content: Content::Mapping(entries), .. }) = metadata.get("annotations")
        && let Some(entry) = entries.iter().find(|e| e.key.starts_with(OLD_ANNOTATION_PREFIX))
    {
        let message =
            format!("the prefix `{OLD_ANNOTATION_PREFIX}` is that of an older generation");
        let help = Some("write `io.pullpiri.annotations.`".to_owned());
        context.within("metadata.annotations", |context| {
            context.report(Code::OldAnnotation, entry.mark, message, help);
        });
    }
}

/// Refuses a Scenario whose `condition` is misspelt: without one it would act at once.
fn check_condition(node: &Node, context: &mut Context) {
    let Some(spec) = node.get("spec") else { return };
    let Content::Mapping(entries) = &spec.content else {
        return;
    };
    if entries.iter().any(|entry| entry.key == "condition") {
        return;
    }
    if let Some(entry) = entries.iter().find(|entry| is_alike(&entry.key, "condition")) {
        let message = format!(
            "`{}` is not known, and a scenario without `condition` acts at once",
            entry.key
        );
        let help = Some("write `condition`, or `condition: null` to act at once".to_owned());
        context.within("spec.condition", |context| {
            context.report(Code::Missing, entry.mark, message, help);
        });
    }
}

/// What the types do not say: lists that must hold something, and specifications that are empty.
fn check_content(resource: &Resource, node: &Node, context: &mut Context) {
    let empty_list = match resource {
        Resource::Package(package) if package.spec.models.is_empty() => Some("spec.models"),
        Resource::Model(model) if model.spec.containers.is_empty() => Some("spec.containers"),
        Resource::Schedule(schedule) if schedule.spec.is_empty() => Some("spec"),
        _ => None,
    };
    let mark = node.get("spec").map_or(node.mark, |spec| spec.mark);
    if let Some(path) = empty_list {
        let message = format!("`{path}` holds nothing");
        context.within(path, |context| context.report(Code::Missing, mark, message, None));
    }
    if node.get("spec").is_some_and(Node::is_null) && empty_list.is_none() {
        let message = "`spec` is empty; the resource is only a name".to_owned();
        context.within("spec", |context| context.report(Code::EmptySpec, mark, message, None));
    }
}
