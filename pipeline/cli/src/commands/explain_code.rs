//! `piccolo explain-code`: says more about a diagnostic.

use std::io::{self, Write};

use piccolo_base::exit::Code;
use piccolo_script::{CODES, find_code};

use crate::args::ExplainCodeArgs;
use crate::error::CliError;
use crate::output::note;

pub(crate) fn run(args: &ExplainCodeArgs) -> Result<Code, CliError> {
    let mut out = io::stdout().lock();
    let Some(name) = &args.code else {
        for code in CODES {
            writeln!(out, "{}  {}", code.code, code.title)?;
        }
        return Ok(Code::Done);
    };
    let Some(code) = find_code(name) else {
        note(format_args!("error: there is no code {name}; `piccolo explain-code` lists all"));
        return Ok(Code::NotFound);
    };
    writeln!(out, "{}: {}\n\n{}", code.code, code.title, code.text)?;
    Ok(Code::Done)
}
