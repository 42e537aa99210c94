//! What a file is that is no CSV, by how it begins: a pure function from bytes to a kind, and a
//! sentence for each with what to do. Whoever is told "has no column" about an archive looks for
//! the mistake in the wrong place.

use std::fmt;

/// So many bytes are looked at.
pub(super) const HEAD: usize = 1024;

/// A file that is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Text of two bytes a character.
    Utf16,
    /// Text of four bytes a character.
    Utf32,
    /// Excel 97 to 2003, or another old Office document.
    OldExcel,
    /// `.xlsx`
    Workbook,
    /// `.ods`, or another document of LibreOffice.
    OpenDocument,
    /// `.docx`
    Word,
    /// Another zip archive.
    Zip,
    /// A tar archive, packed or not.
    Tar,
    /// A gzip archive of a gzip archive.
    PackedTwice,
    /// bzip2
    Bzip2,
    /// xz
    Xz,
    /// Zstandard
    Zstd,
    /// 7-Zip or RAR
    SevenZip,
    /// HTML
    WebPage,
    /// XML
    Xml,
    /// JSON, or JSON lines.
    Json,
    /// A table with lines of dashes, as the command lines of databases print it.
    DrawnTable,
    /// What stands in a repository instead of a large file.
    LfsPointer,
    /// PDF
    Pdf,
    /// RTF
    Rtf,
    /// Parquet, Avro, Arrow or SQLite.
    DataFile,
    /// What macOS writes beside a file, as `._NAME`.
    AppleDouble,
    /// Bytes that no text has.
    Nul,
}

impl FileKind {
    /// Whether it is read as a spreadsheet.
    pub(super) fn is_spreadsheet(self) -> bool {
        matches!(self, Self::Workbook | Self::OpenDocument)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16 => "is UTF-16 text: save it as UTF-8 (in Excel: \"CSV UTF-8\")",
            Self::Utf32 => "is UTF-32 text: save it as UTF-8",
            Self::OldExcel => {
                "is an old Excel workbook (.xls), one with a password, or another old Office document: open it and save it as \
                 .xlsx or CSV UTF-8, without a password"
            }
            Self::Workbook => "is an Excel workbook (.xlsx): save the sheet as CSV UTF-8",
            Self::OpenDocument => {
                "is an OpenDocument file, such as a LibreOffice sheet (.ods): save the sheet as CSV in UTF-8"
            }
            Self::Word => "is a Word document: put the list into a CSV file",
            Self::Zip => "is a zip archive: unpack it, and name the file that is in it",
            Self::Tar => "is a tar archive: unpack it (tar -xf), and name the CSV file that is in it",
            Self::PackedTwice => "is packed with gzip twice: unpack it once (gunzip)",
            Self::Bzip2 => "is packed with bzip2: unpack it (bunzip2), or pack it with gzip",
            Self::Xz => "is packed with xz: unpack it (unxz), or pack it with gzip",
            Self::Zstd => "is packed with zstd: unpack it (unzstd), or pack it with gzip",
            Self::SevenZip => "is a 7-Zip or RAR archive: unpack it, and name the CSV file that is in it",
            Self::WebPage => {
                "is a web page, not the file that it should lead to (a login or an error page, perhaps), or a table \
                 that was saved as one: download it again, or open it and save it as CSV UTF-8"
            }
            Self::Xml => "is XML: export it as CSV",
            Self::Json => "is JSON: make CSV of it, a header and one row for each customer",
            Self::DrawnTable => {
                "is a table as a database prints it, with lines of dashes: export it as CSV (in psql: \\copy (SELECT …) \
                 TO 'FILE.csv' CSV HEADER, or --csv)"
            }
            Self::LfsPointer => "is a pointer of Git LFS, not the file that it stands for: fetch that (git lfs pull)",
            Self::Pdf => "is a PDF document: export the list as CSV",
            Self::Rtf => "is an RTF document: save it as plain text in UTF-8",
            Self::DataFile => "is a Parquet, Avro, Arrow or SQLite file: export it as CSV",
            Self::AppleDouble => "is what macOS writes beside a file (._NAME): name the file itself",
            Self::Nul => {
                "has NUL characters, which no text has: it is no CSV file, or was damaged (a full disk, a crash while \
                 it was written): export it again"
            }
        })
    }
}

