//! Clauses of one scenario that contradict each other.

use super::space::{Space, View, is_pulse};
use crate::condition::{Atom, Condition, Formula, Probe};
use crate::diagnostic::Diagnostic;
use crate::duration::format_duration;
use crate::expression::Comparison;
use crate::fact::Fact;
use crate::lower::Lower;
use crate::source::Span;

/// No drive has a condition that holds for longer than a day.
const HELD_US_LONG: u64 = 24 * 3_600_000_000;
/// A pause longer than thirty days outlives most vehicles' memory.
const COOLDOWN_US_LONG: u64 = 30 * HELD_US_LONG;

const ANY: View = View { all_known: false, in_range: false, no_pulses: false };

/// A clause with its place.
pub(crate) type Placed<T> = (T, Span);

impl Lower<'_> {
    /// Says where `until` keeps a scenario from beginning, or lets it end at once.
    pub(crate) fn check_until(
        &mut self,
        (when, when_span): Placed<&Condition>,
        (until, until_span): Placed<&Condition>,
    ) {
        let atoms: Vec<Atom> = when.atoms.iter().chain(&until.atoms).cloned().collect();
        let shifted = shift(&until.formula, when.atoms.len());
        let space = Space::new(self.catalogue, &atoms);
        if space.is_always(&when.formula, false, ANY) || space.is_always(&shifted, false, ANY) {
            return;
        }
        if space.follows(&[&when.formula], &shifted, ANY) {
            self.report(
                Diagnostic::warning("PR0135", until_span, "the scenario can never begin")
                    .label("this holds whenever `when` does")
                    .related(when_span, "while this holds")
                    .help("`until` says when it ends: what holds at the beginning is no end"),
            );
            return;
        }
        let both = Formula::All(vec![when.formula.clone(), shifted]);
        if let (Some(low), Some(high)) = (bound(when), bound(until))
            && low.fact == high.fact
            && low.upward != high.upward
            && low.limit != high.limit
            && !space.is_always(&both, false, ANY)
        {
            let (from, to) = (low.limit.min(high.limit), low.limit.max(high.limit));
            let message = format!("`when` and `until` both hold between {from} and {to}");
            self.report(
                Diagnostic::warning("PR0136", until_span, message)
                    .label("it does not begin while this holds")
                    .related(when_span, "overlaps with this")
                    .help(format!(
                        "for a hysteresis, end {} where it begins",
                        if low.upward { "below" } else { "above" }
                    )),
            );
        }
    }

    /// Says where a condition cannot be held for so long.
    pub(crate) fn check_held(
        &mut self,
        (when, when_span): Placed<&Condition>,
        (held_us, held_span): Placed<u64>,
    ) {
        if held_us == 0 {
            return;
        }
        let space = Space::new(self.catalogue, &when.atoms);
        let without = View { no_pulses: true, ..ANY };
        let holds_in_pulses = when.atoms.iter().any(|atom| atom.reads().iter().any(is_pulse))
            && !space.is_always(&when.formula, false, ANY)
            && space.is_always(&when.formula, false, without);
        if holds_in_pulses {
            self.report(
                Diagnostic::warning("PR0134", held_span, "the scenario can never begin")
                    .label(format!("`when` is never true for {}", format_duration(held_us)))
                    .related(when_span, "holds for one microsecond at a time")
                    .help("`within(EXPR, \"3s\")` is true for 3 s after EXPR was"),
            );
        } else {
            self.check_length("held", held_us, HELD_US_LONG, held_span);
        }
    }

    /// Says where a pause is longer than anything waits.
    pub(crate) fn check_cooldown(&mut self, (cooldown_us, span): Placed<u64>) {
        self.check_length("cooldown", cooldown_us, COOLDOWN_US_LONG, span);
    }

    fn check_length(&mut self, clause: &str, length_us: u64, long_us: u64, span: Span) {
        if length_us <= long_us {
            return;
        }
        let message = format!("`{clause}` is longer than {}", format_duration(long_us));
        self.report(
            Diagnostic::warning("PR0133", span, message)
                .label("longer than any drive")
                .help("durations have a unit: `us`, `ms`, `s`, `m` or `h`"),
        );
    }
}

/// A formula over atoms that stand further behind.
fn shift(formula: &Formula, by: usize) -> Formula {
    let all = |parts: &[Formula]| parts.iter().map(|part| shift(part, by)).collect();
    match formula {
        Formula::Constant(value) => Formula::Constant(*value),
        Formula::Literal { atom, negated } => {
            Formula::Literal { atom: atom + by, negated: *negated }
        }
        Formula::All(parts) => Formula::All(all(parts)),
        Formula::Any(parts) => Formula::Any(all(parts)),
    }
}

/// A condition that is one limit of one number.
struct Bound<'c> {
    fact: &'c Fact,
    limit: f64,
    /// Whether it holds above the limit.
    upward: bool,
}

fn bound(condition: &Condition) -> Option<Bound<'_>> {
    let Formula::Literal { atom, negated } = condition.formula else { return None };
    let Probe::Number { fact, comparison, constant } = &condition.atoms.get(atom)?.probe else {
        return None;
    };
    let upward = match comparison {
        Comparison::Greater | Comparison::GreaterOrEqual => !negated,
        Comparison::Less | Comparison::LessOrEqual => negated,
        Comparison::Equal | Comparison::NotEqual => return None,
    };
    Some(Bound { fact, limit: *constant, upward })
}
