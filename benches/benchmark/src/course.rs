//! A walk together with what has to come of it.

use crate::workload::{Event, Walk, Workload};
use crate::{Edge, LoopB};

/// Gives out the events of a walk, and the edges that a right engine finds in them.
#[derive(Debug)]
pub struct Course {
    walk: Walk,
    judge: LoopB,
    /// The judge's time of the next event.
    now_us: u64,
}

impl Course {
    /// A walk from the workload's start; a seed has the same one everywhere.
    pub fn new(workload: &Workload, seed: u64) -> Self {
        let (walk, judge) = (workload.walk(seed), LoopB::new(workload));
        Self { walk, judge, now_us: workload.start.len() as u64 }
    }

    /// The next events, and their edges in order; the time of an edge is the place of its event
    /// among these.
    pub fn next(&mut self, count: usize) -> (Vec<Event>, Vec<Edge>) {
        let events: Vec<Event> = self.walk.by_ref().take(count).collect();
        let mut edges = Vec::new();
        self.judge.run(&events, &mut edges);
        for edge in &mut edges {
            edge.time_us -= self.now_us;
        }
        self.now_us += count as u64;
        edges.sort_unstable();
        (events, edges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LoopA, Size};

    #[test]
    fn parts_of_a_course_have_the_edges_of_the_whole() {
        let workload = Workload::new(Size { rules: 100, vehicles: 3 }, 0, false, 7);
        let events: Vec<Event> = workload.walk(7).take(20_000).collect();
        let mut whole = Vec::new();
        LoopA::new(&workload).run(&events, &mut whole);
        let mut course = Course::new(&workload, 7);
        let (mut found, mut first) = (Vec::new(), workload.start.len() as u64);
        for count in [1, 999, 0, 4_000, 15_000] {
            let (part, edges) = course.next(count);
            assert_eq!(part.len(), count);
            found.extend(edges.iter().map(|edge| Edge { time_us: edge.time_us + first, ..*edge }));
            first += count as u64;
        }
        whole.sort_unstable();
        assert!(whole.len() > 10, "{}", whole.len());
        assert_eq!(found, whole);
    }
}
