//! What is wrong with a folder of campaigns as a whole: two that are the same, and files that look
//! like campaigns and are none.

use std::path::Path;

use super::super::near_file::is_stray;
use super::{Checked, Defaults, look};
use crate::campaign::{Customers, Definition, Warning};

/// What makes two campaigns the same to customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sameness {
    texts: Vec<String>,
    group: String,
    customers: Customers,
    files: Vec<Option<std::path::PathBuf>>,
}

impl Sameness {
    /// That of a definition in this folder with these texts.
    pub(super) fn of(definition: &Definition, folder: &Path, texts: Vec<String>) -> Sameness {
        let mut customers = definition.customers.clone();
        let files = std::mem::take(&mut customers.files);
        let real = |file: &crate::campaign::InnerPath| folder.join(file).canonicalize().ok();
        Sameness {
            texts,
            group: definition.group.clone(),
            customers,
            files: files.iter().map(real).collect(),
        }
    }
}

/// Looks at several campaigns, one after the other and side by side.
pub fn check_all(names: &[String], defaults: &Defaults<'_>) -> Vec<Checked> {
    let mut all: Vec<Checked> = names.iter().map(|name| look(name, defaults)).collect();
    for at in 1..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let one = &mut rest[0];
        let same = |other: &&mut Checked| one.sameness.is_some() && other.sameness == one.sameness;
        if let Some(other) = before.iter_mut().find(same) {
            one.warnings.push(twin(&other.name));
            other.warnings.push(twin(&one.name));
        }
    }
    all.iter_mut().for_each(Checked::judge);
    all
}

fn twin(other: &str) -> Warning {
    Warning::new(
        "same-campaign",
        format!(
            "\"{other}\" has the same text and the same customers: whoever is listed is messaged by both. \
             Is one of them a copy?"
        ),
    )
}

/// Files of the folder that look like campaigns and are read by nobody, each with a warning.
///
/// # Errors
/// When the folder cannot be read.
pub fn strays(folder: &Path) -> std::io::Result<Vec<Checked>> {
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && is_stray(&name) {
            names.push(name);
        }
    }
    names.sort();
    let stray = |name: String| Checked {
        warnings: vec![Warning::new(
            "no-campaign",
            "it looks like a campaign and is none, as its name does not end in .toml: rename it, or \
             take it out of the folder",
        )],
        name,
        stray: true,
        ..Checked::default()
    };
    Ok(names.into_iter().map(stray).collect())
}
