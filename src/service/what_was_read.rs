//! What was read for a plan, file by file: who looks at it sees that it is the wrong file, last
//! week's, or one that was cut.

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;

use super::plain_file;
use super::planning::Campaign;
use crate::campaign::{Definition, Encoding, FileRead, ListFile, Message, Role};
use crate::delivery::plan::PlanSummary;

/// A file at this path; none where it is gone by now.
pub(super) fn file_at(name: impl Into<String>, path: &Path, role: Role) -> Option<FileRead> {
    let meta = std::fs::metadata(path).ok()?;
    let changed = meta.modified().ok();
    Some(FileRead {
        name: name.into(),
        role,
        bytes: meta.len(),
        changed_at: changed.and_then(|time| Timestamp::try_from(time).ok()),
    })
}

/// The files of a plan of a campaign in this folder: customers, lists, messages.
pub fn of_plan(
    campaign: &Campaign,
    folder: &Path,
    suppress: &[ListFile],
    summary: &PlanSummary,
) -> Vec<FileRead> {
    let definition = &campaign.definition;
    let mut read = Vec::new();
    let names = definition.customers.files.iter();
    for ((name, path), seen) in names.zip(&campaign.customers).zip(&summary.files) {
        let name = name.as_path().display().to_string();
        read.extend(file_at(name, path, Role::Customers(seen.clone())));
    }
    let paths = campaign.exclude.iter().chain(suppress).map(|it| &it.path);
    for (list, path) in summary.lists.iter().zip(paths) {
        if let Some(seen) = &list.seen {
            read.extend(file_at(&list.name, path, Role::List((**seen).clone())));
        }
    }
    read.extend(messages(definition, folder));
    read
}

/// The files of the texts of a definition in this folder.
pub(super) fn messages(definition: &Definition, folder: &Path) -> Vec<FileRead> {
    /// So much of a text tells how it is written.
    const HEAD: u64 = 1 << 16;
    let mut read = Vec::new();
    for message in definition.messages() {
        let Message::File(file) = message else {
            continue;
        };
        let path = folder.join(file.as_path());
        let mut head = Vec::new();
        let opened = plain_file::open(&path);
        if opened.is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok()) {
            let name = file.as_path().display().to_string();
            let role = Role::Message(Encoding::of(&head));
            read.extend(file_at(name, &path, role));
        }
    }
    read
}
