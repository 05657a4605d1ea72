//! Values between which a signal may move without changing anything but itself.

/// An open interval. Its ends are rounded inwards to 32 bits, so that a whole fact fits into half
/// a cache line: a value in it is certainly calm, one just outside may be as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calm {
    low: f32,
    high: f32,
}

impl Calm {
    /// Every value has to be looked at.
    pub(crate) const NEVER: Self = Self { low: f32::NAN, high: f32::NAN };

    /// No finite value makes a difference.
    pub(crate) const ALWAYS: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };

    /// The values between two, where there are such ends.
    pub(crate) fn between(low: Option<f64>, high: Option<f64>) -> Self {
        let always = Self::ALWAYS;
        let high = high.map_or(always.high, |high| -rounded_up(-high));
        Self { low: low.map_or(always.low, rounded_up), high }
    }

    /// Whether every value has to be looked at.
    #[inline]
    pub(crate) fn is_never(self) -> bool {
        self.low.is_nan()
    }

    /// Whether a value is certainly calm; an unknown one is not.
    #[inline]
    pub(crate) fn contains(self, value: f64) -> bool {
        f64::from(self.low) < value && value < f64::from(self.high)
    }
}

/// The least number of 32 bits that is not below a value.
fn rounded_up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::Calm;

    #[test]
    fn ends_are_rounded_inwards() {
        let mut rng = fastrand::Rng::with_seed(4);
        let mut inside = 0;
        for _ in 0..100_000 {
            let scale = f64::from(10_i32.pow(rng.u32(0..9)));
            let mut number = || (rng.f64() - 0.5) * scale;
            let (low, high, value) = (number(), number(), number());
            if Calm::between(Some(low), Some(high)).contains(value) {
                assert!(low < value && value < high, "{low} < {value} < {high}");
                inside += 1;
            }
            assert!(!Calm::between(Some(low), None).contains(low));
            assert!(!Calm::between(None, Some(high)).contains(high));
        }
        assert!(inside > 10_000, "{inside}");
    }

    #[test]
    fn neither_unknown_nor_endless_is_calm() {
        for calm in [Calm::NEVER, Calm::ALWAYS, Calm::between(Some(f64::MAX), None)] {
            assert!(!calm.contains(f64::NAN));
            assert!(!calm.contains(f64::INFINITY));
        }
        assert!(!Calm::NEVER.contains(0.0));
        assert!(Calm::ALWAYS.contains(-f64::MAX));
        assert!(!Calm::between(None, Some(-f64::MAX)).contains(-f64::MAX));
    }
}
