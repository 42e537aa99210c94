//! Rows of a CSV text, one at a time, each with the line it starts on.
//!
//! One buffer holds the row being read as it stands in the file, so that its quotes can be looked
//! at again when it spreads over several lines; a row that does not fit is an error, which bounds
//! the memory and catches a quote that nobody closes.

use std::io::{self, ErrorKind, Read};

use csv_core::ReadRecordResult;

use super::super::choice::Delimiter;
use super::super::customer::CustomerId;
use super::engine::Engine;
use super::error::AudienceError;
use super::kind::{HEAD, kind};
use super::quotes::{inner_line_ends, lines, quotes_match};
use super::seen::{Encoding, Form};
use super::source::Source;

/// The longest row, in bytes of the file.
const MAX_ROW_BYTES: usize = 1 << 20;
/// The most lines of one row.
const MAX_ROW_LINES: u64 = 1_000;
/// A file that is held in memory is not larger.
const MOST_BYTES: u64 = 1 << 30;
/// A byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// How much is read at a time: small enough to stay in the processor's cache.
const READ_BYTES: usize = 128 << 10;
/// The buffer of a file that was not read yet. It grows where the file does not fit.
const FIRST_BYTES: usize = 8 << 10;

/// A CSV text being read, standing on one row.
#[derive(Debug)]
pub(super) struct Rows<R> {
    source: Source<R>,
    engine: Engine,
    delimiter: u8,
    /// What was read and not yet consumed is `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    /// An error behind what was read ahead, given each time when that is through.
    held: Option<io::Error>,
    /// The line that `start` is on.
    line: u64,
    /// The byte before `start` was a `\r` that has been counted as a line's end.
    after_cr: bool,
    row: Row,
    /// How many rows spread over several lines, and where the first did.
    spread: Option<(u64, u64)>,
    /// What a row of its own looks like, once that is known.
    shape: Option<Shape>,
    /// How the first piece of the text is written.
    encoding: Encoding,
}

/// What rows of a file look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// How many fields they have.
    pub(super) columns: usize,
    /// The column of ids, from 0.
    pub(super) column: usize,
    /// Whether the ids are Desk's, and so numbers.
    pub(super) numbers: bool,
}

impl Shape {
    /// Whether a line looks like a row of its own.
    fn fits(self, line: &[u8], delimiter: u8) -> bool {
        let mut fields = line.split(|&byte| byte == delimiter);
        let id = fields.clone().nth(self.column).unwrap_or_default();
        fields.by_ref().count() == self.columns
            && match self.numbers {
                true => CustomerId::parse_bytes(id.trim_ascii()).is_ok(),
                false => self.columns > 1 && !id.trim_ascii().is_empty(),
            }
    }
}

/// The row that the reader stands on, its fields unquoted and one after the other.
#[derive(Debug)]
struct Row {
    line: u64,
    /// One byte longer than the buffer.
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    /// How many bytes of the file it takes.
    length: usize,
    /// The text ends with the row, and without a line end.
    is_cut: bool,
}

impl<R> Rows<R> {
    /// The line that the row starts on, counted from 1.
    #[inline]
    pub(super) fn line(&self) -> u64 {
        self.row.line
    }

    /// The bytes of a field, counted from 0; none when the row is too short.
    #[inline]
    pub(super) fn field(&self, index: usize) -> Option<&[u8]> {
        let ends = &self.row.ends[..self.row.fields];
        let end = *ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| ends[before]);
        Some(&self.row.text[start..end])
    }

    /// How many fields the row has.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.row.fields
    }

    /// Whether the text ends with the row, and without a line end.
    #[inline]
    pub(super) fn is_cut(&self) -> bool {
        self.row.is_cut
    }

    /// Says what rows look like, so that one inside another is seen.
    pub(super) fn expect(&mut self, shape: Shape) {
        self.shape = Some(shape);
    }

    /// All fields of the row.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.row.fields).filter_map(|index| self.field(index))
    }

    /// How the file is written.
    pub(super) fn form(&self) -> Form {
        let mut ours = Delimiter::ALL.into_iter();
        let delimiter = ours.find(|it| it.as_byte() == self.delimiter);
        Form::Text {
            packed: matches!(self.source, Source::Gzip(_)),
            encoding: self.encoding,
            delimiter: delimiter.unwrap_or(Delimiter::Comma),
        }
    }

    /// How many rows spread over several lines so far, and the line of the first.
    pub(super) fn spread(&self) -> Option<(u64, u64)> {
        self.spread
    }
}

