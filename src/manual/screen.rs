//! A chapter for a terminal or a pipe: 80 columns, in colour where that is wanted.

use textwrap::{WordSeparator, WordSplitter};

use super::page::{Block, Span, Style, blocks, told};

/// No line of prose is longer.
const WIDTH: usize = 80;
const BOLD: &str = "\u{1b}[1m";
const UNDERLINED: &str = "\u{1b}[4m";
const RESET: &str = "\u{1b}[0m";

/// A Markdown text as it is read on a screen.
pub(super) fn screen(markdown: &str, styled: bool) -> String {
    let reference = |chapter: &str| format!("deskcast help {chapter}");
    let is_item = |block: &Block| matches!(block, Block::Paragraph { mark: Some(_), .. });
    let mut text = String::new();
    let mut after_item = false;
    for block in blocks(markdown, &reference) {
        // Items that follow each other stand close.
        let close = text.is_empty() || after_item && is_item(&block);
        if !close {
            text.push('\n');
        }
        text.push_str(&piece(&block, styled));
        after_item = is_item(&block);
    }
    text
}

fn piece(block: &Block, styled: bool) -> String {
    match block {
        Block::Heading { level, words } => {
            let mark = if *level == 1 { UNDERLINED } else { "" };
            let words: String = words.iter().map(|span| span.text.as_str()).collect();
            match styled {
                true => format!("{BOLD}{mark}{words}{RESET}\n"),
                false => format!("{} {words}\n", "#".repeat(usize::from(*level))),
            }
        }
        Block::Paragraph { depth, mark, words } => {
            let inner = 2 * depth;
            let first = match mark {
                Some(mark) => format!("{}{mark} ", " ".repeat(inner.saturating_sub(2))),
                None => " ".repeat(inner),
            };
            wrapped(words, &first, inner.max(first.chars().count()), styled)
        }
        Block::Example { depth, text } => {
            let indent = " ".repeat(2 * depth + 4);
            let lines = text.lines().map(|line| match line.is_empty() {
                true => "\n".to_owned(),
                false => format!("{indent}{line}\n"),
            });
            lines.collect()
        }
        Block::Table { rows } => {
            let mut text = String::new();
            for (name, said) in told(rows) {
                text.push_str(&wrapped(&name, "  ", 2, styled));
                for words in said {
                    text.push_str(&wrapped(&words, "      ", 6, styled));
                }
            }
            text
        }
    }
}

/// Words in lines, the first with this beginning, the others indented.
fn wrapped(words: &[Span], first: &str, indent: usize, styled: bool) -> String {
    let text: String = words.iter().map(|span| shown(span, styled)).collect();
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let mut text = textwrap::fill(&text, options);
    text.push('\n');
    text
}

fn shown(span: &Span, styled: bool) -> String {
    match (span.style, styled) {
        (Style::Plain, _) | (Style::Strong, false) => span.text.clone(),
        (Style::Code | Style::Strong, true) => format!("{BOLD}{}{RESET}", span.text),
        (Style::Code, false) => format!("`{}`", span.text),
    }
}
