//! The datatypes of VSS.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The datatype of one signal: a scalar, or an array of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataType {
    /// The type of the value, or of each item of the array.
    pub scalar: Scalar,
    /// Whether the signal holds an array of them.
    pub array: bool,
}

/// The scalar datatypes of VSS 4.0 to 6.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Scalar {
    Boolean,
    String,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float,
    Double,
}

const NAMES: [(Scalar, &str); 12] = [
    (Scalar::Boolean, "boolean"),
    (Scalar::String, "string"),
    (Scalar::Int8, "int8"),
    (Scalar::Int16, "int16"),
    (Scalar::Int32, "int32"),
    (Scalar::Int64, "int64"),
    (Scalar::Uint8, "uint8"),
    (Scalar::Uint16, "uint16"),
    (Scalar::Uint32, "uint32"),
    (Scalar::Uint64, "uint64"),
    (Scalar::Float, "float"),
    (Scalar::Double, "double"),
];

impl Scalar {
    /// The name that VSS gives the type.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(scalar, _)| *scalar == self).map_or("", |(_, name)| name)
    }

    /// Whether values are integers.
    pub fn is_integer(self) -> bool {
        self.integer_range().is_some()
    }

    /// Whether values are integers or floats.
    pub fn is_number(self) -> bool {
        !matches!(self, Self::Boolean | Self::String)
    }

    /// The least and greatest integer of the type, for integer types.
    ///
    /// `uint64` ends at `i64::MAX`: rhai has no larger integer, and no VSS
    /// release uses one.
    pub fn integer_range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int64 => (i64::MIN, i64::MAX),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Uint16 => (0, u16::MAX.into()),
            Self::Uint32 => (0, u32::MAX.into()),
            Self::Uint64 => (0, i64::MAX),
            _ => return None,
        })
    }
}

/// A datatype name that VSS does not have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a VSS datatype")]
pub struct UnknownDataType(String);

impl FromStr for DataType {
    type Err = UnknownDataType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, array) = match text.strip_suffix("[]") {
            Some(item) => (item, true),
            None => (text, false),
        };
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(scalar, _)| Self { scalar: *scalar, array })
            .ok_or_else(|| UnknownDataType(text.to_owned()))
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scalar.name())?;
        f.write_str(if self.array { "[]" } else { "" })
    }
}
