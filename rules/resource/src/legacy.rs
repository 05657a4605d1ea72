//! Older generations of the schema: read where the present one can say the same, refused with a reason where not.

use std::collections::BTreeMap;

use crate::decode::{Context, Fields, choice, record};
use crate::kinds::node::{Node as NodeResource, NodeResources, NodeSpec, NodeStatus};
use crate::kinds::scenario::{
    Comparison, Condition, Operands, Scenario, ScenarioAction, ScenarioSpec, ScenarioStatus,
};
use crate::kinds::schedule::{Schedule, Task, TemporalClass};
use crate::name::Name;
use crate::notice::Code;
use crate::resource::{Metadata, Resource};
use crate::yaml::{Content, Node};

/// Whether a document is a workload file of TIMPANI: tasks without a kind.
pub(crate) fn is_workload(node: &Node) -> bool {
    node.get("workload_id").is_some() && node.get("tasks").is_some()
}

/// A workload file of TIMPANI as a schedule.
pub(crate) fn workload(node: &Node, context: &mut Context) -> Option<Schedule> {
    converted(
        context,
        node,
        "a workload file of TIMPANI is read as a Schedule",
    );
    let fields = Fields::open(node, &["workload_id", "temporal_class", "tasks"], context)?;
    let name = fields.take::<Name>("workload_id", context);
    let temporal_class = fields.take::<Option<TemporalClass>>("temporal_class", context);
    let spec = fields.take::<Vec<Task>>("tasks", context);
    Some(Schedule {
        metadata: Metadata::new(name?),
        temporal_class: temporal_class?,
        spec: spec?,
    })
}

/// Whether a scenario is of the generation of 2023: stages, each with an expression over several signals.
pub(crate) fn is_staged(node: &Node) -> bool {
    node.get("spec")
        .is_some_and(|spec| spec.get("stagings").is_some())
}

/// Refuses a scenario of 2023, stage by stage: its expressions are rules now.
pub(crate) fn staged(node: &Node, context: &mut Context) -> Option<Resource> {
    let stagings = node.get("spec")?.get("stagings")?;
    let help = "write each stage as a rule: `scenario \"NAME\" { when EXPRESSION then launch(\"PACKAGE\") }`";
    let stages: &[Node] = match &stagings.content {
        Content::List(stages) => stages,
        _ => &[],
    };
    context.within("spec.stagings", |context| {
        for (index, stage) in stages.iter().enumerate() {
            let stage = stage
                .get("step")
                .filter(|step| !step.is_null())
                .unwrap_or(stage);
            let express = stage
                .get("conditions")
                .and_then(|conditions| conditions.get("express"));
            let (mark, condition) = match express {
                Some(Node {
                    mark,
                    content: Content::Scalar { text, .. },
                }) => (*mark, text.as_str()),
                _ => (stage.mark, "no expression"),
            };
            let message = format!(
                "stage {} of the generation of 2023 is not read: {condition}",
                index + 1
            );
            context.within(&format!("[{index}]"), |context| {
                context.report(Code::LegacyUnreadable, mark, message, Some(help.to_owned()));
            });
        }
        if stages.is_empty() {
            let message = "stages of the generation of 2023 are not read".to_owned();
            context.report(
                Code::LegacyUnreadable,
                stagings.mark,
                message,
                Some(help.to_owned()),
            );
        }
    });
    None
}

record! {
    /// The specification of a scenario in 2024.
    pub(crate) struct Spec2024 {
        /// When to act.
        pub(crate) conditions: Option<Condition2024> = "conditions",
        /// What to do.
        pub(crate) actions: Vec<Action2024> = "actions",
        /// What it is done to.
        pub(crate) targets: Vec<Target2024> = "targets",
    }
}

record! {
    /// A condition in 2024.
    pub(crate) struct Condition2024 {
        /// How the values are compared.
        pub(crate) express: Comparison2024 = "express",
        /// The constant.
        pub(crate) value: String = "value",
        /// Where the signal comes from.
        pub(crate) operands: Operands = "operands",
    }
}

choice! {
    /// How values were compared in 2024.
    pub(crate) enum Comparison2024: "a comparison" {
        /// Equal.
        Equal = "Equal" | "eq",
        /// Not equal.
        NotEqual = "NotEqual" | "ne",
        /// Greater than.
        Greater = "Greater" | "gt",
        /// Greater than or equal.
        GreaterOrEqual = "GreaterOrEqual" | "ge",
        /// Less than.
        Smaller = "Smaller" | "lt",
        /// Less than or equal.
        SmallerOrEqual = "SmallerOrEqual" | "le",
    }
}

