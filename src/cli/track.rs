//! `deskcast track`: goes on reading the chats of runs that are still open.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;

/// Arguments of `deskcast track`.
#[derive(Debug, Args)]
pub(super) struct TrackArgs {}

pub(super) async fn track(_context: &Context, _args: TrackArgs) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
