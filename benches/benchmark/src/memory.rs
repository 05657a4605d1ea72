//! What an engine holds in memory, by what the kernel says of this process.

use crate::table::{BenchError, Plan, Runner};
use crate::workload::{Size, Workload};

/// The bytes that the process holds now; none where the kernel does not say.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// By how many bytes the process grew for the vehicles of an engine whose rules are loaded, and all
/// of whose signals have a value. Use a process for nothing else: what an earlier engine gave back
/// would hide what this one takes.
///
/// # Errors
/// A workload that is refused.
pub fn of_vehicles(size: Size, seed: u64) -> Result<Option<u64>, BenchError> {
    let plan = Plan::plain(size, seed);
    let workload = Workload::new(size, 0, false, seed);
    let mut runner = Runner::idle(&plan, &workload)?;
    let before = resident_bytes();
    for events in workload.start.chunks(plan.batch) {
        let samples = runner.samples(events)?;
        runner.run(&samples)?;
    }
    let after = resident_bytes();
    Ok(after.zip(before).map(|(after, before)| after.saturating_sub(before)))
}
