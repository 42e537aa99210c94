//! Where the store of the settings is, and what to say where there is none.

use std::path::{Path, PathBuf};

use super::super::Context;
use super::super::failure::Failure;
use super::super::output::tell;
use crate::journal::sqlite::facts;
use crate::journal::store::Inspected;
use crate::settings::StoreUrl;

/// The name of a store where the settings name none.
const NAME: &str = "deskcast.db";
/// Where the Debian package keeps its store.
const OF_THE_PACKAGE: &str = "/var/lib/deskcast/deskcast.db";

/// The file of the settings' store, in full: wherever a command is typed, it is the same one.
pub(in crate::cli) fn store_path(context: &Context) -> PathBuf {
    let StoreUrl::Sqlite(path) = context.settings.store.url.clone();
    let is_link = path
        .symlink_metadata()
        .is_ok_and(|found| found.file_type().is_symlink());
    // What lies beside the store lies beside the file itself, whichever name it is opened by.
    match path.canonicalize() {
        Ok(real) if is_link => real,
        _ => std::path::absolute(&path).unwrap_or(path),
    }
}

/// The settings' store, which must be there: none is made but on purpose.
///
/// # Errors
/// Says where it was looked for, what lies near, and which command makes one.
pub(in crate::cli) fn existing_store(context: &Context) -> Result<PathBuf, Failure> {
    let path = store_path(context);
    match refuse_lost(&path) {
        Ok(()) if path.exists() => Ok(path),
        Ok(()) => Err(Failure::mistake(absent(context, &path))),
        Err(lost) => Err(lost),
    }
}

/// The store whose budget is shared, if there is one: nothing is left behind where there is none.
pub(in crate::cli) fn budget_store(context: &Context) -> Option<PathBuf> {
    Some(store_path(context)).filter(|path| path.exists())
}

/// Refuses a place where a store was and is not any more: that is no place without one.
pub(in crate::cli) fn refuse_lost(path: &Path) -> Result<(), Failure> {
    match facts::lost(path) {
        Some(sentence) => Err(Failure::stopped(sentence)),
        None => Ok(()),
    }
}

/// Says which store is in use, where another one lies in the working directory.
pub(in crate::cli) fn say_where_in_doubt(path: &Path) {
    let Ok(here) = std::path::absolute(NAME) else {
        return;
    };
    if here.exists() && !is_same(&here, path) {
        tell(format_args!(
            "deskcast: the store in use is {}; {} is another one",
            path.display(),
            here.display()
        ));
    }
}

fn absent(context: &Context, path: &Path) -> String {
    let mut text = format!(
        "there is no store at {}. The store knows who was messaged; without it nothing is sent.",
        path.display()
    );
    let near = near(context, path);
    for (place, inspected) in &near {
        text += &format!(
            "\nA store is near: {}, {}",
            place.display(),
            what(inspected)
        );
    }
    if let Some((place, _)) = near.first() {
        text += &format!(
            "\nTo use that one, set url = \"sqlite:{}\" under [store], or move it here with all files beside it.",
            place.display()
        );
    }
    text + &format!("\nTo make a new store: {}", make(context))
}

/// The command that makes a store for these settings.
pub(in crate::cli) fn make(context: &Context) -> String {
    let file = context.settings.file.as_deref();
    match file.filter(|file| file.is_relative() && file.parent() != Some(Path::new(""))) {
        Some(file) => format!("deskcast --config {} store create", file.display()),
        None => "deskcast store create".to_owned(),
    }
}

fn what(inspected: &Inspected) -> String {
    let Inspected {
        runs,
        to_this_desk,
        latest,
    } = inspected;
    let desk = match to_this_desk {
        0 => "none of them to this Desk".to_owned(),
        all if all == runs => "to this Desk".to_owned(),
        some => format!("{some} of them to this Desk"),
    };
    match (runs, latest) {
        (0, _) | (_, None) => "without a run".to_owned(),
        (1, Some(latest)) => format!("with 1 run, {desk}, due {latest:.0}"),
        (runs, Some(latest)) => format!("with {runs} runs, {desk}, the last due {latest:.0}"),
    }
}

/// Other stores where one may be looked for: those with runs to this Desk first.
fn near(context: &Context, path: &Path) -> Vec<(PathBuf, Inspected)> {
    let settings = &context.settings;
    let base_url = settings.base_url();
    let base_url = base_url.map_or_else(|_| String::new(), |url| url.to_string());
    let folder_of = |file: &PathBuf| file.parent().map(Path::to_owned);
    let folders = [
        Some(PathBuf::new()),
        settings.file.as_ref().and_then(folder_of),
        path.parent().map(Path::to_owned),
        Some(settings.campaigns.folder.clone()),
        folder_of(&settings.campaigns.folder),
    ];
    let mut places: Vec<PathBuf> = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(NAME))
        .chain([PathBuf::from(OF_THE_PACKAGE)])
        .filter_map(|place| place.canonicalize().ok())
        .filter(|place| !is_same(place, path))
        .collect();
    places.sort();
    places.dedup();
    let mut near: Vec<(PathBuf, Inspected)> = places
        .into_iter()
        .filter_map(|place| {
            let inspected = facts::inspect(&place, &base_url)?;
            Some((place, inspected))
        })
        .collect();
    near.sort_by_key(|(_, inspected)| std::cmp::Reverse(inspected.to_this_desk));
    near
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
