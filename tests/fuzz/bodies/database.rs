//! What must hold of any bytes that are read as a DBC file.

use std::fs;

use piccolo_recording::can::Database;

/// Reads bytes as a DBC file, and frames by it; how many messages it has.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let file = tempfile::Builder::new().suffix(".dbc").tempfile().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let database = match Database::load(file.path()) {
        Ok(database) => database,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return 0;
        }
    };
    for message in database.messages() {
        assert!(database.message(message.id).is_some());
        for signal in 0..=message.signals.len() {
            for data in [&[][..], &[0x55; 1], &[0xff; 8], &[0; 8], &[0xa5; 64]] {
                message.read(signal, data);
            }
        }
    }
    database.messages().len()
}
