//! Standard output: where answers go, and nothing else.

use std::io::{self, ErrorKind, Write as _};

use super::failure::Failure;

/// Prints an answer.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
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
