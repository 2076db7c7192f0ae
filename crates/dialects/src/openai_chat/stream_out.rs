//! The caller's stream, written ("Chat: streaming", 2026-11).
//!
//! A chunk with the role; chunks with what is added; a chunk with the finish reason; the usage; `[DONE]`. The usage has
//! a chunk of its own when the caller asked for it, and otherwise stands in the last one with a choice, where callers
//! that did not ask for it do not stumble over an empty list.

use crate::codec::{Asked, StreamWriter};
use crate::json::Object;
use crate::model::{CallKind, Delta, Event, Finish, Media, MediaKind, Opening, Source, Start, Thinking, Usage, Vendor};
use crate::sse::write_data;
use crate::text::Text;

use super::answer_out::{write_citation, write_image};
use super::message_out::write_details;
use super::{finish_word, write_error, write_usage};

pub(super) struct Writer {
    id: String,
    model: String,
    created: u64,
    include_usage: bool,
    usage: Option<Usage>,
    choices: Vec<Choice>,
}

#[derive(Default)]
struct Choice {
    index: u32,
    finish: Option<Finish<'static>>,
    parts: Vec<OpenPart>,
    next_call: u64,
    next_thought: u64,
}

struct OpenPart {
    part: u32,
    kind: Kind,
}

enum Kind {
    Text,
    Refusal,
    Thinking { text: String, id: Option<String>, vendor: Option<Vendor> },
    Call { number: u64, has_arguments: bool, is_custom: bool },
    Skipped,
}

