//! `deskcast help`: chapters of the manual, and what the command line itself says of a command.

use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::{Args, CommandFactory as _};

use super::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{is_coloured, is_read_on_terminal, print, written};
use crate::campaign::nearest;
use crate::manual::{CHAPTERS, Chapter};

/// Arguments of `deskcast help`.
#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// A chapter of the manual, such as schedule, or a command, such as run or desk chat create
    #[arg(value_name = "TOPIC|COMMAND")]
    words: Vec<String>,
}

/// The list of chapters, below the list of commands.
pub(super) fn topics() -> String {
    let mut text = String::from("Topics, shown by deskcast help TOPIC:\n");
    for chapter in CHAPTERS {
        text.push_str(&format!("  {:<11}  {}\n", chapter.name, chapter.title()));
    }
    text
}

/// Shows what is asked for: the words of the command line for a command, then the chapter of that name.
pub(super) fn help(args: &HelpArgs) -> Result<Exit, Failure> {
    let coloured = is_coloured();
    let of_command = of_command(&args.words, coloured);
    let chapter = match &args.words[..] {
        [word] => Chapter::named(word),
        _ => None,
    };
    let mut text = of_command.unwrap_or_default();
    if let Some(chapter) = chapter {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&chapter.screen(coloured));
    }
    if text.is_empty() {
        return Err(unknown(&args.words.join(" ")));
    }
    show(&text)?;
    Ok(Exit::Done)
}

/// What `--help` says of a command; nothing where there is none of these words.
fn of_command(words: &[String], coloured: bool) -> Option<String> {
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    for word in words {
        command = command.find_subcommand_mut(word)?;
    }
    let text = command.render_long_help();
    Some(match coloured {
        true => text.ansi().to_string(),
        false => text.to_string(),
    })
}

fn unknown(word: &str) -> Failure {
    let cli = Cli::command();
    let commands = cli.get_subcommands().map(clap::Command::get_name);
    let known = commands.chain(CHAPTERS.iter().map(|chapter| chapter.name));
    let near = nearest(word, known);
    let tip = near.map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
    Failure::mistake(format!(
        "there is no command and no topic \"{word}\"{tip}\ndeskcast help lists all of them"
    ))
}

/// Prints a text; on a terminal through the pager that the operator likes.
fn show(text: &str) -> Result<(), Failure> {
    if !is_read_on_terminal() {
        return print(text);
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less -R".to_owned());
    let mut shell = Command::new("sh");
    shell.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // A text that fits on the screen is printed, and stays there.
        shell.env("LESS", "FRX");
    }
    let started = (!pager.trim().is_empty()).then(|| shell.spawn());
    let Some(Ok(mut pager)) = started else {
        return print(text);
    };
    if let Some(mut input) = pager.stdin.take() {
        // Whoever leaves the pager early has read enough.
        written(input.write_all(text.as_bytes()))?;
    }
    match pager.wait() {
        // The shell's way of saying that there is no such program.
        Ok(status) if status.code() == Some(127) => print(text),
        _ => Ok(()),
    }
}
