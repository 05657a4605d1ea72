//! One line of a `candump -L` log: `(1631416514.717133) can0 0D2#0000FFFF10000000`.

use crate::csv::seconds_us;

/// The most bytes of data that a frame has: CAN FD's.
pub(crate) const DATA_BYTES_MAX: usize = 64;

/// The most bytes of data of a classic frame.
const CLASSIC_BYTES_MAX: usize = 8;

const EXTENDED_ID_MAX: u32 = 0x1fff_ffff;
const STANDARD_ID_MAX: u32 = 0x7ff;
/// SocketCAN marks frames that report an error of the bus by this bit of the id.
const ERROR_FLAG: u32 = 0x2000_0000;

/// The identifier of a frame; those of 11 and of 29 bits are different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameId {
    /// 11 bits.
    Standard(u16),
    /// 29 bits.
    Extended(u32),
}

/// A frame of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Time of the logger's clock, in microseconds.
    pub time_us: u64,
    /// The name of the bus, such as `can0`.
    pub bus: &'a [u8],
    /// The identifier; 0 for an error frame.
    pub id: FrameId,
    /// What it carries.
    pub payload: Payload,
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Data, of at most 8 bytes, or 64 in CAN FD.
    Data {
        /// The bytes; those beyond `count` are zero.
        bytes: [u8; DATA_BYTES_MAX],
        /// How many there are.
        count: usize,
    },
    /// A request for data (RTR).
    Remote,
    /// A report of an error of the bus.
    Error,
}

impl Payload {
    /// The data; nothing where there is none.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Data { bytes, count } => &bytes[..*count],
            Self::Remote | Self::Error => &[],
        }
    }
}

impl<'a> Frame<'a> {
    /// Reads a line; none where it is no frame. The direction that newer logs add is skipped.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = line.trim_ascii().strip_prefix(b"(")?;
        let close = rest.iter().position(|byte| *byte == b')')?;
        let time_us = seconds_us(&rest[..close])?;
        let mut words =
            rest[close + 1..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (bus, frame) = (words.next()?, words.next()?);
        match (words.next(), words.next()) {
            (None | Some(b"R" | b"T"), None) => {}
            _ => return None,
        }
        let hash = frame.iter().position(|byte| *byte == b'#')?;
        let (id, error) = frame_id(&frame[..hash])?;
        let payload = if error { Payload::Error } else { payload(&frame[hash + 1..])? };
        Some(Self { time_us, bus, id, payload })
    }
}

/// The id, and whether it marks an error frame.
fn frame_id(text: &[u8]) -> Option<(FrameId, bool)> {
    let id = text
        .iter()
        .try_fold(0_u32, |id, byte| id.checked_mul(16)?.checked_add(hex(*byte)?.into()))?;
    match text.len() {
        3 if id <= STANDARD_ID_MAX => Some((FrameId::Standard(id as u16), false)),
        8 if id <= EXTENDED_ID_MAX => Some((FrameId::Extended(id), false)),
        8 if id & !EXTENDED_ID_MAX == ERROR_FLAG => Some((FrameId::Standard(0), true)),
        _ => None,
    }
}

/// What stands behind the first `#`.
fn payload(text: &[u8]) -> Option<Payload> {
    match text {
        [b'R'] => Some(Payload::Remote),
        [b'R', length] => hex(*length).map(|_| Payload::Remote),
        [b'#', flags, data @ ..] => {
            hex(*flags)?;
            bytes(data, DATA_BYTES_MAX)
        }
        data => bytes(without_length_code(data), CLASSIC_BYTES_MAX),
    }
}

/// Logs of raw length codes have `_9` to `_F` behind eight bytes.
fn without_length_code(data: &[u8]) -> &[u8] {
    match data {
        [data @ .., b'_', code] if data.len() == 2 * CLASSIC_BYTES_MAX && hex(*code).is_some() => {
            data
        }
        _ => data,
    }
}

fn bytes(text: &[u8], bytes_max: usize) -> Option<Payload> {
    if !text.len().is_multiple_of(2) || text.len() > 2 * bytes_max {
        return None;
    }
    let mut bytes = [0; DATA_BYTES_MAX];
    for (place, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *place = hex(digits[0])? << 4 | hex(digits[1])?;
    }
    Some(Payload::Data { bytes, count: text.len() / 2 })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests;
