//! The API token and the proxy's password: where they may be, in which order they are looked for,
//! and what they may look like.
//!
//! Neither is never written, logged, shown in an error or a `Debug`, and never taken from the
//! command line or a settings file. It can be read again at any time, so that a new one needs no
//! restart.

use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::Desk;

/// The name of the credential in `$CREDENTIALS_DIRECTORY`, as in systemd's
/// `LoadCredential=desk-api-token:/etc/deskcast/token`.
pub const CREDENTIAL: &str = "desk-api-token";

/// The same for the proxy's password.
pub const PASSWORD_CREDENTIAL: &str = "desk-proxy-password";

const TOKEN: &str = "Desk API token";
const PASSWORD: &str = "proxy's password";

/// Why there is no token to use, or no password. Each is a sentence that says what to do; none holds a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// None of the places has one.
    #[error(
        "there is no Desk API token: give systemd's LoadCredential=desk-api-token:FILE, or name a file \
         in desk.api_token_file, or set DESKCAST__DESK__API_TOKEN in the environment"
    )]
    Missing,
    /// The file cannot be read.
    #[error("{}: the {what} cannot be read: {source}", path.display())]
    Unreadable {
        /// Token or password.
        what: &'static str,
        /// The token's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others on this machine can read the file.
    #[error(
        "{path}: others on this machine can read the {what} (mode {mode:04o}): run chmod 600 {path}"
    )]
    Exposed {
        /// Token or password.
        what: &'static str,
        /// The token's file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// What is there cannot be a token.
    #[error("{place}: this is not a {what}: {problem}")]
    NotAToken {
        /// Token or password.
        what: &'static str,
        /// The file or environment variable.
        place: String,
        /// What is wrong with it, without any of it.
        problem: &'static str,
    },
}

/// Finds the Desk API token: the systemd credential in `credentials_directory` (the value of
/// `$CREDENTIALS_DIRECTORY`), else the file that `desk.api_token_file` names, else
/// `DESKCAST__DESK__API_TOKEN`.
///
/// # Errors
/// When no place has a token, or the first that has one has a bad one: it is not passed over
/// for the next, since a token that was meant to be used would then silently not be.
pub fn read(desk: &Desk, credentials_directory: Option<&Path>) -> Result<SecretString, TokenError> {
    let found = find(
        TOKEN,
        credentials_directory.map(|directory| directory.join(CREDENTIAL)),
        desk.api_token_file.as_deref(),
        desk.api_token.as_ref(),
        "DESKCAST__DESK__API_TOKEN",
    )?;
    found.ok_or(TokenError::Missing)
}

/// Finds the password of `desk.proxy`'s user, if there is one: the systemd credential
/// `desk-proxy-password`, else the file that `desk.proxy_password_file` names, else
/// `DESKCAST__DESK__PROXY_PASSWORD`.
///
/// # Errors
/// When the first place that has one has a bad one.
pub fn proxy_password(
    desk: &Desk,
    credentials_directory: Option<&Path>,
) -> Result<Option<SecretString>, TokenError> {
    find(
        PASSWORD,
        credentials_directory.map(|directory| directory.join(PASSWORD_CREDENTIAL)),
        desk.proxy_password_file.as_deref(),
        desk.proxy_password.as_ref(),
        "DESKCAST__DESK__PROXY_PASSWORD",
    )
}

fn find(
    what: &'static str,
    credential: Option<PathBuf>,
    file: Option<&Path>,
    value: Option<&SecretString>,
    variable: &str,
) -> Result<Option<SecretString>, TokenError> {
    if let Some(path) = credential {
        match std::fs::read(&path) {
            Ok(bytes) => return parse(what, &bytes, || path.display().to_string()).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(TokenError::Unreadable { what, path, source }),
        }
    }
    if let Some(path) = file {
        return read_private_file(what, path).map(Some);
    }
    value
        .map(|value| parse(what, value.expose_secret().as_bytes(), || variable.into()))
        .transpose()
}

