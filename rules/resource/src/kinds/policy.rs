//! Policy: where packages may run, and what is done when a threshold is passed.

use crate::decode::record;
use crate::kinds::scenario::Comparison;
use crate::name::Name;
use crate::resource::Metadata;

record! {
    /// Where packages may run, and what is done when a threshold is passed.
    pub struct Policy {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// What it says.
        pub spec: PolicySpec = "spec",
    }
}

record! {
    /// What a policy says.
    pub struct PolicySpec {
        /// Where packages may run.
        pub placement: Option<Placement> = "placement",
        /// What is done when a threshold is passed.
        pub procedure: Option<Procedure> = "procedure",
        /// Thresholds on single metrics, each with its own action.
        pub thresholds: Vec<Threshold> = "thresholds",
    }
}

record! {
    /// Where packages may run.
    pub struct Placement {
        /// The nodes, the preferred one first.
        pub available_nodes: Vec<Name> = "availableNodes",
    }
}

record! {
    /// What is done when a threshold is passed.
    pub struct Procedure {
        /// The kind of procedure: `offloading` or `realtime` in known files.
        pub kind: String = "type",
        /// How it is done: `redeployment` or `stop` in known files.
        pub strategy: String = "strategy",
        /// When it is done.
        pub trigger: Option<Trigger> = "trigger",
    }
}

record! {
    /// When a procedure is done.
    pub struct Trigger {
        /// When a node is loaded beyond this.
        pub resource_threshold: Option<ResourceThreshold> = "resourceThreshold",
        /// When real-time tasks miss deadlines beyond this.
        pub deadline_miss_threshold: Option<DeadlineMissThreshold> = "deadlineMissThreshold",
    }
}

record! {
    /// The load of a node, in percent.
    pub struct ResourceThreshold {
        /// CPU.
        pub cpu_percent: Option<u32> = "cpu",
        /// Memory.
        pub memory_percent: Option<u32> = "memory",
    }
}

record! {
    /// Missed deadlines.
    pub struct DeadlineMissThreshold {
        /// How many.
        pub count: u32 = "count",
    }
}

record! {
    /// A threshold on one metric with its own action, as proposed in Eclipse Pullpiri's issue 520.
    pub struct Threshold {
        /// The metric.
        pub metric: String = "metric",
        /// The process that it is measured on; every one, if absent.
        pub process: Option<String> = "process",
        /// How the metric is compared.
        pub operator: Comparison = "operator",
        /// The constant.
        pub value: f64 = "value",
        /// What is done.
        pub action: String = "action",
        /// The node that it is done to, where the action needs one.
        pub target_node: Option<Name> = "target_node",
    }
}
