//! What there is to say about a file: one notice for one place, with a code.

use std::fmt;

use serde::{Serialize, Serializer};

/// The most notices that a bundle holds; those beyond are counted in one last notice.
pub const NOTICES_MAX: usize = 1024;

/// Whether a notice keeps its document out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// The document is used; somebody may have meant something else.
    Warning,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal $severity:ident,)*) => {
        /// What kind of thing a notice says; the text of a code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$meta])* $name,)* }

        impl Code {
            /// Every code, errors first.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as people quote it, such as `R0007`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether a notice with this code keeps its document out.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The text is not YAML, or uses a part of YAML that is not read here (tags, merge keys).
    Syntax = "R0001" Error,
    /// A bound on size, depth, aliases, documents or notices is exceeded.
    Limit = "R0002" Error,
    /// A key stands twice in one mapping.
    DuplicateKey = "R0003" Error,
    /// The document is no resource: no mapping, no kind, or a kind that does not exist.
    NotAResource = "R0004" Error,
    /// A value has the wrong type.
    WrongType = "R0005" Error,
    /// A field that must be there is not.
    Missing = "R0006" Error,
    /// A value is none of those that the field allows.
    NotAllowed = "R0007" Error,
    /// A name is empty, too long, or has a character that no name has.
    BadName = "R0008" Error,
    /// An amount of CPU, memory or time is not understood.
    BadQuantity = "R0009" Error,
    /// An older generation of the schema says something that the present one cannot.
    LegacyUnreadable = "R0010" Error,
    /// Two documents have the same kind and name.
    DuplicateResource = "R0011" Error,
    /// A field is not known, and ignored.
    UnknownField = "R0101" Warning,
    /// A name is no DNS-1123 label; other platforms refuse it.
    OddName = "R0102" Warning,
    /// A number or boolean stands where text is meant.
    ScalarAsText = "R0103" Warning,
    /// The document is of an older generation and was converted.
    LegacyConverted = "R0104" Warning,
    /// A specification is there, and empty.
    EmptySpec = "R0105" Warning,
    /// An annotation has the prefix of an older generation.
    OldAnnotation = "R0106" Warning,
    /// The version of the schema is not `v1`.
    ApiVersion = "R0107" Warning,
    /// A name that is referred to is not in the file, but one that is nearly the same is.
    NearMiss = "R0108" Warning,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing to say about one place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Whether it keeps its document out.
    pub severity: Severity,
    /// What kind of thing it says.
    pub code: Code,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The field within its document, such as `spec.condition.express`; empty for the document itself.
    pub path: String,
    /// What is there, in one sentence.
    pub message: String,
    /// What to do about it, where there is one thing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}: {severity}[{}]: ", self.line, self.column, self.code)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}
