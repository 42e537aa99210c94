//! The two ways out, and the only file that knows them: answers go to standard output, and what is
//! said beside them to standard error.
//!
//! An answer that cannot be written is a failure of the command: whoever reads the file afterwards
//! must not take it for the whole. What is said beside it is not: where standard error is gone or
//! full there is nobody to be told, and the exit code still says how the command ended. Nothing
//! here panics, as `println!` and `eprintln!` do; the crate's lints forbid those.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};

use super::failure::Failure;

/// How much of a long answer is written at once.
const PORTION: usize = 1 << 16;

/// Prints an answer.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_with(|out| out.write_all(text.as_bytes()))
}

/// Prints an answer that is too long to be put together first.
pub(super) fn print_with(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(PORTION, io::stdout().lock());
    let result = write(&mut out).and_then(|()| out.flush());
    // What could not be written is not tried again when the buffer is dropped.
    let _ = out.into_parts();
    written(result)
}

/// A reader that has seen enough and went away, as `head` does, is no failure.
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::stopped(format!(
            "standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Whether whoever reads the answer sits at a terminal.
pub(super) fn is_read_on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether it may be coloured there.
pub(super) fn is_coloured() -> bool {
    let says = |name, what: fn(&str) -> bool| std::env::var(name).is_ok_and(|text| what(&text));
    is_read_on_terminal()
        && !says("NO_COLOR", |text| !text.is_empty())
        && !says("TERM", |text| text == "dumb")
}

/// Says a line beside the answer.
pub(super) fn tell(line: impl Display) {
    tell_part(format_args!("{line}\n"));
}

/// Says something beside the answer that is no whole line, such as a question.
pub(super) fn tell_part(text: impl Display) {
    // In one piece: lines of two processes on one terminal are not mixed.
    let _ = io::stderr().lock().write_all(text.to_string().as_bytes());
}

/// Whether whoever is told sits at a terminal.
pub(super) fn is_told_on_terminal() -> bool {
    io::stderr().is_terminal()
}
