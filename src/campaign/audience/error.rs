//! Why an audience file cannot be read, in sentences for the operator.

use super::kind::FileKind;

/// An audience file that cannot be used. The text says what is wrong, in which line, and what to
/// do, but not which file: put its path and a colon before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// A file of another kind.
    #[error("{0}")]
    NoCsv(FileKind),
    /// A workbook that cannot be read.
    #[error(
        "cannot be read as a workbook ({cause}): open it in a spreadsheet and save it again, or as CSV UTF-8"
    )]
    Workbook {
        /// What the reading said.
        cause: String,
    },
    /// A workbook without the sheet that was asked for.
    #[error("has no sheet \"{sheet}\"; its sheets are: {sheets}")]
    NoSheet {
        /// The sheet asked for.
        sheet: String,
        /// Those there are.
        sheets: String,
    },
    /// A workbook with more than one sheet that may be meant.
    #[error(
        "has several sheets with something in them: {sheets}; say which one is meant by sheet = \"NAME\" in the campaign"
    )]
    SeveralSheets {
        /// Those.
        sheets: String,
    },
    /// A row of a sheet that nobody sees.
    #[error(
        "row {row} is hidden, by a filter or by hand: whoever is in hidden rows is not left out by that; show all rows, \
         and delete those that are not meant"
    )]
    HiddenRow {
        /// Its number, from 1.
        row: u32,
    },
    /// Nothing at all in it, where a header row was expected.
    #[error("is empty: its first line must name the columns, among them \"{column}\"")]
    NoHeader {
        /// The column asked for.
        column: String,
    },
    /// The header row lacks the column.
    #[error("has no column \"{column}\"; its columns are: {columns}{hint}")]
    NoColumn {
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: String,
        /// A guess at what was meant, starting with a full stop.
        hint: String,
    },
    /// The first row can be read with more than one separator.
    #[error(
        "line {line}: this row can be read in more than one way, separated by \"{first}\" or {second}: say what is \
         meant by delimiter = \"{first}\" in the campaign, or by a first line of the file: sep={first}"
    )]
    SeveralDelimiters {
        /// The line of the row.
        line: u64,
        /// One of them, as a definition has it.
        first: &'static str,
        /// Another way, in words.
        second: String,
    },
    /// The file's first line names one separator, and whoever reads it another one.
    #[error(
        "line 1: says that fields are separated by \"{says}\", and delimiter = \"{stated}\" says otherwise: correct \
         one of the two, or leave the delimiter out"
    )]
    SepLine {
        /// What the file says.
        says: &'static str,
        /// What was asked for.
        stated: &'static str,
    },
    /// The file's first line names a separator that is none of ours.
    #[error(
        "line 1: says that fields are separated by \"{says}\": save it with one of , ; | or a tab between them"
    )]
    SepUnknown {
        /// What the file says, printable.
        says: String,
    },
    /// A condition names a column of a file without header.
    #[error(
        "has no header row, as its column of ids is given by a number: \"where\" must name column \"{column}\" by its \
         number, too, such as \"2\""
    )]
    NoColumnName {
        /// The column asked for.
        column: String,
    },
    /// The header row has the column more than once.
    #[error(
        "has {count} columns called \"{column}\": rename all but one, so that it is clear which one is meant"
    )]
    ColumnTwice {
        /// The column asked for.
        column: String,
        /// How often it is there, at least 2.
        count: usize,
    },
    /// The first row has fewer columns than the number asked for.
    #[error("has no column {number}: its first row (line {line}) ends with column {columns}{hint}")]
    NoColumnNumber {
        /// The number asked for, from 1.
        number: usize,
        /// The line of the first row.
        line: u64,
        /// How many columns it has.
        columns: usize,
        /// A guess at what was meant, starting with a full stop.
        hint: String,
    },
    /// The file ends inside quotes.
    #[error(
        "line {line}: a quote is opened in this row and never closed, which would swallow every row after it: \
         close it, or remove it"
    )]
    UnclosedQuote {
        /// The line that the row starts on.
        line: u64,
    },
    /// A quoted field spreads over lines and goes on after its closing quote.
    #[error(
        "line {line}: the quotes of this row do not match, and it may have swallowed the rows after it: \
         close the quote that is open, and write a quote inside quotes twice"
    )]
    UnmatchedQuotes {
        /// The line that the row starts on.
        line: u64,
    },
    /// A row spreads over lines, and what is inside looks like rows of its own.
    #[error(
        "line {line}: the row that starts here spreads over {lines} lines, and line {inner} inside it looks like a row \
         of its own: a quote may have swallowed it. Remove the stray quote, or the line breaks inside the field"
    )]
    SwallowedRow {
        /// The line that the row starts on.
        line: u64,
        /// How many lines it has.
        lines: u64,
        /// The line that looks like a row.
        inner: u64,
    },
    /// The file ends in the middle of its last row.
    #[error(
        "line {line}: the file may have been cut off in its last row, which has no line end and {what}: export or copy \
         it again; a row that is whole is taken when its line is ended"
    )]
    CutOff {
        /// The line of the row.
        line: u64,
        /// What is short about it.
        what: String,
    },
    /// A row of more than 1 MiB or 1,000 lines.
    #[error(
        "line {line}: the row that starts here is longer than 1 MiB or 1,000 lines: \
         most likely a quote is opened in it and never closed"
    )]
    RowTooLong {
        /// The line that the row starts on.
        line: u64,
    },
    /// The path is a directory.
    #[error("is a directory, not a file")]
    Directory,
    /// The archive is damaged.
    #[error(
        "line {line}: the gzip archive cannot be unpacked beyond this line ({cause}): \
         it is damaged or was cut off, copy or export it again"
    )]
    Gzip {
        /// The line that was reached.
        line: u64,
        /// What the unpacking said.
        cause: String,
    },
    /// Something stands behind the end of the archive.
    #[error(
        "line {line}: the gzip archive ends here and is whole, but the file goes on with something else: export it \
         again, or copy it again"
    )]
    AfterArchive {
        /// The line that was reached.
        line: u64,
    },
    /// The system could not read the file.
    #[error("line {line}: cannot be read beyond this line: {cause}")]
    Read {
        /// The line that was reached.
        line: u64,
        /// What the system said.
        cause: String,
    },
}
