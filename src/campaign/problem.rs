//! What is wrong with a definition, and how it is shown.
//!
//! Problems are collected, not thrown: an operator mends a file once, not once per mistake. Each
//! is shown with file, line and column, the line itself with the place marked, and what to do.

use std::fmt;
use std::ops::Range;

use super::warning::Warning;
use annotate_snippets::normalize_untrusted_str as printable;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Whether a problem keeps a definition from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, but is likely not what was meant.
    Warning,
}

/// One thing that is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the definition can be used all the same.
    pub severity: Severity,
    /// The name of a warning; empty for an error.
    pub name: &'static str,
    /// The bytes of the text it is about; none where something is missing.
    pub span: Option<Range<usize>>,
    /// The key it is about, with its table before it (`schedule.cron`).
    pub key: Option<Box<str>>,
    /// What is wrong, in one line.
    pub title: String,
    /// What stands at the place instead, a few words beside the mark.
    pub label: Option<&'static str>,
    /// What to do, where that can be said.
    pub help: Option<Box<str>>,
}

impl Problem {
    /// An error without a place, a key or a help as yet.
    pub fn error(title: impl Into<String>) -> Self {
        let title = title.into();
        Self {
            severity: Severity::Error,
            name: "",
            span: None,
            key: None,
            title,
            label: None,
            help: None,
        }
    }

    /// A warning of this name, without a place, a key or a help as yet.
    pub fn warning(name: &'static str, title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            name,
            ..Self::error(title)
        }
    }

    /// The same with the bytes that it is about.
    #[must_use]
    pub fn at(self, span: Range<usize>) -> Self {
        Self {
            span: Some(span),
            ..self
        }
    }

    /// The same with the key that it is about.
    #[must_use]
    pub fn about(self, key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into().into_boxed_str()),
            ..self
        }
    }

    /// The same with what stands there.
    #[must_use]
    pub fn label(self, label: &'static str) -> Self {
        Self {
            label: Some(label),
            ..self
        }
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into().into_boxed_str()),
            ..self
        }
    }
}

/// Everything that is wrong with one definition, in the order of its text, and that text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    text: String,
}

impl Problems {
    /// `list` put in the order of `text`, the problems without a place last.
    pub(super) fn new(text: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |span| span.start));
        Self {
            list,
            text: text.to_owned(),
        }
    }

    /// True where nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The warnings among them, without their places.
    pub fn named(&self) -> Vec<Warning> {
        let warnings = self.iter().filter(|it| it.severity == Severity::Warning);
        let named = |problem: &Problem| match &problem.help {
            Some(help) => Warning::new(problem.name, format!("{}: {help}", problem.title)),
            None => Warning::new(problem.name, problem.title.as_str()),
        };
        warnings.map(named).collect()
    }

    /// The problems, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// Line and column, both counted from 1 (columns in characters), of one of these problems;
    /// 1 and 1 for what is missing.
    pub fn place(&self, problem: &Problem) -> (usize, usize) {
        let offset = problem.span.as_ref().map_or(0, |span| span.start);
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.matches('\n').count();
        (line, 1 + before[line_start..].chars().count())
    }

    /// Shows all of them, with `file` as the file's name, 80 columns wide, each with
    /// `FILE:LINE:COLUMN` in its heading, an empty line between them; with terminal colours when
    /// `styled`. Control characters in the text are made harmless.
    pub fn render(&self, file: &str, styled: bool) -> String {
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(80);
        let shown: Vec<String> = self
            .list
            .iter()
            .map(|problem| renderer.render(&[self.report(problem, &printable(file))]))
            .collect();
        shown.join("\n\n")
    }

    fn report<'a>(&'a self, problem: &'a Problem, file: &str) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.title.as_str());
        let group = match self.marked(problem) {
            Some(span) => title.element(
                Snippet::source(self.text.as_str())
                    .path(file.to_owned())
                    .annotation(AnnotationKind::Primary.span(span).label(problem.label)),
            ),
            None => title.element(Origin::path(file.to_owned()).line(1).char_column(1)),
        };
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(wrapped(&printable(help)))),
            None => group,
        }
    }

    /// The part of a problem's span that is marked: its first line only, because a message of
    /// thirty lines would push everything else off the screen.
    fn marked(&self, problem: &Problem) -> Option<Range<usize>> {
        let span = problem.span.clone()?;
        let marked = self.text.get(span.clone())?;
        let first_line = marked.lines().next().map_or(0, str::len);
        Some(span.start..span.start + first_line)
    }
}

/// `text` in lines that leave room for the margin and the word "help".
fn wrapped(text: &str) -> String {
    const COLUMNS: usize = 66;
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 {
            let fits = column + 1 + length <= COLUMNS;
            wrapped.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// One line per problem, `LINE:COLUMN: what is wrong`, for logs.
impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let (line, column) = self.place(problem);
            write!(formatter, "{separator}{line}:{column}: {}", problem.title)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
