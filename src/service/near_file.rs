//! A file that is not there, and one beside it that was probably meant.

use std::path::Path;

use crate::campaign::CampaignName;

/// The name of a file beside `path` that differs from it by case or by a second extension
/// (`autumn.toml.txt`); none where there is no such file.
pub(super) fn near_file(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?.to_lowercase();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut near: Vec<String> = names
        .filter(|name| {
            let name = name.to_lowercase();
            let longer = name.strip_prefix(&wanted);
            longer.is_some_and(|more| more.is_empty() || more.starts_with('.'))
        })
        .collect();
    near.sort();
    near.into_iter().next()
}

/// A sentence's end that names such a file, for a file that is not there.
pub(super) fn hint(path: &Path, error: &std::io::Error) -> String {
    match near_file(path).filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
        Some(near) => format!("; there is {near} beside it: is it the one?"),
        None => String::new(),
    }
}

/// Whether a file's name looks like a campaign's and is none: `autumn.toml.txt`, `autumn.TOML`,
/// `autumn.toml.bak`, `autumn.toml~`.
pub(super) fn is_stray(name: &str) -> bool {
    let lower = name.to_lowercase();
    let Some((stem, more)) = lower.split_once(".toml") else {
        return false;
    };
    let second = more.starts_with(['.', '~', ' ']);
    let other_case = more.is_empty() && !name.ends_with(".toml");
    (second || other_case) && CampaignName::new(stem).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_stray;

    #[test]
    fn a_second_extension_or_another_case_makes_a_file_no_campaign() {
        for name in [
            "autumn.toml.txt",
            "autumn.TOML",
            "autumn.toml.bak",
            "autumn.toml~",
        ] {
            assert!(is_stray(name), "{name}");
        }
        for name in ["autumn.toml", "autumn.csv", "autumn.tomlx", "README.md"] {
            assert!(!is_stray(name), "{name}");
        }
    }
}
