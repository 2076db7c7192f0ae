//! The caller's stream, written ("Streaming responses", 2026-11).
//!
//! Chunks with what is added; calls come whole, so their arguments are held until they are complete. The last chunk has
//! the finish reasons and the usage. Without `alt=sse` the chunks are the elements of an array.

use crate::codec::{Asked, StreamWriter};
use crate::json::{List, Object};
use crate::model::{CallKind, Delta, Event, Finish, OpaquePart, Opening, Start, ToolCall, Usage, Vendor};
use crate::text::Text;

use super::answer_out::write_shown;
use super::grounding::{self, MAX_TEXT, Page};
use super::parts_out::{write_call, write_text, write_thought};
use super::{finish_word, logprobs, seal, write_error, write_usage};

pub(super) struct Writer {
    id: String,
    model: String,
    is_array: bool,
    has_begun: bool,
    usage: Usage,
    candidates: Vec<Candidate>,
}

#[derive(Default)]
struct Candidate {
    index: u32,
    finish: Option<Finish<'static>>,
    parts: Vec<OpenPart>,
    pages: Vec<Page>,
    /// What it said, for the places of citations.
    text: String,
}

struct OpenPart {
    part: u32,
    kind: Kind,
}

enum Kind {
    Text,
    Thinking { id: Option<String>, vendor: Vendor },
    Call { id: String, name: String, arguments: String, signature: Option<String> },
    Skipped,
}

