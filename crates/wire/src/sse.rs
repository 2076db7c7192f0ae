//! Server-sent events, split from a byte stream without changing a byte.
//!
//! In: chunks, cut anywhere. Out: events with their exact bytes, so that what is passed on is what came. Each byte is
//! looked at once, an event that lies in one chunk is not copied, and what is held back is bounded.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

#[cfg(test)]
mod tests;

/// The longest event a [`Splitter::default`] holds, in bytes: a base64 image of 4K fits.
pub const MAX_EVENT: usize = 32 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// An event is longer than the splitter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLong {
    /// The limit, in bytes.
    pub max_event: usize,
}

impl fmt::Display for EventTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a stream event is longer than {} bytes", self.max_event)
    }
}

impl std::error::Error for EventTooLong {}

/// Cuts a byte stream into events. The raw bytes of all events and the rest, put together, are the stream.
#[derive(Debug)]
pub struct Splitter {
    ready: VecDeque<Bytes>,
    /// The start of an event whose end has not come. Already looked at.
    carry: BytesMut,
    at_line_start: bool,
    ending: Ending,
    max_event: usize,
    overflowed: bool,
}

/// Whether the last byte was a CR, which an LF may still complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    None,
    /// It ended a line.
    Line,
    /// It ended an empty line and with it an event.
    Event,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new(MAX_EVENT)
    }
}

impl Splitter {
    /// A splitter that refuses events of more than `max_event` bytes.
    pub fn new(max_event: usize) -> Self {
        Self {
            ready: VecDeque::new(),
            carry: BytesMut::new(),
            at_line_start: true,
            ending: Ending::None,
            max_event,
            overflowed: false,
        }
    }

    /// Takes the next bytes. Call [`Splitter::next`] until it has no more before the next push, to keep memory low.
    ///
    /// # Errors
    /// When an event grows too long. Events complete before it can still be taken and [`Splitter::finish`] gives what
    /// was kept of it; later pushes fail and their bytes are dropped.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), EventTooLong> {
        let mut start = 0;
        let mut at = 0;
        if self.ending != Ending::None && !chunk.is_empty() {
            at = usize::from(chunk[0] == b'\n');
            if self.ending == Ending::Event {
                self.emit(&chunk, 0, at)?;
                start = at;
            }
            self.ending = Ending::None;
        }
        while let Some(found) = memchr2(b'\n', b'\r', &chunk[at..]) {
            let is_blank = self.at_line_start && found == 0;
            at += found + 1;
            self.at_line_start = true;
            if chunk[at - 1] == b'\r' {
                match chunk.get(at) {
                    Some(b'\n') => at += 1,
                    Some(_) => {}
                    None => {
                        self.ending = if is_blank { Ending::Event } else { Ending::Line };
                        break;
                    }
                }
            }
            if is_blank && start == 0 && at == chunk.len() && self.carry.is_empty() && at <= self.max_event {
                // The usual chunk is one event.
                self.ready.push_back(chunk);
                return Ok(());
            }
            if is_blank {
                self.emit(&chunk, start, at)?;
                start = at;
            }
        }
        if at < chunk.len() {
            self.at_line_start = false;
        }
        self.hold(&chunk[start..])
    }

    /// The next complete event.
    #[expect(clippy::should_implement_trait, reason = "not an iterator: more may come after a None")]
    pub fn next(&mut self) -> Option<Event> {
        self.ready.pop_front().map(Event::new)
    }

    /// Ends the stream: the bytes after the last complete event, if any. It is a whole event when only its blank line
    /// is missing; [`Event::new`] reads it.
    pub fn finish(self) -> Option<Bytes> {
        (!self.carry.is_empty()).then(|| self.carry.freeze())
    }

    fn emit(&mut self, chunk: &Bytes, start: usize, end: usize) -> Result<(), EventTooLong> {
        if self.carry.is_empty() && !self.overflowed && end - start <= self.max_event {
            self.ready.push_back(chunk.slice(start..end));
            return Ok(());
        }
        self.hold(&chunk[start..end])?;
        let whole = self.carry.split().freeze();
        self.ready.push_back(whole);
        Ok(())
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        if self.overflowed || self.carry.len() + bytes.len() > self.max_event {
            if !self.overflowed {
                self.carry.extend_from_slice(bytes);
            }
            self.overflowed = true;
            return Err(EventTooLong { max_event: self.max_event });
        }
        self.carry.extend_from_slice(bytes);
        Ok(())
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its exact bytes, with the blank line that ends it.
    pub raw: Bytes,
}

impl Event {
    /// Reads these bytes as one event.
    pub const fn new(raw: Bytes) -> Self {
        Self { raw }
    }

    /// The value of its `event` field; `None` when absent or empty.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.fields().0
    }

    /// The values of its `data` fields, joined by LF. Borrowed from `raw` when there is one and it is UTF-8.
    pub fn data(&self) -> Cow<'_, str> {
        self.fields().1
    }

    /// Name and data, from one look at its lines.
    pub(crate) fn fields(&self) -> (Option<Cow<'_, str>>, Cow<'_, str>) {
        let (mut name, mut data) = (None, None::<Cow<'_, str>>);
        for line in self.lines() {
            if let Some(value) = value(line, b"data") {
                data = Some(match data {
                    None => lossy(value),
                    Some(before) => Cow::Owned(before.into_owned() + "\n" + &lossy(value)),
                });
            } else if let Some(value) = value(line, b"event") {
                name = Some(value);
            }
        }
        (name.filter(|name| !name.is_empty()).map(lossy), data.unwrap_or_default())
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.raw.strip_prefix(BOM).unwrap_or(&self.raw);
        std::iter::from_fn(move || {
            (!rest.is_empty()).then(|| {
                let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                let (line, after) = rest.split_at(end);
                rest = after.get(1..).unwrap_or_default();
                line
            })
        })
    }
}

/// The value of a line with this field.
fn value<'l>(line: &'l [u8], field: &[u8]) -> Option<&'l [u8]> {
    match line.strip_prefix(field)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// As text; most is, and proving that is much quicker than mending.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