record! {
    /// An action in 2024.
    pub(crate) struct Action2024 {
        /// What to do.
        pub(crate) operation: Operation2024 = "operation",
    }
}

choice! {
    /// What could be done in 2024.
    pub(crate) enum Operation2024: "an operation" {
        /// Start.
        Launch = "launch",
        /// Bring to the present version.
        Update = "update",
        /// Bring back to the version before.
        Rollback = "rollback",
        /// Stop.
        Terminate = "terminate",
        /// Fetch images; it does not exist any more.
        Download = "download",
    }
}

record! {
    /// A target in 2024.
    pub(crate) struct Target2024 {
        /// The package.
        pub(crate) name: Name = "name",
    }
}

/// Whether a scenario is of the generation of 2024: its fields are in the plural.
pub(crate) fn is_2024(node: &Node) -> bool {
    let plural = ["conditions", "actions", "targets"];
    node.get("spec")
        .is_some_and(|spec| plural.iter().any(|field| spec.get(field).is_some()))
        && node
            .get("spec")
            .is_some_and(|spec| spec.get("action").is_none())
}

/// A scenario of 2024, where it has one action and one target.
pub(crate) fn scenario(node: &Node, context: &mut Context) -> Option<Scenario> {
    let spec_mark = node.get("spec").map_or(node.mark, |spec| spec.mark);
    converted(
        context,
        node,
        "a Scenario of the generation of 2024 is read as one of today",
    );
    let fields = Fields::open(node, &["metadata", "spec", "status"], context)?;
    let metadata = fields.take::<Metadata>("metadata", context);
    let status = fields.take::<Option<ScenarioStatus>>("status", context);
    let old = fields.take::<Spec2024>("spec", context)?;
    let refuse = |message: String, help: &str, context: &mut Context| {
        context.within("spec", |context| {
            context.report(
                Code::LegacyUnreadable,
                spec_mark,
                message,
                Some(help.to_owned()),
            );
        });
        None
    };
    let ([action], [target]) = (old.actions.as_slice(), old.targets.as_slice()) else {
        let (actions, targets) = (old.actions.len(), old.targets.len());
        let message = format!("{actions} actions on {targets} targets cannot be said today");
        return refuse(
            message,
            "write one Scenario for each action and target",
            context,
        );
    };
    let action = match action.operation {
        Operation2024::Launch => ScenarioAction::Launch,
        Operation2024::Update => ScenarioAction::Update,
        Operation2024::Rollback => ScenarioAction::Rollback,
        Operation2024::Terminate => ScenarioAction::Terminate,
        Operation2024::Download => {
            let message = "the operation `download` does not exist any more".to_owned();
            return refuse(
                message,
                "images are fetched by `launch` and `update`",
                context,
            );
        }
    };
    let spec = ScenarioSpec {
        condition: old.conditions.map(condition),
        action,
        target: target.name.clone(),
    };
    Some(Scenario {
        metadata: metadata?,
        spec,
        status: status?,
    })
}

fn condition(old: Condition2024) -> Condition {
    let express = match old.express {
        Comparison2024::Equal => Comparison::Equal,
        Comparison2024::NotEqual => Comparison::NotEqual,
        Comparison2024::Greater => Comparison::Greater,
        Comparison2024::GreaterOrEqual => Comparison::GreaterOrEqual,
        Comparison2024::Smaller => Comparison::Less,
        Comparison2024::SmallerOrEqual => Comparison::LessOrEqual,
    };
    Condition {
        express,
        value: old.value,
        operands: old.operands,
    }
}

record! {
    /// The older specification of a node.
    pub(crate) struct NestedNodeSpec {
        /// The node.
        pub(crate) node_info: Option<NestedNodeInfo> = "node_info",
        /// Its cluster.
        pub(crate) cluster_config: Option<NestedClusterConfig> = "cluster_config",
    }
}

record! {
    /// The older description of a node.
    pub(crate) struct NestedNodeInfo {
        /// Its id.
        pub(crate) node_id: Option<String> = "node_id",
        /// Its name on the network.
        pub(crate) node_name: Option<String> = "node_name",
        /// Its address.
        pub(crate) ip_address: Option<String> = "ip_address",
        /// Its part in the cluster.
        pub(crate) role: Option<String> = "role",
        /// Its state.
        pub(crate) status: Option<String> = "status",
        /// What it has.
        pub(crate) resources: Option<NestedResources> = "resources",
        /// What it can be selected by.
        pub(crate) labels: BTreeMap<String, String> = "labels",
        /// When it was made, in seconds since 1970.
        pub(crate) created_at_s: Option<i64> = "created_at",
        /// When it was last heard of, in seconds since 1970.
        pub(crate) last_heartbeat_s: Option<i64> = "last_heartbeat",
    }
}

