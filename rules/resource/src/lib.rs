//! The nouns of the platform and their YAML: Scenario, Package, Model, Node, Policy and the rest.
//!
//! [`read`] takes a file of several YAML documents and gives a [`Bundle`]: the
//! resources that it holds, and a [`Notice`] with line and column for all that
//! is wrong or merely odd. [`write`](write()) is its inverse: reading what it
//! wrote gives the same resources. What Eclipse Pullpiri writes is read, the
//! older generations of its schema included.

mod bundle;
mod decode;
mod kinds;
mod legacy;
mod name;
mod notice;
mod resource;
pub mod units;
mod yaml;

pub use bundle::{Bundle, Document, read, write};
pub use kinds::model::{
    Capabilities, Container, ContainerPort, ContainerResources, ContainerSecurity,
    EnvironmentVariable, Gpus, HostPath, Limits, Model, ModelSpec, PodSecurity, Probe, ProbeConfig,
    ProbeExec, ProbeHttp, ProbeTcp, RestartPolicy, VolumeMount, VolumeSource,
};
pub use kinds::network::{Network, NetworkMode, NetworkSpec};
pub use kinds::node::{
    Node, NodeAddress, NodeCapacity, NodeCondition, NodeResources, NodeSpec, NodeStatus, NodeSystem,
};
pub use kinds::package::{
    ModelResources, ModelState, ModelStatus, Package, PackageModel, PackageSpec, PackageStatus,
    Pattern,
};
pub use kinds::policy::{
    DeadlineMissThreshold, Placement, Policy, PolicySpec, Procedure, ResourceThreshold, Threshold,
    Trigger,
};
pub use kinds::scenario::{
    Comparison, Condition, Operands, Scenario, ScenarioAction, ScenarioSpec, ScenarioState,
    ScenarioStatus,
};
pub use kinds::schedule::{Schedule, SchedulingPolicy, Task, TemporalClass};
pub use kinds::volume::{AsilLevel, Volume, VolumeSpec};
pub use name::{NAME_BYTES_MAX, Name, NameError};
pub use notice::{Code, NOTICES_MAX, Notice, Severity};
pub use resource::{Kind, Metadata, Resource};
pub use yaml::{DEPTH_MAX, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, INPUT_BYTES_MAX, NODES_MAX};
