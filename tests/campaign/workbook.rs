//! Workbooks, written by hand so that they can hold what no library writes.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

fn pack(parts: &[(String, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let packed = SimpleFileOptions::default();
    for (name, text) in parts {
        let options = if name == "mimetype" { stored } else { packed };
        archive.start_file(name.as_str(), options).expect("a part");
        archive.write_all(text.as_bytes()).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

/// One sheet of an `.xlsx`: its name, what is said of it in the list of sheets, its rows, and what
/// stands behind them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet<'s> {
    pub(crate) name: &'s str,
    pub(crate) state: &'s str,
    pub(crate) rows: &'s str,
    pub(crate) after: &'s str,
}

impl<'s> Sheet<'s> {
    pub(crate) fn new(name: &'s str, rows: &'s str) -> Sheet<'s> {
        let (state, after) = ("", "");
        Sheet {
            name,
            state,
            rows,
            after,
        }
    }
}

/// An `.xlsx` of these sheets. Style 1 is a date.
pub(crate) fn xlsx(sheets: &[Sheet<'_>]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    let (mut list, mut relations, mut types) = (String::new(), String::new(), String::new());
    let mut parts = Vec::new();
    for (at, sheet) in (1..).zip(sheets) {
        let Sheet {
            name,
            state,
            rows,
            after,
        } = sheet;
        write!(
            list,
            "<sheet name=\"{name}\" sheetId=\"{at}\" {state} r:id=\"rId{at}\"/>"
        )
        .expect("text");
        write!(relations, "<Relationship Id=\"rId{at}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{at}.xml\"/>").expect("text");
        write!(types, "<Override PartName=\"/xl/worksheets/sheet{at}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>").expect("text");
        parts.push((
            format!("xl/worksheets/sheet{at}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData>{after}</worksheet>"),
        ));
    }
    let part =
        |name: &str, text: String| (name.to_owned(), format!("<?xml version=\"1.0\"?>{text}"));
    parts.insert(0, part("[Content_Types].xml", format!(
        "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{types}</Types>"
    )));
    parts.push(part("_rels/.rels", format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    )));
    parts.push(part(
        "xl/workbook.xml",
        format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{list}</sheets></workbook>"
        ),
    ));
    parts.push(part("xl/_rels/workbook.xml.rels", format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">{relations}<Relationship Id=\"rId90\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
    )));
    parts.push(part("xl/styles.xml", format!(
        "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
    )));
    pack(&parts)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && !text.starts_with(['+', ' '])
}

/// The cells of a row: numbers as numbers, texts as texts (a number behind a `'` as well), `#N/A` as an
/// error, `@46353` as a date, `=A1` as a formula that was never calculated.
pub(crate) fn row(number: u32, first: char, cells: &[&str]) -> String {
    let mut row = format!("<row r=\"{number}\">");
    for (column, cell) in (first..).zip(cells) {
        let name = format!("{column}{number}");
        match cell.chars().next() {
            None => {}
            Some('#') => write!(row, "<c r=\"{name}\" t=\"e\"><v>{cell}</v></c>").expect("text"),
            Some('@') => {
                write!(row, "<c r=\"{name}\" s=\"1\"><v>{}</v></c>", &cell[1..]).expect("text")
            }
            Some('=') => write!(row, "<c r=\"{name}\"><f>{}</f></c>", &cell[1..]).expect("text"),
            Some(_) if is_number(cell) => {
                write!(row, "<c r=\"{name}\"><v>{cell}</v></c>").expect("text")
            }
            Some(_) => {
                let text = escaped(cell.strip_prefix('\'').unwrap_or(cell));
                write!(row, "<c r=\"{name}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
                    .expect("text");
            }
        }
    }
    row + "</row>"
}

/// Rows from the first on.
pub(crate) fn rows(rows: &[&[&str]]) -> String {
    (1..)
        .zip(rows)
        .map(|(number, cells)| row(number, 'A', cells))
        .collect()
}

/// An `.ods` of one table with these rows.
pub(crate) fn ods(name: &str, rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"{name}\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let manifest = "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    pack(&[
        (
            "mimetype".to_owned(),
            "application/vnd.oasis.opendocument.spreadsheet".to_owned(),
        ),
        ("META-INF/manifest.xml".to_owned(), manifest.to_owned()),
        ("content.xml".to_owned(), content),
    ])
}

/// The cells of a row of an `.ods`, by the same signs.
pub(crate) fn ods_row(attributes: &str, cells: &[&str]) -> String {
    let mut row = format!("<table:table-row {attributes}>");
    for cell in cells {
        let written = match cell.chars().next() {
            None => "<table:table-cell/>".to_owned(),
            Some('^') => "<table:covered-table-cell/>".to_owned(),
            Some('@') => format!(
                "<table:table-cell office:value-type=\"date\" office:date-value=\"{}\"/>",
                &cell[1..]
            ),
            Some(_) if is_number(cell) => {
                format!("<table:table-cell office:value-type=\"float\" office:value=\"{cell}\"/>")
            }
            Some(_) => format!(
                "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
                escaped(cell.strip_prefix('\'').unwrap_or(cell))
            ),
        };
        row.push_str(&written);
    }
    row + "</table:table-row>"
}
