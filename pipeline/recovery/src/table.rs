//! A policy as Markdown, for the documentation.

use crate::{Detection, Ladder, Ladders, Policy, Remedy};

/// The ladders, one a row.
#[must_use]
pub fn ladders(ladders: &Ladders) -> String {
    let Ladders { low, medium, high, safety } = ladders;
    let rows = [("low", low), ("medium", medium), ("high", high), ("safety", safety)];
    let rows = rows.map(|(name, ladder)| row(name, ladder)).concat();
    "| criticality | what is tried | from one to the next | budget | a try takes at most | objective |\n\
     |---|---|---|---|---|---|\n"
        .to_owned()
        + &rows
}

fn row(name: &str, ladder: &Ladder) -> String {
    let rungs = ladder.rungs.iter().map(|rung| format!("{} x {}", rung.tries, word(rung.remedy)));
    let rungs: Vec<String> = rungs.chain(["give up and alert".to_owned()]).collect();
    let (backoff, budget) = (ladder.backoff, ladder.budget);
    format!(
        "| {name} | {} | {} x {} up to {}, less up to {} % | {} in {} | {} | {} |\n",
        rungs.join(", "),
        time(backoff.first_us),
        backoff.factor,
        time(backoff.cap_us),
        backoff.jitter_percent,
        budget.recoveries,
        time(budget.window_us),
        time(ladder.deadline_us),
        time(ladder.objective_us),
    )
}

fn word(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Restart => "restart",
        Remedy::Move => "move",
        Remedy::Degrade => "degrade",
        Remedy::RollBack => "roll back",
    }
}

/// What is detected and when, one a row.
#[must_use]
pub fn detection(policy: &Policy) -> String {
    let Detection {
        heartbeat_us,
        suspect_after,
        lost_after,
        flaps,
        flap_window_us,
        probe_failures,
        probe_successes,
        settle_us,
        blame_us,
        node_pending_us,
        model_created_us,
        package_updating_us,
        soak_us,
        calm_us,
    } = policy.detection;
    let beats = |count: u32| time(heartbeat_us.saturating_mul(count.into()));
    let vehicle = policy.vehicle;
    let rows = [
        ("a node is suspect", format!("{} without a heartbeat", beats(suspect_after))),
        ("a node is lost", format!("{} without a heartbeat", beats(lost_after))),
        ("a node never came", format!("pending for {}", time(node_pending_us))),
        ("a node is flapping", format!("lost {flaps} times in {}", time(flap_window_us))),
        ("a node can be used", format!("there for {}", time(settle_us))),
        (
            "a probe failed",
            format!("{probe_failures} times in a row; good again: {probe_successes}"),
        ),
        ("a model is stuck", format!("created for {}", time(model_created_us))),
        ("a model is dead", "at once".to_owned()),
        (
            "what has dependencies is blamed",
            format!("ill for {}, all it needs being well", time(blame_us)),
        ),
        ("desired and observed differ", format!("for {}", time(settle_us))),
        (
            "an update is unhealthy",
            format!("not well {} after it was applied", time(package_updating_us)),
        ),
        ("a revision is good", format!("well for {} in one piece", time(soak_us))),
        ("tries and backoff begin anew", format!("well for {}", time(calm_us))),
        (
            "the vehicle's budget",
            format!(
                "{} recoveries in {}, of which {} are for safety alone",
                vehicle.recoveries,
                time(vehicle.window_us),
                vehicle.reserved
            ),
        ),
    ];
    let rows = rows.map(|(what, when)| format!("| {what} | {when} |\n")).concat();
    format!("| | by default |\n|---|---|\n{rows}")
}

/// A time in the greatest unit that it is a whole number of.
fn time(us: u64) -> String {
    match us {
        us if us % 60_000_000 == 0 && us >= 120_000_000 => format!("{} min", us / 60_000_000),
        us if us % 1_000_000 == 0 => format!("{} s", us / 1_000_000),
        us if us % 1_000 == 0 => format!("{} ms", us / 1_000),
        us => format!("{us} us"),
    }
}
