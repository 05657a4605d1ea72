//! `piccolo rules`: changes the rules of a running server.

use std::path::PathBuf;
use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_script::{Diagnostic, RuleSet, Source};
use piccolo_wire::client::connect;
use piccolo_wire::refusal::diagnostics;
use piccolo_wire::v1;
use piccolo_wire::v1::rule_service_client::RuleServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use crate::args::{ApplyArgs, RulesArgs, RulesCommand};
use crate::error::CliError;
use crate::output::{RulesPrinter, note};

/// The most bytes of one answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

type Client = RuleServiceClient<Channel>;

pub(crate) fn run(args: &RulesArgs) -> Result<Code, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(args))
}

async fn ask(args: &RulesArgs) -> Result<Code, CliError> {
    let printer = RulesPrinter::new(args.output);
    // What can fail without a server comes first.
    let files = match &args.command {
        RulesCommand::Apply(apply) => files(&apply.rules)?,
        _ => Vec::new(),
    };
    let client = RuleServiceClient::new(connect(&args.server).await?);
    let mut client = client.max_decoding_message_size(ANSWER_BYTES_MAX);
    match &args.command {
        RulesCommand::Apply(args) => apply(&mut client, args, files, printer).await?,
        RulesCommand::List => {
            let request = v1::ListVersionsRequest {};
            printer.versions(&client.list_versions(request).await.map_err(said)?.into_inner())?;
        }
        RulesCommand::Switch { version } => {
            let request = v1::SwitchRulesRequest { version: *version };
            let answer = client.switch_rules(request).await.map_err(said)?.into_inner();
            printer.active(answer.version, answer.change.as_ref(), answer.time_us)?;
        }
        RulesCommand::Promote => {
            let request = v1::PromoteShadowRequest {};
            let answer = client.promote_shadow(request).await.map_err(said)?.into_inner();
            printer.active(answer.version, answer.change.as_ref(), answer.time_us)?;
        }
        RulesCommand::DropShadow => {
            let request = v1::DropShadowRequest {};
            let answer = client.drop_shadow(request).await.map_err(said)?.into_inner();
            printer.dropped(answer.version)?;
        }
        RulesCommand::Difference { limit } => {
            let request = v1::GetShadowDifferenceRequest { limit: *limit };
            let answer = client.get_shadow_difference(request).await.map_err(said)?;
            printer.difference(&answer.into_inner())?;
        }
        RulesCommand::Quarantined => {
            let request = v1::ListQuarantinedRequest {};
            let answer = client.list_quarantined(request).await.map_err(said)?;
            printer.quarantined(&answer.into_inner())?;
        }
    }
    Ok(Code::Done)
}

async fn apply(
    client: &mut Client,
    args: &ApplyArgs,
    files: Vec<v1::RuleFile>,
    printer: RulesPrinter,
) -> Result<(), CliError> {
    let lane = if args.shadow { v1::Lane::Shadow } else { v1::Lane::Active };
    let request = v1::ApplyRulesRequest { files, lane: lane.into(), dry_run: args.dry_run };
    let answer = client.apply_rules(request).await.map_err(said)?.into_inner();
    tell(&answer.diagnostics);
    printer.applied(&answer)
}

/// The rule files of all paths, with their texts.
fn files(paths: &[PathBuf]) -> Result<Vec<v1::RuleFile>, CliError> {
    paths.iter().try_for_each(|path| super::exists(path))?;
    let file = |read: Result<Arc<Source>, Box<Diagnostic>>| match read {
        Ok(source) => {
            Ok(v1::RuleFile { name: source.name.to_string(), text: source.text.to_string() })
        }
        Err(found) => Err(CliError::Server { message: found.message, code: Code::InvalidInput }),
    };
    RuleSet::read(paths).into_iter().map(file).collect()
}

fn tell(found: &[v1::RuleDiagnostic]) {
    for diagnostic in found {
        note(format_args!("{}", diagnostic.rendered.trim_end()));
    }
}

/// What the server said, with the exit code that it comes to.
pub(crate) fn said(status: Status) -> CliError {
    hinted(status, "piccolo rules list")
}

/// The same; where something does not exist, with the command that lists what does.
pub(super) fn hinted(status: Status, list: &str) -> CliError {
    tell(&diagnostics(&status));
    let code = match status.code() {
        tonic::Code::InvalidArgument | tonic::Code::ResourceExhausted => Code::InvalidInput,
        tonic::Code::NotFound => Code::NotFound,
        tonic::Code::PermissionDenied => Code::Denied,
        tonic::Code::DeadlineExceeded => Code::TimedOut,
        _ => Code::Unreachable,
    };
    let message = match code {
        Code::NotFound => format!("{}; `{list}` shows what there is", status.message()),
        _ => status.message().to_owned(),
    };
    CliError::Server { message, code }
}
