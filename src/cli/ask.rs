//! Questions to whoever sits at the terminal.

use std::io::{BufRead as _, IsTerminal as _};

use super::failure::Failure;
use super::output::{is_told_on_terminal, tell, tell_part};

/// Whether there is somebody to ask: questions and answers go through the terminal.
pub(super) fn somebody() -> bool {
    std::io::stdin().is_terminal() && is_told_on_terminal()
}

/// Asks, and goes on only when exactly `wanted` is typed.
///
/// # Errors
/// When something else is typed; `otherwise` says what was not done.
pub(super) fn must_type(question: &str, wanted: &str, otherwise: &str) -> Result<(), Failure> {
    tell_part(format_args!("{question} Type {wanted} to go on: "));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match read {
        Ok(_) if means(&line, wanted) => Ok(()),
        Ok(0) => {
            tell("");
            Err(Failure::mistake(otherwise))
        }
        _ => Err(Failure::mistake(otherwise)),
    }
}

/// Whether this was typed: digits with or without the commas that they are shown with.
fn means(typed: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.trim().replace(',', "");
    plain(typed) == plain(wanted)
}

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn exactly_the_word_is_an_answer() {
        for typed in ["1,400\n", "1400\n", " 1400 \n"] {
            assert!(means(typed, "1,400"), "{typed}");
        }
        for typed in ["", "\n", "y\n", "140\n", "14000\n", "YES\n"] {
            assert!(!means(typed, "1,400"), "{typed}");
        }
    }
}
