//! A provider's stream, read ("Chat: streaming", 2026-11).
//!
//! A chunk says what is added to which answer. Text, refusal and thoughts follow one another; tool calls are told apart
//! by their index and may be sent in turns.

use crate::codec::{Sink, read_fault};
use crate::json::{Loose, TextOr, text_of};
use crate::model::{Citation, Delta, Event, Opening, Part, Start, Thinking, ToolCall, Vendor};
use crate::sse::{SseReader, broken};
use crate::text::{Number, Text};

use super::answer_in::{of_calls, usage};
use super::fields::{AnswerChoice, AnswerFields, CallFields, MessageFields};
use super::message_in::{call, citation, content, thought};
use super::read_finish;

#[derive(Debug, Default)]
pub(super) struct Reader {
    has_started: bool,
    has_finished: bool,
    choices: Vec<Choice>,
}

/// One of the answers, as far as it has come.
#[derive(Debug, Default)]
struct Choice {
    index: u32,
    next_part: u32,
    /// The part that text goes to.
    open: Option<(Kind, u32)>,
    calls: Vec<Call>,
    has_calls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Thinking,
}

#[derive(Debug)]
struct Call {
    index: u32,
    id: String,
    part: u32,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            self.close_all(sink);
            return sink(Event::End);
        }
        let chunk: AnswerFields<'_> = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            Err(_) => return sink(Event::Fault(broken("an event of the stream could not be read".to_owned()))),
        };
        let is_error = |raw: &serde_json::value::RawValue| !matches!(raw.get(), "{}" | "\"\"" | "false");
        if name == Some("error") || chunk.error.is_some_and(is_error) {
            return sink(Event::Fault(read_fault(0, data.as_bytes())));
        }
        let AnswerFields { id, created, model, choices, usage: used, x_groq, service_tier, .. } = chunk;
        if !self.has_started {
            self.has_started = true;
            let created = created.and_then(Loose::known).as_ref().map(Number::count);
            sink(Event::Start(Start { id, model, created, usage: None, service_tier }));
        }
        let mut reported = usage(used).or_else(|| usage(x_groq.and_then(|groq| groq.usage)));
        for mut fields in choices.unwrap_or_default() {
            reported = reported.or(usage(fields.usage.take()));
            self.has_finished |= self.choice(fields.index.unwrap_or(0)).read(fields, sink);
        }
        if let Some(usage) = reported {
            sink(Event::Usage(usage));
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        // Some leave `[DONE]` out; the finish reason is what counts.
        if self.has_finished {
            self.close_all(sink);
            sink(Event::End);
        }
    }
}

