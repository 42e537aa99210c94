//! The bytes of an audience file, unpacked where they are gzip.

use std::io::{self, BufRead as _, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;

use super::error::AudienceError;

/// The bytes of a file, of which the first were looked at.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Text bytes of a file, packed or not.
#[derive(Debug)]
pub(super) enum Source<R> {
    /// The file as it is.
    Plain(Whole<R>),
    /// The file unpacked. Boxed, being several times the size of the other.
    Gzip(Box<Archive<Whole<R>>>),
}

/// A gzip archive of one or several members. Zero bytes may follow the last one, as blocks of tapes
/// are filled up with them; anything else may not.
#[derive(Debug)]
pub(super) struct Archive<R> {
    /// The member being unpacked; none where nothing is left, or something that is no member.
    member: Option<GzDecoder<BufReader<R>>>,
    /// Something follows the last member that is none.
    goes_on: bool,
}

impl<R: Read> Archive<R> {
    fn new(packed: R) -> Self {
        Self {
            member: Some(GzDecoder::new(BufReader::new(packed))),
            goes_on: false,
        }
    }

    /// Goes to the next member.
    #[cold]
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else {
            return Ok(());
        };
        let mut packed = member.into_inner();
        let mut padded = false;
        loop {
            let (length, first) = match packed.fill_buf() {
                Ok(ahead) => (
                    ahead.iter().take_while(|byte| **byte == 0).count(),
                    ahead.iter().find(|byte| **byte != 0).copied(),
                ),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            packed.consume(length);
            padded |= length > 0;
            match first {
                // A whole buffer of zeros, or the end.
                None if length > 0 => {}
                None => return Ok(()),
                Some(0x1f) if !padded => {
                    self.member = Some(GzDecoder::new(packed));
                    return Ok(());
                }
                Some(_) => {
                    self.goes_on = true;
                    return Ok(());
                }
            }
        }
    }
}

impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(buffer)? {
                0 if !buffer.is_empty() => self.next_member()?,
                read => return Ok(read),
            }
        }
        match self.goes_on {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(0),
        }
    }
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
        Source::Gzip(Box::new(Archive::new(whole)))
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
        match self {
            Self::Gzip(archive) if archive.goes_on => AudienceError::AfterArchive { line },
            _ => failure(line, error, matches!(self, Self::Gzip(_))),
        }
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
