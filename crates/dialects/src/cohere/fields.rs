//! The objects of answers and of stream events.

use serde_json::value::RawValue;

use crate::json::{Loose, TextOr, record};
use crate::model::{Citation, Usage};
use crate::text::{Number, Text};

record! {
    /// The answer.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "id",
        finish_reason: Text<'a> = "finish_reason",
        message: MessageFields<'a> = "message",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// The model's message.
    pub(super) struct MessageFields<'a> {
        content: TextOr<'a, Vec<Block<'a>>> = "content",
        tool_plan: Text<'a> = "tool_plan",
        tool_calls: Vec<CallFields<'a>> = "tool_calls",
        citations: Vec<Loose<'a, CitationFields<'a>>> = "citations",
    }
}

record! {
    /// A block of content.
    pub(super) struct Block<'a> {
        kind: Text<'a> = "type",
        text: Text<'a> = "text",
        thinking: Text<'a> = "thinking",
    }
}

record! {
    /// A call.
    pub(super) struct CallFields<'a> {
        id: Text<'a> = "id",
        function: FunctionFields<'a> = "function",
    }
}

record! {
    /// What is called.
    pub(super) struct FunctionFields<'a> {
        name: Text<'a> = "name",
        arguments: &'a RawValue = "arguments",
    }
}

record! {
    /// Where text comes from.
    pub(super) struct CitationFields<'a> {
        start: Number<'a> = "start",
        end: Number<'a> = "end",
        text: Text<'a> = "text",
        sources: Vec<Loose<'a, SourceFields<'a>>> = "sources",
    }
}

record! {
    /// A source.
    pub(super) struct SourceFields<'a> {
        id: Text<'a> = "id",
        document: Loose<'a, DocumentFields<'a>> = "document",
    }
}

record! {
    /// What the caller or a tool said of a source.
    pub(super) struct DocumentFields<'a> {
        url: Text<'a> = "url",
        title: Text<'a> = "title",
        snippet: Text<'a> = "snippet",
    }
}

impl<'a> CitationFields<'a> {
    pub(super) fn citation(self) -> Citation<'a> {
        let source = self.sources.unwrap_or_default().into_iter().find_map(Loose::known).unwrap_or_default();
        let document = source.document.and_then(Loose::known).unwrap_or_default();
        Citation {
            url: document.url,
            title: document.title.or(source.id),
            quote: document.snippet.or(self.text),
            start: self.start.as_ref().map(Number::count),
            end: self.end.as_ref().map(Number::count),
            json: None,
        }
    }
}

record! {
    /// What was used: billed, and in fact.
    pub(crate) struct UsageFields<'a> {
        billed: Loose<'a, CountFields<'a>> = "billed_units",
        tokens: Loose<'a, CountFields<'a>> = "tokens",
        cached: Number<'a> = "cached_tokens",
    }
}

record! {
    /// Counts.
    pub(crate) struct CountFields<'a> {
        input: Number<'a> = "input_tokens",
        output: Number<'a> = "output_tokens",
    }
}

impl UsageFields<'_> {
    /// The tokens in fact, else those billed, which leave out what Cohere adds of its own ("How does billing work",
    /// 2026-11).
    pub(crate) fn usage(self) -> Option<Usage> {
        let counts = self.tokens.and_then(Loose::known).or_else(|| self.billed.and_then(Loose::known))?;
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let usage = Usage {
            input: count(&counts.input),
            output: count(&counts.output),
            cache_read: count(&self.cached),
            ..Usage::default()
        };
        usage.is_known().then_some(usage)
    }
}

record! {
    /// An event of a stream.
    pub(super) struct EventFields<'a> {
        kind: Text<'a> = "type",
        id: Text<'a> = "id",
        index: Number<'a> = "index",
        delta: DeltaFields<'a> = "delta",
    }
}

record! {
    /// What is added.
    pub(super) struct DeltaFields<'a> {
        message: MessageDelta<'a> = "message",
        finish_reason: Text<'a> = "finish_reason",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        error: &'a RawValue = "error",
    }
}

record! {
    /// What is added to the message: one of each.
    pub(super) struct MessageDelta<'a> {
        content: Loose<'a, Block<'a>> = "content",
        tool_plan: Text<'a> = "tool_plan",
        tool_calls: Loose<'a, CallFields<'a>> = "tool_calls",
        citations: Loose<'a, CitationFields<'a>> = "citations",
    }
}