impl Writer {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            id: asked.id("chatcmpl-"),
            model: asked.model.clone(),
            created: asked.now,
            include_usage: asked.include_usage,
            usage: None,
            choices: Vec::new(),
        }
    }

    fn start(&mut self, start: Start<'_>, out: &mut Vec<u8>) {
        let said = |text: Option<Text<'_>>| text.filter(|text| !text.is_empty()).map(|text| text.to_string());
        self.id = said(start.id).unwrap_or_else(|| std::mem::take(&mut self.id));
        self.model = said(start.model).unwrap_or_else(|| std::mem::take(&mut self.model));
        self.created = start.created.unwrap_or(self.created);
        self.usage = start.usage.or(self.usage);
        self.choice(0, out);
    }

    /// The place of an answer; one that is new begins with its role.
    fn choice(&mut self, index: u32, out: &mut Vec<u8>) -> usize {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return at;
        }
        self.choices.push(Choice { index, ..Choice::default() });
        self.delta(index, out, |delta| {
            delta.text("role", "assistant");
            delta.text("content", "");
        });
        self.choices.len() - 1
    }

    fn delta(&self, index: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.chunk(out, |chunk| {
            chunk.list("choices", |list| {
                list.object(|choice| {
                    choice.count("index", u64::from(index));
                    choice.object("delta", fill);
                    choice.null("logprobs");
                    choice.null("finish_reason");
                });
            });
        });
    }

    fn chunk(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        write_data(out, |chunk| {
            chunk.text("id", &self.id);
            chunk.text("object", "chat.completion.chunk");
            chunk.count("created", self.created);
            chunk.text("model", &self.model);
            fill(chunk);
        });
    }

    fn open(&mut self, index: u32, part: u32, opening: Opening<'_>, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        let kind = match opening {
            Opening::Text => Kind::Text,
            Opening::Refusal => Kind::Refusal,
            Opening::Thinking { id, vendor } => {
                Kind::Thinking { text: String::new(), id: id.map(|id| id.to_string()), vendor }
            }
            Opening::ToolCall { kind: CallKind::Server, .. } | Opening::Opaque(_) => Kind::Skipped,
            Opening::ToolCall { id, name, kind, signature } => {
                let number = self.choices[at].next_call;
                self.choices[at].next_call += 1;
                let is_custom = kind == CallKind::Custom;
                self.delta(index, out, |delta| {
                    delta.list("tool_calls", |list| {
                        list.object(|call| {
                            call.count("index", number);
                            call.text("id", &id);
                            call.text("type", if is_custom { "custom" } else { "function" });
                            call.object(if is_custom { "custom" } else { "function" }, |fields| {
                                fields.text("name", &name);
                                fields.text(if is_custom { "input" } else { "arguments" }, "");
                            });
                            if let Some(signature) = &signature {
                                call.object("extra_content", |extra| {
                                    extra.object("google", |google| google.text("thought_signature", signature));
                                });
                            }
                        });
                    });
                });
                Kind::Call { number, has_arguments: false, is_custom }
            }
            Opening::Media(media) => {
                self.media(index, &media, out);
                Kind::Skipped
            }
        };
        self.choices[at].parts.push(OpenPart { part, kind });
    }

    fn media(&self, index: u32, media: &Media<'_>, out: &mut Vec<u8>) {
        match (media.kind, &media.source) {
            (MediaKind::Image, _) => self.delta(index, out, |delta| {
                delta.list("images", |list| write_image(list, media));
            }),
            (MediaKind::Audio, Source::Base64(data)) => self.delta(index, out, |delta| {
                delta.object("audio", |audio| {
                    audio.text("data", data);
                    audio.maybe_text("transcript", media.transcript.as_deref());
                });
            }),
            (MediaKind::Audio | MediaKind::Video | MediaKind::Document, _) => {}
        }
    }

    fn add(&mut self, index: u32, part: u32, added: Delta<'_>, out: &mut Vec<u8>) {
        let Some(choice) = self.choices.iter_mut().find(|choice| choice.index == index) else { return };
        let Some(open) = choice.parts.iter_mut().find(|open| open.part == part) else { return };
        match (&mut open.kind, added) {
            (Kind::Text, Delta::Text(text)) => self.delta(index, out, |delta| delta.text("content", &text)),
            (Kind::Refusal, Delta::Text(text)) => self.delta(index, out, |delta| delta.text("refusal", &text)),
            (Kind::Thinking { text: so_far, .. }, Delta::Text(text)) => {
                so_far.push_str(&text);
                self.delta(index, out, |delta| delta.text("reasoning_content", &text));
            }
            (Kind::Thinking { text, id, vendor }, sealed @ (Delta::Signature(_) | Delta::Hidden(_))) => {
                let (signature, hidden) = match sealed {
                    Delta::Signature(seal) => (Some(seal), None),
                    Delta::Hidden(data) => (None, Some(data)),
                    Delta::Text(_) | Delta::Arguments(_) | Delta::Citation(_) | Delta::Logprobs(_) => return,
                };
                // The proof comes with the whole text it proves, so that a caller that keeps `reasoning_details`
                // keeps all.
                let id = id.as_deref().map(|id| Text::from(id.to_owned()));
                let text = Text::from(std::mem::take(text));
                let thought = Thinking { text, signature, hidden, id, vendor: *vendor };
                let number = choice.next_thought;
                choice.next_thought += 1;
                self.delta(index, out, |delta| write_details(delta, number, std::iter::once(&thought)));
            }
            (Kind::Call { number, has_arguments, is_custom }, Delta::Arguments(text)) => {
                *has_arguments = true;
                let (number, is_custom) = (*number, *is_custom);
                self.arguments(index, number, is_custom, &text, out);
            }
            (Kind::Text, Delta::Citation(source)) if source.url.is_some() => {
                self.delta(index, out, |delta| delta.list("annotations", |list| write_citation(list, &source)));
            }
            (Kind::Text, Delta::Logprobs(logprobs)) => self.chunk(out, |chunk| {
                chunk.list("choices", |list| {
                    list.object(|choice| {
                        choice.count("index", u64::from(index));
                        choice.object("delta", |_| {});
                        choice.raw("logprobs", logprobs.get());
                        choice.null("finish_reason");
                    });
                });
            }),
            (Kind::Text | Kind::Refusal | Kind::Thinking { .. } | Kind::Call { .. } | Kind::Skipped, _) => {}
        }
    }

    fn arguments(&self, index: u32, number: u64, is_custom: bool, text: &str, out: &mut Vec<u8>) {
        self.delta(index, out, |delta| {
            delta.list("tool_calls", |list| {
                list.object(|call| {
                    call.count("index", number);
                    call.object(if is_custom { "custom" } else { "function" }, |fields| {
                        fields.text(if is_custom { "input" } else { "arguments" }, text);
                    });
                });
            });
        });
    }

    fn close(&mut self, index: u32, part: u32, out: &mut Vec<u8>) {
        let Some(choice) = self.choices.iter_mut().find(|choice| choice.index == index) else { return };
        let Some(at) = choice.parts.iter().position(|open| open.part == part) else { return };
        let closed = choice.parts.remove(at);
        // Arguments are the text of an object, also when there are none.
        if let Kind::Call { number, has_arguments: false, is_custom: false } = closed.kind {
            self.arguments(index, number, false, "{}", out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.choice(0, out);
        let last = self.choices.len() - 1;
        for (at, choice) in self.choices.iter().enumerate() {
            self.chunk(out, |chunk| {
                chunk.list("choices", |list| {
                    list.object(|object| {
                        object.count("index", u64::from(choice.index));
                        object.object("delta", |_| {});
                        object.null("logprobs");
                        object.text("finish_reason", finish_word(choice.finish.as_ref()));
                    });
                });
                if let (Some(usage), false, true) = (&self.usage, self.include_usage, at == last) {
                    write_usage(chunk, usage);
                }
            });
        }
        if self.include_usage {
            self.chunk(out, |chunk| {
                chunk.list("choices", |_| {});
                write_usage(chunk, &self.usage.unwrap_or_default());
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::Open { choice, part, opening } => self.open(choice, part, opening, out),
            Event::Delta { choice, part, delta } => self.add(choice, part, delta, out),
            Event::Close { choice, part } => self.close(choice, part, out),
            Event::Finish { choice, finish } => {
                let at = self.choice(choice, out);
                self.choices[at].finish = Some(finish.into_owned());
            }
            Event::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().updated(usage)),
            // A comment keeps the connection alive.
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Fault(fault) => write_data(out, |data| write_error(data, &fault)),
            Event::End => self.end(out),
        }
    }
}
