//! Server-sent events: bytes to events for readers, events to bytes for writers.

use bytes::Bytes;
use claviger_wire::sse::{Event as Raw, Splitter};

use crate::codec::{Sink, StreamReader};
use crate::json::Object;
use crate::model::{Event, Fault, FaultKind};
use crate::text::Text;

/// Reads single events of a stream.
pub(crate) trait SseReader: Send {
    /// Reads one event; `data` is never empty.
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>);

    /// The stream has ended.
    fn finish(&mut self, sink: Sink<'_>);
}

/// Makes a [`StreamReader`] of an [`SseReader`].
pub(crate) struct Sse<R> {
    splitter: Splitter,
    reader: R,
}

impl<R: SseReader> Sse<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { splitter: Splitter::default(), reader }
    }

    /// What read the events.
    #[cfg(test)]
    pub(crate) fn into_reader(self) -> R {
        self.reader
    }

    fn read(&mut self, raw: &Raw, sink: Sink<'_>) {
        let data = raw.data();
        let data = data.trim();
        if !data.is_empty() {
            self.reader.read(raw.name().as_deref(), data, sink);
        }
    }
}

impl<R: SseReader> StreamReader for Sse<R> {
    fn push(&mut self, chunk: Bytes, sink: Sink<'_>) {
        let pushed = self.splitter.push(chunk);
        while let Some(raw) = self.splitter.next() {
            self.read(&raw, sink);
        }
        if let Err(too_long) = pushed {
            sink(Event::Fault(broken(too_long.to_string())));
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if let Some(rest) = std::mem::take(&mut self.splitter).finish() {
            self.read(&Raw::new(rest), sink);
        }
        self.reader.finish(sink);
    }
}

/// A stream that is not what it should be.
pub(crate) fn broken(message: String) -> Fault<'static> {
    Fault {
        status: 502,
        kind: FaultKind::Server,
        code: Some(Text::fixed("invalid_stream")),
        message: message.into(),
        param: None,
    }
}

/// Writes an event with data and no name.
pub(crate) fn write_data(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.extend_from_slice(b"data: ");
    Object::write(out, fill);
    out.extend_from_slice(b"\n\n");
}

/// Writes an event with a name, which also is the `type` of its data.
pub(crate) fn write_named(out: &mut Vec<u8>, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    Object::write(out, |data| {
        data.text("type", name);
        fill(data);
    });
    out.extend_from_slice(b"\n\n");
}
