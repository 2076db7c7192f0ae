//! How a stream's chunks are framed: as events, or (without `alt=sse`) as the elements of one JSON array.

use bytes::Bytes;
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

    fn decide(&mut self, chunk: &[u8]) {
        let Some(first) = chunk.iter().find(|byte| !byte.is_ascii_whitespace()) else { return };
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Undecided(reader) if matches!(first, b'[' | b'{') => State::Array(Elements::default(), reader),
            State::Undecided(reader) => State::Events(Sse::new(reader)),
            decided => decided,
        };
    }
}

impl<R: SseReader> StreamReader for Framed<R> {
    fn push(&mut self, chunk: Bytes, sink: Sink<'_>) {
        if matches!(self.state, State::Undecided(_)) {
            self.decide(&chunk);
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
