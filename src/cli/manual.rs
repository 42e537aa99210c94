//! `deskcast man` and `deskcast completions`: the command line described for other programs. Made
//! from the definition that parses it, so neither can say what deskcast does not do.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::manual::CHAPTERS;

/// Arguments of `deskcast man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder that they are written to; it is made where it is missing
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Arguments of `deskcast completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Writes a page for deskcast, one for each of its commands, and one for each chapter of the manual.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let cannot = |error| {
        let folder = args.out.display();
        Failure::mistake(format!("{folder}: the pages cannot be written: {error}"))
    };
    std::fs::create_dir_all(&args.out).map_err(cannot)?;
    clap_mangen::generate_to(Cli::command(), &args.out).map_err(cannot)?;
    for chapter in CHAPTERS {
        let page = args.out.join(chapter.man_file());
        std::fs::write(page, chapter.man_page()).map_err(cannot)?;
    }
    Ok(Exit::Done)
}

/// Prints what the shell reads.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "deskcast", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
