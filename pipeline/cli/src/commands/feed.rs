//! `piccolo feed`: follows the action feed of a server.

use piccolo_base::exit::Code;
use piccolo_wire::client::{ClientError, Feed, FeedEvent};
use piccolo_wire::v1::{Missed, SubscribeRequest};

use crate::args::FeedArgs;
use crate::error::CliError;
use crate::output::{Printer, note};

pub(crate) fn run(args: &FeedArgs) -> Result<Code, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(follow(args))
}

async fn follow(args: &FeedArgs) -> Result<Code, CliError> {
    let request = SubscribeRequest {
        vehicles: args.vehicle.clone(),
        scenarios: args.scenario.clone(),
        action_kinds: args.kind.clone(),
        after_id: args.after.clone(),
        from_oldest: args.from_oldest,
    };
    let mut feed = Feed::subscribe(&args.url, request).await?;
    let mut printer = Printer::new(args.output)?;
    printer.flush()?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        match feed.next().await? {
            None => break,
            Some(FeedEvent::Missed(missed)) => tell_missed(&missed),
            Some(FeedEvent::Decisions(decisions)) => {
                let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(decisions.len());
                decisions[..wanted].iter().try_for_each(|decision| printer.print_wire(decision))?;
                printer.flush()?;
                left -= wanted as u64;
            }
        }
    }
    Ok(Code::Done)
}

fn tell_missed(missed: &Missed) {
    let count = missed.count.map_or("some".to_owned(), |count| count.to_string());
    note(format_args!(
        "missed {count} decisions here: too old for the server, or this reader was too slow"
    ));
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::Url { .. } => Code::Usage,
            ClientError::Unreachable { .. } => Code::Unreachable,
            ClientError::Status(status) if status.code() == tonic::Code::PermissionDenied => {
                Code::Denied
            }
            ClientError::Status(_) => Code::Unreachable,
        };
        Self::Server { message: error.to_string(), code }
    }
}
