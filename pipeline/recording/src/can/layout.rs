//! Where the bits of a signal lie in a frame, and what number they are.

use can_dbc::{ByteOrder, SignalExtendedValueType, ValueType};

/// The number that the bits of a signal are, before factor and offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw {
    /// Without sign.
    Unsigned(u64),
    /// In two's complement.
    Signed(i64),
    /// IEEE 754, of 32 or 64 bits.
    Float(f64),
}

impl Raw {
    /// The number as a float; integers beyond 2^53 are rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The integer, where it is one and fits.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Unsigned(number) => number.try_into().ok(),
            Self::Signed(number) => Some(number),
            Self::Float(_) => None,
        }
    }
}

/// How the bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Unsigned,
    Signed,
    Float32,
    Float64,
}

/// The place and encoding of one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The first byte.
    first: usize,
    /// The byte after the last.
    end: usize,
    /// How many bits follow the signal's own in its bytes, once they are one number.
    shift: u32,
    size: u32,
    big_endian: bool,
    encoding: Encoding,
}

impl Layout {
    /// The layout of a signal; none where it has no bits, more than 64, or a float of another size.
    ///
    /// A big-endian signal starts at its most significant bit, a little-endian one at its least;
    /// bits count from the least significant of each byte.
    pub(crate) fn new(
        signal: &can_dbc::Signal,
        float: Option<&SignalExtendedValueType>,
    ) -> Option<Self> {
        let size = u32::try_from(signal.size).ok().filter(|size| (1..=64).contains(size))?;
        let start = usize::try_from(signal.start_bit)
            .ok()
            .filter(|start| *start < 8 * super::frame::DATA_BYTES_MAX)?;
        let encoding = match (float, signal.value_type) {
            (Some(SignalExtendedValueType::IEEEfloat32Bit), _) if size == 32 => Encoding::Float32,
            (Some(SignalExtendedValueType::IEEEdouble64bit), _) if size == 64 => Encoding::Float64,
            (None | Some(SignalExtendedValueType::SignedOrUnsignedInteger), ValueType::Signed) => {
                Encoding::Signed
            }
            (
                None | Some(SignalExtendedValueType::SignedOrUnsignedInteger),
                ValueType::Unsigned,
            ) => Encoding::Unsigned,
            _ => return None,
        };
        let big_endian = signal.byte_order == ByteOrder::BigEndian;
        // The position of the first bit, counted in the order in which the bytes are read.
        let bit = if big_endian { start / 8 * 8 + (7 - start % 8) } else { start };
        let bit_end = bit + size as usize;
        let (first, end) = (bit / 8, bit_end.div_ceil(8));
        let shift = if big_endian { end * 8 - bit_end } else { bit - first * 8 } as u32;
        Some(Self { first, end, shift, size, big_endian, encoding })
    }

    /// The number in the data; none where the data ends before it.
    pub(crate) fn read(&self, data: &[u8]) -> Option<Raw> {
        let bytes = data.get(self.first..self.end)?;
        // At most nine bytes: 64 bits that do not begin at a byte.
        let join = |number: u128, byte: &u8| number << 8 | u128::from(*byte);
        let number = if self.big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        };
        let unused = 64 - self.size;
        let bits = ((number >> self.shift) as u64) << unused >> unused;
        Some(match self.encoding {
            Encoding::Unsigned => Raw::Unsigned(bits),
            Encoding::Signed => Raw::Signed((bits << unused) as i64 >> unused),
            Encoding::Float32 => Raw::Float(f32::from_bits(bits as u32).into()),
            Encoding::Float64 => Raw::Float(f64::from_bits(bits)),
        })
    }
}

#[cfg(test)]
mod tests;