impl<R: Read> Rows<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        Self {
            source,
            engine: Engine::new(Delimiter::Comma),
            delimiter: b',',
            buffer: vec![0; FIRST_BYTES],
            start: 0,
            end: 0,
            at_end: false,
            held: None,
            line: 0,
            after_cr: false,
            row: Row {
                line: 0,
                text: vec![0; FIRST_BYTES + 1],
                ends: vec![0; 64],
                fields: 0,
                length: 0,
                is_cut: false,
            },
            spread: None,
            shape: None,
            encoding: Encoding::default(),
        }
    }

    /// Goes to the next row that is not blank; false at the end of the text.
    #[inline]
    pub(super) fn next(&mut self) -> Result<bool, AudienceError> {
        while self.skip_line_ends()? {
            if self.read_row()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads enough of the text to see what it is, and gives what a first line `sep=X` says, which
    /// is passed over.
    pub(super) fn begin(&mut self) -> Result<Option<Vec<u8>>, AudienceError> {
        self.line = 1;
        while self.end < HEAD {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => break,
                // What was read before it is told of first.
                Err(error) => {
                    self.held = Some(error);
                    break;
                }
            }
        }
        let head = &self.buffer[..self.end];
        if let Some(kind) = kind(head) {
            return Err(AudienceError::NoCsv(kind));
        }
        self.encoding = Encoding::of(head);
        // Some programs write the mark twice.
        let marks = head.chunks(MARK.len()).take_while(|three| *three == MARK);
        self.start = MARK.len() * marks.count();
        let sep = sep_line(&self.buffer[self.start..self.end]);
        let (length, says) = sep.map_or((0, None), |(length, says)| (length, Some(says.to_vec())));
        self.start += length;
        Ok(says)
    }

    /// Everything that is left of the file, for a reader of another kind of file.
    pub(super) fn into_bytes(mut self) -> Result<Vec<u8>, AudienceError> {
        let mut bytes = self.buffer[self.start..self.end].to_vec();
        let mut rest = self.source.by_ref().take(MOST_BYTES);
        let read = match self.held.take() {
            Some(error) => Err(error),
            None => rest.read_to_end(&mut bytes),
        };
        match read {
            Ok(_) if bytes.len() as u64 > MOST_BYTES => {
                let cause = "it is larger than 1 GiB".to_owned();
                Err(AudienceError::Workbook { cause })
            }
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.source.failure(self.line, &error)),
        }
    }

    /// Takes this for what stands between fields, from here on.
    pub(super) fn separate_by(&mut self, delimiter: Delimiter) {
        self.delimiter = delimiter.as_byte();
        self.engine = Engine::new(delimiter);
        // The engine passes over a mark at the beginning, which is behind: another one is text.
        let (text, ends) = (&mut self.row.text, &mut self.row.ends);
        self.engine.read_record(b"\n", text, ends);
    }

    /// Goes to the first row that has more than separators, whichever they are; false at the end of
    /// the text.
    pub(super) fn find_first(&mut self) -> Result<bool, AudienceError> {
        const FAR: usize = 4096;
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        while self.skip_line_ends()? {
            let mut length = None;
            while length.is_none() && self.end - self.start < FAR {
                length = self.buffer[self.start..self.end].iter().position(ends);
                if length.is_none() && !self.read_more()? {
                    length = Some(self.end - self.start);
                }
            }
            let line = &self.buffer[self.start..self.start + length.unwrap_or(0)];
            let separates = |byte: &u8| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|');
            if length.is_none() || !line.iter().all(separates) {
                return Ok(true);
            }
            self.start += line.len();
        }
        Ok(false)
    }

    /// Stands on the row that comes next as this delimiter separates it, and stays before it.
    pub(super) fn peek(&mut self, delimiter: Delimiter) -> Result<(), AudienceError> {
        self.separate_by(delimiter);
        let line = self.line;
        self.row.length = 0;
        let read = self.read_row();
        self.start -= self.row.length;
        self.line = line;
        self.after_cr = false;
        self.spread = None;
        read.map(|_| ())
    }

    /// Goes to the first byte that ends no line, counting lines; false at the end of the text.
    #[inline]
    fn skip_line_ends(&mut self) -> Result<bool, AudienceError> {
        loop {
            if self.start == self.end && !self.read_more()? {
                return Ok(false);
            }
            match self.buffer[self.start] {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' => self.line += 1,
                b'\r' => {
                    self.line += 1;
                    self.after_cr = true;
                }
                _ => {
                    self.after_cr = false;
                    return Ok(true);
                }
            }
            self.start += 1;
        }
    }

    /// Reads the row that starts at `start`; false when it is a line of blanks.
    #[inline]
    fn read_row(&mut self) -> Result<bool, AudienceError> {
        self.row.line = self.line;
        let (mut length, mut text, mut fields) = (0, 0, 0);
        let mut cut = false;
        loop {
            if self.start + length == self.end && !self.read_more()? {
                cut = true;
            }
            // A text that ends without a line end is given one: inside quotes that changes nothing,
            // and this is how an unclosed quote shows.
            let input = if cut {
                b"\n".as_slice()
            } else {
                &self.buffer[self.start + length..self.end]
            };
            let (result, read, written, ended) = self.engine.read_record(
                input,
                &mut self.row.text[text..],
                &mut self.row.ends[fields..],
            );
            length += read;
            text += written;
            fields += ended;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputEndsFull => self.row.ends.resize(2 * fields, 0),
                _ if cut => return Err(AudienceError::UnclosedQuote { line: self.line }),
                _ if length >= MAX_ROW_BYTES => {
                    return Err(AudienceError::RowTooLong { line: self.line });
                }
                _ => {}
            }
        }
        self.row.fields = fields;
        self.finish_row(length, text, cut)
    }

    /// Steps over the row of `length` bytes just read, `text` of them content, and counts its
    /// lines; false when it is a line of blanks.
    #[inline]
    fn finish_row(&mut self, length: usize, text: usize, cut: bool) -> Result<bool, AudienceError> {
        // Where the text was cut, the last byte is a line end that is not in the buffer.
        let in_file = length - usize::from(cut);
        let raw = &self.buffer[self.start..self.start + in_file];
        self.after_cr = !cut && raw.last() == Some(&b'\r');
        // Without quotes nothing but separators and the line end is left out of the text.
        let inner_lines = match length == text + self.row.fields {
            true => 0,
            false => inner_line_ends(&raw[..length - 1]),
        };
        self.row.is_cut = cut;
        // Separators alone are a blank line as well: spreadsheets leave such rows behind.
        let blank = (self.row.fields > 1 || length == text + 1)
            && self.row.text[..text]
                .iter()
                .all(|&byte| matches!(byte, b' ' | b'\t'));
        if inner_lines > 0 {
            check_spread(raw, self.delimiter, inner_lines, self.line)?;
            self.check_inside(inner_lines)?;
            let (rows, first) = self.spread.unwrap_or((0, self.line));
            self.spread = Some((rows + 1, first));
        }
        self.line += inner_lines + 1;
        self.start += in_file;
        self.row.length = in_file;
        Ok(!blank)
    }

    /// Looks for rows inside the quoted fields of a row that spreads over several lines: two stray
    /// quotes far apart swallow what is between them, and leave quotes that match.
    #[cold]
    fn check_inside(&self, inner_lines: u64) -> Result<(), AudienceError> {
        let Some(shape) = self.shape else {
            return Ok(());
        };
        let mut inner = self.line;
        for field in self.fields() {
            for piece in lines(field).skip(1) {
                inner += 1;
                if shape.fits(piece, self.delimiter) {
                    return Err(AudienceError::SwallowedRow {
                        line: self.line,
                        lines: inner_lines + 1,
                        inner,
                    });
                }
            }
        }
        Ok(())
    }

    /// Reads more of the text behind what is there; false at the end of the text.
    #[cold]
    fn read_more(&mut self) -> Result<bool, AudienceError> {
        let error = match self.held.take() {
            Some(error) => error,
            None => match self.fill() {
                Ok(more) => return Ok(more),
                Err(error) => error,
            },
        };
        let failure = self.source.failure(self.line, &error);
        // It stays: whoever only looks ahead may not make much of it, and what is asked again after
        // it may say that this is the end.
        self.held = Some(error);
        Err(failure)
    }

    /// The same, moving what is there to the front of the buffer.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        let is_full = self.end == self.buffer.len();
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if is_full {
            let size = (2 * self.buffer.len()).min(MAX_ROW_BYTES + READ_BYTES);
            self.buffer.resize(size, 0);
            // A row is no longer unquoted; the engine wants room for one more byte, whatever comes.
            self.row.text.resize(size + 1, 0);
        }
        let room = self.buffer.len().min(self.end + READ_BYTES);
        // A read into no room would look like the end of the file.
        assert!(
            self.end < room,
            "a row of {} bytes was not refused",
            self.end
        );
        loop {
            match self.source.read(&mut self.buffer[self.end..room]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What a first line such as `sep=;` says, and how many bytes it has: spreadsheets write and read it.
fn sep_line(text: &[u8]) -> Option<(usize, &[u8])> {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let (quoted, inner) = match line.trim_ascii_end() {
        [b'"', inner @ .., b'"'] => (true, inner),
        // A tab is what it says.
        _ => (false, line.trim_ascii_start()),
    };
    let (word, says) = inner.split_at_checked(4)?;
    let says = match quoted || says.len() == 1 {
        true => says,
        false => says.trim_ascii_end(),
    };
    (word.eq_ignore_ascii_case(b"sep=") && says.len() <= 4).then_some((line.len(), says))
}

/// Looks at a row that spreads over several lines as it stands in the file: are its quotes in
/// order, or has one that was not closed met the next one, rows later?
#[cold]
fn check_spread(
    raw: &[u8],
    delimiter: u8,
    inner_lines: u64,
    line: u64,
) -> Result<(), AudienceError> {
    if inner_lines >= MAX_ROW_LINES {
        return Err(AudienceError::RowTooLong { line });
    }
    if quotes_match(raw, delimiter) {
        Ok(())
    } else {
        Err(AudienceError::UnmatchedQuotes { line })
    }
}
