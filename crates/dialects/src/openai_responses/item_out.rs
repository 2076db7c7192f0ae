//! Items of output, written: of whole answers and of streams alike.

use serde_json::value::RawValue;

use crate::json::{List, Object};
use crate::model::{CallKind, Citation, Vendor, carry};
use crate::text::Text;

use super::{SEAL_HIDDEN, SEAL_OF_LAST, SEAL_OF_NEXT};

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    Incomplete,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Ids of items: they differ within an answer and do not change between its events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    pub(super) nonce: u64,
}

impl Ids {
    /// The id of the item at this place.
    pub(super) fn id(self, prefix: &str, output_index: u32) -> String {
        format!("{prefix}_{:016x}{output_index:04x}", self.nonce)
    }
}

pub(super) fn message(item: &mut Object<'_>, id: &str, status: Status, content: impl FnOnce(&mut List<'_>)) {
    item.text("id", id);
    item.text("type", "message");
    item.text("status", status.word());
    item.text("role", "assistant");
    item.list("content", content);
}

/// `logprobs` are the entries of the list, in JSON.
pub(super) fn output_text(part: &mut Object<'_>, text: &str, citations: &[Annotation<'_>], logprobs: &str) {
    part.text("type", "output_text");
    part.list("annotations", |list| citations.iter().for_each(|source| annotation(list, source)));
    part.list("logprobs", |list| {
        if !logprobs.is_empty() {
            list.raw(logprobs);
        }
    });
    part.text("text", text);
}

pub(super) fn refusal(part: &mut Object<'_>, text: &str) {
    part.text("type", "refusal");
    part.text("refusal", text);
}

/// The entries of a list of log probabilities: a list as it is, or the `content` of chat completions' object.
pub(super) fn probabilities(logprobs: &RawValue) -> Option<&str> {
    crate::json::record! {
        struct Wrapped<'a> {
            content: &'a RawValue = "content",
        }
    }
    let raw = logprobs.get();
    let list = match raw.starts_with('{') {
        true => serde_json::from_str::<Wrapped<'_>>(raw).ok()?.content?.get(),
        false => raw,
    };
    list.strip_prefix('[')?.strip_suffix(']').map(str::trim).filter(|entries| !entries.is_empty())
}

/// A source as this dialect has it.
#[derive(Debug)]
pub(super) struct Annotation<'c> {
    url: Text<'c>,
    title: Text<'c>,
    start: u64,
    end: u64,
}

impl<'c> Annotation<'c> {
    /// Only pages have a place here. Where in the text it stands is its end, if nothing better is known.
    pub(super) fn of(citation: &'c Citation<'_>, text_end: u64) -> Option<Self> {
        Some(Self {
            url: citation.url.as_ref()?.borrow(),
            title: citation.title.as_ref().map(Text::borrow).unwrap_or_default(),
            start: citation.start.unwrap_or(0),
            end: citation.end.unwrap_or(text_end),
        })
    }

    pub(super) fn into_owned(self) -> Annotation<'static> {
        Annotation { url: self.url.into_owned(), title: self.title.into_owned(), start: self.start, end: self.end }
    }

    pub(super) fn write(&self, object: &mut Object<'_>) {
        object.text("type", "url_citation");
        object.count("start_index", self.start);
        object.count("end_index", self.end);
        object.text("url", &self.url);
        object.text("title", &self.title);
    }
}

fn annotation(list: &mut List<'_>, source: &Annotation<'_>) {
    list.object(|object| source.write(object));
}

/// A call of the caller's function or custom tool.
pub(super) fn call(item: &mut Object<'_>, id: &str, status: Status, call: &Call<'_>) {
    item.text("id", id);
    item.text("type", call.item_type());
    item.text("status", status.word());
    item.text(call.field(), call.arguments);
    item.text("call_id", call.call_id);
    item.text("name", call.name);
}

/// What an item of a call says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'c> {
    pub(super) call_id: &'c str,
    pub(super) name: &'c str,
    pub(super) arguments: &'c str,
    pub(super) is_custom: bool,
}

impl Call<'_> {
    pub(super) const fn of_kind(kind: CallKind) -> bool {
        match kind {
            CallKind::Custom => true,
            CallKind::Function | CallKind::Server => false,
        }
    }

    const fn item_type(&self) -> &'static str {
        if self.is_custom { "custom_tool_call" } else { "function_call" }
    }

    pub(super) const fn field(&self) -> &'static str {
        if self.is_custom { "input" } else { "arguments" }
    }
}

/// The arguments of a call as they must be: the text of an object, also when there are none.
pub(super) fn arguments(text: &str, is_custom: bool) -> &str {
    if text.trim().is_empty() && !is_custom { "{}" } else { text }
}

/// A search the provider made by itself ("Web search", 2026-11). Its arguments are an action, or have a `query`.
pub(super) fn search(item: &mut Object<'_>, id: &str, status: Status, arguments: &str) {
    crate::json::record! {
        struct Arguments<'a> {
            query: Text<'a> = "query",
        }
    }
    let fields: Arguments<'_> = serde_json::from_str(arguments).unwrap_or_default();
    item.text("id", id);
    item.text("type", "web_search_call");
    item.text("status", status.word());
    item.object("action", |action| {
        action.text("type", "search");
        action.text("query", fields.query.as_deref().unwrap_or_default());
    });
}

/// A picture the model made.
pub(super) fn picture(item: &mut Object<'_>, id: &str, data: &str, mime: Option<&str>) {
    item.text("id", id);
    item.text("type", "image_generation_call");
    item.text("status", "completed");
    item.maybe_text("output_format", mime.and_then(|mime| mime.strip_prefix("image/")));
    item.text("result", data);
}

/// Thoughts, all of them as one part of a summary.
pub(super) fn reasoning(item: &mut Object<'_>, id: &str, status: Status, text: &str, sealed: Option<&str>) {
    item.text("id", id);
    item.text("type", "reasoning");
    item.text("status", status.word());
    item.list("summary", |list| {
        if !text.is_empty() {
            list.object(|part| summary_part(part, text));
        }
    });
    if let Some(sealed) = sealed {
        item.text("encrypted_content", sealed);
    }
}

pub(super) fn summary_part(part: &mut Object<'_>, text: &str) {
    part.text("type", "summary_text");
    part.text("text", text);
}

/// The seal of thoughts as `encrypted_content`: OpenAI's own as it is, others so that they come back.
pub(super) fn sealed(vendor: Option<Vendor>, signature: Option<&str>, hidden: Option<&str>) -> Option<String> {
    match (vendor, hidden, signature) {
        (Some(Vendor::OpenAi), Some(seal), _) | (Some(Vendor::OpenAi), None, Some(seal)) => Some(seal.to_owned()),
        (vendor, Some(seal), _) => Some(carry(vendor.unwrap_or(Vendor::Other), Some(SEAL_HIDDEN), seal)),
        (vendor, None, Some(seal)) => Some(carry(vendor.unwrap_or(Vendor::Other), None, seal)),
        (_, None, None) => None,
    }
}

/// Gemini's seal of a call, in a reasoning item that stands before the call's.
pub(super) fn seal_of_next(signature: &str) -> String {
    carry(Vendor::Google, Some(SEAL_OF_NEXT), signature)
}

/// Gemini's seal of a text, in a reasoning item that stands behind the text's.
pub(super) fn seal_of_last(signature: &str) -> String {
    carry(Vendor::Google, Some(SEAL_OF_LAST), signature)
}