/// Reads a secret from a file that only its owner may read.
fn read_private_file(what: &'static str, path: &Path) -> Result<SecretString, TokenError> {
    let unreadable = |source| TokenError::Unreadable {
        what,
        path: path.to_owned(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    // Asked of the open file: the one that is checked is the one that is read.
    refuse_exposed(what, path, &file.metadata().map_err(unreadable)?)?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut file, &mut bytes).map_err(unreadable)?;
    parse(what, &bytes, || path.display().to_string())
}

#[cfg(unix)]
fn refuse_exposed(
    what: &'static str,
    path: &Path,
    metadata: &std::fs::Metadata,
) -> Result<(), TokenError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display().to_string();
    Err(TokenError::Exposed { what, path, mode })
}

#[cfg(not(unix))]
fn refuse_exposed(
    _what: &'static str,
    _path: &Path,
    _metadata: &std::fs::Metadata,
) -> Result<(), TokenError> {
    Ok(())
}

/// Both travel in an HTTP header: visible ASCII, nothing else. Line ends after it are left off,
/// since editors and `echo` add them.
fn parse(
    what: &'static str,
    bytes: &[u8],
    place: impl FnOnce() -> String,
) -> Result<SecretString, TokenError> {
    let not_a_token = |problem| TokenError::NotAToken {
        what,
        place: place(),
        problem,
    };
    let text = std::str::from_utf8(bytes)
        .unwrap_or("\u{fffd}")
        .trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(not_a_token("it is empty"));
    }
    if text.lines().count() > 1 {
        return Err(not_a_token("it has more than one line"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(not_a_token(
            "it has spaces, control characters or letters beyond ASCII",
        ));
    }
    Ok(text.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A file that holds `content`, with these permission bits.
    fn token_file(folder: &Path, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("permitted");
        path
    }

    fn desk(file: Option<&Path>, variable: Option<&str>) -> Desk {
        Desk {
            api_token_file: file.map(Path::to_owned),
            api_token: variable.map(SecretString::from),
            ..Desk::default()
        }
    }

    #[test]
    fn the_first_place_that_has_a_token_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = token_file(folder.path(), "token", b"from-the-file\n", 0o600);
        let read = |desk: &Desk, directory: Option<&Path>| {
            let token = read(desk, directory).expect("a token");
            token.expose_secret().to_owned()
        };
        let variable_only = desk(None, Some("from-the-environment"));
        assert_eq!(read(&variable_only, None), "from-the-environment");
        let both = desk(Some(&file), Some("from-the-environment"));
        assert_eq!(read(&both, None), "from-the-file");
        assert_eq!(
            read(&both, Some(folder.path())),
            "from-the-file",
            "no credential yet"
        );
        token_file(folder.path(), CREDENTIAL, b"from-systemd\r\n", 0o440);
        assert_eq!(read(&both, Some(folder.path())), "from-systemd");
    }

    #[test]
    fn without_a_token_all_three_ways_are_told() {
        insta::assert_snapshot!(
            read(&desk(None, None), None).expect_err("none"),
            @"there is no Desk API token: give systemd's LoadCredential=desk-api-token:FILE, or name a file in desk.api_token_file, or set DESKCAST__DESK__API_TOKEN in the environment"
        );
    }

    #[test]
    fn a_file_that_is_gone_is_not_passed_over_for_the_environment() {
        let gone = desk(
            Some(Path::new("/nowhere/token")),
            Some("from-the-environment"),
        );
        insta::assert_snapshot!(
            read(&gone, None).expect_err("gone"),
            @"/nowhere/token: the Desk API token cannot be read: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        for (mode, refused) in [
            (0o600, false),
            (0o400, false),
            (0o640, true),
            (0o604, true),
            (0o620, true),
        ] {
            let path = token_file(folder.path(), "token", b"abcd", mode);
            let result = read(&desk(Some(&path), None), None);
            assert_eq!(result.is_err(), refused, "{mode:o}");
            if let Err(error) = result {
                let remedy = format!("(mode {mode:04o}): run chmod 600 {}", path.display());
                assert!(error.to_string().ends_with(&remedy), "{error}");
            }
        }
    }

    #[test]
    fn what_cannot_travel_in_a_header_is_no_token_and_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        for content in [
            &b""[..],
            b"\n",
            b"abcd ef",
            b"abcd\nef",
            b"abcd\x07",
            "abcd\u{e9}".as_bytes(),
            b"abcd\xff",
        ] {
            let path = token_file(folder.path(), "token", content, 0o600);
            let error = read(&desk(Some(&path), None), None).expect_err("refused");
            assert!(matches!(error, TokenError::NotAToken { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("abcd"), "{error}");
        }
    }
}
