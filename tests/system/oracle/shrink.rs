//! Makes a world in which engine and twin differ smaller, so that the reason can be seen.

use std::sync::Arc;

use piccolo_catalogue::Catalogue;

use super::constructs::Coverage;
use super::difference;
use super::twin::Twin;
use super::world::World;

/// The difference in the smallest world that was found to have one, and what happens there.
pub(crate) fn report(world: &World, catalogue: &Arc<Catalogue>, difference: &str) -> String {
    let mut small = world.clone();
    let mut found = difference.to_owned();
    let smaller = |world: &World| {
        let differing = |next: World| Some((differs(&next, catalogue)?, next));
        candidates(world).into_iter().find_map(differing)
    };
    while let Some((difference, next)) = smaller(&small) {
        (small, found) = (next, difference);
    }
    format!("PICCOLO_SEED={}: {found}\n{}", world.seed, show(&small))
}

fn differs(world: &World, catalogue: &Arc<Catalogue>) -> Option<String> {
    let rules = world.rules(catalogue);
    let twin = || Twin::new(world, catalogue, &rules, None).told(&mut Coverage::default());
    let engine = || world.by_engine(catalogue, &rules);
    let run = std::panic::AssertUnwindSafe(|| difference(&engine(), &twin()));
    std::panic::catch_unwind(run).ok().flatten()
}

/// Worlds with a part less, the larger parts first.
fn candidates(world: &World) -> Vec<World> {
    let mut all = Vec::new();
    if world.workers > 1 {
        all.push(World { workers: 1, ..world.clone() });
    }
    for step in 1..world.steps.len() {
        if world.steps[step].load.is_some() {
            let mut next = world.clone();
            next.steps[step].load = None;
            all.push(next);
        }
    }
    for rule in rule_names(world) {
        let mut next = world.clone();
        for texts in next.steps.iter_mut().filter_map(|step| step.load.as_mut()) {
            texts.retain(|text| name(text) != rule);
        }
        all.push(next);
    }
    for size in [8, 1] {
        for step in 0..world.steps.len() {
            let count = world.steps[step].samples.len();
            for from in (0..count).step_by(size) {
                let mut next = world.clone();
                next.steps[step].samples.drain(from..(from + size).min(count));
                all.push(next);
            }
        }
    }
    all
}

fn rule_names(world: &World) -> Vec<String> {
    let texts = world.steps.iter().flat_map(|step| step.load.iter().flatten());
    let mut names: Vec<String> = texts.map(|text| name(text)).collect();
    names.sort();
    names.dedup();
    names
}

/// The kind and the name of a rule.
fn name(text: &str) -> String {
    text.split(" {").next().unwrap_or_default().to_owned()
}

fn show(world: &World) -> String {
    let mut text = format!("{} workers, strict {}\n", world.workers, world.strict);
    let mut tick_us = 0;
    for step in &world.steps {
        if step.load.is_some() || !step.samples.is_empty() {
            text += &format!("tick {tick_us}\n");
        }
        for rule in step.load.iter().flatten() {
            text += rule;
        }
        for sample in &step.samples {
            let fact = super::facts::text(sample.fact);
            text +=
                &format!("{} v{:02} {fact} {:?}\n", sample.time_us, sample.vehicle, sample.value);
        }
        tick_us = step.tick_us;
    }
    format!("{text}tick {tick_us}\n")
}