/// What a file is by its first bytes, of which [`HEAD`] are looked at; none when it may be CSV.
pub(super) fn kind(head: &[u8]) -> Option<FileKind> {
    let head = &head[..head.len().min(HEAD)];
    by_signature(head)
        .or_else(|| by_zeros(head))
        .or_else(|| by_text(head))
}

/// By bytes that stand there for this purpose.
fn by_signature(head: &[u8]) -> Option<FileKind> {
    const SIGNATURES: &[(&[u8], FileKind)] = &[
        (b"\xff\xfe\0\0", FileKind::Utf32),
        (b"\0\0\xfe\xff", FileKind::Utf32),
        (b"\xff\xfe", FileKind::Utf16),
        (b"\xfe\xff", FileKind::Utf16),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind::OldExcel),
        (b"\x09\x08\x10\0\0\x06\x05\0", FileKind::OldExcel),
        (b"PK\x05\x06", FileKind::Zip),
        (b"PK\x07\x08", FileKind::Zip),
        (b"\x1f\x8b", FileKind::PackedTwice),
        (b"\xfd7zXZ\0", FileKind::Xz),
        (b"\x28\xb5\x2f\xfd", FileKind::Zstd),
        (b"7z\xbc\xaf\x27\x1c", FileKind::SevenZip),
        (b"Rar!\x1a\x07", FileKind::SevenZip),
        (b"%PDF-", FileKind::Pdf),
        (b"{\\rtf", FileKind::Rtf),
        (b"PAR1", FileKind::DataFile),
        (b"Obj\x01", FileKind::DataFile),
        (b"ARROW1\0", FileKind::DataFile),
        (b"SQLite format 3\0", FileKind::DataFile),
        (b"\0\x05\x16\x07", FileKind::AppleDouble),
        (
            b"version https://git-lfs.github.com/spec/",
            FileKind::LfsPointer,
        ),
    ];
    if head.starts_with(b"PK\x03\x04") {
        return Some(zip(head));
    }
    // Behind the level of its packing a bzip2 file has the digits of pi.
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(FileKind::Bzip2);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(FileKind::Tar);
    }
    let signature = SIGNATURES.iter().find(|(bytes, _)| head.starts_with(bytes));
    signature.map(|(_, kind)| *kind)
}

/// Which of the documents that are zip archives: their first entries have known names.
fn zip(head: &[u8]) -> FileKind {
    let holds = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    match () {
        () if holds(b"mimetypeapplication/vnd.oasis.opendocument") => FileKind::OpenDocument,
        () if holds(b"word/") => FileKind::Word,
        () if holds(b"[Content_Types].xml") || holds(b"xl/") || holds(b"_rels/.rels") => {
            FileKind::Workbook
        }
        () => FileKind::Zip,
    }
}

/// By zero bytes: in UTF-16 digits, separators and Latin letters have one each, all on one side.
fn by_zeros(head: &[u8]) -> Option<FileKind> {
    let zeros = |first: usize| {
        let side = head.iter().skip(first).step_by(2);
        side.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let pairs = head.len() / 2;
    let most = even.max(odd);
    match (most, even.min(odd)) {
        (0, _) => None,
        (_, few) if most * 2 >= pairs && few * 8 <= most => Some(FileKind::Utf16),
        _ => Some(FileKind::Nul),
    }
}

/// By how a text begins.
fn by_text(head: &[u8]) -> Option<FileKind> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    let then = |bytes: &[u8]| bytes.trim_ascii_start().first().copied();
    match text {
        [b'<', b'?', b'x', b'm', b'l', ..] => Some(FileKind::Xml),
        [b'<', next, ..] if next.is_ascii_alphabetic() || *next == b'!' => Some(FileKind::WebPage),
        [b'{', rest @ ..] if matches!(then(rest), Some(b'"' | b'}')) => Some(FileKind::Json),
        [b'[', rest @ ..] => match then(rest) {
            Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9') => Some(FileKind::Json),
            _ => None,
        },
        _ => {
            let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
            let mut lines = lines.filter(|line| !line.trim_ascii().is_empty());
            let drawn = lines.by_ref().take(2).any(is_ruler);
            drawn.then_some(FileKind::DrawnTable)
        }
    }
}

