//! Reads lines of bounded length.

use std::io::{self, BufRead};

/// The most bytes that a line may have, without its end; longer ones are skipped with a fault.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// What the next line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line is in the buffer.
    Whole,
    /// A line was longer than [`LINE_BYTES_MAX`] and was skipped.
    TooLong,
    /// There is no more line.
    End,
}

/// Reads the next line into `line`, without its `\n` or `\r\n`; the last needs no end.
pub(crate) fn next_line(content: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut any, mut too_long) = (false, false);
    loop {
        let available = match content.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            break;
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        // One byte more than allowed may be the \r of the end.
        if line.len() + part.len() > LINE_BYTES_MAX + 1 {
            too_long = true;
            line.clear();
        } else if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        content.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(match (any, too_long || line.len() > LINE_BYTES_MAX) {
        (false, _) => Line::End,
        (true, true) => Line::TooLong,
        (true, false) => Line::Whole,
    })
}
