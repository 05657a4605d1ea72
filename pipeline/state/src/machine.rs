//! What a state machine is: a table, and how a transition is asked for.

use std::fmt::{self, Debug, Display};

use thiserror::Error;

use crate::Event;

/// The states of one kind of thing, and the table of their transitions.
pub trait Machine: Copy + Eq + Debug + Display + Send + Sync + 'static {
    /// What has these states, such as `package`.
    const KIND: &'static str;
    /// All states.
    const STATES: &'static [Self];
    /// All transitions. From one state an event leads to one other at most.
    const TABLE: &'static [Row<Self>];
}

/// One transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<S> {
    /// The state before; none where the thing did not exist.
    pub from: Option<S>,
    /// What happens.
    pub event: Event,
    /// The state after.
    pub to: S,
}

/// What was asked of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To follow an event.
    Event(Event),
    /// To be in a state.
    State(String),
}

/// A transition that the table does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a {kind} that {} cannot {asked}; {}", is(from.as_deref()), choices(possible))]
pub struct Refused {
    /// What it was asked of.
    pub kind: &'static str,
    /// Its state; none where it does not exist.
    pub from: Option<String>,
    /// What was asked.
    pub asked: Asked,
    /// The events that were possible, and the states that they lead to.
    pub possible: Vec<(Event, String)>,
}

fn is(state: Option<&str>) -> String {
    state.map_or_else(|| "does not exist".to_owned(), |state| format!("is {state}"))
}

fn choices(possible: &[(Event, String)]) -> String {
    if possible.is_empty() {
        return "nothing is possible".to_owned();
    }
    let choices: Vec<String> =
        possible.iter().map(|(event, to)| format!("{event} (to {to})")).collect();
    format!("possible are {}", choices.join(", "))
}

impl Display for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => write!(out, "follow {event}"),
            Self::State(state) => write!(out, "become {state}"),
        }
    }
}

/// The transitions from a state, or into existence.
pub fn possible<S: Machine>(from: Option<S>) -> impl Iterator<Item = &'static Row<S>> {
    S::TABLE.iter().filter(move |row| row.from == from)
}

/// The state to which an event leads.
///
/// # Errors
/// [`Refused`] where the table has no such transition.
pub fn advance<S: Machine>(from: Option<S>, event: Event) -> Result<S, Refused> {
    let row = possible(from).find(|row| row.event == event);
    row.map(|row| row.to).ok_or_else(|| refused(from, Asked::Event(event)))
}

/// The event that leads to a state; the first in the table where there are several.
///
/// # Errors
/// [`Refused`] where the table has no such transition.
pub fn reach<S: Machine>(from: Option<S>, to: S) -> Result<Event, Refused> {
    let row = possible(from).find(|row| row.to == to);
    row.map(|row| row.event).ok_or_else(|| refused(from, Asked::State(to.to_string())))
}

fn refused<S: Machine>(from: Option<S>, asked: Asked) -> Refused {
    let possible = possible(from).map(|row| (row.event, row.to.to_string())).collect();
    Refused { kind: S::KIND, from: from.map(|state| state.to_string()), asked, possible }
}
