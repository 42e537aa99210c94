//! The lists and draws of a plan's rules: who is suppressed, and who is in the sample.
//!
//! A list of people who are not to be messaged is read to its last row or refused as a whole: a row
//! that cannot be read may be the one of somebody who asked to be left alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::customer_file::CustomerFile;
use super::planning::{Campaign, Mistake, spec_of};
use crate::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, Definition, Delimiter, ListFile,
    NamedRow, Sample, Seen,
};
use crate::delivery::customer_set::CustomerSet;
use crate::delivery::draw::{Draw, Lowest};
use crate::delivery::list::List;
use crate::delivery::rules::Rules;

/// The rules of a campaign as far as its files decide them: its own lists of excluded customers,
/// those of the settings, and its sample. A sample by number takes a reading of the files of its
/// own.
///
/// # Errors
/// When a file cannot be read to its end.
pub fn rules(campaign: &Campaign, suppress: &[ListFile]) -> Result<Rules, Mistake> {
    let definition = &campaign.definition;
    let mut rules = Rules::default();
    let named = definition.customers.exclude.iter();
    let named = named.map(|list| list.path.to_string());
    for (name, list) in named.zip(&campaign.exclude) {
        read(&mut rules, name, (list, Owner::Campaign), campaign)?;
    }
    for list in suppress {
        let name = list.path.display().to_string();
        read(&mut rules, name, (list, Owner::Settings), campaign)?;
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
        let file = CustomerFile::open(path).map_err(wrong)?;
        let said = |error: AudienceError| wrong(error.to_string());
        let spec = spec_of(definition);
        let mut reader = match definition.customers.by_sendbird_id {
            true => AudienceReader::by_name(file, &spec),
            false => AudienceReader::new(file, &spec),
        }
        .map_err(said)?;
        let mut block = Block::default();
        while reader.next_block(&mut block).map_err(said)? {
            let taken = campaign.directory.taken(&block);
            let taken = taken.filter(|id| !rules.suppresses(*id));
            taken.for_each(|id| lowest.show(id));
        }
    }
    Ok(lowest.draw())
}

/// Whose list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The campaign's own: plain texts are what its files hold.
    Campaign,
    /// That of the settings, for every campaign: plain numbers are ids of Desk.
    Settings,
}

/// Hands over every row of the lists of a campaign by Sendbird user id that hold such ids, too.
pub(super) fn each_named<E: From<Mistake>>(
    campaign: &Campaign,
    suppress: &[ListFile],
    each: &mut dyn FnMut(&NamedRow) -> Result<(), E>,
) -> Result<(), E> {
    let own = campaign.exclude.iter().map(|list| (list, Owner::Campaign));
    let all = suppress.iter().map(|list| (list, Owner::Settings));
    for (list, owner) in own.chain(all) {
        each_block::<E>(list, &campaign.definition, owner, &mut |block| {
            block.named.iter().try_for_each(&mut *each)
        })?;
    }
    Ok(())
}

/// Reads a list of those who are not to be messaged. Whoever stands there by a Sendbird user id that
/// nobody was looked up by is in no file of the campaign either.
fn read(
    rules: &mut Rules,
    name: String,
    (list, owner): (&ListFile, Owner),
    campaign: &Campaign,
) -> Result<(), Mistake> {
    let mut customers = CustomerSet::default();
    let mut unknown = 0;
    let seen = each_block::<Mistake>(list, &campaign.definition, owner, &mut |block| {
        customers.extend(&block.ids);
        let named: Vec<u64> = campaign.directory.customers(&block.named).collect();
        customers.extend(&named);
        unknown += (block.named.len() - named.len()) as u64;
        Ok(())
    })?;
    let changed = std::fs::metadata(&list.path).and_then(|meta| meta.modified());
    let changed = changed.ok().and_then(|time| Timestamp::try_from(time).ok());
    let entries = customers.len() + unknown;
    let list = List {
        seen: Some(Arc::new(seen)),
        ..List::new(name, entries, changed.unwrap_or_default())
    };
    rules.suppress(list, customers);
    Ok(())
}

fn each_block<E: From<Mistake>>(
    file: &ListFile,
    definition: &Definition,
    owner: Owner,
    each: &mut dyn FnMut(&Block) -> Result<(), E>,
) -> Result<Seen, E> {
    each_block_of(file, owner, list(&file.path, definition, owner), each)
}

fn each_block_of<E: From<Mistake>>(
    list: &ListFile,
    owner: Owner,
    reader: Result<AudienceReader<CustomerFile>, String>,
    each: &mut dyn FnMut(&Block) -> Result<(), E>,
) -> Result<Seen, E> {
    let wrong = |what: String| Mistake(format!("{}: {what}", list.path.display()));
    let mut reader = reader.map_err(wrong)?;
    let mut block = Block::default();
    while reader
        .next_block(&mut block)
        .map_err(|error| wrong(error.to_string()))?
    {
        if let Some((_, line)) = reader.rows_over_several_lines() {
            return Err(wrong(format!(
                "line {line}: the row that starts here spreads over several lines, and may have swallowed the \
                 rows after it: in a list of people who are not to be messaged each row is one line"
            ))
            .into());
        }
        if let Some(row) = block.invalid.first() {
            return Err(wrong(format!(
                "line {}: \"{}\" {}: a list of people who are not to be messaged is read in full or not at all; \
                 correct the row, or remove it",
                row.line,
                row.value.escape_debug(),
                row.why
            ))
            .into());
        }
        each(&block)?;
    }
    let seen = reader.seen();
    if seen.rows == 0 && !list.may_be_empty {
        let how = match owner {
            Owner::Campaign => "exclude = [{ file = \"…\", may_be_empty = true }] in the campaign",
            Owner::Settings => "name it in audience.may_be_empty, too, in the settings",
        };
        return Err(wrong(format!(
            "has nobody in it, so that it leaves nobody out: export it again; if it may be empty, say so: {how}"
        ))
        .into());
    }
    Ok(seen)
}

