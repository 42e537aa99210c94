//! A connection that breaks as told: reset, closed, cut in the middle, or filled with noise.
//!
//! It never decides anything: the server sets a doom before an answer is written, and the first
//! write after that carries it out. Until then it is a plain TCP stream.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doom {
    /// RST, nothing written.
    Reset,
    /// FIN, nothing written.
    Close,
    /// FIN within the first line.
    CutHead,
    /// FIN within the body.
    CutBody,
    /// These bytes instead, then FIN.
    Noise(&'static [u8]),
}

/// Where the server leaves the doom of its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate(Arc<Mutex<Option<Doom>>>);

impl Fate {
    pub(crate) fn set(&self, doom: Doom) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(doom);
    }

    fn get(&self) -> Option<Doom> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream itself.
#[derive(Debug)]
pub(crate) struct Doomed {
    stream: TcpStream,
    fate: Fate,
}

impl Doomed {
    pub(crate) fn new(stream: TcpStream, fate: Fate) -> Doomed {
        Doomed { stream, fate }
    }

    /// Writes what the doom still lets through; nothing let through ends the connection.
    fn fall(&mut self, doom: Doom, cx: &mut Context<'_>, answer: &[u8]) -> Poll<io::Result<usize>> {
        let part = match doom {
            Doom::Reset => {
                // A lingering time of zero turns the coming close into a reset.
                self.stream.set_zero_linger()?;
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Doom::Close => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Doom::CutHead => &answer[..answer.len().min(12)],
            Doom::CutBody => &answer[..half_of_body(answer)],
            Doom::Noise(noise) => noise,
        };
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, part))?;
        self.fate.set(Doom::Close);
        // More was written than the answer is long only by noise, which is short.
        Poll::Ready(Ok(written.min(answer.len())))
    }
}

/// Head and body are written together, as the stream says it cannot take them apart.
fn half_of_body(answer: &[u8]) -> usize {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(0, |at| at + 4);
    end + (answer.len() - end) / 2
}

impl AsyncRead for Doomed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Doomed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.fate.get() {
            None => Pin::new(&mut self.stream).poll_write(cx, buf),
            Some(doom) => self.fall(doom, cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
