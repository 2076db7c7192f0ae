//! A provider's stream, read ("Streaming responses", 2026-11).
//!
//! A chunk is an answer of its own: parts that are added, and the counts so far. Text goes on from chunk to chunk, calls
//! come whole. There is no terminator: the stream is complete when each of the answers has its finish reason.

use crate::codec::{Asked, Sink, read_fault};
use crate::json::Loose;
use crate::model::{CallKind, Delta, Event, Finish, Opening, Part, Start, Thinking, Usage, Vendor};
use crate::sse::{SseReader, broken};
use crate::text::Text;

use super::answer_in::{call_id, model};
use super::fields::{AnswerFields, CallFields, CandidateFields, UsageFields};
use super::grounding::{self, MAX_TEXT};
use super::parts_in::{Found, arguments, part};
use super::{logprobs, read_finish};

pub(super) struct Reader {
    asked: Asked,
    has_started: bool,
    candidates: Vec<Candidate>,
}

impl Reader {
    pub(super) fn new(asked: &Asked) -> Self {
        Self { asked: asked.clone(), has_started: false, candidates: Vec::new() }
    }

    fn start(&mut self, id: Option<Text<'_>>, version: Option<Text<'_>>, usage: Option<Usage>, sink: Sink<'_>) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        let version = version.map(Text::into_owned);
        sink(Event::Start(Start { id, model: model(&self.asked, version), usage, ..Start::default() }));
    }

    fn candidate(&mut self, index: u32) -> &mut Candidate {
        let at = self.candidates.iter().position(|candidate| candidate.index == index).unwrap_or_else(|| {
            self.candidates.push(Candidate { index, ..Candidate::default() });
            self.candidates.len() - 1
        });
        &mut self.candidates[at]
    }
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        // Some who copy the dialect end like OpenAI.
        if data == "[DONE]" {
            return self.finish(sink);
        }
        let chunk: AnswerFields<'_> = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            Err(_) => return sink(Event::Fault(broken("an event of the stream could not be read".to_owned()))),
        };
        if chunk.error.is_some() {
            return sink(Event::Fault(read_fault(0, data.as_bytes())));
        }
        let mut usage = chunk.usage.and_then(Loose::known).as_ref().map(UsageFields::usage).filter(Usage::is_known);
        self.start(chunk.id, chunk.model, usage, sink);
        let candidates = chunk.candidates.unwrap_or_default();
        if candidates.is_empty() && chunk.feedback.is_some_and(|feedback| feedback.reason.is_some()) {
            self.candidate(0).finish(Finish::Filtered, sink);
        }
        for mut fields in candidates {
            let queries = fields.grounding.as_ref().and_then(|grounding| match grounding {
                Loose::Known(grounding) => grounding.queries.as_ref().map(Vec::len),
                Loose::Strange(_) => None,
            });
            if let (Some(usage), Some(queries)) = (&mut usage, queries) {
                usage.web_searches = u64::try_from(queries).ok();
            }
            let asked = std::mem::take(&mut self.asked);
            self.candidate(fields.index.take().unwrap_or(0)).read(fields, &asked, sink);
            self.asked = asked;
        }
        if let Some(usage) = usage {
            sink(Event::Usage(usage));
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if !self.candidates.is_empty() && self.candidates.iter().all(|candidate| candidate.has_finished) {
            sink(Event::End);
        }
    }
}

/// One of the answers, as far as it has come.
#[derive(Debug, Default)]
struct Candidate {
    index: u32,
    next_part: u32,
    /// The part that text goes to.
    open: Option<(Kind, u32)>,
    /// Its signature has come: more text is another part.
    is_sealed: bool,
    calls: u32,
    has_finished: bool,
    /// What it said, for the places of citations.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
}

