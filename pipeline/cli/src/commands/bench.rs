//! `piccolo bench`: how fast this machine runs the engine, measured afresh.

mod server;
mod soak;

use std::io::{self, Write};
use std::process::Command;

use piccolo_base::exit::Code;
use piccolo_benchmark::export::Export;
use piccolo_benchmark::latency::{self, Latency};
use piccolo_benchmark::table::{self, BenchError, Plan, Row};
use piccolo_benchmark::{Size, Workload, memory};
use piccolo_catalogue::to_facts;
use serde::{Deserialize, Serialize};

use crate::args::{
    BenchArgs, BenchCommand, DocumentFormat, EngineBenchArgs, ExportArgs, ExportPart, LatencyArgs,
    MemoryArgs,
};
use crate::error::CliError;
use crate::output::note;

/// The rows of `docs/performance.md`: rules and vehicles.
const ROWS: [(u32, u32); 4] = [(100, 100), (1_000, 100), (10_000, 100), (10_000, 1_000)];

/// The bytes that vehicles take; none where the kernel does not say.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    rules: u32,
    vehicles: u32,
    bytes: Option<u64>,
}

pub(crate) fn run(args: &BenchArgs) -> Result<Code, CliError> {
    match &args.command {
        BenchCommand::Engine(engine) => rows(engine, args.output)?,
        BenchCommand::Latency(latency) => measure_latency(latency, args.output)?,
        BenchCommand::Memory(memory) => measure_memory(memory, args.output)?,
        BenchCommand::Server(server) => return server::run(server, args.output),
        BenchCommand::Soak(soak) => return soak::run(soak, args.output),
        BenchCommand::Export(plan) => export(plan)?,
    }
    Ok(Code::Done)
}

fn rows(args: &EngineBenchArgs, format: DocumentFormat) -> Result<(), CliError> {
    let standard = ROWS.map(|(rules, vehicles)| Size { rules, vehicles });
    let sizes = if args.sizes.is_empty() { standard.as_slice() } else { &args.sizes };
    let mut rows = Vec::new();
    for size in sizes {
        note(format_args!("{} rules, {} vehicles ...", size.rules, size.vehicles));
        let plan = Plan {
            size: *size,
            batch: args.batch as usize,
            rounds: args.rounds as usize,
            events: args.samples as usize,
            chatter: args.chatter,
            workers: args.workers,
            governed: args.governed,
            seed: args.seed,
        };
        let pairs = f64::from(size.rules) * f64::from(size.vehicles);
        let bytes_per_pair = memory_apart(*size, args.seed).map(|bytes| bytes as f64 / pairs);
        rows.push(Row { bytes_per_pair, ..table::row(&plan)? });
    }
    print(format, &rows, |out| write_rows(out, &rows))
}

fn write_rows(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    writeln!(
        out,
        "{:>8} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7}",
        "rules",
        "vehicles",
        "batch",
        "decisions",
        "loop A",
        "loop B",
        "engine",
        "vs A",
        "vs B",
        "B/pair"
    )?;
    for row in rows {
        let bytes =
            row.bytes_per_pair.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.2}"));
        writeln!(
            out,
            "{:>8} {:>8} {:>6} {:>8.2}% {:>6.0} ns {:>6.0} ns {:>6.0} ns {:>7.2} {:>7.2} {bytes:>7}",
            row.rules,
            row.vehicles,
            row.batch,
            row.decisions_per_event * 100.0,
            row.loop_a_ns,
            row.loop_b_ns,
            row.engine_ns,
            row.loop_a_ns / row.engine_ns,
            row.loop_b_ns / row.engine_ns,
        )?;
    }
    Ok(())
}

fn measure_latency(args: &LatencyArgs, format: DocumentFormat) -> Result<(), CliError> {
    let size = Size { rules: args.rules, vehicles: args.vehicles };
    let found = latency::one_by_one(size, args.samples as usize, args.seed)?;
    print(format, &found, |out| write_latency(out, &found))
}

fn write_latency(out: &mut dyn Write, found: &Latency) -> io::Result<()> {
    writeln!(out, "{} rules, {} vehicles, one sample a step", found.rules, found.vehicles)?;
    writeln!(out, "steps a second {:.0}", found.steps_per_second)?;
    for (name, value) in found.percentiles() {
        writeln!(out, "{name:>7} {:>9.2} us", value as f64 / 1_000.0)?;
    }
    Ok(())
}

fn measure_memory(args: &MemoryArgs, format: DocumentFormat) -> Result<(), CliError> {
    let Size { rules, vehicles } = args.size;
    let bytes = memory::of_vehicles(args.size, args.seed)?;
    let found = Memory { rules, vehicles, bytes };
    print(format, &found, |out| match bytes {
        Some(bytes) => writeln!(out, "{bytes} bytes for {vehicles} vehicles at {rules} rules"),
        None => writeln!(out, "the kernel does not say how much memory a process has"),
    })
}

/// Prints the same whatever the format: what is for programs has no table.
fn export(args: &ExportArgs) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.part {
        ExportPart::Document => {
            let document = Export::new(args.size, args.events as usize, args.seed);
            serde_json::to_writer(&mut out, &document)?;
            writeln!(out)?;
        }
        ExportPart::Rules => {
            let workload = Workload::new(args.size, 0, false, args.seed);
            out.write_all(workload.text().as_bytes())?;
        }
        ExportPart::Catalogue => {
            let (catalogue, _) = Workload::catalogue().map_err(BenchError::from)?;
            out.write_all(to_facts(&catalogue).as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// Measures memory in a process of its own: this one has had other engines before.
fn memory_apart(size: Size, seed: u64) -> Option<u64> {
    let size = format!("{}x{}", size.rules, size.vehicles);
    let seed = seed.to_string();
    let output = Command::new(std::env::current_exe().ok()?)
        .args(["bench", "memory", "--size", &size, "--seed", &seed, "-o", "json"])
        .output()
        .ok()?;
    serde_json::from_slice::<Memory>(&output.stdout).ok()?.bytes
}

fn print<T: Serialize>(
    format: DocumentFormat,
    found: &T,
    table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match format {
        DocumentFormat::Table => table(&mut out)?,
        DocumentFormat::Json => {
            serde_json::to_writer_pretty(&mut out, found)?;
            writeln!(out)?;
        }
    }
    Ok(())
}
