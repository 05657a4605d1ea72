//! Rules and operators joined into a running dataflow. No I/O, no clock.

mod decision;

pub use decision::{
    Action, Arguments, AtomReason, Decision, Edge, Overruled, SampleReason, SignalReason, Why,
};
