//! Package: models that are run together, each on its node.

use crate::decode::{choice, record};
use crate::name::Name;
use crate::resource::Metadata;

record! {
    /// Models that are run together.
    pub struct Package {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// The models, and what governs them.
        pub spec: PackageSpec = "spec",
        /// What became of them, where that was written down.
        pub status: Option<PackageStatus> = "status",
    }
}

record! {
    /// The models of a package, and what governs them.
    pub struct PackageSpec {
        /// How the models work together; `plain` in all known files.
        pub pattern: Vec<Pattern> = "pattern",
        /// The policy that guards it.
        pub policy: Option<Name> = "policy",
        /// The real-time schedule of its tasks.
        pub schedule: Option<Name> = "schedule",
        /// The models, in the order in which they are started.
        pub models: Vec<PackageModel> = "models",
    }
}

record! {
    /// How models work together.
    pub struct Pattern {
        /// The kind of pattern.
        pub kind: String = "type",
    }
}

record! {
    /// One model of a package.
    pub struct PackageModel {
        /// The model.
        pub name: Name = "name",
        /// The node that it runs on.
        pub node: Name = "node",
        /// What else it needs.
        pub resources: Option<ModelResources> = "resources",
    }
}

record! {
    /// What a model of a package needs besides itself.
    pub struct ModelResources {
        /// The volume that replaces the model's own volumes.
        pub volume: Option<Name> = "volume",
        /// The network that it joins.
        pub network: Option<Name> = "network",
        /// Whether it is a real-time task; from an older generation of the schema.
        pub realtime: Option<bool> = "realtime",
    }
}

record! {
    /// What became of the models of a package.
    pub struct PackageStatus {
        /// One entry a model.
        pub status: Vec<ModelStatus> = "status",
    }
}

record! {
    /// What became of one model.
    pub struct ModelStatus {
        /// The model.
        pub name: Name = "name",
        /// Where it stands.
        pub state: ModelState = "state",
    }
}

choice! {
    /// Where a model of a package stands.
    pub enum ModelState: "a state of a model" {
        /// Not known.
        None = "None",
        /// It runs.
        Running = "Running",
        /// It failed.
        Error = "Error",
    }
}
