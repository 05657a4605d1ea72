//! `piccolo bench server`: from a sample over gRPC to its decision at a subscriber.

mod phases;
mod process;
mod report;
mod source;
mod subscribers;
mod timeline;

use piccolo_base::exit::Code;
use piccolo_benchmark::{Course, Workload};
use piccolo_wire::client::connect;
use piccolo_wire::v1;
use piccolo_wire::v1::rule_service_client::RuleServiceClient;
use tonic::transport::Channel;

use crate::args::{DocumentFormat, ServerBenchArgs};
use crate::commands::rules::said;
use crate::error::CliError;
use crate::output::note;
use phases::Position;
use process::{CpuTime, Process};
use report::Report;
use source::{Form, Source};
use timeline::Timeline;

/// How many subscribers there are in turn, where none are named.
const SUBSCRIBERS: [u32; 2] = [1, 100];

/// How far ahead of a server that ran before event time begins, in microseconds: further than it
/// waits for late samples, and not so far that it takes the clock for a wrong one.
const AHEAD_US: u64 = 600_000_000;

/// What all phases need.
struct Bench<'a> {
    args: &'a ServerBenchArgs,
    url: &'a str,
    process: Option<&'a Process>,
}

impl Bench<'_> {
    fn cpu_time(&self) -> Option<CpuTime> {
        self.process.and_then(Process::cpu_time)
    }

    async fn source(&self, workload: &Workload) -> Result<Source, CliError> {
        let (streams, batch) = (self.args.streams as usize, self.args.batch as usize);
        let form = if self.args.rows { Form::Rows } else { Form::Columns };
        Source::open(self.url, workload, streams, batch, form).await
    }
}

/// Lets this thread's sleeps end when they should and not up to 50 us later, as Linux has it: that
/// would be measured as the server's time. Where it cannot be had, it is measured with it.
fn sharpen_timers() {
    drop(std::fs::write("/proc/self/timerslack_ns", "1"));
}

pub(super) fn run(args: &ServerBenchArgs, format: DocumentFormat) -> Result<Code, CliError> {
    let workload = Workload::new(args.size, 0, false, args.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // The socket is looked at often, also while there is always something to send.
        .event_interval(8)
        .build()?;
    let report = match &args.server {
        Some(url) => {
            sharpen_timers();
            let bench = Bench { args, url, process: None };
            runtime.block_on(with_rules(&bench, &workload))?
        }
        None => {
            let process = Process::start(&workload, args.io_threads)?;
            sharpen_timers();
            let bench = Bench { args, url: &process.url, process: Some(&process) };
            runtime.block_on(async {
                let source = bench.source(&workload).await?;
                measure(&bench, &workload, source, 0).await
            })?
        }
    };
    super::print(format, &report, |out| report::write(out, &report))?;
    Ok(if report.is_well() { Code::Done } else { Code::Negative })
}

/// Measures while the workload's rules are in force in a server that has others.
async fn with_rules(bench: &Bench<'_>, workload: &Workload) -> Result<Report, CliError> {
    // Says what is wrong with the catalogue, before all rules say it.
    let source = bench.source(workload).await?;
    let mut client = RuleServiceClient::new(connect(bench.url).await?);
    let before = active(&mut client).await?;
    let file = v1::RuleFile { name: "workload.rhai".to_owned(), text: workload.text() };
    let request = v1::ApplyRulesRequest { files: vec![file], ..Default::default() };
    let applied = client.apply_rules(request).await.map_err(said)?.into_inner();
    let first_us = applied.time_us.unwrap_or_default() + AHEAD_US;
    let measured = measure(bench, workload, source, first_us).await;
    if let Some(version) = before {
        client.switch_rules(v1::SwitchRulesRequest { version }).await.map_err(said)?;
    }
    measured
}

/// The version of rules that is in force.
async fn active(client: &mut RuleServiceClient<Channel>) -> Result<Option<u64>, CliError> {
    let list = client.list_versions(v1::ListVersionsRequest {}).await.map_err(said)?.into_inner();
    let is_active =
        |version: &v1::RuleVersion| version.lanes().any(|lane| lane == v1::Lane::Active);
    Ok(list.versions.into_iter().find(is_active).map(|version| version.number))
}

async fn measure(
    bench: &Bench<'_>,
    workload: &Workload,
    mut source: Source,
    first_us: u64,
) -> Result<Report, CliError> {
    let args = bench.args;
    let wanted =
        if args.subscribers.is_empty() { SUBSCRIBERS.as_slice() } else { &args.subscribers };
    let course = Course::new(workload, args.seed);
    let mut position = Position { timeline: Timeline::new(first_us), course };
    phases::begin(&mut source, workload, &mut position).await?;
    note(format_args!("one sample at a time ..."));
    let single = phases::single(bench, &mut source, &mut position).await?;
    let (mut paced, mut saturated) = (Vec::new(), Vec::new());
    for subscribers in wanted.iter().map(|count| *count as usize) {
        note(format_args!("{} samples a second, {subscribers} subscribers ...", args.rate));
        if subscribers > 0 {
            paced.push(phases::paced(bench, &mut source, &mut position, subscribers).await?);
        }
        note(format_args!("as many samples as go in, {subscribers} subscribers ..."));
        saturated.push(phases::saturated(bench, &mut source, &mut position, subscribers).await?);
    }
    Ok(Report {
        rules: args.size.rules,
        vehicles: args.size.vehicles,
        streams: args.streams,
        batch: args.batch,
        rows: args.rows,
        io_threads: args.io_threads,
        single,
        paced,
        saturated,
    })
}
