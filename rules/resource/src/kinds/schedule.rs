//! Schedule: real-time tasks as TIMPANI takes them.

use crate::decode::{choice, record};
use crate::name::Name;
use crate::resource::Metadata;

record! {
    /// Real-time tasks; the name of the resource is TIMPANI's workload id.
    ///
    /// Whether the tasks can be scheduled is for `node/timpani` to say.
    pub struct Schedule {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// Whether the tasks come by the clock or by events; by the clock, if absent.
        pub temporal_class: Option<TemporalClass> = "temporal_class",
        /// The tasks.
        pub spec: Vec<Task> = "spec",
    }
}

choice! {
    /// What makes tasks come.
    pub enum TemporalClass: "a temporal class" {
        /// The clock: fixed slots.
        Periodic = "PERIODIC",
        /// Events: a constant-bandwidth server.
        Sporadic = "SPORADIC",
    }
}

record! {
    /// One real-time task.
    pub struct Task {
        /// The name of its process; Linux shows 15 characters of it.
        pub name: String = "name",
        /// The Linux real-time priority, 1 to 99; the higher goes first.
        pub priority: i32 = "priority",
        /// How Linux schedules it.
        pub policy: SchedulingPolicy = "policy",
        /// The CPUs that it may run on, one bit each; 0 for any.
        pub cpu_affinity: u64 = "cpu_affinity",
        /// Its period in microseconds.
        pub period_us: u32 = "period",
        /// When it is released within its period, in microseconds.
        pub release_time_us: u32 = "release_time",
        /// Its longest run time in microseconds.
        pub runtime_us: u32 = "runtime",
        /// When it must be done, in microseconds from its release.
        pub deadline_us: u32 = "deadline",
        /// The node that it runs on.
        pub node: Name = "node_id",
        /// How many missed deadlines are borne; more are a fault.
        pub deadline_misses_max: u32 = "max_dmiss",
    }
}

choice! {
    /// How Linux schedules a task. TIMPANI's own workload files write the number.
    pub enum SchedulingPolicy: "a scheduling policy" {
        /// The usual way, not in real time.
        Normal = "NORMAL" | "0",
        /// First in, first out.
        Fifo = "FIFO" | "1",
        /// Round robin.
        RoundRobin = "RR" | "2",
    }
}
