//! Which process has a vehicle.

/// The process of a vehicle: the first eight bytes of the BLAKE3 hash of its name, least
/// significant first, modulo the number of processes. It is the same on every machine.
pub(crate) fn process_of(vehicle: &str, processes: usize) -> usize {
    let hash = blake3::hash(vehicle.as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    (number % processes.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_stays_where_it_is() {
        // A checkpoint finds its vehicles again, so this never changes.
        let names = ["car-0", "car-1", "car-2", "car-3", ""];
        assert_eq!(names.map(|name| process_of(name, 4)), [1, 0, 1, 0, 3]);
        assert_eq!(names.map(|name| process_of(name, 1)), [0; 5]);
    }

    #[test]
    fn vehicles_are_spread() {
        let mut counts = [0; 7];
        (0..7_000).for_each(|car| counts[process_of(&format!("car-{car}"), 7)] += 1);
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
