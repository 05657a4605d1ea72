//! Logs: every process writes `tracing` events to stderr, as text or as JSON.

use std::env;
use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::{MakeWriter, fmt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The environment variable that says what is logged, in the syntax of
/// `tracing`'s filters: `warn`, or `info,piccolo_engine=debug`.
pub const FILTER_VARIABLE: &str = "PICCOLO_LOG";

/// What is logged where neither the caller nor [`FILTER_VARIABLE`] says.
pub const FILTER_DEFAULT: &str = "info";

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One line of text for a person.
    #[default]
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// What a process decides about its logs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How a line looks.
    pub format: Format,
    /// What is logged; it goes before [`FILTER_VARIABLE`], which goes before [`FILTER_DEFAULT`].
    pub filter: Option<String>,
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("`{filter}` is not a log filter: {source}")]
    Filter {
        /// The text as given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The process logs already.
    #[error("logging was started twice: {0}")]
    Started(#[from] TryInitError),
}

/// Sends this process's logs to stderr. Call it once, first thing in `main`.
///
/// Text is coloured only on a terminal, and not where `NO_COLOR` is set to anything.
///
/// # Errors
/// [`TelemetryError::Filter`] for a filter that does not parse, and
/// [`TelemetryError::Started`] where the process logs already.
pub fn init(settings: &Settings) -> Result<(), TelemetryError> {
    let filter = filter(settings, env::var(FILTER_VARIABLE).ok())?;
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = stderr().is_terminal() && !no_color;
    Ok(subscriber(settings.format, filter, color, stderr).try_init()?)
}

fn filter(settings: &Settings, variable: Option<String>) -> Result<EnvFilter, TelemetryError> {
    let chosen = settings.filter.clone().or(variable.filter(|text| !text.trim().is_empty()));
    let filter = chosen.unwrap_or_else(|| FILTER_DEFAULT.to_owned());
    EnvFilter::try_new(&filter).map_err(|source| TelemetryError::Filter { filter, source })
}

fn subscriber<W>(
    format: Format,
    filter: EnvFilter,
    color: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let builder = fmt().with_env_filter(filter).with_ansi(color).with_writer(writer);
    match format {
        Format::Text => Box::new(builder.finish()),
        Format::Json => Box::new(builder.json().flatten_event(true).finish()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What two events leave in the log under these settings.
    fn logged(format: Format, color: bool, own: Option<&str>, variable: Option<&str>) -> String {
        let settings = Settings { format, filter: own.map(str::to_owned) };
        let filter = filter(&settings, variable.map(str::to_owned)).unwrap();
        let lines = Lines::default();
        let sink = lines.clone();
        let subscriber = subscriber(format, filter, color, move || sink.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(node = "hpc", "node is ready");
            tracing::debug!("a detail");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_filter_is_the_callers_then_the_variables_then_the_default() {
        let cases = [
            (None, None, 1),
            (None, Some("debug"), 2),
            (None, Some("off"), 0),
            (None, Some("  "), 1),
            (Some("debug"), Some("off"), 2),
            (Some("piccolo_base=debug"), None, 2),
            (Some("piccolo_engine=debug"), None, 0),
        ];
        for (own, variable, count) in cases {
            let text = logged(Format::Text, false, own, variable);
            assert_eq!(text.lines().count(), count, "{own:?} {variable:?}: {text}");
        }
    }

    #[test]
    fn json_lines_carry_the_fields() {
        let text = logged(Format::Json, true, None, None);
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "node is ready");
        assert_eq!(line["node"], "hpc");
    }

    #[test]
    fn only_coloured_text_has_escapes() {
        for color in [false, true] {
            let text = logged(Format::Text, color, None, None);
            assert!(text.contains("node is ready"), "{text}");
            assert_eq!(text.contains('\u{1b}'), color, "{text:?}");
        }
    }

    #[test]
    fn a_wrong_filter_is_named() {
        let settings = Settings { filter: Some("piccolo=loud".into()), ..Settings::default() };
        let error = filter(&settings, None).unwrap_err().to_string();
        assert!(error.contains("`piccolo=loud`"), "{error}");
    }

    #[test]
    fn a_second_start_is_refused() {
        let settings = Settings::default();
        let first = init(&settings);
        let second = init(&settings);
        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(second, Err(TelemetryError::Started(_))), "{second:?}");
    }
}
