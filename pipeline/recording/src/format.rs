//! The formats, and how a file's content tells which it is.

use crate::csv;

/// A format of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// CSV with the header `t_us,signal,value`.
    LongCsv,
    /// CSV of the Kuksa CSV provider, with the header `field,signal,value,delay`.
    KuksaCsv,
    /// The log of SocketCAN's `candump -L`; read with a DBC and a signal map, not written.
    Candump,
    /// MCAP with one channel of JSON messages a signal; the project's own format.
    Mcap,
}

/// The first bytes of an MCAP file.
pub(crate) const MCAP_MAGIC: &[u8] = b"\x89MCAP0\r\n";

/// What the beginning of a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detected {
    /// The format.
    Format(Format),
    /// There is nothing but blank lines and comments.
    Nothing,
    /// It is none of the formats.
    Unknown,
}

/// Tells the format from the beginning of the content, after decompression.
pub(crate) fn detect(head: &[u8]) -> Detected {
    if head.starts_with(MCAP_MAGIC) {
        return Detected::Format(Format::Mcap);
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(line) = lines.find(|line| !line.is_empty() && !line.starts_with(b"#")) else {
        return Detected::Nothing;
    };
    if csv::is_header(line, &csv::LONG_HEADER) {
        Detected::Format(Format::LongCsv)
    } else if csv::is_header(line, &csv::KUKSA_HEADER) {
        Detected::Format(Format::KuksaCsv)
    } else if line.starts_with(b"(") {
        Detected::Format(Format::Candump)
    } else {
        Detected::Unknown
    }
}
