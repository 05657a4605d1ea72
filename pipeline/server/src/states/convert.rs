//! Turns causes, records, steps and statistics into messages, and errors into statuses.

use piccolo_manager::stats::Stats;
use piccolo_manager::{AnyStep, Cause, ManagerError, Record, Step, Subject};
use piccolo_store::Error;
use piccolo_wire::v1;
use piccolo_wire::v1::state_cause::By;
use tonic::Status;

use super::kind::Served;

pub(super) fn cause(cause: Option<v1::StateCause>) -> Result<Cause, Status> {
    let by = cause.and_then(|cause| cause.by);
    Ok(match by.ok_or_else(|| Status::invalid_argument("it is not said who wants the change"))? {
        By::Rule(v1::RuleCause { scenario, decision }) => Cause::Rule { scenario, decision },
        By::User(name) => Cause::User { name },
        By::Node(name) => Cause::Node { name },
        By::Member(v1::MemberCause { kind, name }) => Cause::Member { kind, subject: name },
        By::Platform(reason) => Cause::Platform { reason },
    })
}

fn by(cause: Cause) -> v1::StateCause {
    let by = match cause {
        Cause::Rule { scenario, decision } => By::Rule(v1::RuleCause { scenario, decision }),
        Cause::User { name } => By::User(name),
        Cause::Node { name } => By::Node(name),
        Cause::Member { kind, subject } => By::Member(v1::MemberCause { kind, name: subject }),
        Cause::Platform { reason } => By::Platform(reason),
    };
    v1::StateCause { by: Some(by) }
}

pub(super) fn record<S: Served>(
    subject: &Subject,
    record: Record<S>,
    revision: Option<u64>,
) -> v1::StateRecord {
    v1::StateRecord {
        kind: S::OF.into(),
        name: subject.to_string(),
        state: record.state.to_string(),
        since_us: Some(record.since_us),
        step: Some(record.step),
        node: record.node,
        revision,
    }
}

pub(super) fn step<S: Served>(subject: &Subject, step: Step<S>) -> v1::StateStep {
    v1::StateStep {
        kind: S::OF.into(),
        name: subject.to_string(),
        step: step.step,
        from: step.from.map(|state| state.to_string()),
        event: step.event.map(|event| event.to_string()),
        to: step.to.map(|state| state.to_string()),
        at_us: step.at_us,
        cause: Some(by(step.cause)),
        id: step.id,
    }
}

pub(super) fn any_step((subject, any): (Subject, AnyStep)) -> v1::StateStep {
    match any {
        AnyStep::Scenario(of) => step(&subject, of),
        AnyStep::Package(of) => step(&subject, of),
        AnyStep::Model(of) => step(&subject, of),
        AnyStep::Container(of) => step(&subject, of),
        AnyStep::Node(of) => step(&subject, of),
    }
}

pub(super) fn statistics<S: Served>(
    subject: &Subject,
    stats: &Stats<S>,
    flapping: Option<usize>,
) -> v1::StateStatistics {
    let text = |state: &S| state.to_string();
    let in_state = stats.in_state_us.iter();
    let transitions = stats.transitions.iter();
    v1::StateStatistics {
        kind: S::OF.into(),
        name: subject.to_string(),
        in_state: in_state
            .map(|(state, time_us)| v1::TimeInState { state: text(state), time_us: *time_us })
            .collect(),
        transitions: transitions
            .map(|transition| v1::StateTransitionCount {
                from: transition.from.as_ref().map(text),
                to: transition.to.as_ref().map(text),
                count: transition.count,
            })
            .collect(),
        transitions_per_hour: stats.transitions_per_hour,
        recoveries: stats.recoveries,
        mean_time_to_recover_us: stats.mean_time_to_recover_us,
        flapping: flapping.map(|steps| steps as u64),
    }
}

/// What the manager says, as clients read it.
pub(super) fn status(error: &ManagerError) -> Status {
    let text = error.to_string();
    match error {
        ManagerError::Subject(_) => Status::invalid_argument(text),
        ManagerError::Refused { .. } | ManagerError::Fenced { .. } => {
            Status::failed_precondition(text)
        }
        ManagerError::NotFound { .. } => Status::not_found(text),
        ManagerError::Raced { .. } | ManagerError::Store(Error::Conflict { .. }) => {
            Status::aborted(text)
        }
        ManagerError::Store(Error::Compacted { .. } | Error::FutureRevision { .. }) => {
            Status::out_of_range(text)
        }
        ManagerError::Unreadable { .. } => Status::data_loss(text),
        ManagerError::Store(_) => Status::unavailable(text),
    }
}