/// Whether a line only draws one: `-----+-----`, or `|---|---|`.
fn is_ruler(line: &[u8]) -> bool {
    let draws = |byte: &u8| {
        matches!(
            byte,
            b'-' | b'+' | b'|' | b':' | b'=' | b' ' | b',' | b';' | b'\t'
        )
    };
    line.windows(3).any(|three| three == b"---") && line.iter().all(draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_csv_has_a_name() {
        let utf16 = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        let mut tar = vec![0; 512];
        tar[..10].copy_from_slice(b"people.csv");
        tar[257..262].copy_from_slice(b"ustar");
        let cases: &[(&[u8], FileKind)] = &[
            (&utf16("\u{feff}customer_id\n7\n"), FileKind::Utf16),
            (&utf16("customer_id,이름\n7,김민지\n"), FileKind::Utf16),
            (b"\0c\0u\0s\0t", FileKind::Utf16),
            (b"\xff\xfe\0\0c\0\0\0", FileKind::Utf32),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0",
                FileKind::OldExcel,
            ),
            (
                b"PK\x03\x04\x14\0\0\0\x08\0[Content_Types].xml",
                FileKind::Workbook,
            ),
            (
                b"PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK",
                FileKind::OpenDocument,
            ),
            (
                b"PK\x03\x04\x14\0[Content_Types].xml word/document.xml",
                FileKind::Word,
            ),
            (b"PK\x03\x04\x14\0people.csv", FileKind::Zip),
            (&tar, FileKind::Tar),
            (b"\x1f\x8b\x08", FileKind::PackedTwice),
            (b"BZh91AY&SY\0", FileKind::Bzip2),
            (b"\xfd7zXZ\0\0", FileKind::Xz),
            (b"\x28\xb5\x2f\xfd\x04", FileKind::Zstd),
            (b"7z\xbc\xaf\x27\x1c", FileKind::SevenZip),
            (
                b"\n<!DOCTYPE html>\n<title>Sign in</title>",
                FileKind::WebPage,
            ),
            (b"\xef\xbb\xbf<table><tr><td>customer_id", FileKind::WebPage),
            (b"<?xml version=\"1.0\"?>", FileKind::Xml),
            (
                b"{\"customer_id\": 7}\n{\"customer_id\": 8}\n",
                FileKind::Json,
            ),
            (b"[\n  {\"customer_id\": 7}]", FileKind::Json),
            (b"[7, 8]", FileKind::Json),
            (
                b" customer_id | name \n-------------+------\n 7 | Ada\n",
                FileKind::DrawnTable,
            ),
            (b"+----+\n| id |\n+----+\n", FileKind::DrawnTable),
            (
                b"customer_id,name\n-----------,----\n7,Ada\n",
                FileKind::DrawnTable,
            ),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
                FileKind::LfsPointer,
            ),
            (b"%PDF-1.7", FileKind::Pdf),
            (b"{\\rtf1\\ansi", FileKind::Rtf),
            (b"PAR1\x15\x04", FileKind::DataFile),
            (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", FileKind::AppleDouble),
            (
                b"customer_id\n200007\n2000\x0014\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                FileKind::Nul,
            ),
        ];
        for (head, expected) in cases {
            assert_eq!(kind(head), Some(*expected), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn what_may_be_csv_has_none() {
        let cases = [
            "",
            "customer_id\n7\n",
            "[customer_id],[name]\n7,Ada\n",
            "{id},name\n",
            "customer_id,note\n7,-\n8,---\n",
            "PK,customer_id\n",
            "BZh,customer_id\n",
            "<7,8\n",
            "고객,이름\n7,김민지\n",
        ];
        for text in cases {
            assert_eq!(kind(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn each_kind_says_what_to_do() {
        let all = [
            FileKind::Utf16,
            FileKind::Utf32,
            FileKind::OldExcel,
            FileKind::Workbook,
            FileKind::OpenDocument,
            FileKind::Word,
            FileKind::Zip,
            FileKind::Tar,
            FileKind::PackedTwice,
            FileKind::Bzip2,
            FileKind::Xz,
            FileKind::Zstd,
            FileKind::SevenZip,
            FileKind::WebPage,
            FileKind::Xml,
            FileKind::Json,
            FileKind::DrawnTable,
            FileKind::LfsPointer,
            FileKind::Pdf,
            FileKind::Rtf,
            FileKind::DataFile,
            FileKind::AppleDouble,
            FileKind::Nul,
        ];
        for kind in all {
            let said = kind.to_string();
            assert!(said.contains(": ") && !said.contains("  "), "{said}");
        }
    }
}
