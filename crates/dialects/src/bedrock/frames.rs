//! The frames of AWS event streams ("Amazon event stream encoding", Smithy 2.0 specification, 2026-11).
//!
//! In: bytes, cut anywhere. Out: whole frames, both checksums verified. A frame is: its length, the length of its
//! headers, a checksum of these two, headers, payload, a checksum of all before it. All numbers are big-endian.

use bytes::{Buf, Bytes, BytesMut};

/// The longest frame: the payload may have 24 MiB, the headers 128 KiB.
const MAX_FRAME: usize = (24 << 20) + (128 << 10) + OVERHEAD;

/// The lengths and their checksum.
const PRELUDE: usize = 12;

/// All that is neither header nor payload.
const OVERHEAD: usize = PRELUDE + 4;

/// Cuts bytes into frames. After an error nothing comes out any more.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: BytesMut,
    is_broken: bool,
}

/// Why the bytes are no frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAFrame(&'static str);

impl std::fmt::Display for NotAFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// A whole frame.
#[derive(Debug)]
pub(super) struct Frame {
    headers: Bytes,
    /// The JSON.
    pub(super) payload: Bytes,
}

impl Frames {
    /// Takes bytes.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if !self.is_broken {
            self.held.extend_from_slice(chunk);
        }
    }

    /// The next whole frame; `None`: it has not come yet.
    pub(super) fn next(&mut self) -> Option<Result<Frame, NotAFrame>> {
        if self.is_broken {
            return None;
        }
        match self.cut() {
            Ok(frame) => frame.map(Ok),
            Err(why) => {
                self.is_broken = true;
                self.held = BytesMut::new();
                Some(Err(why))
            }
        }
    }

    fn cut(&mut self) -> Result<Option<Frame>, NotAFrame> {
        let Some(prelude) = self.held.first_chunk::<PRELUDE>() else { return Ok(None) };
        let [length, headers, check] = words(prelude);
        if crc32fast::hash(&prelude[..8]) != check {
            return Err(NotAFrame("the lengths of a frame are damaged"));
        }
        let (length, headers) = (length as usize, headers as usize);
        if length > MAX_FRAME {
            return Err(NotAFrame("a frame is too long"));
        }
        let Some(payload) = length.checked_sub(OVERHEAD).and_then(|room| room.checked_sub(headers)) else {
            return Err(NotAFrame("the lengths of a frame do not fit"));
        };
        if self.held.len() < length {
            return Ok(None);
        }
        let mut frame = self.held.split_to(length).freeze();
        let checked = crc32fast::hash(&frame[..length - 4]);
        frame.advance(PRELUDE);
        let headers = frame.split_to(headers);
        let payload = frame.split_to(payload);
        if frame.get_u32() != checked {
            return Err(NotAFrame("a frame is damaged"));
        }
        Ok(Some(Frame { headers, payload }))
    }
}

fn words(prelude: &[u8; PRELUDE]) -> [u32; 3] {
    let mut rest: &[u8] = prelude;
    [rest.get_u32(), rest.get_u32(), rest.get_u32()]
}

impl Frame {
    /// The header with this name, if it is a string.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut rest: &[u8] = &self.headers;
        loop {
            let (length, after) = rest.split_first()?;
            let (key, after) = after.split_at_checked(usize::from(*length))?;
            let (kind, after) = after.split_first()?;
            let (value, after) = value(*kind, after)?;
            if key == name.as_bytes() {
                return value.and_then(|text| std::str::from_utf8(text).ok());
            }
            rest = after;
        }
    }
}

/// A value of this kind, its text if it is one, and what comes after it.
fn value(kind: u8, bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let size = match kind {
        // True and false have no bytes; then: 8, 16, 32 and 64 bits, a time, a UUID.
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        9 => 16,
        // Bytes and text tell their length.
        6 | 7 => {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            return Some(((kind == 7).then_some(text), rest));
        }
        _ => return None,
    };
    bytes.split_at_checked(size).map(|(_, rest)| (None, rest))
}
