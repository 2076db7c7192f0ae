//! A provider's stream, read ("ConverseStream", 2026-11).

use bytes::Bytes;

use crate::codec::{Sink, StreamReader, read_fault};
use crate::json::Loose;
use crate::model::{CallKind, Delta, Event, Fault, FaultKind, Opening, Start, Usage, Vendor};
use crate::sse::broken;
use crate::text::{Number, Text};

use super::answer::{call_kind, citation, picture};
use super::fields::{DeltaFields, EventFields, ReasoningDelta, ToolUse, UsageFields};
use super::frames::{Frame, Frames};
use super::read_finish;

/// Blocks become parts in the order in which they come. Only calls are announced: others begin with their first piece.
#[derive(Debug, Default)]
pub(super) struct Reader {
    frames: Frames,
    next_part: u32,
    open: Vec<OpenBlock>,
    has_started: bool,
    has_finished: bool,
    has_ended: bool,
}

#[derive(Debug)]
struct OpenBlock {
    index: u64,
    part: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
}

impl StreamReader for Reader {
    fn push(&mut self, chunk: Bytes, sink: Sink<'_>) {
        self.frames.push(&chunk);
        while let Some(frame) = self.frames.next() {
            match frame {
                Ok(frame) => self.frame(&frame, sink),
                Err(why) => sink(Event::Fault(broken(why.to_string()))),
            }
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        // The usage comes after the stop reason; without it the answer is complete all the same.
        if self.has_finished {
            self.end(sink);
        }
    }
}

impl Reader {
    fn frame(&mut self, frame: &Frame, sink: Sink<'_>) {
        match frame.header(":message-type") {
            Some("exception") => {
                let word = frame.header(":exception-type").unwrap_or_default();
                return sink(Event::Fault(exception(word, &frame.payload)));
            }
            Some("error") => {
                let word = frame.header(":error-code").unwrap_or_default();
                let message = frame.header(":error-message").unwrap_or(word).to_owned();
                return sink(Event::Fault(Fault { message: message.into(), ..exception(word, b"") }));
            }
            Some(_) | None => {}
        }
        let event = std::str::from_utf8(&frame.payload).ok().map(serde_json::from_str::<EventFields<'_>>);
        let Some(Ok(event)) = event else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        self.start(sink);
        let index = event.index.as_ref().map_or(0, Number::count);
        match frame.header(":event-type") {
            Some("contentBlockStart") => {
                if let Some(call) = event.start.and_then(|start| start.tool_use) {
                    self.call(index, call, sink);
                }
            }
            Some("contentBlockDelta") => self.delta(index, event.delta.unwrap_or_default(), sink),
            Some("contentBlockStop") => self.close(index, sink),
            Some("messageStop") => {
                self.close_all(sink);
                self.has_finished = true;
                let word = event.stop_reason.unwrap_or(Text::fixed("end_turn"));
                let stop_text = event.additional.and_then(Loose::known).and_then(|fields| fields.stop_sequence);
                sink(Event::Finish { choice: 0, finish: read_finish(word, stop_text) });
            }
            Some("metadata") => {
                let usage = event.usage.and_then(Loose::known).map(UsageFields::usage);
                if let Some(usage) = usage.filter(Usage::is_known) {
                    sink(Event::Usage(usage));
                }
                if self.has_finished {
                    self.end(sink);
                }
            }
            // `messageStart` says nothing but the role; what is new is passed over.
            Some(_) | None => {}
        }
    }

    fn start(&mut self, sink: Sink<'_>) {
        if !self.has_started {
            self.has_started = true;
            sink(Event::Start(Start::default()));
        }
    }

    fn end(&mut self, sink: Sink<'_>) {
        if !self.has_ended {
            self.has_ended = true;
            sink(Event::End);
        }
    }

    fn open(&mut self, index: u64, kind: Kind, opening: Opening<'_>, sink: Sink<'_>) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        self.open.push(OpenBlock { index, part, kind });
        sink(Event::Open { choice: 0, part, opening });
        part
    }

