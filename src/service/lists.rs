//! The lists and draws of a plan's rules: who is suppressed, and who is in the sample.
//!
//! A list of people who are not to be messaged is read to its last row or refused as a whole: a row
//! that cannot be read may be the one of somebody who asked to be left alone.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::planning::{Campaign, Mistake, open, spec_of};
use crate::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, Definition, Sample,
};
use crate::delivery::customer_set::CustomerSet;
use crate::delivery::draw::{Draw, Lowest};
use crate::delivery::rules::Rules;

/// The rules of a campaign as far as its files decide them: its own lists of excluded customers,
/// those of the settings, and its sample. A sample by number takes a reading of the files of its
/// own.
///
/// # Errors
/// When a file cannot be read to its end.
pub fn rules(campaign: &Campaign, suppress: &[PathBuf]) -> Result<Rules, Mistake> {
    let definition = &campaign.definition;
    let mut rules = Rules::default();
    let named = definition.customers.exclude.iter();
    let named = named.map(|path| path.as_path().display().to_string());
    for (name, path) in named.zip(&campaign.exclude) {
        rules.suppress(name, read(path, definition)?);
    }
    for path in suppress {
        rules.suppress(path.display().to_string(), read(path, definition)?);
    }
    // Whoever was chosen by name is not drawn.
    let sample = definition.customers.sample;
    match sample.filter(|_| campaign.chosen.is_none()) {
        Some(size @ Sample::PerMillion(share)) => {
            rules.sample(size, Draw::share(&definition.name, share));
        }
        Some(size @ Sample::Count(most)) => {
            let draw = lowest(campaign, &rules, most)?;
            rules.sample(size, draw);
        }
        None => {}
    }
    Ok(rules)
}

/// Draws so many of those whom files and lists leave in.
fn lowest(campaign: &Campaign, rules: &Rules, most: u64) -> Result<Draw, Mistake> {
    let definition = &campaign.definition;
    let mut lowest = Lowest::new(&definition.name, most);
    for path in &campaign.customers {
        let wrong = |what: String| Mistake(format!("{}: {what}", path.display()));
        let file = open(path).map_err(wrong)?;
        let said = |error: AudienceError| wrong(error.to_string());
        let mut reader = AudienceReader::new(file, &spec_of(definition)).map_err(said)?;
        let mut block = Block::default();
        while reader.next_block(&mut block).map_err(said)? {
            let taken = block.ids.iter().filter(|id| !rules.suppresses(**id));
            taken.for_each(|id| lowest.show(*id));
        }
    }
    Ok(lowest.draw())
}

/// Reads a list of those who are not to be messaged.
fn read(path: &Path, definition: &Definition) -> Result<CustomerSet, Mistake> {
    let wrong = |what: String| Mistake(format!("{}: {what}", path.display()));
    let mut reader = reader(path, definition).map_err(wrong)?;
    let (mut customers, mut block) = (CustomerSet::default(), Block::default());
    while reader
        .next_block(&mut block)
        .map_err(|error| wrong(error.to_string()))?
    {
        if let Some(row) = block.invalid.first() {
            return Err(wrong(format!(
                "line {}: \"{}\" {}: a list of people who are not to be messaged is read in full or not at all; \
                 correct the row, or remove it",
                row.line,
                row.value.escape_debug(),
                row.why
            )));
        }
        customers.extend(&block.ids);
    }
    Ok(customers)
}

/// The ids of a list: the campaign's column, else `customer_id`, else the only one there is, with
/// or without a header.
pub(super) fn reader(path: &Path, definition: &Definition) -> Result<AudienceReader<File>, String> {
    let with = |column: Column| {
        let spec = AudienceSpec {
            column,
            delimiter: definition.delimiter,
            conditions: Vec::new(),
        };
        open(path).map(|file| AudienceReader::new(file, &spec))
    };
    let named = match &definition.column {
        named @ Column::Header(_) => with(named.clone())?,
        Column::Number(_) => with(Column::default())?,
    };
    let error = match named {
        Ok(reader) => return Ok(reader),
        // A list without anybody suppresses nobody.
        Err(AudienceError::NoHeader { .. }) => {
            return with(Column::first())?.map_err(|error| error.to_string());
        }
        Err(error @ AudienceError::NoColumn { .. }) => error,
        Err(error) => return Err(error.to_string()),
    };
    if let Ok(reader) = with(Column::default())? {
        return Ok(reader);
    }
    let plain = with(Column::first())?.map_err(|error| error.to_string())?;
    match plain.columns() == 1 && plain.first_is_id() {
        true => Ok(plain),
        false => Err(error.to_string()),
    }
}
