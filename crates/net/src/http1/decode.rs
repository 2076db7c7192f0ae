//! Undoes the framing of a response body. Pure: bytes in, content out, the same for any cut of the bytes.

use bytes::Bytes;

/// The most that the extensions of a chunk may add up to, and the trailer section: nobody needs either.
const EXTRAS: u32 = 16 * 1024;

/// Where in a body we are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoder {
    /// So many bytes are still to come.
    Length(u64),
    /// Everything until the connection ends.
    Close,
    /// Chunks, the last of which is empty.
    Chunked(Chunk),
    /// Nothing more.
    Ended,
}

/// Where in the chunked coding we are (RFC 9112, section 7.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    at: At,
    /// The size being read, then what is left of the chunk.
    size: u64,
    /// Bytes of this chunk's extensions so far, in the end of the trailers.
    extras: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before the first digit of a size.
    Size,
    /// Within a size, after at least one digit.
    MoreSize,
    /// Blanks or an extension behind the size.
    Extension,
    /// The size line's line feed.
    SizeEnd,
    Data,
    /// The carriage return and the line feed behind the data.
    DataReturn,
    DataEnd,
    /// The beginning of a line of the trailer section.
    Trailer,
    /// Within such a line, and its line feed.
    TrailerLine,
    TrailerLineEnd,
    /// The last line feed.
    LastEnd,
    Ended,
}

/// The framing is broken; what was wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

impl Decoder {
    /// A body of `length` bytes.
    pub(crate) fn length(length: u64) -> Self {
        if length == 0 { Self::Ended } else { Self::Length(length) }
    }

    /// A body in chunks.
    pub(crate) fn chunked() -> Self {
        Self::Chunked(Chunk { at: At::Size, size: 0, extras: 0 })
    }

    /// Whether nothing more belongs to the body.
    pub(crate) fn ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Takes all content off the front of `from` and the framing around it: in one piece, as what is sent on in one
    /// piece costs less. Empty: more bytes are needed, or the body has ended; what is left then belongs to nobody.
    ///
    /// # Errors
    ///
    /// The framing is broken and no content stands before the break; the connection is of no use any more.
    pub(crate) fn take(&mut self, from: &mut &[u8]) -> Result<Bytes, Broken> {
        let first = self.next(from)?;
        if from.is_empty() || self.ended() {
            return Ok(Bytes::copy_from_slice(first));
        }
        let mut all = Vec::with_capacity(first.len() + from.len());
        all.extend_from_slice(first);
        while let Ok(next) = self.next(from)
            && !next.is_empty()
        {
            all.extend_from_slice(next);
        }
        if all.is_empty() { self.next(from).map(Bytes::copy_from_slice) } else { Ok(all.into()) }
    }

    /// The next content that stands together.
    fn next<'a>(&mut self, from: &mut &'a [u8]) -> Result<&'a [u8], Broken> {
        match self {
            Self::Ended => Ok(&[]),
            Self::Close => Ok(std::mem::take(from)),
            Self::Length(left) => {
                let content = split(from, left);
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(content)
            }
            Self::Chunked(chunk) => {
                chunk.frame(from)?;
                let content = if chunk.at == At::Data { split(from, &mut chunk.size) } else { &[] };
                if chunk.at == At::Data && chunk.size == 0 {
                    chunk.at = At::DataReturn;
                    // The end often comes with the last content: who sees it at once has the connection back at once.
                    // A break is told when it is met again.
                    drop(chunk.frame(from));
                }
                if chunk.at == At::Ended {
                    *self = Self::Ended;
                }
                Ok(content)
            }
        }
    }
}

impl Chunk {
    /// Reads what is not content. At a break it stops before the byte at fault.
    fn frame(&mut self, from: &mut &[u8]) -> Result<(), Broken> {
        while !matches!(self.at, At::Data | At::Ended)
            && let Some((byte, rest)) = from.split_first()
        {
            self.step(*byte)?;
            *from = rest;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), Broken> {
        self.at = match (self.at, byte) {
            (At::Size | At::MoreSize, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (At::MoreSize, b' ' | b'\t' | b';') => At::Extension,
            (At::MoreSize | At::Extension, b'\r') => At::SizeEnd,
            // A line feed here could hide a chunk from who reads lines another way.
            (At::Extension, byte) if byte != b'\n' => self.extra(At::Extension)?,
            (At::SizeEnd, b'\n') => {
                self.extras = 0;
                if self.size == 0 { At::Trailer } else { At::Data }
            }
            (At::DataReturn, b'\r') => At::DataEnd,
            (At::DataEnd, b'\n') => At::Size,
            (At::Trailer, b'\r') => At::LastEnd,
            (At::TrailerLine, b'\r') => At::TrailerLineEnd,
            (At::Trailer | At::TrailerLine, byte) if byte != b'\n' => self.extra(At::TrailerLine)?,
            (At::TrailerLineEnd, b'\n') => At::Trailer,
            (At::LastEnd, b'\n') => At::Ended,
            _ => return Err(Broken("broken chunked framing")),
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<At, Broken> {
        let digit = (byte as char).to_digit(16).unwrap_or_default();
        let size = self.size.checked_mul(16).ok_or(Broken("a chunk's size is too large"))?;
        self.size = size | u64::from(digit);
        Ok(At::MoreSize)
    }

    fn extra(&mut self, at: At) -> Result<At, Broken> {
        self.extras += 1;
        if self.extras > EXTRAS { Err(Broken("chunk extensions or trailers are too long")) } else { Ok(at) }
    }
}

/// The first `most` bytes of `from`, or all of them; `most` is what is then still to come.
fn split<'a>(from: &mut &'a [u8], most: &mut u64) -> &'a [u8] {
    let count = usize::try_from(*most).map_or(from.len(), |most| most.min(from.len()));
    let (content, rest) = from.split_at(count);
    *from = rest;
    *most -= count as u64;
    content
}

#[cfg(test)]
mod tests;