record! {
    /// The older description of what a node has.
    pub(crate) struct NestedResources {
        /// CPUs.
        pub(crate) cpu_cores: Option<u32> = "cpu_cores",
        /// Memory in MiB.
        pub(crate) memory_mb: Option<u64> = "memory_mb",
        /// Storage in GiB.
        pub(crate) disk_gb: Option<u64> = "disk_gb",
        /// CPU in use, in percent.
        pub(crate) cpu_usage_percent: Option<f64> = "cpu_usage",
        /// Memory in use, in percent.
        pub(crate) memory_usage_percent: Option<f64> = "memory_usage",
    }
}

record! {
    /// The older description of a cluster.
    pub(crate) struct NestedClusterConfig {
        /// Its id.
        pub(crate) cluster_id: Option<String> = "cluster_id",
        /// Where its master is.
        pub(crate) master_endpoint: Option<String> = "master_endpoint",
        /// How often nodes report, in seconds.
        pub(crate) heartbeat_interval_s: Option<i64> = "heartbeat_interval",
        /// Further settings.
        pub(crate) config: BTreeMap<String, String> = "config",
    }
}

/// Whether a node is of the older form, with `node_info` and `cluster_config`.
pub(crate) fn is_nested_node(node: &Node) -> bool {
    let nested = ["node_info", "cluster_config"];
    node.get("spec")
        .is_some_and(|spec| nested.iter().any(|field| spec.get(field).is_some()))
}

/// A node of the older form. What the present one has no field for goes where it is kept:
/// labels to the labels, the rest of the cluster's description to `config`.
pub(crate) fn node(node: &Node, context: &mut Context) -> Option<NodeResource> {
    converted(
        context,
        node,
        "`node_info` and `cluster_config` are read as the flat form of today",
    );
    let fields = Fields::open(node, &["metadata", "spec", "status"], context)?;
    let metadata = fields.take::<Metadata>("metadata", context);
    let old = fields.take::<NestedNodeSpec>("spec", context);
    let status = fields.take::<Option<NodeStatus>>("status", context);
    let (mut metadata, old) = (metadata?, old?);
    let mut spec = NodeSpec {
        role: None,
        ip_address: None,
        hostname: None,
        resources: None,
        cluster_id: None,
        status: None,
        last_heartbeat_s: None,
        config: BTreeMap::new(),
    };
    if let Some(cluster) = old.cluster_config {
        spec.cluster_id = cluster.cluster_id;
        spec.config = cluster.config;
        let interval = cluster
            .heartbeat_interval_s
            .map(|seconds| seconds.to_string());
        keep(&mut spec.config, "master_endpoint", cluster.master_endpoint);
        keep(&mut spec.config, "heartbeat_interval", interval);
    }
    if let Some(info) = old.node_info {
        spec.role = info.role;
        spec.ip_address = info.ip_address;
        spec.hostname = info.node_name;
        spec.status = info.status;
        spec.last_heartbeat_s = info.last_heartbeat_s;
        let architecture = info.labels.get("hardware_type").cloned();
        spec.resources = info.resources.map(|old| NodeResources {
            cpu_cores: old.cpu_cores,
            memory_mb: old.memory_mb,
            disk_gb: old.disk_gb,
            architecture,
            os_version: None,
        });
        keep(&mut spec.config, "node_id", info.node_id);
        for (label, value) in info.labels {
            metadata.labels.entry(label).or_insert(value);
        }
    }
    Some(NodeResource {
        metadata,
        spec: Some(spec),
        status: status?,
    })
}

fn keep(config: &mut BTreeMap<String, String>, key: &str, value: Option<String>) {
    if let Some(value) = value {
        config.entry(key.to_owned()).or_insert(value);
    }
}

fn converted(context: &mut Context, node: &Node, message: &str) {
    let mark = node.get("spec").map_or(node.mark, |spec| spec.mark);
    let help = Some("`piccolo` writes it in the form of today".to_owned());
    context.report(Code::LegacyConverted, mark, message.to_owned(), help);
}
