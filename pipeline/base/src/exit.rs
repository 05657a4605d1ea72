//! The exit codes that every PICCOLO command shares.

use std::process::{ExitCode, Termination};

/// How a process ended, for the shell and the scripts that called it.
///
/// The numbers are part of the command line's contract: they never change
/// their meaning, and a new one is added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// Done: the command did what it was asked.
    Done = 0,
    /// The command worked, and its answer is no: a test failed, two runs differ.
    Negative = 1,
    /// The command line itself is wrong.
    Usage = 2,
    /// A file or value that was given cannot be accepted.
    InvalidInput = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// A server or device did not answer.
    Unreachable = 5,
    /// Policy or access rights forbid it.
    Denied = 6,
    /// It was not finished within the time allowed.
    TimedOut = 7,
}

impl Code {
    /// The number that the shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.number())
    }
}

impl Termination for Code {
    fn report(self) -> ExitCode {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_published_ones() {
        let published = [
            (Code::Done, 0),
            (Code::Negative, 1),
            (Code::Usage, 2),
            (Code::InvalidInput, 3),
            (Code::NotFound, 4),
            (Code::Unreachable, 5),
            (Code::Denied, 6),
            (Code::TimedOut, 7),
        ];
        for (code, number) in published {
            assert_eq!(code.number(), number, "{code:?}");
            let reported = format!("{:?}", code.report());
            assert_eq!(reported, format!("{:?}", ExitCode::from(number)), "{code:?}");
        }
    }
}
