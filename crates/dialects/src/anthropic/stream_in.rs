//! A provider's stream, read ("Streaming messages", 2026-11).

use crate::codec::{Asked, Sink, read_fault};
use crate::json::text_of;
use crate::model::{CallKind, Delta, Event, OpaquePart, Opening, Start, Vendor};
use crate::sse::{SseReader, broken};
use crate::text::Text;

use super::answer::is_call;
use super::blocks::citation;
use super::fields::{Block, DeltaFields, EventFields, MessageAnswer};
use super::read_finish;

/// Blocks become parts in the order in which they are opened.
#[derive(Debug, Default)]
pub(super) struct Reader {
    next_part: u32,
    open: Vec<OpenBlock>,
    has_started: bool,
    has_finished: bool,
    /// The model's name, where the provider's is one of the inside.
    model: Option<String>,
}

#[derive(Debug)]
struct OpenBlock {
    index: u32,
    part: u32,
    /// Arguments that stood in the block's start, for a call whose deltas have not come.
    pending: Option<String>,
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        let event: EventFields<'_> = match serde_json::from_str(data) {
            Ok(event) => event,
            Err(_) => return sink(Event::Fault(broken("an event of the stream could not be read".to_owned()))),
        };
        let index = event.index.unwrap_or(0);
        match event.kind.as_deref() {
            Some("message_start") => self.start(event.message.unwrap_or_default(), sink),
            Some("content_block_start") => self.open(index, event.content_block.unwrap_or_default(), sink),
            Some("content_block_delta") => self.delta(index, event.delta.unwrap_or_default(), sink),
            Some("content_block_stop") => self.close(index, sink),
            Some("message_delta") => {
                if let Some(usage) = &event.usage {
                    sink(Event::Usage(usage.usage()));
                }
                let DeltaFields { stop_reason, stop_sequence, .. } = event.delta.unwrap_or_default();
                if let Some(word) = stop_reason {
                    self.has_finished = true;
                    sink(Event::Finish { choice: 0, finish: read_finish(word, stop_sequence) });
                }
            }
            Some("message_stop") => sink(Event::End),
            Some("ping") => sink(Event::Ping),
            Some("error") => sink(Event::Fault(read_fault(0, data.as_bytes()))),
            // "New event types may be added; code should handle unknown ones gracefully."
            Some(_) => {}
            None if event.error.is_some() => sink(Event::Fault(read_fault(0, data.as_bytes()))),
            None => {}
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.has_finished {
            sink(Event::End);
        }
    }
}

impl Reader {
    pub(super) fn new(asked: &Asked) -> Self {
        Self { model: asked.unnamed.then(|| asked.model.clone()), ..Self::default() }
    }

    fn start(&mut self, message: MessageAnswer<'_>, sink: Sink<'_>) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        let usage = message.usage;
        sink(Event::Start(Start {
            id: message.id,
            model: self.model.as_deref().map(Text::from).or(message.model),
            created: None,
            usage: usage.as_ref().map(super::fields::UsageFields::usage),
            service_tier: usage.and_then(|usage| usage.service_tier),
        }));
    }

    fn open(&mut self, index: u32, block: Block<'_>, sink: Sink<'_>) {
        let part = self.next_part;
        self.next_part += 1;
        let pending = block.input.filter(|_| is_call(&block)).map(|input| text_of(input).to_string());
        self.open.push(OpenBlock { index, part, pending });
        let kind = block.kind.unwrap_or_default();
        let (text, hidden) = (block.text.or(block.thinking), block.data);
        let id = block.id.unwrap_or_default();
        let opening = match kind.as_str() {
            "text" => Opening::Text,
            "thinking" | "redacted_thinking" => Opening::Thinking { id: None, vendor: Some(Vendor::Anthropic) },
            "tool_use" | "server_tool_use" => Opening::ToolCall {
                id,
                name: block.name.unwrap_or_default(),
                kind: if kind.as_str() == "tool_use" { CallKind::Function } else { CallKind::Server },
                signature: None,
            },
            _ => Opening::Opaque(OpaquePart { kind, vendor: Vendor::Anthropic, json: None }),
        };
        sink(Event::Open { choice: 0, part, opening });
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            sink(Event::Delta { choice: 0, part, delta: Delta::Text(text) });
        }
        if let Some(hidden) = hidden {
            sink(Event::Delta { choice: 0, part, delta: Delta::Hidden(hidden) });
        }
    }

    fn delta(&mut self, index: u32, delta: DeltaFields<'_>, sink: Sink<'_>) {
        let Some(open) = self.open.iter_mut().find(|open| open.index == index) else { return };
        let part = open.part;
        let delta = match delta.kind.as_deref() {
            Some("text_delta") => delta.text.map(Delta::Text),
            Some("thinking_delta") => delta.thinking.map(Delta::Text),
            Some("signature_delta") => delta.signature.map(Delta::Signature),
            Some("input_json_delta") => delta.partial_json.filter(|json| !json.is_empty()).map(|json| {
                open.pending = None;
                Delta::Arguments(json)
            }),
            Some("citations_delta") => delta.citation.map(|json| Delta::Citation(citation(json))),
            Some(_) | None => None,
        };
        if let Some(delta) = delta {
            sink(Event::Delta { choice: 0, part, delta });
        }
    }

    fn close(&mut self, index: u32, sink: Sink<'_>) {
        let Some(at) = self.open.iter().position(|open| open.index == index) else { return };
        let OpenBlock { part, pending, .. } = self.open.remove(at);
        if let Some(arguments) = pending {
            sink(Event::Delta { choice: 0, part, delta: Delta::Arguments(Text::from(arguments)) });
        }
        sink(Event::Close { choice: 0, part });
    }
}
