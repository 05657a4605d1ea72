//! Node: one computer of the vehicle or behind it.

use std::collections::BTreeMap;

use crate::decode::record;
use crate::resource::Metadata;

record! {
    /// One computer.
    pub struct Node {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// What is known of it beforehand.
        pub spec: Option<NodeSpec> = "spec",
        /// What was seen of it, where that was written down.
        pub status: Option<NodeStatus> = "status",
    }
}

record! {
    /// What is known of a node beforehand.
    pub struct NodeSpec {
        /// Its part in the cluster, such as `Master` or `Sub`.
        pub role: Option<String> = "role",
        /// Its address.
        pub ip_address: Option<String> = "ip_address",
        /// Its name on the network.
        pub hostname: Option<String> = "hostname",
        /// What it has.
        pub resources: Option<NodeResources> = "resources",
        /// The cluster that it belongs to.
        pub cluster_id: Option<String> = "cluster_id",
        /// Its state as written down.
        pub status: Option<String> = "status",
        /// When it was last heard of, in seconds since 1970.
        pub last_heartbeat_s: Option<i64> = "last_heartbeat",
        /// Further settings.
        pub config: BTreeMap<String, String> = "config",
    }
}

record! {
    /// What a node has.
    pub struct NodeResources {
        /// CPUs.
        pub cpu_cores: Option<u32> = "cpu_cores",
        /// Memory in MiB.
        pub memory_mb: Option<u64> = "memory_mb",
        /// Storage in GiB.
        pub disk_gb: Option<u64> = "disk_gb",
        /// The architecture, such as `arm64`.
        pub architecture: Option<String> = "architecture",
        /// The operating system with its version.
        pub os_version: Option<String> = "os_version",
    }
}

record! {
    /// What was seen of a node.
    pub struct NodeStatus {
        /// Its state.
        pub state: Option<String> = "state",
        /// The phase of its life.
        pub phase: Option<String> = "phase",
        /// When it was last heard of, in seconds since 1970.
        pub last_heartbeat_time_s: Option<i64> = "last_heartbeat_time",
        /// What holds of it.
        pub conditions: Vec<NodeCondition> = "conditions",
        /// Its addresses.
        pub addresses: Vec<NodeAddress> = "addresses",
        /// What it has.
        pub capacity: Option<NodeCapacity> = "capacity",
        /// What of that may be used.
        pub allocatable: Option<NodeCapacity> = "allocatable",
        /// Its system.
        pub node_info: Option<NodeSystem> = "node_info",
    }
}

record! {
    /// Something that holds of a node or does not.
    pub struct NodeCondition {
        /// What, such as `MemoryPressure`.
        pub kind: String = "condition_type",
        /// `True`, `False` or `Unknown`.
        pub status: String = "status",
        /// When that was last heard, in seconds since 1970.
        pub last_heartbeat_time_s: Option<i64> = "last_heartbeat_time",
        /// Since when, in seconds since 1970.
        pub last_transition_time_s: Option<i64> = "last_transition_time",
        /// Why, in one word.
        pub reason: Option<String> = "reason",
        /// Why, in one sentence.
        pub message: Option<String> = "message",
    }
}

record! {
    /// One address of a node.
    pub struct NodeAddress {
        /// What kind, such as `InternalIP` or `Hostname`.
        pub kind: String = "address_type",
        /// The address.
        pub address: String = "address",
    }
}

record! {
    /// What a node has, and how much of it is in use.
    pub struct NodeCapacity {
        /// CPUs.
        pub cpu_cores: Option<u32> = "cpu_cores",
        /// Memory in MiB.
        pub memory_mb: Option<u64> = "memory_mb",
        /// Storage in GiB.
        pub disk_gb: Option<u64> = "disk_gb",
        /// CPU in use, in percent.
        pub cpu_usage_percent: Option<f64> = "cpu_usage",
        /// Memory in use, in percent.
        pub memory_usage_percent: Option<f64> = "memory_usage",
    }
}

record! {
    /// The system of a node.
    pub struct NodeSystem {
        /// The machine's id.
        pub machine_id: Option<String> = "machine_id",
        /// The hardware's id.
        pub system_uuid: Option<String> = "system_uuid",
        /// The id of this boot.
        pub boot_id: Option<String> = "boot_id",
        /// The kernel.
        pub kernel_version: Option<String> = "kernel_version",
        /// The operating system's image.
        pub os_image: Option<String> = "os_image",
        /// The container runtime.
        pub container_runtime_version: Option<String> = "container_runtime_version",
        /// The node agent, in the words of Kubernetes.
        pub kubelet_version: Option<String> = "kubelet_version",
        /// The network proxy, in the words of Kubernetes.
        pub kube_proxy_version: Option<String> = "kube_proxy_version",
        /// The operating system.
        pub operating_system: Option<String> = "operating_system",
        /// The architecture.
        pub architecture: Option<String> = "architecture",
    }
}
