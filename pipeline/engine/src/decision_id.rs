//! The identity of a decision, the same in every run.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::decision::Edge;

/// What identifies a decision: a hash of vehicle, scenario, revision, edge and time.
///
/// As text it is 32 hexadecimal digits in lower case.
///
/// The hash is BLAKE3, its first 16 bytes, over the digest of the vehicle's name, the digest of
/// the rule, one byte for the edge (0 end, 1 begin) and the time in eight bytes, least first. A
/// digest is the first 16 bytes of the BLAKE3 hash of texts, each after its length in eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(u128);

/// A text that is no identity of a decision.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an id of a decision is 32 hexadecimal digits in lower case")]
pub struct NoDecisionId;

/// A hash of texts that go into many identities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest([u8; 16]);

impl Digest {
    /// That of texts in their order.
    pub(crate) fn of(texts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for text in texts {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        Self(first_half(hasher.finalize()))
    }
}

impl DecisionId {
    /// The identity of an edge of a rule in a vehicle.
    pub(crate) fn new(vehicle: Digest, rule: Digest, edge: Edge, time_us: u64) -> Self {
        // It fits into one block of the hash, which makes it cheap.
        let mut parts = [0; 41];
        parts[..16].copy_from_slice(&vehicle.0);
        parts[16..32].copy_from_slice(&rule.0);
        parts[32] = u8::from(edge == Edge::Begin);
        parts[33..].copy_from_slice(&time_us.to_le_bytes());
        Self(u128::from_be_bytes(first_half(blake3::hash(&parts))))
    }
}

fn first_half(hash: blake3::Hash) -> [u8; 16] {
    std::array::from_fn(|place| hash.as_bytes()[place])
}

impl From<DecisionId> for u128 {
    /// The number whose digits are those of the identity.
    fn from(id: DecisionId) -> Self {
        id.0
    }
}

impl From<u128> for DecisionId {
    /// The identity whose digits are those of a number.
    fn from(number: u128) -> Self {
        Self(number)
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for DecisionId {
    type Err = NoDecisionId;

    fn from_str(text: &str) -> Result<Self, NoDecisionId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(NoDecisionId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NoDecisionId)
    }
}

impl Serialize for DecisionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_makes_a_difference() {
        let of = |vehicle: &str, rule: &[&str], edge, time_us| {
            DecisionId::new(Digest::of(&[vehicle]), Digest::of(rule), edge, time_us)
        };
        let mut ids = vec![
            of("v", &["s", "r"], Edge::Begin, 1),
            of("w", &["s", "r"], Edge::Begin, 1),
            of("v", &["t", "r"], Edge::Begin, 1),
            of("v", &["sr", ""], Edge::Begin, 1),
            of("v", &["s", "r"], Edge::End, 1),
            of("v", &["s", "r"], Edge::Begin, 2),
            of("v", &["s", "r"], Edge::Begin, 1 << 56),
        ];
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 7);
    }

    #[test]
    fn text_is_read_back() {
        let id = DecisionId::new(Digest::of(&["v"]), Digest::of(&["s", "r"]), Edge::Begin, 1);
        for id in [id, DecisionId::default(), DecisionId::from(u128::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let digits = id.to_string();
        for wrong in ["", "0", &digits[1..], &digits.to_uppercase(), &format!("+{}", &digits[1..])]
        {
            assert_eq!(wrong.parse::<DecisionId>(), Err(NoDecisionId), "{wrong}");
        }
    }
}
