//! What the machine allows a process, where that is what is missing.

/// What to do where a process may open no more files.
pub const MORE_FILES: &str = "This process may not open more files: raise its limit, ulimit -n in a shell, LimitNOFILE= in a \
     systemd unit";

/// Whether a process, or the whole machine, has as many files open as it may.
pub fn is_too_many_files(error: &std::io::Error) -> bool {
    /// Of this process, and of the machine.
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

/// Whether this process may not even open the three files of a store beside what it has open, found
/// out by opening as many: SQLite does not say why it could not.
pub fn has_too_many_files() -> bool {
    let open = || std::fs::File::open("/dev/null");
    // All three at once.
    let files = [open(), open(), open()];
    files
        .iter()
        .any(|file| file.as_ref().is_err_and(is_too_many_files))
}
