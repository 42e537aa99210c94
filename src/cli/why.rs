//! To come.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;

/// Arguments of `deskcast why`.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {}

pub(super) fn why(_context: &Context, _args: WhyArgs) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
