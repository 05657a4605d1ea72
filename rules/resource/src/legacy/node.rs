//! Nodes with `node_info` and `cluster_config`.

use std::collections::BTreeMap;

use super::converted;
use crate::decode::{Context, Fields, record};
use crate::kinds::node::{Node as NodeResource, NodeResources, NodeSpec, NodeStatus};
use crate::resource::Metadata;
use crate::yaml::Node;

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
    node.get("spec").is_some_and(|spec| nested.iter().any(|field| spec.get(field).is_some()))
}

/// A node of the older form. What the present one has no field for goes where it is kept:
/// labels to the labels, the rest of the cluster's description to `config`.
pub(crate) fn node(node: &Node, context: &mut Context) -> Option<NodeResource> {
    converted(context, node, "`node_info` and `cluster_config` are read as the flat form of today");
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
        let interval = cluster.heartbeat_interval_s.map(|seconds| seconds.to_string());
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
    Some(NodeResource { metadata, spec: Some(spec), status: status? })
}

fn keep(config: &mut BTreeMap<String, String>, key: &str, value: Option<String>) {
    if let Some(value) = value {
        config.entry(key.to_owned()).or_insert(value);
    }
}
