//! Opening a file that somebody else put in its place.
//!
//! A pipe waits for somebody who writes to it, a device or a socket for anything at all: whoever opens
//! one by mistake may wait for ever, and everybody who waits for him as well. Only plain files are
//! read, and nothing is opened in a way that waits.

use std::fs::{File, FileType, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a plain file for reading.
///
/// # Errors
/// What the system says; or what it is instead of a plain file, or where the link leads that it is.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Asked before it is opened, as opening may do something to a device.
    refuse(&metadata(path)?)?;
    let file = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    // And of what was opened: by now the path may have named something else.
    refuse(&file.metadata()?)?;
    Ok(file)
}

/// Reads a plain file whole.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a plain file of text whole.
///
/// # Errors
/// As [`open`]; and where it is no UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// What the path leads to. A link that leads nowhere is there all the same.
pub(crate) fn metadata(path: &Path) -> io::Result<Metadata> {
    std::fs::metadata(path).map_err(|error| match std::fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => io::Error::other(format!(
            "it is a link to {}, which does not exist",
            target.display()
        )),
        _ => error,
    })
}

fn refuse(meta: &Metadata) -> io::Result<()> {
    match kind(meta.file_type()) {
        None => Ok(()),
        Some(kind) => Err(io::Error::other(format!("it is {kind}, no plain file"))),
    }
}

fn kind(of: FileType) -> Option<&'static str> {
    if of.is_file() {
        return None;
    }
    Some(match () {
        () if of.is_dir() => "a directory",
        () if of.is_fifo() => "a named pipe",
        () if of.is_socket() => "a socket",
        () if of.is_block_device() || of.is_char_device() => "a device",
        () => "something else",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_file_is_named_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let said = |name: &str| read(&path(name)).expect_err(name).to_string();
        std::fs::create_dir(path("folder")).expect("made");
        assert_eq!(said("folder"), "it is a directory, no plain file");
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.expect("mkfifo").success());
        assert_eq!(said("pipe"), "it is a named pipe, no plain file");
        let _listener = std::os::unix::net::UnixListener::bind(path("socket")).expect("bound");
        assert_eq!(said("socket"), "it is a socket, no plain file");
        std::os::unix::fs::symlink("/dev/null", path("device")).expect("linked");
        assert_eq!(said("device"), "it is a device, no plain file");
        std::os::unix::fs::symlink("gone.toml", path("dangling")).expect("linked");
        assert_eq!(
            said("dangling"),
            "it is a link to gone.toml, which does not exist"
        );
        assert_eq!(said("nothing"), "No such file or directory (os error 2)");
        std::fs::write(path("plain"), "Hello").expect("written");
        std::os::unix::fs::symlink("plain", path("link")).expect("linked");
        assert_eq!(read_to_string(&path("link")).expect("read"), "Hello");
    }
}
