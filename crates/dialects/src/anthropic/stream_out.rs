//! The caller's stream, written ("Streaming messages", 2026-11).
//!
//! `message_start`; per block `content_block_start`, deltas, `content_block_stop`, one block after another; at last
//! `message_delta` with the stop reason and the whole usage, and `message_stop`.

use crate::codec::{Asked, StreamWriter};
use crate::model::{CallKind, Delta, Event, Finish, Opening, Start, Usage, Vendor, carry};
use crate::sequence::Sequencer;
use crate::sse::write_named;

use super::answer::citation_fields;
use super::{write_error, write_finish, write_usage};

pub(super) struct Writer {
    sequencer: Sequencer,
    message: Message,
}

impl Writer {
    pub(super) fn new(asked: &Asked) -> Self {
        let message = Message {
            model: asked.model.clone(),
            id: asked.id("msg_"),
            has_started: false,
            next_index: 0,
            block: Block::None,
            finish: None,
            usage: Usage::default(),
        };
        Self { sequencer: Sequencer::default(), message }
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        let Self { sequencer, message } = self;
        sequencer.feed(event, &mut |event| message.write(event, out));
    }
}

struct Message {
    model: String,
    id: String,
    has_started: bool,
    next_index: u32,
    block: Block,
    finish: Option<Finish<'static>>,
    usage: Usage,
}

/// The block being written.
enum Block {
    None,
    /// Written as it comes. Its type word decides the type of its deltas.
    Open(&'static str),
    /// Thoughts, of which it is not known yet whether they can be read.
    Undecided {
        id: Option<String>,
        vendor: Option<Vendor>,
    },
    /// Readable thoughts.
    Thinking {
        id: Option<String>,
        vendor: Option<Vendor>,
    },
    /// Nothing for this caller.
    Skipped,
}

impl Message {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::Ping => self.ping(out),
            Event::Usage(usage) => self.usage = self.usage.updated(usage),
            Event::Open { opening, .. } => self.open(opening, out),
            Event::Delta { delta, .. } => self.delta(delta, out),
            Event::Close { .. } => self.close(out),
            Event::Finish { finish, .. } => self.finish = Some(finish.into_owned()),
            Event::Fault(fault) => write_named(out, "error", |data| write_error(data, &fault)),
            Event::End => self.end(out),
        }
    }

    fn start(&mut self, start: Start<'_>, out: &mut Vec<u8>) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        self.usage = self.usage.updated(start.usage.unwrap_or_default());
        let model = start.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&self.model);
        let id = start.id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&self.id);
        write_named(out, "message_start", |data| {
            data.object("message", |message| {
                message.text("id", id);
                message.text("type", "message");
                message.text("role", "assistant");
                message.text("model", model);
                message.list("content", |_| {});
                message.null("stop_reason");
                message.null("stop_sequence");
                write_usage(message, Some(&self.usage));
            });
        });
    }

    fn ensure_started(&mut self, out: &mut Vec<u8>) {
        self.start(Start::default(), out);
    }

    fn ping(&mut self, out: &mut Vec<u8>) {
        if self.has_started {
            write_named(out, "ping", |_| {});
        }
    }

    fn open(&mut self, opening: Opening<'_>, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.block = match opening {
            Opening::Text | Opening::Refusal => {
                self.begin(out, |block| {
                    block.text("type", "text");
                    block.text("text", "");
                });
                Block::Open("text")
            }
            Opening::Thinking { id, vendor } => Block::Undecided { id: id.map(|id| id.to_string()), vendor },
            Opening::ToolCall { kind: CallKind::Server, .. } | Opening::Opaque(_) => Block::Skipped,
            Opening::ToolCall { id, name, .. } => {
                self.begin(out, |block| {
                    block.text("type", "tool_use");
                    block.text("id", &id);
                    block.text("name", &name);
                    block.object("input", |_| {});
                });
                Block::Open("tool_use")
            }
            Opening::Media(media) => match media.transcript {
                Some(transcript) => {
                    self.begin(out, |block| {
                        block.text("type", "text");
                        block.text("text", &transcript);
                    });
                    Block::Open("text")
                }
                None => Block::Skipped,
            },
        };
    }

    fn begin(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut crate::json::Object<'_>)) {
        write_named(out, "content_block_start", |data| {
            data.count("index", u64::from(self.next_index));
            data.object("content_block", fill);
        });
    }

    /// Starts a block of thoughts once the first of them shows whether they can be read.
    fn decide(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let Block::Undecided { id, vendor } = &mut self.block else { return };
        let (id, vendor) = (id.take(), *vendor);
        self.block = match (delta, vendor) {
            (Delta::Hidden(data), Some(Vendor::Anthropic)) => {
                self.begin(out, |block| {
                    block.text("type", "redacted_thinking");
                    block.text("data", data);
                });
                Block::Open("redacted_thinking")
            }
            _ => {
                self.begin(out, |block| {
                    block.text("type", "thinking");
                    block.text("thinking", "");
                    block.text("signature", "");
                });
                Block::Thinking { id, vendor }
            }
        };
    }

    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        self.decide(&delta, out);
        match (&self.block, &delta) {
            (Block::Open("text"), Delta::Text(text)) => self.write_text(out, "text_delta", "text", text),
            (Block::Open("tool_use"), Delta::Arguments(text)) => {
                self.write_text(out, "input_json_delta", "partial_json", text);
            }
            (Block::Thinking { .. }, Delta::Text(text)) => self.write_text(out, "thinking_delta", "thinking", text),
            (Block::Thinking { id, vendor }, Delta::Signature(seal) | Delta::Hidden(seal)) => match vendor {
                Some(Vendor::Anthropic) => self.write_text(out, "signature_delta", "signature", seal),
                vendor => {
                    let seal = carry(vendor.unwrap_or(Vendor::Other), id.as_deref(), seal);
                    self.write_text(out, "signature_delta", "signature", &seal);
                }
            },
            (Block::Open("text"), Delta::Citation(source)) => self.write_delta(out, |delta| {
                delta.text("type", "citations_delta");
                match source.json {
                    Some((Vendor::Anthropic, json)) => delta.raw("citation", json.get()),
                    Some(_) | None => delta.object("citation", |citation| citation_fields(citation, source)),
                }
            }),
            _ => {}
        }
    }

    fn write_text(&self, out: &mut Vec<u8>, kind: &str, key: &str, value: &str) {
        self.write_delta(out, |delta| {
            delta.text("type", kind);
            delta.text(key, value);
        });
    }

    fn write_delta(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut crate::json::Object<'_>)) {
        write_named(out, "content_block_delta", |data| {
            data.count("index", u64::from(self.next_index));
            data.object("delta", fill);
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.block, Block::None) {
            Block::None | Block::Undecided { .. } | Block::Skipped => {}
            Block::Open(_) | Block::Thinking { .. } => {
                write_named(out, "content_block_stop", |data| data.count("index", u64::from(self.next_index)));
                self.next_index += 1;
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.ensure_started(out);
        write_named(out, "message_delta", |data| {
            data.object("delta", |delta| write_finish(delta, self.finish.as_ref()));
            write_usage(data, Some(&self.usage));
        });
        write_named(out, "message_stop", |_| {});
    }
}
