//! To come.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;

/// Arguments of `deskcast report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {}

pub(super) fn report(_context: &Context, _args: ReportArgs) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
