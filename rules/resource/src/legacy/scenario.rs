//! Scenarios of 2023, which had stages, and of 2024, whose fields were in the plural.

use super::converted;
use crate::decode::{Context, Fields, choice, record};
use crate::kinds::scenario::{
    Comparison, Condition, Operands, Scenario, ScenarioAction, ScenarioSpec, ScenarioStatus,
};
use crate::name::Name;
use crate::notice::Code;
use crate::resource::{Metadata, Resource};
use crate::yaml::{Content, Node};

/// Whether a scenario is of the generation of 2023: stages, each with an expression over several signals.
pub(crate) fn is_staged(node: &Node) -> bool {
    node.get("spec").is_some_and(|spec| spec.get("stagings").is_some())
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
            let stage = stage.get("step").filter(|step| !step.is_null()).unwrap_or(stage);
            let express = stage.get("conditions").and_then(|conditions| conditions.get("express"));
            let (mark, condition) = match express {
                Some(Node { mark, content: Content::Scalar { text, .. } }) => {
                    (*mark, text.as_str())
                }
                _ => (stage.mark, "no expression"),
            };
            let message =
                format!("stage {} of the generation of 2023 is not read: {condition}", index + 1);
            context.within(&format!("[{index}]"), |context| {
                context.report(Code::LegacyUnreadable, mark, message, Some(help.to_owned()));
            });
        }
        if stages.is_empty() {
            let message = "stages of the generation of 2023 are not read".to_owned();
            context.report(Code::LegacyUnreadable, stagings.mark, message, Some(help.to_owned()));
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
    node.get("spec").is_some_and(|spec| plural.iter().any(|field| spec.get(field).is_some()))
        && node.get("spec").is_some_and(|spec| spec.get("action").is_none())
}

/// A scenario of 2024, where it has one action and one target.
pub(crate) fn scenario(node: &Node, context: &mut Context) -> Option<Scenario> {
    let spec_mark = node.get("spec").map_or(node.mark, |spec| spec.mark);
    converted(context, node, "a Scenario of the generation of 2024 is read as one of today");
    let fields = Fields::open(node, &["metadata", "spec", "status"], context)?;
    let metadata = fields.take::<Metadata>("metadata", context);
    let status = fields.take::<Option<ScenarioStatus>>("status", context);
    let old = fields.take::<Spec2024>("spec", context)?;
    let refuse = |message: String, help: &str, context: &mut Context| {
        context.within("spec", |context| {
            context.report(Code::LegacyUnreadable, spec_mark, message, Some(help.to_owned()));
        });
        None
    };
    let ([action], [target]) = (old.actions.as_slice(), old.targets.as_slice()) else {
        let (actions, targets) = (old.actions.len(), old.targets.len());
        let message = format!("{actions} actions on {targets} targets cannot be said today");
        return refuse(message, "write one Scenario for each action and target", context);
    };
    let action = match action.operation {
        Operation2024::Launch => ScenarioAction::Launch,
        Operation2024::Update => ScenarioAction::Update,
        Operation2024::Rollback => ScenarioAction::Rollback,
        Operation2024::Terminate => ScenarioAction::Terminate,
        Operation2024::Download => {
            let message = "the operation `download` does not exist any more".to_owned();
            return refuse(message, "images are fetched by `launch` and `update`", context);
        }
    };
    let spec = ScenarioSpec {
        condition: old.conditions.map(condition),
        action,
        target: target.name.clone(),
    };
    Some(Scenario { metadata: metadata?, spec, status: status? })
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
    Condition { express, value: old.value, operands: old.operands }
}
