//! Spreadsheets: a dry run of a million rows as `.xlsx` and as `.ods`, beside the same rows as CSV.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::figures::{Figures, Target, median, spread};
use crate::place::{GROUP, Limits, MESSAGE, Place};
use crate::process::{self, Took};
use crate::{Outcome, Size};

/// No request leaves: it is only planned.
const DESK: &str = "http://127.0.0.1:9/platform/v1";
const LIMITS: Limits = Limits {
    requests_per_second: 5.0,
    concurrency: 5,
};
const COLUMNS: [&str; 3] = ["customer_id", "name", "country"];

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let place = Place::new()?;
    place.settings(DESK, &LIMITS)?;
    let rows = size.pick(1_000_000, 100_000);
    let kinds = ["people.csv", "people.xlsx", "people.ods"];
    for (kind, write) in kinds.into_iter().zip([csv, xlsx, ods]) {
        write(&place, kind, rows)?;
        let stem = kind.replace('.', "-");
        let text = format!(
            "message = \"{MESSAGE}\"\ngroup = \"{GROUP}\"\n[customers]\nfiles = [\"{kind}\"]\nwhere = {{ country = \"DE\" }}\n"
        );
        std::fs::write(place.path().join(format!("campaigns/{stem}.toml")), text)?;
    }
    let mut took = kinds.map(|_| Vec::new());
    for _ in 0..size.pick(5, 3) {
        for (kind, took) in kinds.iter().zip(&mut took) {
            took.push(dry_run(&place, &kind.replace('.', "-"))?);
        }
    }
    figures.tell("rows", rows);
    let seconds = |took: &[Took]| -> Vec<f64> { took.iter().map(|took| took.seconds).collect() };
    let csv = median(&seconds(&took[0]));
    for (kind, took) in kinds.iter().zip(&took) {
        figures.tell(&format!("  {kind}"), spread(&seconds(took), "s"));
        let own = median(&seconds(took));
        figures.tell(
            &format!("  {kind} to CSV"),
            format!("{:.1} times", own / csv),
        );
        let peak: Vec<f64> = took.iter().map(|took| took.peak_megabytes).collect();
        let name = format!("  {kind}, peak memory");
        // A workbook is held in memory.
        figures.judge(&name, median(&peak), "MB", Target::Below(1_000.0));
    }
    Ok(())
}

fn dry_run(place: &Place, campaign: &str) -> Outcome<Took> {
    let took = process::run(&mut place.deskcast(&["run", campaign, "--dry-run"]))?;
    match took.code {
        Some(0) => Ok(took),
        code => Err(format!("the dry run of {campaign} ended with {code:?}").into()),
    }
}

/// The cells of a row. Every fourth is from elsewhere.
fn cells(row: u32) -> (u32, String, &'static str) {
    let country = if row.is_multiple_of(4) { "AT" } else { "DE" };
    (200_000 + 7 * row, format!("Customer {row}"), country)
}

fn csv(place: &Place, name: &str, rows: u32) -> Outcome<()> {
    let file = File::create(place.path().join("campaigns").join(name))?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{}", COLUMNS.join(","))?;
    for row in 0..rows {
        let (id, name, country) = cells(row);
        writeln!(out, "{id},{name},{country}")?;
    }
    Ok(out.flush()?)
}

fn xlsx(place: &Place, name: &str, rows: u32) -> Outcome<()> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for (column, name) in (0..).zip(COLUMNS) {
        sheet.write(0, column, name)?;
    }
    for row in 0..rows {
        let (id, name, country) = cells(row);
        sheet.write(row + 1, 0, id)?;
        sheet.write(row + 1, 1, name)?;
        sheet.write(row + 1, 2, country)?;
    }
    Ok(workbook.save(place.path().join("campaigns").join(name))?)
}

fn ods(place: &Place, name: &str, rows: u32) -> Outcome<()> {
    let file = File::create(place.path().join("campaigns").join(name))?;
    let mut archive = ZipWriter::new(BufWriter::new(file));
    let plain = SimpleFileOptions::default();
    // As the format wants it: what the archive is can be read without unpacking it.
    let stored = plain.compression_method(CompressionMethod::Stored);
    archive.start_file("mimetype", stored)?;
    archive.write_all(b"application/vnd.oasis.opendocument.spreadsheet")?;
    archive.start_file("META-INF/manifest.xml", plain)?;
    archive.write_all(
        b"<?xml version=\"1.0\"?><manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
    )?;
    archive.start_file("content.xml", plain)?;
    archive.write_all(
        b"<?xml version=\"1.0\"?><office:document-content \
          xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
          xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
          xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\">\
          <office:body><office:spreadsheet><table:table table:name=\"People\">",
    )?;
    let text = |cell: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{cell}</text:p></table:table-cell>"
        )
    };
    let header: String = COLUMNS.map(text).concat();
    writeln!(archive, "<table:table-row>{header}</table:table-row>")?;
    let mut line = String::new();
    for row in 0..rows {
        let (id, name, country) = cells(row);
        line.clear();
        write!(
            line,
            "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"{id}\"><text:p>{id}</text:p>\
             </table:table-cell>{}{}</table:table-row>",
            text(&name),
            text(country)
        )?;
        archive.write_all(line.as_bytes())?;
    }
    archive.write_all(
        b"</table:table></office:spreadsheet></office:body></office:document-content>",
    )?;
    Ok(archive.finish()?.flush()?)
}