    fn call(&mut self, index: u64, call: ToolUse<'_>, sink: Sink<'_>) {
        let kind = call_kind(call.kind.as_deref());
        if kind == CallKind::Server {
            return;
        }
        let (id, name) = (call.id.unwrap_or_default(), call.name.unwrap_or_default());
        self.open(index, Kind::Call, Opening::ToolCall { id, name, kind, signature: None }, sink);
    }

    fn delta(&mut self, index: u64, delta: DeltaFields<'_>, sink: Sink<'_>) {
        if let Some(text) = delta.text {
            self.add(index, Kind::Text, Delta::Text(text), sink);
        }
        if let Some(input) = delta.tool_use.and_then(|call| call.input) {
            self.add(index, Kind::Call, Delta::Arguments(input), sink);
        }
        if let Some(ReasoningDelta { text, signature, redacted, .. }) = delta.reasoning {
            let seal = signature.filter(|seal| !seal.is_empty());
            let pieces = [text.map(Delta::Text), seal.map(Delta::Signature), redacted.map(Delta::Hidden)];
            pieces.into_iter().flatten().for_each(|delta| self.add(index, Kind::Thinking, delta, sink));
        }
        if let Some(source) = delta.citation.and_then(Loose::known) {
            self.add(index, Kind::Text, Delta::Citation(citation(source)), sink);
        }
        if let Some(image) = delta.image.and_then(picture) {
            let part = self.next_part;
            self.next_part += 1;
            sink(Event::Open { choice: 0, part, opening: Opening::Media(image) });
            sink(Event::Close { choice: 0, part });
        }
    }

    /// Adds to the open block of this kind, which begins now if it has not begun.
    fn add(&mut self, index: u64, kind: Kind, delta: Delta<'_>, sink: Sink<'_>) {
        let known = self.open.iter().find(|block| block.index == index && block.kind == kind);
        let part = match (known, kind) {
            (Some(block), _) => block.part,
            // Arguments of a call that was not announced belong to a tool that the provider runs by itself.
            (None, Kind::Call) => return,
            (None, Kind::Text) => {
                self.close(index, sink);
                self.open(index, kind, Opening::Text, sink)
            }
            (None, Kind::Thinking) => {
                self.close(index, sink);
                let vendor = match delta {
                    Delta::Hidden(_) => Vendor::Amazon,
                    // Only Claude signs its thoughts.
                    Delta::Text(_)
                    | Delta::Signature(_)
                    | Delta::Arguments(_)
                    | Delta::Citation(_)
                    | Delta::Logprobs(_) => Vendor::Anthropic,
                };
                self.open(index, kind, Opening::Thinking { id: None, vendor: Some(vendor) }, sink)
            }
        };
        sink(Event::Delta { choice: 0, part, delta });
    }

    fn close(&mut self, index: u64, sink: Sink<'_>) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            let block = self.open.remove(at);
            sink(Event::Close { choice: 0, part: block.part });
        }
    }

    fn close_all(&mut self, sink: Sink<'_>) {
        for block in self.open.drain(..) {
            sink(Event::Close { choice: 0, part: block.part });
        }
    }
}

/// "ConverseStream: errors", 2026-11.
fn exception(word: &str, payload: &[u8]) -> Fault<'static> {
    let kind = match word {
        "throttlingException" => FaultKind::RateLimit,
        "validationException" => FaultKind::InvalidRequest,
        "accessDeniedException" => FaultKind::Permission,
        "resourceNotFoundException" => FaultKind::NotFound,
        "modelTimeoutException" => FaultKind::Timeout,
        "serviceUnavailableException" | "modelNotReadyException" => FaultKind::Overloaded,
        _ => FaultKind::Server,
    };
    let told = claviger_wire::fault::in_json(payload).map(|fields| fields.message).filter(|text| !text.is_empty());
    Fault {
        status: kind.status(),
        kind,
        code: Some(word.to_owned().into()).filter(|code: &Text<'_>| !code.is_empty()),
        message: told.map_or_else(|| read_fault(kind.status(), b"").message, Text::from),
        param: None,
    }
}
