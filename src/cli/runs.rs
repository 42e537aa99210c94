//! To come.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;

/// Arguments of `deskcast runs`.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {}

pub(super) fn runs(_context: &Context, _args: RunsArgs) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
