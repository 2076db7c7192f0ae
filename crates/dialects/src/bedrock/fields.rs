//! The objects of answers and of stream events.

use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::Usage;
use crate::text::{Number, Text};

record! {
    /// The answer to Converse.
    pub(super) struct AnswerFields<'a> {
        output: OutputFields<'a> = "output",
        stop_reason: Text<'a> = "stopReason",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        trace: Loose<'a, TraceFields<'a>> = "trace",
        additional: Loose<'a, AdditionalFields<'a>> = "additionalModelResponseFields",
        service_tier: Loose<'a, TierFields<'a>> = "serviceTier",
    }
}

record! {
    /// What was seen on the way.
    pub(super) struct TraceFields<'a> {
        guardrail: &'a RawValue = "guardrail",
    }
}

record! {
    /// What the caller asked to be told in the model's own words (`additionalModelResponseFieldPaths`).
    pub(super) struct AdditionalFields<'a> {
        stop_sequence: Text<'a> = "stop_sequence",
    }
}

record! {
    /// `output`.
    pub(super) struct OutputFields<'a> {
        message: MessageFields<'a> = "message",
    }
}

record! {
    /// The model's message.
    pub(super) struct MessageFields<'a> {
        content: Vec<&'a RawValue> = "content",
    }
}

record! {
    /// A content block. One of the fields is there.
    pub(super) struct Block<'a> {
        text: Text<'a> = "text",
        tool_use: ToolUse<'a> = "toolUse",
        reasoning: Reasoning<'a> = "reasoningContent",
        citations: Cited<'a> = "citationsContent",
        image: MediaFields<'a> = "image",
    }
}

record! {
    /// A call.
    pub(super) struct ToolUse<'a> {
        id: Text<'a> = "toolUseId",
        name: Text<'a> = "name",
        input: &'a RawValue = "input",
        kind: Text<'a> = "type",
    }
}

record! {
    /// Thoughts.
    pub(super) struct Reasoning<'a> {
        text: ReasoningText<'a> = "reasoningText",
        redacted: Text<'a> = "redactedContent",
    }
}

record! {
    /// Thoughts that can be read.
    pub(super) struct ReasoningText<'a> {
        text: Text<'a> = "text",
        signature: Text<'a> = "signature",
    }
}

record! {
    /// Text with its sources.
    pub(super) struct Cited<'a> {
        content: Vec<Block<'a>> = "content",
        citations: Vec<Loose<'a, CitationFields<'a>>> = "citations",
    }
}

record! {
    /// A source.
    pub(super) struct CitationFields<'a> {
        title: Text<'a> = "title",
        source: Text<'a> = "source",
        quote: Vec<Block<'a>> = "sourceContent",
        location: Loose<'a, LocationFields<'a>> = "location",
    }
}

record! {
    /// Where in the source.
    pub(super) struct LocationFields<'a> {
        web: WebFields<'a> = "web",
    }
}

record! {
    /// A page.
    pub(super) struct WebFields<'a> {
        url: Text<'a> = "url",
    }
}

record! {
    /// A picture.
    pub(super) struct MediaFields<'a> {
        format: Text<'a> = "format",
        source: SourceFields<'a> = "source",
    }
}

record! {
    /// Its bytes.
    pub(super) struct SourceFields<'a> {
        bytes: Text<'a> = "bytes",
    }
}

record! {
    /// `serviceTier`.
    pub(super) struct TierFields<'a> {
        kind: Text<'a> = "type",
    }
}

record! {
    /// `usage`.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "inputTokens",
        output: Number<'a> = "outputTokens",
        total: Number<'a> = "totalTokens",
        cache_read: Number<'a> = "cacheReadInputTokens",
        cache_write: Number<'a> = "cacheWriteInputTokens",
        cache_details: Loose<'a, Vec<CacheDetail<'a>>> = "cacheDetails",
    }
}

record! {
    /// What was written to the cache for how long.
    pub(super) struct CacheDetail<'a> {
        tokens: Number<'a> = "inputTokens",
        ttl: Text<'a> = "ttl",
    }
}

impl UsageFields<'_> {
    /// `inputTokens` counts neither cache reads nor cache writes ("Prompt caching", 2026-11).
    pub(super) fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let (cache_read, cache_write) = (count(&self.cache_read), count(&self.cache_write));
        let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        let hours = self.cache_details.and_then(Loose::known).and_then(|details| {
            let hour = |detail: &CacheDetail<'_>| detail.ttl.as_deref() == Some("1h");
            details.into_iter().find(hour).and_then(|detail| count(&detail.tokens))
        });
        Usage {
            input: count(&self.input).map(|fresh| fresh.saturating_add(cached)),
            output: count(&self.output),
            total: count(&self.total),
            cache_read,
            cache_write,
            cache_write_1h: hours,
            ..Usage::default()
        }
    }
}

record! {
    /// The data of a stream's event; which fields are there depends on its type.
    pub(super) struct EventFields<'a> {
        index: Number<'a> = "contentBlockIndex",
        start: StartFields<'a> = "start",
        delta: DeltaFields<'a> = "delta",
        stop_reason: Text<'a> = "stopReason",
        additional: Loose<'a, AdditionalFields<'a>> = "additionalModelResponseFields",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// The beginning of a block that must be announced.
    pub(super) struct StartFields<'a> {
        tool_use: ToolUse<'a> = "toolUse",
    }
}

record! {
    /// What is added to a block.
    pub(super) struct DeltaFields<'a> {
        text: Text<'a> = "text",
        tool_use: InputDelta<'a> = "toolUse",
        reasoning: ReasoningDelta<'a> = "reasoningContent",
        citation: Loose<'a, CitationFields<'a>> = "citation",
        image: MediaFields<'a> = "image",
    }
}

record! {
    /// More of a call's arguments.
    pub(super) struct InputDelta<'a> {
        input: Text<'a> = "input",
    }
}

record! {
    /// More thoughts, or their seal.
    pub(super) struct ReasoningDelta<'a> {
        text: Text<'a> = "text",
        signature: Text<'a> = "signature",
        redacted: Text<'a> = "redactedContent",
    }
}
