//! Where the store of the settings is, and what to say where there is none.

use std::path::{Path, PathBuf};

use super::super::Context;
use super::super::failure::Failure;
use super::super::output::tell;
use crate::journal::StoreUrl;
use crate::journal::store::Inspected;

/// The name of a store where the settings name none.
const NAME: &str = "deskcast.db";
/// Where the Debian package keeps its store.
const OF_THE_PACKAGE: &str = "/var/lib/deskcast/deskcast.db";

/// The settings' store, with its address in full.
pub(in crate::cli) fn store_url(context: &Context) -> StoreUrl {
    context.settings.store.url.in_full()
}

/// The settings' store, which must be there: none is made but on purpose.
///
/// # Errors
/// Says where it was looked for, what lies near, and which command makes one.
pub(in crate::cli) fn existing_store(context: &Context) -> Result<StoreUrl, Failure> {
    let url = store_url(context);
    match refuse_lost(&url) {
        Ok(()) if url.exists() => Ok(url),
        Ok(()) => Err(Failure::mistake(absent(context, &url))),
        Err(lost) => Err(lost),
    }
}

/// The store whose budget is shared, if there is one: nothing is left behind where there is none.
pub(in crate::cli) fn budget_store(context: &Context) -> Option<StoreUrl> {
    Some(store_url(context)).filter(StoreUrl::exists)
}

/// Refuses a place where a store was and is not any more: that is no place without one.
pub(in crate::cli) fn refuse_lost(url: &StoreUrl) -> Result<(), Failure> {
    match url.lost() {
        Some(sentence) => Err(Failure::stopped(sentence)),
        None => Ok(()),
    }
}

/// Says which store is in use, where another one lies in the working directory.
pub(in crate::cli) fn say_where_in_doubt(url: &StoreUrl) {
    let Ok(here) = std::path::absolute(NAME) else {
        return;
    };
    if here.exists() && !is_at(url, &here) {
        tell(format_args!(
            "deskcast: the store in use is {}; {} is another one",
            url.place(),
            here.display()
        ));
    }
}

fn absent(context: &Context, url: &StoreUrl) -> String {
    let mut text = format!(
        "there is no store at {}. The store knows who was messaged; without it nothing is sent.",
        url.place()
    );
    let near = near(context, url);
    for (found, inspected) in &near {
        text += &format!("\nA store is near: {}, {}", found.place(), what(inspected));
    }
    if let Some((found, _)) = near.first() {
        text += &format!(
            "\nTo use that one, set url = \"{found}\" under [store], or move it here with all files beside it."
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
fn near(context: &Context, url: &StoreUrl) -> Vec<(StoreUrl, Inspected)> {
    let settings = &context.settings;
    let base_url = settings.base_url();
    let base_url = base_url.map_or_else(|_| String::new(), |url| url.to_string());
    let folder_of = |file: &PathBuf| file.parent().map(Path::to_owned);
    let folders = [
        Some(PathBuf::new()),
        settings.file.as_ref().and_then(folder_of),
        url.file().and_then(Path::parent).map(Path::to_owned),
        Some(settings.campaigns.folder.clone()),
        folder_of(&settings.campaigns.folder),
    ];
    let mut places: Vec<PathBuf> = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(NAME))
        .chain([PathBuf::from(OF_THE_PACKAGE)])
        .filter_map(|place| place.canonicalize().ok())
        .filter(|place| !is_at(url, place))
        .collect();
    places.sort();
    places.dedup();
    let mut near: Vec<(StoreUrl, Inspected)> = places
        .into_iter()
        .filter_map(|place| {
            let found = StoreUrl::of_file(place);
            let inspected = found.inspect(&base_url)?;
            Some((found, inspected))
        })
        .collect();
    near.sort_by_key(|(_, inspected)| std::cmp::Reverse(inspected.to_this_desk));
    near
}

/// Whether the store is in this file.
fn is_at(url: &StoreUrl, place: &Path) -> bool {
    let Some(file) = url.file() else {
        return false;
    };
    match (file.canonicalize(), place.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
