//! How a stream's chunks are framed: as events, or (without `alt=sse`) as the elements of one JSON array.

use bytes::{Buf, Bytes};
use claviger_wire::sse::MAX_EVENT;

use crate::codec::{Sink, StreamReader};
use crate::model::Event;
use crate::sse::{Sse, SseReader, broken};

/// Reads either: the first byte tells which.
pub(super) struct Framed<R> {
    state: State<R>,
}

enum State<R> {
    Undecided(R),
    Events(Sse<R>),
    Array(Elements, R),
    /// Too long, or being decided.
    Over,
}

impl<R: SseReader> Framed<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { state: State::Undecided(reader) }
    }

    fn decide(&mut self, first: u8) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Undecided(reader) if matches!(first, b'[' | b'{') => State::Array(Elements::default(), reader),
            State::Undecided(reader) => State::Events(Sse::new(reader)),
            decided => decided,
        };
    }
}

impl<R: SseReader> StreamReader for Framed<R> {
    fn push(&mut self, mut chunk: Bytes, sink: Sink<'_>) {
        if matches!(self.state, State::Undecided(_)) {
            // white space before all else is skipped however it is cut
            let Some(start) = chunk.iter().position(|byte| !byte.is_ascii_whitespace()) else { return };
            chunk.advance(start);
            self.decide(chunk[0]);
        }
        match &mut self.state {
            State::Undecided(_) | State::Over => {}
            State::Events(events) => events.push(chunk, sink),
            State::Array(elements, reader) => {
                elements.push(&chunk, &mut |element| reader.read(None, element, sink));
                if elements.held.len() > MAX_EVENT {
                    self.state = State::Over;
                    sink(Event::Fault(broken("an element of the stream is too long".to_owned())));
                }
            }
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        match &mut self.state {
            State::Undecided(_) | State::Over => {}
            State::Events(events) => events.finish(sink),
            State::Array(_, reader) => reader.finish(sink),
        }
    }
}

/// Cuts an array into its elements, which are objects.
#[derive(Default)]
struct Elements {
    held: Vec<u8>,
    depth: u32,
    in_string: bool,
    is_escaped: bool,
}

impl Elements {
    fn push(&mut self, chunk: &[u8], found: &mut dyn FnMut(&str)) {
        let mut start = (self.depth > 0).then_some(0);
        for (at, byte) in chunk.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' if self.depth > 0 => self.in_string = !self.in_string,
                b'{' if !self.in_string => {
                    if self.depth == 0 {
                        start = Some(at);
                    }
                    self.depth += 1;
                }
                b'}' if !self.in_string && self.depth > 0 => {
                    self.depth -= 1;
                    if let (0, Some(from)) = (self.depth, start) {
                        self.held.extend_from_slice(chunk.get(from..=at).unwrap_or_default());
                        // What is no text is no JSON either, and is told as such by the reader.
                        found(std::str::from_utf8(&self.held).unwrap_or("?"));
                        self.held.clear();
                        start = None;
                    }
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            self.held.extend_from_slice(chunk.get(from..).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(Vec<String>);

    impl SseReader for Names {
        fn read(&mut self, _: Option<&str>, data: &str, _: Sink<'_>) {
            self.0.push(data.to_owned());
        }

        fn finish(&mut self, _: Sink<'_>) {}
    }

    fn read(stream: &[u8], size: usize) -> Vec<String> {
        let mut framed = Framed::new(Names(Vec::new()));
        stream.chunks(size).for_each(|chunk| framed.push(Bytes::copy_from_slice(chunk), &mut |_| {}));
        framed.finish(&mut |_| {});
        match framed.state {
            State::Events(events) => events.into_reader().0,
            State::Array(_, reader) | State::Undecided(reader) => reader.0,
            State::Over => Vec::new(),
        }
    }

    #[test]
    fn white_space_before_the_stream_is_skipped_however_it_is_cut() {
        for (stream, wanted) in
            [(&b"\x0cdata:a\n\n"[..], "a"), (b"\r\n data: a\n\n", "a"), (b" \n[{\"a\":1}]", "{\"a\":1}")]
        {
            for size in 1..=stream.len() {
                assert_eq!(read(stream, size), [wanted], "{size}");
            }
        }
    }
}