impl Writer {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            id: asked.id(""),
            model: asked.model.clone(),
            is_array: asked.array_stream,
            has_begun: false,
            usage: Usage::default(),
            candidates: Vec::new(),
        }
    }

    fn start(&mut self, start: Start<'_>) {
        let said = |text: Option<Text<'_>>| text.filter(|text| !text.is_empty()).map(|text| text.to_string());
        self.id = said(start.id).unwrap_or_else(|| std::mem::take(&mut self.id));
        self.model = said(start.model).unwrap_or_else(|| std::mem::take(&mut self.model));
        self.usage = self.usage.updated(start.usage.unwrap_or_default());
    }

    /// Writes one object in the stream's frame.
    fn frame(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let (before, after): (&[u8], &[u8]) = match (self.is_array, self.has_begun) {
            (false, _) => (b"data: ", b"\n\n"),
            (true, false) => (b"[", b""),
            (true, true) => (b",\n", b""),
        };
        self.has_begun = true;
        out.extend_from_slice(before);
        Object::write(out, fill);
        out.extend_from_slice(after);
    }

    /// Writes a chunk that adds to one answer.
    fn add(&mut self, index: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut List<'_>)) {
        self.candidate(index, out, |candidate| {
            candidate.object("content", |content| {
                content.list("parts", fill);
                content.text("role", "model");
            });
        });
    }

    fn candidate(&mut self, index: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let (model, id) = (std::mem::take(&mut self.model), std::mem::take(&mut self.id));
        self.frame(out, |chunk| {
            chunk.list("candidates", |list| {
                list.object(|candidate| {
                    fill(candidate);
                    candidate.count("index", u64::from(index));
                });
            });
            chunk.text("modelVersion", &model);
            chunk.text("responseId", &id);
        });
        (self.model, self.id) = (model, id);
    }

    fn place(&mut self, index: u32) -> usize {
        self.candidates.iter().position(|candidate| candidate.index == index).unwrap_or_else(|| {
            self.candidates.push(Candidate { index, ..Candidate::default() });
            self.candidates.len() - 1
        })
    }

    fn open(&mut self, index: u32, part: u32, opening: Opening<'_>, out: &mut Vec<u8>) {
        let kind = match opening {
            Opening::Text | Opening::Refusal => Kind::Text,
            Opening::Thinking { id, vendor } => {
                Kind::Thinking { id: id.map(|id| id.to_string()), vendor: vendor.unwrap_or(Vendor::Other) }
            }
            Opening::ToolCall { kind: CallKind::Server, .. } => Kind::Skipped,
            Opening::ToolCall { id, name, signature, .. } => Kind::Call {
                id: id.to_string(),
                name: name.to_string(),
                arguments: String::new(),
                signature: signature.map(|signature| signature.to_string()),
            },
            Opening::Media(media) => {
                self.add(index, out, |list| write_shown(list, &media));
                Kind::Skipped
            }
            Opening::Opaque(OpaquePart { kind, vendor: Vendor::Google, json: Some(json) }) => {
                self.add(index, out, |list| list.object(|part| part.raw(&kind, json.get())));
                Kind::Skipped
            }
            Opening::Opaque(_) => Kind::Skipped,
        };
        let at = self.place(index);
        self.candidates[at].parts.push(OpenPart { part, kind });
    }

    fn delta(&mut self, index: u32, part: u32, delta: Delta<'_>, out: &mut Vec<u8>) {
        let at = self.place(index);
        let candidate = &mut self.candidates[at];
        let Some(open) = candidate.parts.iter_mut().find(|open| open.part == part) else { return };
        match (&mut open.kind, delta) {
            (Kind::Text, Delta::Text(text)) if text.is_empty() => {}
            (Kind::Text, Delta::Text(text)) => {
                if candidate.text.len() + text.len() <= MAX_TEXT {
                    candidate.text.push_str(&text);
                }
                self.add(index, out, |list| write_text(list, &[&text], None));
            }
            (Kind::Text, Delta::Signature(seal)) => self.add(index, out, |list| write_text(list, &[], Some(&seal))),
            (Kind::Text, Delta::Citation(source)) => candidate.pages.extend(Page::of(&source)),
            (Kind::Text, Delta::Logprobs(found)) => {
                self.candidate(index, out, |candidate| logprobs::write(candidate, found));
            }
            (Kind::Thinking { .. }, Delta::Text(text)) => {
                self.add(index, out, |list| write_thought(list, &text, None));
            }
            (Kind::Thinking { id, vendor }, Delta::Signature(seal)) => {
                let packed = seal::pack_seal(*vendor, id.as_deref(), &seal, false);
                self.add(index, out, |list| write_thought(list, "", Some(&packed)));
            }
            (Kind::Thinking { id, vendor }, Delta::Hidden(seal)) => {
                let packed = seal::pack_seal(*vendor, id.as_deref(), &seal, true);
                self.add(index, out, |list| write_thought(list, "", Some(&packed)));
            }
            (Kind::Call { arguments, .. }, Delta::Arguments(text)) => arguments.push_str(&text),
            (Kind::Text | Kind::Thinking { .. } | Kind::Call { .. } | Kind::Skipped, _) => {}
        }
    }

    fn close(&mut self, index: u32, part: u32, out: &mut Vec<u8>) {
        let at = self.place(index);
        let parts = &mut self.candidates[at].parts;
        let Some(found) = parts.iter().position(|open| open.part == part) else { return };
        if let Kind::Call { id, name, arguments, signature } = parts.remove(found).kind {
            let call = ToolCall {
                id: id.into(),
                name: name.into(),
                arguments: arguments.into(),
                kind: CallKind::Function,
                cache: None,
                signature: None,
            };
            self.add(index, out, |list| write_call(list, &call, Some(&call.id), signature.as_deref()));
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.place(0);
        // What was never closed is complete all the same.
        for index in self.candidates.iter().map(|candidate| candidate.index).collect::<Vec<_>>() {
            let at = self.place(index);
            for part in self.candidates[at].parts.iter().map(|open| open.part).collect::<Vec<_>>() {
                self.close(index, part, out);
            }
        }
        let candidates = std::mem::take(&mut self.candidates);
        let (model, id, usage) = (std::mem::take(&mut self.model), std::mem::take(&mut self.id), self.usage);
        self.frame(out, |chunk| {
            chunk.list("candidates", |list| {
                for candidate in &candidates {
                    list.object(|object| {
                        object.object("content", |content| {
                            content.list("parts", |list| write_text(list, &[], None));
                            content.text("role", "model");
                        });
                        object.text("finishReason", finish_word(candidate.finish.as_ref()));
                        object.count("index", u64::from(candidate.index));
                        grounding::write(object, &candidate.pages, &candidate.text);
                    });
                }
            });
            if usage.is_known() {
                write_usage(chunk, &usage);
            }
            chunk.text("modelVersion", &model);
            chunk.text("responseId", &id);
        });
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        let is_last = matches!(event, Event::End | Event::Fault(_));
        match event {
            Event::Start(start) => self.start(start),
            Event::Open { choice, part, opening } => self.open(choice, part, opening, out),
            Event::Delta { choice, part, delta } => self.delta(choice, part, delta, out),
            Event::Close { choice, part } => self.close(choice, part, out),
            Event::Finish { choice, finish } => {
                let at = self.place(choice);
                self.candidates[at].finish = Some(finish.into_owned());
            }
            Event::Usage(usage) => self.usage = self.usage.updated(usage),
            // Clients read nothing but chunks.
            Event::Ping => {}
            Event::Fault(fault) => self.frame(out, |chunk| write_error(chunk, &fault)),
            Event::End => self.end(out),
        }
        if is_last && self.is_array {
            out.extend_from_slice(b"]");
        }
    }
}
