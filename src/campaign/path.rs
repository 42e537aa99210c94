//! Paths that a definition may name.
//!
//! A definition is often written by somebody who may not read every file of the machine that runs
//! it, so what it names must lie beside it or below: an absolute path or a `..` is refused as it
//! is read, before anybody can open it. (A symbolic link inside the folder was put there by whoever
//! owns the folder, and is theirs to answer for.)

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A path relative to the definition's own folder that does not leave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InnerPath(PathBuf);

/// Why a path may not stand in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// No file can have this name.
    #[error("names no file")]
    NoFile,
    /// It starts at the root of the file system.
    #[error("is an absolute path")]
    Absolute,
    /// It has a backslash, which separates folders on other systems.
    #[error("has a backslash")]
    Backslash,
    /// It has a line end, a tab or the like in it.
    #[error("has a control character")]
    Control,
    /// It has a `..` in it.
    #[error("leaves the folder with \"..\"")]
    Leaves,
}

impl InnerPath {
    /// Takes `text` as a path.
    ///
    /// # Errors
    /// [`InvalidPath`]. `..` is refused even where the path would come back (`a/../b`): what that
    /// means depends on symbolic links, and a plain path says the same.
    pub fn new(text: &str) -> Result<Self, InvalidPath> {
        let folder_only = text.ends_with('/') || text.ends_with("/.") || text == ".";
        if text.trim().is_empty() || text.contains('\0') {
            return Err(InvalidPath::NoFile);
        }
        if text.contains(char::is_control) {
            return Err(InvalidPath::Control);
        }
        if text.contains('\\') {
            return Err(InvalidPath::Backslash);
        }
        let mut inner = PathBuf::new();
        for component in Path::new(text).components() {
            match component {
                Component::Normal(part) => inner.push(part),
                Component::CurDir => {}
                Component::ParentDir => return Err(InvalidPath::Leaves),
                Component::RootDir | Component::Prefix(_) => return Err(InvalidPath::Absolute),
            }
        }
        if folder_only {
            return Err(InvalidPath::NoFile);
        }
        Ok(Self(inner))
    }

    /// The path, still relative to the definition's folder.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for InnerPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for InnerPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::{InnerPath, InvalidPath};
    use std::path::Path;

    #[test]
    fn a_path_beside_or_below_the_definition_is_taken() {
        for (text, path) in [
            ("spring.csv", "spring.csv"),
            ("audiences/spring.csv", "audiences/spring.csv"),
            ("./a//b.csv", "a/b.csv"),
            ("..spring.csv", "..spring.csv"),
        ] {
            assert_eq!(
                InnerPath::new(text).expect("stays inside").as_path(),
                Path::new(path)
            );
        }
    }

    #[test]
    fn a_path_that_could_lie_elsewhere_is_refused() {
        for (text, reason) in [
            ("/etc/passwd", InvalidPath::Absolute),
            ("../spring.csv", InvalidPath::Leaves),
            ("a/../../b.csv", InvalidPath::Leaves),
            ("a/../b.csv", InvalidPath::Leaves),
            ("a/..", InvalidPath::Leaves),
            ("", InvalidPath::NoFile),
            ("  ", InvalidPath::NoFile),
            (".", InvalidPath::NoFile),
            ("audiences/", InvalidPath::NoFile),
            ("a\0b", InvalidPath::NoFile),
            ("lists\\people.csv", InvalidPath::Backslash),
            ("C:\new.csv", InvalidPath::Control),
        ] {
            assert_eq!(InnerPath::new(text), Err(reason), "{text:?}");
        }
    }
}