impl Reader {
    fn choice(&mut self, index: u32) -> &mut Choice {
        let at = self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    fn close_all(&mut self, sink: Sink<'_>) {
        for choice in &mut self.choices {
            choice.close_all(sink);
        }
    }
}

impl Choice {
    /// Reads what a chunk has for this answer; whether it is finished with it.
    fn read(&mut self, fields: AnswerChoice<'_>, sink: Sink<'_>) -> bool {
        if let Some(delta) = fields.delta.or(fields.message) {
            self.delta(delta, sink);
        }
        if let (Some(logprobs), Some((Kind::Text, part))) = (fields.logprobs, self.open) {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Logprobs(logprobs) });
        }
        let Some(word) = fields.finish_reason.filter(|word| !matches!(word.as_str(), "" | "null")) else {
            return false;
        };
        self.close_all(sink);
        sink(Event::Finish { choice: self.index, finish: of_calls(read_finish(word), self.has_calls) });
        true
    }

    fn delta(&mut self, delta: MessageFields<'_>, sink: Sink<'_>) {
        let details = delta.reasoning_details.filter(|list| !list.is_empty());
        match details {
            Some(details) => {
                // The details say all that the plain text says, and more; but for a lone proof.
                let thoughts: Vec<Thinking<'_>> = details.into_iter().filter_map(thought).collect();
                let has_text = thoughts.iter().any(|thought| !thought.text.is_empty());
                if let (false, Some(text)) = (has_text, delta.reasoning_content) {
                    self.say(Kind::Thinking, text, sink);
                }
                thoughts.into_iter().for_each(|thought| self.think(thought, sink));
            }
            None => {
                if let Some(text) = delta.reasoning_content {
                    self.say(Kind::Thinking, text, sink);
                }
            }
        }
        match delta.content {
            Some(TextOr::Text(text)) => self.say(Kind::Text, text, sink),
            content_list => self.parts(content(content_list), sink),
        }
        if let Some(text) = delta.refusal {
            self.say(Kind::Refusal, text, sink);
        }
        for source in delta.annotations.unwrap_or_default().into_iter().filter_map(citation) {
            self.cite(source, sink);
        }
        for image in delta.images.unwrap_or_default() {
            self.parts(content(Some(TextOr::Other(vec![image]))), sink);
        }
        for fields in delta.tool_calls.unwrap_or_default() {
            self.call(fields, sink);
        }
        if let Some(old) = delta.function_call {
            let id = old.name.clone();
            self.call(CallFields { id, function: Some(old), ..CallFields::default() }, sink);
        }
    }

    fn parts(&mut self, parts: Vec<Part<'_>>, sink: Sink<'_>) {
        for part in parts {
            match part {
                Part::Text(text) => self.say(Kind::Text, text.text, sink),
                Part::Refusal(text) => self.say(Kind::Refusal, text, sink),
                Part::Thinking(thinking) => self.think(thinking, sink),
                Part::Media(media) => {
                    self.close_text(sink);
                    let part = self.number();
                    sink(Event::Open { choice: self.index, part, opening: Opening::Media(media) });
                    sink(Event::Close { choice: self.index, part });
                }
                Part::ToolCall(_) | Part::ToolResult(_) | Part::Opaque(_) => {}
            }
        }
    }

    fn number(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }

    /// The open part of this kind, newly opened if need be.
    fn part(&mut self, kind: Kind, id: Option<&Text<'_>>, vendor: Option<Vendor>, sink: Sink<'_>) -> u32 {
        if let Some((open, part)) = self.open
            && open == kind
        {
            return part;
        }
        self.close_text(sink);
        let part = self.number();
        let opening = match kind {
            Kind::Text => Opening::Text,
            Kind::Refusal => Opening::Refusal,
            Kind::Thinking => Opening::Thinking { id: id.map(Text::borrow), vendor },
        };
        sink(Event::Open { choice: self.index, part, opening });
        self.open = Some((kind, part));
        part
    }

    fn say(&mut self, kind: Kind, text: Text<'_>, sink: Sink<'_>) {
        if text.is_empty() {
            return;
        }
        let part = self.part(kind, None, None, sink);
        sink(Event::Delta { choice: self.index, part, delta: Delta::Text(text) });
    }

    /// A proof ends its thoughts; hidden thoughts are a part of their own.
    fn think(&mut self, thinking: Thinking<'_>, sink: Sink<'_>) {
        let Thinking { text, signature, hidden, id, vendor } = thinking;
        if hidden.is_some() {
            self.close_text(sink);
        }
        let part = self.part(Kind::Thinking, id.as_ref(), vendor, sink);
        let has_seal = signature.is_some() || hidden.is_some();
        let said = Some(text).filter(|text| !text.is_empty()).map(Delta::Text);
        for delta in said.into_iter().chain(signature.map(Delta::Signature)).chain(hidden.map(Delta::Hidden)) {
            sink(Event::Delta { choice: self.index, part, delta });
        }
        if has_seal {
            self.close_text(sink);
        }
    }

    fn cite(&mut self, source: Citation<'_>, sink: Sink<'_>) {
        let part = self.part(Kind::Text, None, None, sink);
        sink(Event::Delta { choice: self.index, part, delta: Delta::Citation(source) });
    }

    fn call(&mut self, fields: CallFields<'_>, sink: Sink<'_>) {
        let index = fields.index;
        let arguments_only = fields.id.as_ref().is_none_or(|id| id.is_empty());
        let has_name = fields.function.as_ref().is_some_and(|f| f.name.as_ref().is_some_and(|name| !name.is_empty()));
        let id = fields.id.as_deref().unwrap_or_default();
        // Without an index the id tells the calls apart. A new id under a known index is a new call: some count badly.
        let known = self.calls.iter().rev().find(|call| match index {
            Some(index) => call.index == index && (arguments_only || call.id == id || !has_name),
            None => arguments_only || call.id == id,
        });
        let part = match known {
            Some(call) => call.part,
            None => return self.new_call(fields, sink),
        };
        let arguments = fields.function.and_then(|function| function.arguments).map(text_of);
        let input = fields.custom.and_then(|custom| custom.input);
        if let Some(text) = arguments.or(input).filter(|text| !text.is_empty()) {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Arguments(text) });
        }
    }

    fn new_call(&mut self, fields: CallFields<'_>, sink: Sink<'_>) {
        self.close_text(sink);
        self.has_calls = true;
        let part = self.number();
        let index = fields.index.unwrap_or(part);
        let ToolCall { id, name, arguments, kind, signature, cache: _ } = call(fields);
        // The result must name the call: one without an id gets one.
        let id = if id.is_empty() { Text::from(format!("call_{part}")) } else { id };
        self.calls.push(Call { index, id: id.to_string(), part });
        sink(Event::Open { choice: self.index, part, opening: Opening::ToolCall { id, name, kind, signature } });
        if !arguments.is_empty() {
            sink(Event::Delta { choice: self.index, part, delta: Delta::Arguments(arguments) });
        }
    }

    fn close_text(&mut self, sink: Sink<'_>) {
        if let Some((_, part)) = self.open.take() {
            sink(Event::Close { choice: self.index, part });
        }
    }

    fn close_all(&mut self, sink: Sink<'_>) {
        self.close_text(sink);
        for call in self.calls.drain(..) {
            sink(Event::Close { choice: self.index, part: call.part });
        }
    }
}
