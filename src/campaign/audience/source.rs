//! The bytes of an audience file, unpacked where they are gzip, and a look at what they are.

use std::io::{self, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::error::AudienceError;

/// Text bytes of a file, packed or not.
#[derive(Debug)]
pub(super) enum Source<R> {
    /// The file as it is.
    Plain(Chain<Cursor<Vec<u8>>, R>),
    /// The file unpacked. Boxed, being several times the size of the other.
    Gzip(Box<MultiGzDecoder<Chain<Cursor<Vec<u8>>, R>>>),
}

/// Looks at the first bytes of `input` to see whether it is a gzip archive.
pub(super) fn open<R: Read>(mut input: R) -> Result<Source<R>, AudienceError> {
    let mut magic = Vec::with_capacity(2);
    input
        .by_ref()
        .take(2)
        .read_to_end(&mut magic)
        .map_err(|error| failure(1, &error, false))?;
    let gzip = magic == [0x1f, 0x8b];
    let whole = Cursor::new(magic).chain(input);
    Ok(if gzip {
        Source::Gzip(Box::new(MultiGzDecoder::new(whole)))
    } else {
        Source::Plain(whole)
    })
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Gzip(input) => input.read(buffer),
        }
    }
}

impl<R> Source<R> {
    /// What a read error means, `line` being the line reached.
    pub(super) fn failure(&self, line: u64, error: &io::Error) -> AudienceError {
        failure(line, error, matches!(self, Self::Gzip(_)))
    }
}

fn failure(line: u64, error: &io::Error, gzip: bool) -> AudienceError {
    use io::ErrorKind::{InvalidData, InvalidInput, IsADirectory, UnexpectedEof};
    let cause = error.to_string();
    match error.kind() {
        IsADirectory => AudienceError::Directory,
        // These are the ones that unpacking makes; the others come from below it.
        InvalidData | InvalidInput | UnexpectedEof if gzip => AudienceError::Gzip { line, cause },
        _ => AudienceError::Read { line, cause },
    }
}

/// How many bytes of a byte order mark `head`, the first bytes of a text, starts with.
///
/// # Errors
/// [`AudienceError::Utf16`] or [`AudienceError::Zip`], when it is no text that can be read.
pub(super) fn check_text(head: &[u8]) -> Result<usize, AudienceError> {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(AudienceError::Utf16),
        [b'P', b'K', 3, 4, ..] => Err(AudienceError::Zip),
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        _ if every_other_byte_is_nul(head) => Err(AudienceError::Utf16),
        _ => Ok(0),
    }
}

/// UTF-16 without a mark: digits, commas and Latin letters have a zero byte each.
fn every_other_byte_is_nul(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(256)];
    let zeros = sample.iter().filter(|&&byte| byte == 0).count();
    sample.len() >= 2 && zeros * 3 >= sample.len()
}