/// Who of these customers is on a list of those whom nobody messages, with the list.
///
/// # Errors
/// When a list cannot be read to its end, or has nobody in it and may not be empty.
pub fn suppressed(lists: &[ListFile], customers: &[u64]) -> Result<Vec<(u64, PathBuf)>, Mistake> {
    let mut found = Vec::new();
    for list in lists {
        let reader = plain_reader(&list.path, &Column::default(), Stated::default());
        each_block_of::<Mistake>(list, Owner::Settings, reader, &mut |block| {
            let listed = customers.iter().filter(|it| block.ids.contains(it));
            found.extend(listed.map(|customer| (*customer, list.path.clone())));
            Ok(())
        })?;
    }
    Ok(found)
}

/// A list of those who are not to be messaged, at its first row.
pub(super) fn list(
    path: &Path,
    definition: &Definition,
    owner: Owner,
) -> Result<AudienceReader<CustomerFile>, String> {
    match definition.customers.by_sendbird_id {
        true => named_reader(path, definition, owner),
        false => reader(path, definition),
    }
}

/// What a campaign says of its files, which a list may or may not be like.
#[derive(Clone, Copy, Debug, Default)]
struct Stated<'d> {
    delimiter: Option<Delimiter>,
    sheet: Option<&'d str>,
}

impl Stated<'_> {
    fn by(definition: &Definition) -> Stated<'_> {
        Stated {
            delimiter: definition.delimiter,
            sheet: definition.sheet.as_deref(),
        }
    }
}

/// A list at its first row. Its delimiter and its sheet are its own; what the campaign states is for
/// where the list does not show it, as lists may come from elsewhere, and those of the settings are for
/// every campaign.
fn open(
    path: &Path,
    column: Column,
    stated: Stated<'_>,
    by_name: bool,
) -> Result<Result<AudienceReader<CustomerFile>, AudienceError>, String> {
    let mut spec = AudienceSpec {
        column,
        delimiter: None,
        sheet: stated.sheet.map(str::to_owned),
        conditions: Vec::new(),
    };
    let with = |spec: &AudienceSpec| {
        CustomerFile::open(path).map(|file| match by_name {
            true => AudienceReader::by_name(file, spec),
            false => AudienceReader::new(file, spec),
        })
    };
    match with(&spec)? {
        Err(AudienceError::SeveralDelimiters { .. }) if stated.delimiter.is_some() => {
            spec.delimiter = stated.delimiter;
            with(&spec)
        }
        Err(AudienceError::NoSheet { .. }) => {
            spec.sheet = None;
            with(&spec)
        }
        opened => Ok(opened),
    }
}

/// A list for a campaign by Sendbird user id: the campaign's column of such ids, else `customer_id`
/// with ids of Desk. A list without a header holds what the campaign's files hold, where those have
/// none either; in the settings it holds ids of Desk, as it does for every campaign.
fn named_reader(
    path: &Path,
    definition: &Definition,
    owner: Owner,
) -> Result<AudienceReader<CustomerFile>, String> {
    let named = |column: Column| open(path, column, Stated::by(definition), true);
    let by_id = || open(path, Column::default(), Stated::by(definition), false);
    let error = match &definition.column {
        column @ Column::Header(_) => match named(column.clone())? {
            Ok(reader) => return Ok(reader),
            Err(error) => Some(error),
        },
        Column::Number(_) => None,
    };
    match (error, owner) {
        // A list without anybody suppresses nobody.
        (Some(AudienceError::NoHeader { .. }), _) => {
            named(Column::first())?.map_err(|error| error.to_string())
        }
        (Some(error @ AudienceError::NoColumn { .. }), Owner::Campaign) => {
            by_id()?.map_err(|_| error.to_string())
        }
        (Some(AudienceError::NoColumn { .. }), Owner::Settings) | (None, Owner::Settings) => {
            reader(path, definition)
        }
        (None, Owner::Campaign) => {
            if let Ok(reader) = by_id()? {
                return Ok(reader);
            }
            named(Column::first())?.map_err(|error| error.to_string())
        }
        (Some(error), _) => Err(error.to_string()),
    }
}

/// The ids of a list: the campaign's column, else `customer_id`, else the only one there is, with
/// or without a header.
fn reader(path: &Path, definition: &Definition) -> Result<AudienceReader<CustomerFile>, String> {
    plain_reader(path, &definition.column, Stated::by(definition))
}

fn plain_reader(
    path: &Path,
    named: &Column,
    stated: Stated<'_>,
) -> Result<AudienceReader<CustomerFile>, String> {
    let with = |column: Column| open(path, column, stated, false);
    let named = match named {
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