impl Candidate {
    fn read(&mut self, fields: CandidateFields<'_>, asked: &Asked, sink: Sink<'_>) {
        for fields in fields.content.and_then(|content| content.parts).unwrap_or_default() {
            match part(fields) {
                Some(Found::Said(said)) => self.say(said, sink),
                Some(Found::Call(call, signature)) => self.call(call, signature, asked, sink),
                Some(Found::Response(_)) | None => {}
            }
        }
        let made = fields.logprobs.and_then(Loose::known).as_ref().and_then(logprobs::to_model);
        if let (Some(made), Some((Kind::Text, part))) = (made, self.open) {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Logprobs(&made) });
        }
        let (grounding, citation) = (fields.grounding.and_then(Loose::known), fields.citation.and_then(Loose::known));
        if grounding.is_some() || citation.is_some() {
            let text = std::mem::take(&mut self.text);
            for source in grounding::read(grounding, citation, &text) {
                let part = self.part(Kind::Text, None, sink);
                sink(Event::Delta { choice: self.index, part, delta: Delta::Citation(source) });
            }
            self.text = text;
        }
        if let Some(word) = fields.finish.filter(|word| !word.is_empty()) {
            self.finish(read_finish(word, self.calls > 0), sink);
        }
    }

    fn finish(&mut self, finish: Finish<'_>, sink: Sink<'_>) {
        self.close(sink);
        if !self.has_finished {
            self.has_finished = true;
            sink(Event::Finish { choice: self.index, finish });
        }
    }

    fn say(&mut self, said: Part<'_>, sink: Sink<'_>) {
        match said {
            Part::Text(text) => self.text(text.text, text.signature, sink),
            Part::Thinking(thinking) => self.think(thinking, sink),
            Part::Media(media) => {
                if let Some(seal) = &media.signature {
                    self.seal(seal, false, sink);
                }
                self.whole(Opening::Media(media), sink);
            }
            Part::Opaque(opaque) => self.whole(Opening::Opaque(opaque), sink),
            Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
    }

    fn text(&mut self, text: Text<'_>, signature: Option<Text<'_>>, sink: Sink<'_>) {
        if let Some(seal) = &signature {
            let is_lone = text.is_empty() && self.open.is_none();
            self.seal(seal, is_lone, sink);
        }
        if !text.is_empty() {
            if self.text.len() + text.len() <= MAX_TEXT {
                self.text.push_str(&text);
            }
            if self.is_sealed {
                self.close(sink);
            }
            let part = self.part(Kind::Text, None, sink);
            sink(Event::Delta { choice: self.index, part, delta: Delta::Text(text) });
        }
        if let (Some(seal), Some((Kind::Text, part))) = (signature, self.open) {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Signature(seal) });
            self.is_sealed = true;
        }
    }

    fn think(&mut self, thinking: Thinking<'_>, sink: Sink<'_>) {
        let Thinking { text, signature, .. } = thinking;
        if text.is_empty() && signature.is_none() {
            return;
        }
        let part = self.part(Kind::Thinking, Some(Vendor::Google), sink);
        if !text.is_empty() {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Text(text) });
        }
        if let Some(seal) = signature {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Signature(seal) });
            self.close(sink);
        }
    }

    fn call(&mut self, fields: CallFields<'_>, signature: Option<Text<'_>>, asked: &Asked, sink: Sink<'_>) {
        if let Some(seal) = &signature {
            self.seal(seal, true, sink);
        }
        self.close(sink);
        let id = fields.id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| Text::from(call_id(asked, self.index, self.calls)));
        self.calls += 1;
        let (choice, part) = (self.index, self.number());
        let name = fields.name.unwrap_or_default();
        let opening = Opening::ToolCall { id, name, kind: CallKind::Function, signature };
        sink(Event::Open { choice, part, opening });
        sink(Event::Delta { choice, part, delta: Delta::Arguments(arguments(fields.args)) });
        sink(Event::Close { choice, part });
    }

    /// Thoughts carry the signature of the part after them too: see `answer_in`.
    fn seal(&mut self, seal: &Text<'_>, even_alone: bool, sink: Sink<'_>) {
        let is_open = matches!(self.open, Some((Kind::Thinking, _)));
        if is_open || even_alone {
            let part = self.part(Kind::Thinking, Some(Vendor::Google), sink);
            sink(Event::Delta { choice: self.index, part, delta: Delta::Signature(seal.borrow()) });
            self.close(sink);
        }
    }

    fn whole(&mut self, opening: Opening<'_>, sink: Sink<'_>) {
        self.close(sink);
        let (choice, part) = (self.index, self.number());
        sink(Event::Open { choice, part, opening });
        sink(Event::Close { choice, part });
    }

    fn number(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }

    /// The open part of this kind, newly opened if need be.
    fn part(&mut self, kind: Kind, vendor: Option<Vendor>, sink: Sink<'_>) -> u32 {
        if let Some((open, part)) = self.open
            && open == kind
        {
            return part;
        }
        self.close(sink);
        let part = self.number();
        let opening = match kind {
            Kind::Text => Opening::Text,
            Kind::Thinking => Opening::Thinking { id: None, vendor },
        };
        sink(Event::Open { choice: self.index, part, opening });
        self.open = Some((kind, part));
        part
    }

    fn close(&mut self, sink: Sink<'_>) {
        self.is_sealed = false;
        if let Some((_, part)) = self.open.take() {
            sink(Event::Close { choice: self.index, part });
        }
    }
}
