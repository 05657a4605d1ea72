//! Older generations of the schema: read where the present one can say the same, refused with a reason where not.

mod node;
mod scenario;

pub(crate) use node::{is_nested_node, node};
pub(crate) use scenario::{is_2024, is_staged, scenario, staged};

use crate::decode::{Context, Fields};
use crate::kinds::schedule::{Schedule, Task, TemporalClass};
use crate::name::Name;
use crate::notice::Code;
use crate::resource::Metadata;
use crate::yaml::Node;

/// Whether a document is a workload file of TIMPANI: tasks without a kind.
pub(crate) fn is_workload(node: &Node) -> bool {
    node.get("workload_id").is_some() && node.get("tasks").is_some()
}

/// A workload file of TIMPANI as a schedule.
pub(crate) fn workload(node: &Node, context: &mut Context) -> Option<Schedule> {
    converted(context, node, "a workload file of TIMPANI is read as a Schedule");
    let fields = Fields::open(node, &["workload_id", "temporal_class", "tasks"], context)?;
    let name = fields.take::<Name>("workload_id", context);
    let temporal_class = fields.take::<Option<TemporalClass>>("temporal_class", context);
    let spec = fields.take::<Vec<Task>>("tasks", context);
    if spec.as_ref().is_some_and(Vec::is_empty) {
        let mark = node.get("tasks").map_or(node.mark, |tasks| tasks.mark);
        let message = "`tasks` holds nothing".to_owned();
        context.within("tasks", |context| context.report(Code::Missing, mark, message, None));
    }
    Some(Schedule { metadata: Metadata::new(name?), temporal_class: temporal_class?, spec: spec? })
}

fn converted(context: &mut Context, node: &Node, message: &str) {
    let mark = node.get("spec").map_or(node.mark, |spec| spec.mark);
    let help = Some("`piccolo` writes it in the form of today".to_owned());
    context.report(Code::LegacyConverted, mark, message.to_owned(), help);
}
