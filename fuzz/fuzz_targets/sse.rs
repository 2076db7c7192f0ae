//! Any cut of a stream gives the same events, their bytes put together are the stream, and every event can be read.
//!
//! Input: one byte that sets the chunk size, then the stream.
#![no_main]

use bytes::Bytes;
use claviger_wire::sse::{Event, Splitter};
use claviger_wire::stream;
use libfuzzer_sys::fuzz_target;

fn split(stream: &[u8], chunk: usize) -> (Vec<Event>, Option<Bytes>) {
    let mut splitter = Splitter::default();
    let mut events = Vec::new();
    for piece in stream.chunks(chunk) {
        assert!(splitter.push(Bytes::copy_from_slice(piece)).is_ok());
        events.extend(std::iter::from_fn(|| splitter.next()));
    }
    (events, splitter.finish())
}

fuzz_target!(|input: &[u8]| {
    let Some((size, stream)) = input.split_first() else { return };
    let whole = split(stream, usize::MAX);
    assert_eq!(whole, split(stream, usize::from(*size) + 1));
    let (events, rest) = whole;
    let mut together: Vec<u8> = events.iter().flat_map(|event| event.raw.to_vec()).collect();
    together.extend_from_slice(&rest.unwrap_or_default());
    assert_eq!(together, stream);
    for event in &events {
        let _ = stream::read(claviger_wire::operation::recognise("/v1/chat/completions").0, event);
        let _ = stream::read(claviger_wire::operation::recognise("/v1/responses").0, event);
    }
});
