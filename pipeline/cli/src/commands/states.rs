//! `piccolo states`, `history` and `stats`: what things are and were, as a running server knows it.

use piccolo_base::exit::Code;
use piccolo_wire::client::connect;
use piccolo_wire::v1;
use piccolo_wire::v1::get_state_request::AsOf;
use piccolo_wire::v1::state_service_client::StateServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::rules::hinted;
use crate::args::{AskArgs, HistoryArgs, KindArg, StatesArgs, StatsArgs};
use crate::error::CliError;
use crate::output::StatesPrinter;

/// The most steps that the server gives at once.
const PAGE_MAX: usize = 1_000;

type Client = StateServiceClient<Channel>;

pub(crate) fn states(args: &StatesArgs) -> Result<Code, CliError> {
    on_server(&args.ask, async |mut client, printer| match &args.name {
        Some(name) => printer.records(&one(&mut client, args, name).await?),
        None => printer.records(&all(&mut client, args).await?),
    })
}

pub(crate) fn history(args: &HistoryArgs) -> Result<Code, CliError> {
    on_server(&args.ask, async |mut client, printer| {
        let steps = steps(&mut client, args.kind, &args.name).await?;
        let skipped = args.last.map_or(0, |last| steps.len().saturating_sub(last));
        printer.steps(&steps[skipped..])
    })
}

pub(crate) fn stats(args: &StatsArgs) -> Result<Code, CliError> {
    on_server(&args.ask, async |mut client, printer| {
        let request = v1::GetStatisticsRequest {
            kind: v1::StateKind::from(args.kind).into(),
            name: args.name.clone().unwrap_or_default(),
            flapping_window_us: args.window * 1_000_000,
            flapping_steps: args.steps,
        };
        let answer = client.get_statistics(request).await.map_err(said)?;
        printer.statistics(&answer.into_inner().things)
    })
}

fn said(status: Status) -> CliError {
    hinted(status, "piccolo states KIND")
}

fn on_server(
    args: &AskArgs,
    ask: impl AsyncFnOnce(Client, StatesPrinter) -> Result<(), CliError>,
) -> Result<Code, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = StateServiceClient::new(connect(&args.server).await?);
        ask(client, StatesPrinter::new(args.output)).await
    })?;
    Ok(Code::Done)
}

/// One thing as it is, or was.
async fn one(
    client: &mut Client,
    args: &StatesArgs,
    name: &str,
) -> Result<Vec<v1::StateRecord>, CliError> {
    let as_of = args.at.map(AsOf::AtUs).or(args.at_revision.map(AsOf::Revision));
    let kind = v1::StateKind::from(args.kind).into();
    let request = v1::GetStateRequest { kind, name: name.to_owned(), as_of };
    let answer = client.get_state(request).await.map_err(said)?.into_inner();
    Ok(answer.record.into_iter().collect())
}

/// All things of a kind that are wanted.
async fn all(client: &mut Client, args: &StatesArgs) -> Result<Vec<v1::StateRecord>, CliError> {
    let mut request = v1::ListStatesRequest {
        kind: v1::StateKind::from(args.kind).into(),
        states: args.states.clone(),
        node: args.node.clone(),
        ..v1::ListStatesRequest::default()
    };
    let mut records = Vec::new();
    loop {
        let page = client.list_states(request.clone()).await.map_err(said)?.into_inner();
        records.extend(page.records);
        if page.next_page_token.is_empty() {
            return Ok(records);
        }
        request.page_token = page.next_page_token;
    }
}

/// All steps of a thing that are kept.
async fn steps(
    client: &mut Client,
    kind: KindArg,
    name: &str,
) -> Result<Vec<v1::StateStep>, CliError> {
    let mut request = v1::GetHistoryRequest {
        kind: v1::StateKind::from(kind).into(),
        name: name.to_owned(),
        ..v1::GetHistoryRequest::default()
    };
    let mut steps: Vec<v1::StateStep> = Vec::new();
    loop {
        let page = client.get_history(request.clone()).await.map_err(said)?.into_inner().steps;
        let full = page.len() == PAGE_MAX;
        steps.extend(page);
        match steps.last() {
            Some(last) if full => request.after_step = last.step,
            _ => return Ok(steps),
        }
    }
}
