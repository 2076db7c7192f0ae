//! An open connection between requests, and what becomes of it after a 101.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::decode::{Broken, Decoder};
use crate::connect::Io;
use crate::link::Open;

/// Read at a time at most. On the stack: what was read is copied out in its own size, so that a stream that waits
/// holds no buffer.
const READ: usize = 16 * 1024;

/// A byte stream on which one exchange follows the other. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) io: Io,
    /// Read from the peer and not yet used.
    pub(super) ahead: Bytes,
    open: Open,
}

impl Connection {
    /// Nothing was sent or read on `io` yet.
    pub(crate) fn new(io: Io, open: Open) -> Self {
        Self { io, ahead: Bytes::new(), open }
    }

    /// Whether the peer has closed it, or said something nobody asked for, since the last exchange: either way it is not
    /// to be used. Waits for nothing.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        let mut space = ReadBuf::new(&mut byte);
        let read = poll_fn(|cx| Pin::new(&mut self.io).poll_read(cx, &mut space));
        // A task that has done much is told to come back later, which would look like a connection without news.
        let read = pin!(tokio::task::unconstrained(read));
        read.poll(&mut Context::from_waker(Waker::noop())).is_ready() || !self.ahead.is_empty()
    }

    /// Reads what has arrived onto the end of `ahead`; the number of bytes, 0 at the end of the stream.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let ahead = &mut self.ahead;
        poll_read(&mut self.io, cx, |read| {
            *ahead = if ahead.is_empty() { Bytes::copy_from_slice(read) } else { [ahead, read].concat().into() };
            read.len()
        })
    }

    /// Reads the next content of a body; empty when what came was framing only, `None` at the end of the stream.
    pub(super) fn poll_content(
        &mut self,
        cx: &mut Context<'_>,
        decoder: &mut Decoder,
    ) -> Poll<io::Result<Option<Result<Bytes, Broken>>>> {
        let ahead = &mut self.ahead;
        if !ahead.is_empty() {
            let mut rest = &ahead[..];
            let content = decoder.take(&mut rest);
            let used = ahead.len() - rest.len();
            ahead.advance(used);
            return Poll::Ready(Ok(Some(content)));
        }
        poll_read(&mut self.io, cx, |mut read| {
            if read.is_empty() {
                return None;
            }
            let content = decoder.take(&mut read);
            *ahead = Bytes::copy_from_slice(read);
            Some(content)
        })
    }

    pub(super) fn upgraded(self) -> Upgraded {
        Upgraded { connection: self }
    }
}

/// Hands what has arrived to `take`.
fn poll_read<T>(io: &mut Io, cx: &mut Context<'_>, take: impl FnOnce(&[u8]) -> T) -> Poll<io::Result<T>> {
    let mut space = [MaybeUninit::uninit(); READ];
    let mut read = ReadBuf::uninit(&mut space);
    ready!(Pin::new(io).poll_read(cx, &mut read))?;
    Poll::Ready(Ok(take(read.filled())))
}

/// The raw connection after a 101. Dropping it closes it.
pub struct Upgraded {
    connection: Connection,
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("open", &self.connection.open).finish_non_exhaustive()
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Connection { io, ahead, .. } = &mut self.get_mut().connection;
        if ahead.is_empty() {
            return Pin::new(io).poll_read(cx, buf);
        }
        let count = ahead.len().min(buf.remaining());
        buf.put_slice(&ahead[..count]);
        ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().connection.io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection.io).poll_shutdown(cx)
    }
}
