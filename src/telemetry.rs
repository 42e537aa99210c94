//! Logging: what deskcast does, as it does it, for the people who run it.
//!
//! The rules for every event in this crate:
//! - The message stands alone and is always the same text; what differs is in the fields.
//! - A field's name says its unit: `wait_ms`, `audience_customers`, `requests_per_second`.
//! - What went wrong is logged once, where it is dealt with, not on its way there.
//! - Never logged, at any level: the API token, the text of a message, request headers.
//!
//! Everything goes to standard error, or to the systemd journal where the operator says so.
//! Standard output belongs to a command's result alone, so that it can be piped. Log lines and
//! progress bars share the terminal: a line is written with the bars lifted ([`init`] takes them),
//! so neither garbles the other.

use std::fmt;
use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing::Dispatch;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt;

/// Directives before the operator's own: crates that are chatty about themselves at `info`.
const QUIET: &str = "tokio_cron_scheduler=warn,hyper=warn,reqwest=warn,rustls=warn";

/// Where the systemd journal takes entries.
const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// How an event looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One line of text, for people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
    /// An entry of the systemd journal, each field as a field of its own.
    Journald,
}

/// Which events are logged: a level, or directives such as `info,deskcast::journal=debug`.
///
/// A later directive wins over an earlier one, and all win over the few that keep chatty
/// libraries at `warn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Parses directives.
    ///
    /// # Errors
    /// When one of them is no directive.
    pub fn parse(directives: &str) -> Result<Self, TelemetryError> {
        EnvFilter::builder()
            .parse(directives)
            .map_err(|error| TelemetryError(error.to_string()))?;
        Ok(Self(directives.to_owned()))
    }

    fn to_env_filter(&self) -> Result<EnvFilter, TelemetryError> {
        EnvFilter::builder()
            .parse(format!("{QUIET},{}", self.0))
            .map_err(|error| TelemetryError(error.to_string()))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Logging could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("logging cannot be set up: {0}")]
pub struct TelemetryError(String);

/// Starts logging, for the whole process. Called once, before anything logs.
///
/// Bars that are drawn through `bars` are lifted while a line is written, so nothing may be logged
/// from inside `bars.suspend`: it would wait for itself. `is_terminal` says whether standard error
/// is one: only then is text coloured.
///
/// # Errors
/// When logging has been started before, or the systemd journal is asked for and not there.
pub fn init(
    format: Format,
    filter: &Filter,
    is_terminal: bool,
    bars: &MultiProgress,
) -> Result<(), TelemetryError> {
    dispatch(format, filter, is_terminal, BesideBars(bars.clone()))?
        .try_init()
        .map_err(|error| TelemetryError(error.to_string()))
}

/// What [`init`] starts, with the place that lines go to as an argument.
fn dispatch<W>(
    format: Format,
    filter: &Filter,
    is_terminal: bool,
    writer: W,
) -> Result<Dispatch, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    if format == Format::Journald {
        return journald(filter);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.to_env_filter()?)
        .with_writer(writer)
        .with_ansi(is_terminal && format == Format::Text)
        // A lost line would be reported with eprintln!, which panics when standard error is
        // gone: whoever reads the log may leave, and sending goes on.
        .log_internal_errors(false);
    Ok(match format {
        Format::Json => builder.json().flatten_event(true).into(),
        Format::Text | Format::Journald => builder.compact().into(),
    })
}

/// Writes to the systemd journal. Fields keep their names, in capitals and with a prefix that
/// sets them apart from the journal's own: `wait_ms` is `DESKCAST_WAIT_MS`.
fn journald(filter: &Filter) -> Result<Dispatch, TelemetryError> {
    let layer = tracing_journald::layer().map_err(|error| {
        TelemetryError(format!(
            "log.format is \"journald\", but the systemd journal of this machine cannot be written \
             ({JOURNAL_SOCKET}: {error}). Use \"text\" or \"json\""
        ))
    })?;
    let layer = layer
        .with_field_prefix(Some("DESKCAST".to_owned()))
        .with_syslog_identifier("deskcast".to_owned())
        // "info" is what journalctl calls it, too, and not "notice" as it would be by default.
        .with_priority_mappings(PriorityMappings {
            info: Priority::Informational,
            debug: Priority::Debug,
            ..PriorityMappings::new()
        });
    let registry = tracing_subscriber::registry();
    Ok(registry.with(filter.to_env_filter()?).with(layer).into())
}

/// Standard error, with the progress bars lifted while an event is written.
struct BesideBars(MultiProgress);

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &BesideBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // All of it at once: a bar drawn between two halves of a line would cut it.
        self.0.suspend(|| io::stderr().lock().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("UTF-8")
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Write for Lines {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(
        format: Format,
        directives: &str,
        is_terminal: bool,
        events: impl FnOnce(),
    ) -> String {
        let lines = Lines::default();
        let filter = Filter::parse(directives).expect("good directives");
        let dispatch = dispatch(format, &filter, is_terminal, lines.clone()).expect("a subscriber");
        tracing::dispatcher::with_default(&dispatch, events);
        lines.text()
    }

    fn an_event() {
        tracing::info!(batch = 7, wait_ms = 250, "Desk asked to wait");
    }

    #[test]
    fn text_is_one_line_and_plain_beside_a_pipe() {
        let text = logged(Format::Text, "info", false, an_event);
        assert!(
            text.ends_with("Desk asked to wait batch=7 wait_ms=250\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'), "no colour: {text:?}");
    }

    #[test]
    fn text_is_coloured_on_a_terminal_and_json_never_is() {
        assert!(logged(Format::Text, "info", true, an_event).contains('\u{1b}'));
        assert!(!logged(Format::Json, "info", true, an_event).contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_object_with_the_fields_at_its_top() {
        let line = logged(Format::Json, "info", false, an_event);
        let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(object["message"], "Desk asked to wait");
        assert_eq!(
            (&object["batch"], &object["wait_ms"]),
            (&7.into(), &250.into())
        );
        assert_eq!(object["level"], "INFO");
    }

    #[test]
    fn chatty_libraries_are_quiet_unless_asked_for() {
        let chatter = || {
            tracing::info!(target: "hyper_util::client", "pooling");
            tracing::info!(target: "tokio_cron_scheduler::job", "ticking");
            tracing::info!("heard");
        };
        let quiet = logged(Format::Text, "info", false, chatter);
        assert_eq!(quiet.lines().count(), 1, "{quiet}");
        let asked = logged(Format::Text, "info,hyper=info", false, chatter);
        assert!(
            asked.contains("pooling") && !asked.contains("ticking"),
            "{asked}"
        );
    }

    #[test]
    fn directives_are_checked_when_they_are_parsed() {
        assert!(Filter::parse("info,deskcast::journal=debug").is_ok());
        assert!(Filter::parse("deskcast=loud").is_err());
    }
}
