//! A chapter taken apart: headings, paragraphs, items, tables and examples, each with its words.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// How words stand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// What is typed or printed.
    Code,
    Strong,
}

/// Words of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

/// A piece of a chapter. The depth counts the lists around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// 1 for the chapter, 2 for a part of it.
    Heading { level: u8, words: Vec<Span> },
    Paragraph {
        depth: usize,
        /// "•" or "1." for the first paragraph of an item.
        mark: Option<String>,
        words: Vec<Span>,
    },
    /// An example, line by line as it stands.
    Example { depth: usize, text: String },
    /// Rows of cells, the head first.
    Table { rows: Vec<Vec<Vec<Span>>> },
}

/// What a link to another chapter reads like, by the chapter's name.
pub(super) type Reference<'a> = &'a dyn Fn(&str) -> String;

/// The pieces of a Markdown text.
pub(super) fn blocks(markdown: &str, reference: Reference<'_>) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        reader.take(event, reference);
    }
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    words: Vec<Span>,
    strong: usize,
    /// The lists around, each with the number of its next item.
    lists: Vec<Option<u64>>,
    /// The mark of an item whose first paragraph has not come yet.
    mark: Option<String>,
    in_example: bool,
    link: String,
    rows: Vec<Vec<Vec<Span>>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, reference: Reference<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag, reference),
            Event::Text(text) => {
                let style = if self.strong > 0 && !self.in_example {
                    Style::Strong
                } else {
                    Style::Plain
                };
                self.say(&text, style);
            }
            Event::Code(text) => self.say(&text, Style::Code),
            Event::SoftBreak | Event::HardBreak => self.say(" ", Style::Plain),
            _ => {}
        }
    }

    fn say(&mut self, text: &str, style: Style) {
        let text = text.to_owned();
        self.words.push(Span { text, style });
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(first) => {
                // An item's own words come before the list within it.
                self.paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.mark = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                });
            }
            Tag::CodeBlock(_) => {
                self.paragraph();
                self.in_example = true;
            }
            Tag::Strong | Tag::Emphasis => self.strong += 1,
            Tag::Link { dest_url, .. } => self.link = dest_url.to_string(),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, reference: Reference<'_>) {
        match tag {
            TagEnd::Heading(level) => {
                let words = std::mem::take(&mut self.words);
                let level = level as u8;
                self.blocks.push(Block::Heading { level, words });
            }
            TagEnd::Paragraph | TagEnd::Item => self.paragraph(),
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::CodeBlock => {
                self.in_example = false;
                let text = std::mem::take(&mut self.words);
                let text = text.into_iter().map(|span| span.text).collect();
                let depth = self.lists.len();
                self.blocks.push(Block::Example { depth, text });
            }
            TagEnd::Strong | TagEnd::Emphasis => self.strong -= 1,
            TagEnd::Link => {
                let (path, _) = self.link.split_once('#').unwrap_or((&self.link, ""));
                if let Some(chapter) = path.strip_suffix(".md").filter(|it| !it.contains('/')) {
                    let text = format!(" ({})", reference(chapter));
                    self.say(&text, Style::Plain);
                }
            }
            TagEnd::TableCell => {
                let words = std::mem::take(&mut self.words);
                if let Some(row) = self.rows.last_mut() {
                    row.push(words);
                }
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.blocks.push(Block::Table { rows });
            }
            _ => {}
        }
    }

    /// Ends the paragraph under way, if there is one.
    fn paragraph(&mut self) {
        if self.words.is_empty() {
            return;
        }
        self.blocks.push(Block::Paragraph {
            depth: self.lists.len(),
            mark: self.mark.take(),
            words: std::mem::take(&mut self.words),
        });
    }
}

/// The words without their styles.
pub(super) fn plain(words: &[Span]) -> String {
    words.iter().map(|span| span.text.as_str()).collect()
}

/// The rows of a table told one by one: what a row is about, and what is said of it, a column with
/// its head where there are several.
pub(super) fn told(rows: &[Vec<Vec<Span>>]) -> Vec<(Vec<Span>, Vec<Vec<Span>>)> {
    let Some((head, rows)) = rows.split_first() else {
        return Vec::new();
    };
    let told = |row: &Vec<Vec<Span>>| {
        let last = row.len().saturating_sub(1);
        let said = row.iter().zip(head).enumerate().skip(1);
        let said = said.filter(|(_, (words, _))| !plain(words).trim().is_empty());
        let said = said.map(|(column, (words, head))| match column == last {
            true => words.clone(),
            false => {
                let text = format!("{}: ", plain(head));
                let style = Style::Plain;
                [vec![Span { text, style }], words.clone()].concat()
            }
        });
        (row.first().cloned().unwrap_or_default(), said.collect())
    };
    rows.iter().map(told).collect()
}
