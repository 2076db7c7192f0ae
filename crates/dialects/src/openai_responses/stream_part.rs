//! The parts of an answer while they are told as a stream: each knows its events.

use serde_json::value::RawValue;

use crate::json::Object;
use crate::model::{CallKind, Vendor};

use super::item_out::{self, Annotation, Status};
use super::stream_out::{Output, json};

/// A message.
pub(super) struct Message {
    index: u32,
    id: String,
    next_content: u32,
    /// The parts that are complete, in JSON.
    done: Vec<(u32, String)>,
    /// Seals of its texts.
    seals: Vec<String>,
}

impl Message {
    pub(super) fn open(output: &mut Output, out: &mut Vec<u8>) -> Self {
        let (index, id) = output.next("msg");
        output.added(out, index, |item| item_out::message(item, &id, Status::InProgress, |_| {}));
        Self { index, id, next_content: 0, done: Vec::new(), seals: Vec::new() }
    }

    /// A new part of it.
    pub(super) fn content(&mut self, output: &mut Output, is_refusal: bool, out: &mut Vec<u8>) -> Content {
        let content = Content {
            index: self.index,
            item_id: self.id.clone(),
            content_index: self.next_content,
            is_refusal,
            text: String::new(),
            sources: Vec::new(),
            logprobs: String::new(),
            seal: None,
        };
        self.next_content += 1;
        output.event(out, "response.content_part.added", |data| {
            content.place(data);
            data.object("part", |part| content.write(part));
        });
        content
    }

    /// Ends a part of it.
    pub(super) fn take(&mut self, output: &mut Output, content: Content, out: &mut Vec<u8>) {
        let (name, key) = match content.is_refusal {
            true => ("response.refusal.done", "refusal"),
            false => ("response.output_text.done", "text"),
        };
        output.event(out, name, |data| {
            content.place(data);
            data.text(key, &content.text);
            if !content.is_refusal {
                data.list("logprobs", |list| {
                    if !content.logprobs.is_empty() {
                        list.raw(&content.logprobs);
                    }
                });
            }
        });
        let part = json(|part| content.write(part));
        output.event(out, "response.content_part.done", |data| {
            content.place(data);
            data.raw("part", &part);
        });
        self.done.push((content.content_index, part));
        self.seals.extend(content.seal);
    }

    pub(super) fn end(mut self, output: &mut Output, status: Status, out: &mut Vec<u8>) {
        self.done.sort_by_key(|(index, _)| *index);
        output.done(out, self.index, |item| {
            item_out::message(item, &self.id, status, |list| self.done.iter().for_each(|(_, part)| list.raw(part)));
        });
        for seal in &self.seals {
            output.seal(out, &item_out::seal_of_last(seal));
        }
    }
}

/// A part of a message: text or refusal.
pub(super) struct Content {
    index: u32,
    item_id: String,
    content_index: u32,
    is_refusal: bool,
    text: String,
    sources: Vec<Annotation<'static>>,
    /// The entries of the list, in JSON.
    logprobs: String,
    /// Gemini's seal of it.
    pub(super) seal: Option<String>,
}

impl Content {
    fn place(&self, data: &mut Object<'_>) {
        data.text("item_id", &self.item_id);
        data.count("output_index", u64::from(self.index));
        data.count("content_index", u64::from(self.content_index));
    }

    fn write(&self, part: &mut Object<'_>) {
        match self.is_refusal {
            true => item_out::refusal(part, &self.text),
            false => item_out::output_text(part, &self.text, &self.sources, &self.logprobs),
        }
    }

    /// Its length so far, in characters.
    pub(super) fn length(&self) -> u64 {
        u64::try_from(self.text.chars().count()).unwrap_or(0)
    }

    pub(super) fn add(&mut self, output: &mut Output, text: &str, out: &mut Vec<u8>) {
        self.text.push_str(text);
        self.delta(output, text, "", out);
    }

    fn delta(&self, output: &mut Output, text: &str, logprobs: &str, out: &mut Vec<u8>) {
        let name = if self.is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        output.event(out, name, |data| {
            self.place(data);
            data.text("delta", text);
            if !self.is_refusal {
                data.list("logprobs", |list| {
                    if !logprobs.is_empty() {
                        list.raw(logprobs);
                    }
                });
            }
        });
    }

    /// Probabilities of what was just told come with an event that adds nothing to the text.
    pub(super) fn add_logprobs(&mut self, output: &mut Output, logprobs: &RawValue, out: &mut Vec<u8>) {
        let Some(entries) = item_out::probabilities(logprobs) else { return };
        if !self.logprobs.is_empty() {
            self.logprobs.push(',');
        }
        self.logprobs.push_str(entries);
        self.delta(output, "", entries, out);
    }

    pub(super) fn cite(&mut self, output: &mut Output, source: Annotation<'static>, out: &mut Vec<u8>) {
        output.event(out, "response.output_text.annotation.added", |data| {
            self.place(data);
            data.count("annotation_index", u64::try_from(self.sources.len()).unwrap_or(0));
            data.object("annotation", |object| source.write(object));
        });
        self.sources.push(source);
    }
}

/// Thoughts: a summary of one part.
pub(super) struct Thoughts {
    index: u32,
    id: String,
    vendor: Option<Vendor>,
    text: String,
    pub(super) signature: Option<String>,
    pub(super) hidden: Option<String>,
}

