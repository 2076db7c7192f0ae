//! A provider's stream, read ("Streaming (v1)", 2026-11): a JSON object per line, or the same as server-sent events.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use crate::codec::{Sink, StreamReader, read_fault};
use crate::cohere::UsageFields;
use crate::json::Loose;
use crate::model::{Event, Start};
use crate::sse::broken;
use crate::teller::Teller;

use super::answer::{call, finish};
use super::fields::{AnswerFields, CallFields, DocumentFields, EventFields, citation};

/// The last line repeats the whole answer, history included.
const MAX_LINE: usize = 32 << 20;

#[derive(Debug, Default)]
pub(super) struct Reader {
    held: BytesMut,
    teller: Teller,
    calls: usize,
    is_broken: bool,
}

impl StreamReader for Reader {
    fn push(&mut self, chunk: Bytes, sink: Sink<'_>) {
        if self.is_broken {
            return;
        }
        // What is held has no line end: only the new bytes are searched.
        let mut searched = self.held.len();
        self.held.extend_from_slice(&chunk);
        while let Some(at) = memchr(b'\n', &self.held[searched..]) {
            let line = self.held.split_to(searched + at).freeze();
            self.held.advance(1);
            searched = 0;
            self.line(&line, sink);
        }
        if self.held.len() > MAX_LINE {
            self.is_broken = true;
            self.held = BytesMut::new();
            sink(Event::Fault(broken("a line of the stream is too long".to_owned())));
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        let rest = self.held.split().freeze();
        self.line(&rest, sink);
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    fn line(&mut self, line: &[u8], sink: Sink<'_>) {
        let text = std::str::from_utf8(line).ok().map(str::trim);
        let data = text.map(|line| line.strip_prefix("data:").unwrap_or(line).trim_start());
        let event = match data {
            Some("" | "[DONE]") => return,
            Some(line) if line.starts_with("event:") || line.starts_with("id:") || line.starts_with(':') => return,
            Some(line) => serde_json::from_str::<EventFields<'_>>(line),
            None => serde_json::from_slice::<EventFields<'_>>(b""),
        };
        match event {
            Ok(event) if event.kind.is_some() => self.event(event, sink),
            Ok(_) => sink(Event::Fault(read_fault(0, data.unwrap_or_default().as_bytes()))),
            Err(_) => sink(Event::Fault(broken("a line of the stream could not be read".to_owned()))),
        }
    }

    fn event(&mut self, event: EventFields<'_>, sink: Sink<'_>) {
        let EventFields { kind, id, text, tool_calls, citations, finish_reason, response, .. } = event;
        self.teller.start(Start { id, ..Start::default() }, sink);
        match kind.as_deref() {
            // What is said before calls comes in pieces of them.
            Some("text-generation" | "tool-calls-chunk") => self.teller.voice(0).say(text.unwrap_or_default(), sink),
            // The calls come whole in the end, and the text before them once more.
            Some("tool-calls-generation") => self.calls(tool_calls.unwrap_or_default(), sink),
            Some("citation-generation") => {
                let none: [DocumentFields<'_>; 0] = [];
                for fields in citations.unwrap_or_default().into_iter().filter_map(Loose::known) {
                    self.teller.voice(0).cite(citation(fields, &none), sink);
                }
            }
            Some("stream-end") => {
                let whole: AnswerFields<'_> = response.and_then(Loose::known).unwrap_or_default();
                if self.calls == 0 {
                    self.calls(whole.tool_calls.unwrap_or_default(), sink);
                }
                let word = finish_reason.or(whole.finish_reason);
                self.teller.voice(0).finish(finish(word, self.calls > 0), sink);
                self.teller.usage(whole.meta.and_then(Loose::known).and_then(UsageFields::usage), sink);
                self.teller.end(sink);
            }
            Some(_) | None => {}
        }
    }

    fn calls(&mut self, calls: Vec<CallFields<'_>>, sink: Sink<'_>) {
        for fields in calls {
            let index = self.calls as u64;
            let call = call(self.calls, fields);
            self.calls += 1;
            let voice = self.teller.voice(0);
            voice.call(index, call.id, call.name, sink);
            voice.arguments(index, call.arguments, sink);
        }
    }
}
