//! The objects of answers and of stream events.

use serde_json::value::RawValue;

use crate::cohere::UsageFields;
use crate::json::{Loose, record};
use crate::model::Citation;
use crate::text::{Number, Text};

record! {
    /// The answer.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "response_id",
        text: Text<'a> = "text",
        finish_reason: Text<'a> = "finish_reason",
        tool_calls: Vec<CallFields<'a>> = "tool_calls",
        citations: Vec<Loose<'a, CitationFields<'a>>> = "citations",
        documents: Vec<Loose<'a, DocumentFields<'a>>> = "documents",
        meta: Loose<'a, UsageFields<'a>> = "meta",
    }
}

record! {
    /// A call. It has no id.
    pub(super) struct CallFields<'a> {
        name: Text<'a> = "name",
        parameters: &'a RawValue = "parameters",
    }
}

record! {
    /// Where text comes from.
    pub(super) struct CitationFields<'a> {
        start: Number<'a> = "start",
        end: Number<'a> = "end",
        text: Text<'a> = "text",
        document_ids: Vec<Text<'a>> = "document_ids",
    }
}

record! {
    /// A document that was found or given.
    pub(super) struct DocumentFields<'a> {
        id: Text<'a> = "id",
        title: Text<'a> = "title",
        url: Text<'a> = "url",
    }
}

/// A citation with what is known of its first document.
pub(super) fn citation<'a>(fields: CitationFields<'a>, documents: &[DocumentFields<'a>]) -> Citation<'a> {
    let id = fields.document_ids.unwrap_or_default().into_iter().next();
    let document = documents.iter().find(|document| document.id == id);
    Citation {
        url: document.and_then(|document| document.url.clone()),
        title: document.and_then(|document| document.title.clone()).or(id),
        quote: fields.text,
        start: fields.start.as_ref().map(Number::count),
        end: fields.end.as_ref().map(Number::count),
        json: None,
    }
}

record! {
    /// An event of a stream.
    pub(super) struct EventFields<'a> {
        kind: Text<'a> = "event_type",
        id: Text<'a> = "generation_id",
        text: Text<'a> = "text",
        tool_calls: Vec<CallFields<'a>> = "tool_calls",
        citations: Vec<Loose<'a, CitationFields<'a>>> = "citations",
        finish_reason: Text<'a> = "finish_reason",
        response: Loose<'a, AnswerFields<'a>> = "response",
    }
}
