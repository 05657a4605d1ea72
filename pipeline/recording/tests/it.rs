//! Tests of the readers and writers on real drives, bad files and random samples.

#[cfg(test)]
#[path = "it/bad.rs"]
mod bad;
#[cfg(test)]
#[path = "it/can.rs"]
mod can;
#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/database.rs"]
mod database;
#[cfg(test)]
#[path = "it/drives.rs"]
mod drives;
#[cfg(test)]
#[path = "it/files.rs"]
mod files;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/recording.rs"]
mod recording;
#[cfg(test)]
#[path = "it/round_trip.rs"]
mod round_trip;
