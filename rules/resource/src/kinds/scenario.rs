//! Scenario: a condition, and what is done to a package when it comes true.

use crate::decode::{choice, record};
use crate::name::Name;
use crate::resource::Metadata;

record! {
    /// What is done to one package when a condition comes true.
    pub struct Scenario {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// The condition and the action.
        pub spec: ScenarioSpec = "spec",
        /// What became of it, where that was written down.
        pub status: Option<ScenarioStatus> = "status",
    }
}

record! {
    /// The condition and the action of a scenario.
    pub struct ScenarioSpec {
        /// When to act; without it the scenario acts at once.
        pub condition: Option<Condition> = "condition",
        /// What to do.
        pub action: ScenarioAction = "action",
        /// The package that it is done to.
        pub target: Name = "target",
    }
}

record! {
    /// One comparison of a field of a signal with a constant.
    pub struct Condition {
        /// How they are compared.
        pub express: Comparison = "express",
        /// The constant, as text; its type follows from the signal.
        pub value: String = "value",
        /// Where the signal comes from.
        pub operands: Operands = "operands",
    }
}

record! {
    /// Where the signal of a condition comes from.
    pub struct Operands {
        /// The kind of source, `DDS` in all known files.
        pub source: String = "type",
        /// The field within the message.
        pub name: String = "name",
        /// The topic, which is also the name of the message's type.
        pub value: String = "value",
    }
}

choice! {
    /// How two values are compared.
    pub enum Comparison: "a comparison" {
        /// Equal.
        Equal = "eq" | "==",
        /// Not equal. Eclipse Pullpiri had it in 2024 and has lost it since.
        NotEqual = "ne" | "!=",
        /// Less than.
        Less = "lt" | "<",
        /// Less than or equal.
        LessOrEqual = "le" | "<=",
        /// Greater than or equal.
        GreaterOrEqual = "ge" | ">=",
        /// Greater than.
        Greater = "gt" | ">",
    }
}

choice! {
    /// What a scenario does to its package.
    pub enum ScenarioAction: "an action" {
        /// Start it.
        Launch = "launch",
        /// Stop it.
        Terminate = "terminate",
        /// Bring it to the version that is described now.
        Update = "update",
        /// Bring it back to the version before.
        Rollback = "rollback",
    }
}

record! {
    /// What became of a scenario.
    pub struct ScenarioStatus {
        /// Where it stands.
        pub state: Option<ScenarioState> = "state",
    }
}

choice! {
    /// Where a scenario stands.
    pub enum ScenarioState: "a state of a scenario" {
        /// Not known.
        None = "None",
        /// Made, and not watched yet.
        Idle = "Idle",
        /// Its condition is watched.
        Waiting = "Waiting",
        /// Its condition came true.
        Satisfied = "Satisfied",
        /// Policy allows its action.
        Allowed = "Allowed",
        /// Policy denies its action.
        Denied = "Denied",
        /// Its action is done.
        Completed = "Completed",
    }
}
