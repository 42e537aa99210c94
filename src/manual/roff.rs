//! A chapter as a manual page.

use roff::{Inline, Roff, bold, roman};

use super::Chapter;
use super::page::{Block, Span, Style, blocks, plain, told};

/// The source of a chapter's manual page.
pub(super) fn page(chapter: &Chapter) -> String {
    let section_of = |name: &str| Chapter::named(name).map_or(7, |it| it.section);
    let reference = |name: &str| format!("deskcast-{name}({})", section_of(name));
    let name = format!("deskcast-{}", chapter.name);
    let section = chapter.section.to_string();
    let version = concat!("deskcast ", env!("CARGO_PKG_VERSION"));
    let mut page = Roff::new();
    page.control("TH", [name.as_str(), section.as_str(), "", version]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{name} - {}", chapter.title()))]);
    for block in blocks(chapter.markdown, &reference) {
        piece(&block, &mut page);
    }
    page.control("SH", ["SEE ALSO"]);
    let others = super::CHAPTERS.iter().filter(|it| it.name != chapter.name);
    let others = others.map(|it| reference(it.name));
    let all: Vec<String> = std::iter::once("deskcast(1)".to_owned())
        .chain(others)
        .collect();
    page.text([roman(all.join(", "))]);
    page.render()
}

fn piece(block: &Block, page: &mut Roff) {
    match block {
        // The page's name says it.
        Block::Heading { level: 1, .. } => {}
        Block::Heading { level: 2, words } => {
            page.control("SH", [plain(words).to_uppercase().as_str()]);
        }
        Block::Heading { words, .. } => {
            page.control("SS", [plain(words).as_str()]);
        }
        Block::Paragraph { depth, mark, words } => {
            let indent = (2 * depth).to_string();
            match mark {
                Some(mark) => page.control("IP", [mark.as_str(), indent.as_str()]),
                None if *depth > 0 => page.control("IP", ["", indent.as_str()]),
                None => page.control("PP", []),
            };
            page.text(inline(words));
        }
        Block::Example { text, .. } => {
            page.control("PP", []);
            page.control("RS", ["4"]);
            page.control("nf", []);
            for line in text.lines() {
                page.text([roman(line)]);
            }
            page.control("fi", []);
            page.control("RE", []);
        }
        Block::Table { rows } => {
            for (name, said) in told(rows) {
                page.control("TP", []);
                page.text(inline(&name));
                for (nth, words) in said.iter().enumerate() {
                    if nth > 0 {
                        page.control("br", []);
                    }
                    page.text(inline(words));
                }
            }
        }
    }
}

fn inline(words: &[Span]) -> Vec<Inline> {
    let inline = |span: &Span| match span.style {
        Style::Plain => roman(&span.text),
        Style::Code | Style::Strong => bold(&span.text),
    };
    words.iter().map(inline).collect()
}
