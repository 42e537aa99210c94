//! `deskcast report RUN --format xlsx`: a run as a workbook, in a file.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use super::output::tell;
use super::selection::{Selection, reported};
use crate::journal::Store;
use crate::report::number::{counted, grouped};
use crate::report::workbook::{self, SHEET_ROWS, Written};

/// Writes the run that was asked for, or the latest one of the campaign.
pub(super) fn write(
    store: &Store,
    selection: &Selection,
    all_rows: bool,
    output: Option<&PathBuf>,
) -> Result<Exit, Failure> {
    let path = target(output)?;
    if *selection == Selection::All {
        return Err(Failure::mistake(
            "--format xlsx writes one run: name it, or a campaign for its latest run; deskcast runs lists them",
        ));
    }
    let runs = reported(store, selection.find(store, 1)?)?;
    let Some(run) = runs.first() else {
        return Ok(Exit::Done);
    };
    let wrong = |what: &dyn std::fmt::Display| {
        Failure::stopped(format!("{} cannot be written: {what}", path.display()))
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // Nobody opens half of a workbook: it has its name when it is whole.
    let mut builder = tempfile::Builder::new();
    let file = builder.prefix(".deskcast-report-").tempfile_in(folder);
    let mut file = file.map_err(|error| wrong(&error))?;
    let mut out = BufWriter::new(file.as_file_mut());
    let written = workbook::write(store, run, all_rows, (folder, SHEET_ROWS), &mut out);
    let written = written.map_err(|error| match error {
        workbook::WorkbookError::Journal(error) => error.into(),
        output @ workbook::WorkbookError::Output(_) => wrong(&output),
    })?;
    out.flush().map_err(|error| wrong(&error))?;
    drop(out);
    file.persist(path).map_err(|error| wrong(&error.error))?;
    say(path, selection, &run.run.key, written);
    Ok(Exit::Done)
}

/// A workbook goes to a file: no terminal shows it.
fn target(output: Option<&PathBuf>) -> Result<&Path, Failure> {
    let Some(path) = output else {
        return Err(Failure::mistake(
            "--format xlsx writes a file: name it with --output FILE.xlsx",
        ));
    };
    match path.extension().is_some_and(|ending| ending == "xlsx") {
        true => Ok(path),
        // What is there under another name is something else, and stays.
        false => Err(Failure::mistake(format!(
            "--output {}: the name of a workbook ends in .xlsx",
            path.display()
        ))),
    }
}

fn say(path: &Path, selection: &Selection, run: &impl std::fmt::Display, written: Written) {
    let latest = match selection {
        Selection::Campaign(_) => "the latest run, ",
        Selection::Run(_) | Selection::All => "",
    };
    let rows = counted(written.customers, "row of customers", "rows of customers");
    tell(format_args!("{}: {latest}{run}, {rows}", path.display()));
    if written.sheets > 1 {
        tell(format_args!(
            "They are more than a sheet holds, and go on in \"customers 2\": {} sheets in all",
            grouped(written.sheets.into())
        ));
    }
}
