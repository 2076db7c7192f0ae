//! Just enough HTTP/1.1: finds the end of one message in whatever pieces it arrives, and shows what is inside.
//!
//! In go bytes as they were read, out come the head (once) and the body without its framing. It keeps bytes only while a
//! head is incomplete, so that ten thousand open streams need no buffers. It trusts its peer: what it cannot read is an
//! error and ends the connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::ready;

use anyhow::{Context as _, Result, bail, ensure};
use memchr::{memchr, memmem};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;

/// Heads larger than this are refused.
const MAX_HEAD: usize = 64 * 1024;

thread_local! {
    /// Nothing is kept of what was read, so all connections read into one buffer.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

/// What a message is made of is told to this.
pub(crate) trait Sink {
    /// The head, up to and with its empty line.
    fn head(&mut self, head: &[u8]) -> Result<()>;
    /// A piece of the body.
    fn body(&mut self, piece: &[u8]);
}

/// One message being read; ready for the next one when it is done.
#[derive(Default)]
pub(crate) struct Message {
    partial: Vec<u8>,
    state: State,
}

#[derive(Default, Clone, Copy)]
enum State {
    #[default]
    Head,
    /// So many bytes of body are left.
    Length(u64),
    /// Before or within the line that says how long the next chunk is.
    ChunkSize { size: u64, extension: bool },
    /// So many bytes of a chunk are left, its line end included.
    Chunk(u64),
    /// Within trailers; `empty` while the line has nothing in it.
    Trailer { empty: bool },
}

impl Message {
    /// Takes bytes; gives how many belonged to this message, and whether it is complete.
    pub(crate) fn feed(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<(usize, bool)> {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let (used, done) = match self.state {
                State::Head => self.head(rest, sink)?,
                State::Length(left) => {
                    let used = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    sink.body(&rest[..used]);
                    self.state = State::Length(left - used as u64);
                    (used, left == used as u64)
                }
                State::ChunkSize { size, extension } => (self.size(rest, size, extension)?, false),
                State::Chunk(left) => {
                    let used = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    // the last two bytes are the line end
                    let data = used.min(usize::try_from(left.saturating_sub(2)).unwrap_or(usize::MAX));
                    sink.body(&rest[..data]);
                    let left = left - used as u64;
                    self.state =
                        if left == 0 { State::ChunkSize { size: 0, extension: false } } else { State::Chunk(left) };
                    (used, false)
                }
                State::Trailer { empty } => self.trailer(rest, empty),
            };
            at += used;
            if done {
                self.state = State::Head;
                return Ok((at, true));
            }
            if at == input.len() {
                return Ok((at, false));
            }
        }
    }

    /// Reads until the message is complete; false: the peer left before its end.
    pub(crate) async fn read(&mut self, stream: &mut TcpStream, sink: &mut impl Sink) -> Result<bool> {
        while let Some(done) = poll_fn(|context| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                // and not try_read, which asks the system once more after every short read
                ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
                let read = buffer.filled();
                if read.is_empty() {
                    return Ok(None).into();
                }
                let (used, done) = self.feed(read, sink)?;
                ensure_whole(used, read.len())?;
                std::task::Poll::Ready(anyhow::Ok(Some(done)))
            })
        })
        .await?
        {
            if done {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn head(&mut self, rest: &[u8], sink: &mut impl Sink) -> Result<(usize, bool)> {
        if self.partial.is_empty()
            && let Some(end) = memmem::find(rest, b"\r\n\r\n")
        {
            self.state = framing(&rest[..end + 4])?;
            sink.head(&rest[..end + 4])?;
            return Ok((end + 4, matches!(self.state, State::Length(0))));
        }
        let before = self.partial.len();
        self.partial.extend_from_slice(rest);
        let Some(end) = memmem::find(&self.partial[before.saturating_sub(3)..], b"\r\n\r\n") else {
            ensure!(self.partial.len() <= MAX_HEAD, "a head of more than {MAX_HEAD} bytes");
            return Ok((rest.len(), false));
        };
        let end = before.saturating_sub(3) + end + 4;
        let head = std::mem::take(&mut self.partial);
        self.state = framing(&head[..end])?;
        sink.head(&head[..end])?;
        Ok((end - before, matches!(self.state, State::Length(0))))
    }

    fn size(&mut self, rest: &[u8], mut size: u64, mut extension: bool) -> Result<usize> {
        for (index, byte) in rest.iter().enumerate() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                b'\n' => {
                    self.state = if size == 0 { State::Trailer { empty: true } } else { State::Chunk(size + 2) };
                    return Ok(index + 1);
                }
                b'\r' => continue,
                _ if extension || matches!(byte, b';' | b' ' | b'\t') => {
                    extension = true;
                    continue;
                }
                _ => bail!("a chunk size with byte {byte:#x} in it"),
            };
            if !extension {
                size = size.checked_mul(16).context("a chunk too large")? + u64::from(digit);
            }
        }
        self.state = State::ChunkSize { size, extension };
        Ok(rest.len())
    }

    fn trailer(&mut self, rest: &[u8], mut empty: bool) -> (usize, bool) {
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' if empty => return (index + 1, true),
                b'\n' => empty = true,
                b'\r' => {}
                _ => empty = false,
            }
        }
        self.state = State::Trailer { empty };
        (rest.len(), false)
    }
}

