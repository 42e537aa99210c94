//! Logging: what deskcast does, as it does it, for the people who run it.
//!
//! The rules for every event in this crate:
//! - The message stands alone and is always the same text; what differs is in the fields.
//! - A field's name says its unit: `wait_ms`, `audience_customers`, `requests_per_second`.
//! - What went wrong is logged once, where it is dealt with, not on its way there.
//! - Never logged, at any level: the API token, the text of a message, request headers.
//!
//! Everything goes to standard error. Standard output belongs to a command's result alone, so
//! that it can be piped. Log lines and progress bars share the terminal: a line is written with
//! the bars lifted ([`init`] takes them), so neither garbles the other.

use std::fmt;
use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Directives before the operator's own: crates that are chatty about themselves at `info`.
const QUIET: &str = "tokio_cron_scheduler=warn,hyper=warn,reqwest=warn,rustls=warn";

/// How an event looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One line of text, for people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
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

/// Starts logging to standard error, for the whole process. Called once, before anything logs.
///
/// Bars that are drawn through `bars` are lifted while a line is written. `is_terminal` says
/// whether standard error is one: only then is text coloured.
///
/// # Errors
/// When logging has been started before.
pub fn init(
    format: Format,
    filter: &Filter,
    is_terminal: bool,
    bars: &MultiProgress,
) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.to_env_filter()?)
        .with_writer(BesideBars(bars.clone()))
        .with_ansi(is_terminal && format == Format::Text);
    let started = match format {
        Format::Text => builder.compact().try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| TelemetryError(error.to_string()))
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
        self.0.suspend(|| io::stderr().lock().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
