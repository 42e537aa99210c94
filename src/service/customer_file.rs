//! A file of customers on its way in: a plain file, and the same one from its first byte to its
//! last.
//!
//! Who is in a file that is still being written, or is replaced while it is read, nobody can say:
//! half of a line is somebody else's id, and the rest of the people are in no sum.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::near_file::hint;
use super::plain_file;

/// A file that refuses to end when it is not what it was at the beginning.
#[derive(Debug)]
pub(super) struct CustomerFile {
    file: File,
    path: PathBuf,
    before: Metadata,
}

impl CustomerFile {
    /// Opens a plain file.
    ///
    /// # Errors
    /// A sentence without the path: it is not there, is no plain file, or may not be read.
    pub(super) fn open(path: &Path) -> Result<CustomerFile, String> {
        let unreadable = |error: io::Error| {
            let near = hint(path, &error);
            format!("the customer file cannot be read: {error}{near}")
        };
        let meta = plain_file::metadata(path).map_err(unreadable)?;
        if meta.is_dir() {
            return Err("is a directory; `customers` names a CSV file".to_owned());
        }
        if !meta.is_file() {
            return Err("is no plain file: write what it gives to a file first, as it may have to be read twice".to_owned());
        }
        let file = plain_file::open(path).map_err(unreadable)?;
        let before = file.metadata().map_err(unreadable)?;
        let path = path.to_owned();
        Ok(CustomerFile { file, path, before })
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> u64 {
        self.before.len()
    }

    /// Whether the path still names this file as it was opened.
    fn is_unchanged(&self) -> io::Result<bool> {
        let state = |meta: &Metadata| {
            (
                (meta.dev(), meta.ino(), meta.len()),
                (meta.mtime(), meta.mtime_nsec()),
            )
        };
        Ok(state(&std::fs::metadata(&self.path)?) == state(&self.before))
    }
}

impl Read for CustomerFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if read == 0 && !buffer.is_empty() && !self.is_unchanged().unwrap_or(false) {
            return Err(io::Error::other(
                "the file was changed while it was read: run this again when it is complete, and replace a file \
                 by renaming a new one over it",
            ));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read_with(change: impl FnOnce(&Path)) -> io::Result<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("customers.csv");
        std::fs::write(&path, "customer_id\n7\n8\n").expect("a file");
        let mut file = CustomerFile::open(&path).expect("it is there");
        let mut head = [0; 4];
        file.read_exact(&mut head).expect("its beginning");
        change(&path);
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn a_file_that_stays_as_it_was_is_read_to_its_end() {
        assert_eq!(read_with(|_| {}).expect("unchanged"), "omer_id\n7\n8\n");
    }

    #[test]
    fn a_file_that_is_written_replaced_or_removed_while_it_is_read_is_refused() {
        let grow = |path: &Path| {
            let mut file = File::options().append(true).open(path).expect("there");
            file.write_all(b"9\n").expect("written");
        };
        let replace = |path: &Path| {
            let other = path.with_extension("new");
            std::fs::write(&other, "customer_id\n7\n8\n").expect("written");
            std::fs::rename(&other, path).expect("renamed");
        };
        let remove = |path: &Path| std::fs::remove_file(path).expect("removed");
        let changes: [fn(&Path); 3] = [grow, replace, remove];
        for change in changes {
            let error = read_with(change).expect_err("changed");
            assert!(error.to_string().contains("changed while"), "{error}");
        }
    }
}