impl Thoughts {
    pub(super) fn open(output: &mut Output, id: Option<&str>, vendor: Option<Vendor>, out: &mut Vec<u8>) -> Self {
        let (index, own) = output.next("rs");
        let id = id.map_or(own, str::to_owned);
        output.added(out, index, |item| item_out::reasoning(item, &id, Status::InProgress, "", None));
        Self { index, id, vendor, text: String::new(), signature: None, hidden: None }
    }

    fn place(&self, data: &mut Object<'_>) {
        data.text("item_id", &self.id);
        data.count("output_index", u64::from(self.index));
        data.count("summary_index", 0);
    }

    pub(super) fn add(&mut self, output: &mut Output, text: &str, out: &mut Vec<u8>) {
        if self.text.is_empty() {
            output.event(out, "response.reasoning_summary_part.added", |data| {
                self.place(data);
                data.object("part", |part| item_out::summary_part(part, ""));
            });
        }
        self.text.push_str(text);
        output.event(out, "response.reasoning_summary_text.delta", |data| {
            self.place(data);
            data.text("delta", text);
        });
    }

    pub(super) fn end(self, output: &mut Output, out: &mut Vec<u8>) {
        if !self.text.is_empty() {
            output.event(out, "response.reasoning_summary_text.done", |data| {
                self.place(data);
                data.text("text", &self.text);
            });
            output.event(out, "response.reasoning_summary_part.done", |data| {
                self.place(data);
                data.object("part", |part| item_out::summary_part(part, &self.text));
            });
        }
        let sealed = item_out::sealed(self.vendor, self.signature.as_deref(), self.hidden.as_deref());
        output.done(out, self.index, |item| {
            item_out::reasoning(item, &self.id, Status::Completed, &self.text, sealed.as_deref());
        });
    }
}

/// A call of the caller's function or custom tool.
pub(super) struct Call {
    index: u32,
    id: String,
    call_id: String,
    name: String,
    is_custom: bool,
    arguments: String,
}

impl Call {
    pub(super) fn open(output: &mut Output, call_id: &str, name: &str, kind: CallKind, out: &mut Vec<u8>) -> Self {
        let is_custom = item_out::Call::of_kind(kind);
        let (index, id) = output.next(if is_custom { "ctc" } else { "fc" });
        let (call_id, name) = (call_id.to_owned(), name.to_owned());
        let call = Self { index, id, call_id, name, is_custom, arguments: String::new() };
        output.added(out, index, |item| call.write(item, Status::InProgress));
        call
    }

    fn write(&self, item: &mut Object<'_>, status: Status) {
        let fields = item_out::Call {
            call_id: &self.call_id,
            name: &self.name,
            arguments: &self.arguments,
            is_custom: self.is_custom,
        };
        item_out::call(item, &self.id, status, &fields);
    }

    fn place(&self, data: &mut Object<'_>) {
        data.text("item_id", &self.id);
        data.count("output_index", u64::from(self.index));
    }

    const fn event(&self, is_done: bool) -> &'static str {
        match (self.is_custom, is_done) {
            (false, false) => "response.function_call_arguments.delta",
            (false, true) => "response.function_call_arguments.done",
            (true, false) => "response.custom_tool_call_input.delta",
            (true, true) => "response.custom_tool_call_input.done",
        }
    }

    pub(super) fn add(&mut self, output: &mut Output, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.arguments.push_str(text);
        output.event(out, self.event(false), |data| {
            self.place(data);
            data.text("delta", text);
        });
    }

    pub(super) fn end(mut self, output: &mut Output, status: Status, out: &mut Vec<u8>) {
        let whole = item_out::arguments(&self.arguments, self.is_custom);
        if whole != self.arguments {
            let whole = whole.to_owned();
            self.arguments.clear();
            self.add(output, &whole, out);
        }
        output.event(out, self.event(true), |data| {
            self.place(data);
            data.text(if self.is_custom { "input" } else { "arguments" }, &self.arguments);
            if !self.is_custom {
                data.text("name", &self.name);
            }
        });
        output.done(out, self.index, |item| self.write(item, status));
    }
}

/// A search the provider made by itself.
pub(super) struct Search {
    index: u32,
    id: String,
    pub(super) arguments: String,
}

impl Search {
    pub(super) fn open(output: &mut Output, out: &mut Vec<u8>) -> Self {
        let (index, id) = output.next("ws");
        output.added(out, index, |item| item_out::search(item, &id, Status::InProgress, ""));
        let search = Self { index, id, arguments: String::new() };
        search.event(output, "response.web_search_call.in_progress", out);
        search.event(output, "response.web_search_call.searching", out);
        search
    }

    fn event(&self, output: &mut Output, name: &str, out: &mut Vec<u8>) {
        output.event(out, name, |data| {
            data.text("item_id", &self.id);
            data.count("output_index", u64::from(self.index));
        });
    }

    pub(super) fn end(self, output: &mut Output, out: &mut Vec<u8>) {
        self.event(output, "response.web_search_call.completed", out);
        output.done(out, self.index, |item| item_out::search(item, &self.id, Status::Completed, &self.arguments));
    }
}