/// Nobody here sends a message before the one before is answered.
fn ensure_whole(used: usize, read: usize) -> Result<()> {
    ensure!(used == read, "{} bytes more than the message", read - used);
    Ok(())
}

/// How the body behind `head` is framed. Neither length nor chunks means none, which is right for requests and for the
/// answers that a gateway gives here.
fn framing(head: &[u8]) -> Result<State> {
    if let Some(length) = header(head, b"content-length") {
        let length = std::str::from_utf8(length)?.parse().context("content-length is no number")?;
        return Ok(State::Length(length));
    }
    let chunked = header(head, b"transfer-encoding").is_some();
    Ok(if chunked { State::ChunkSize { size: 0, extension: false } } else { State::Length(0) })
}

/// The value of the header `name` (lower case).
pub(crate) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = head;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        if line.len() > name.len() && line[name.len()] == b':' && line[..name.len()].eq_ignore_ascii_case(name) {
            return Some(line[name.len() + 1..].trim_ascii());
        }
        rest = after;
    }
    None
}

/// The status of an answer.
pub(crate) fn status(head: &[u8]) -> Result<u16> {
    let digits = head.get(9..12).context("no status line")?;
    std::str::from_utf8(digits)?.parse().context("no status in the status line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct Seen {
        head: Vec<u8>,
        body: Vec<u8>,
    }

    impl Sink for Seen {
        fn head(&mut self, head: &[u8]) -> Result<()> {
            self.head = head.to_vec();
            Ok(())
        }

        fn body(&mut self, piece: &[u8]) {
            self.body.extend_from_slice(piece);
        }
    }

    fn read(pieces: &[&[u8]]) -> (Seen, Vec<(usize, bool)>) {
        let (mut message, mut seen) = (Message::default(), Seen::default());
        let fed = pieces.iter().map(|piece| message.feed(piece, &mut seen).unwrap()).collect();
        (seen, fed)
    }

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=a\r\nhello\r\nA\r\n0123456789\r\n0\r\na: b\r\n\r\n";

    #[test]
    fn a_message_reads_the_same_wherever_it_is_cut() {
        let (whole, _) = read(&[CHUNKED]);
        assert_eq!(whole.body, b"hello0123456789");
        for cut in 1..CHUNKED.len() {
            let (seen, fed) = read(&[&CHUNKED[..cut], &CHUNKED[cut..]]);
            assert_eq!(seen, whole, "cut at {cut}");
            assert_eq!(fed, [(cut, false), (CHUNKED.len() - cut, true)], "cut at {cut}");
        }
    }

    #[test]
    fn what_follows_a_message_is_left_for_the_next() {
        let (seen, fed) = read(&[b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /"]);
        assert_eq!((seen.body.as_slice(), fed[0]), (b"ab".as_slice(), (40, true)));
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let head = b"HTTP/1.1 429 Too Many\r\nX-Length: 1\r\nCONTENT-Length:  7 \r\n\r\n";
        assert_eq!(header(head, b"content-length"), Some(b"7".as_slice()));
        assert_eq!(status(head).unwrap(), 429);
    }

    #[test]
    fn rubbish_is_an_error() {
        let (mut message, mut seen) = (Message::default(), Seen::default());
        assert!(message.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", &mut seen).is_err());
    }
}
