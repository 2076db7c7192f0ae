//! The fields of the dialect's objects, as they are read.

use serde_json::value::RawValue;

use crate::json::{TextOr, record};
use crate::model::{CacheMark, Location, Usage};
use crate::text::{Number, Text};

use super::blocks::Content;

record! {
    /// A request.
    pub(super) struct Body<'a> {
        model: Text<'a> = "model",
        messages: Vec<MessageFields<'a>> = "messages",
        system: TextOr<'a, Vec<Block<'a>>> = "system",
        max_tokens: Number<'a> = "max_tokens",
        stop_sequences: Vec<Text<'a>> = "stop_sequences",
        stream: bool = "stream",
        temperature: Number<'a> = "temperature",
        top_p: Number<'a> = "top_p",
        top_k: Number<'a> = "top_k",
        tools: Vec<ToolFields<'a>> = "tools",
        tool_choice: ChoiceFields<'a> = "tool_choice",
        thinking: ThinkingFields<'a> = "thinking",
        output_config: OutputConfig<'a> = "output_config",
        output_format: Format<'a> = "output_format",
        metadata: Metadata<'a> = "metadata",
        service_tier: Text<'a> = "service_tier",
        cache_control: Cache<'a> = "cache_control",
    }
}

record! {
    /// A message of a request.
    pub(super) struct MessageFields<'a> {
        role: Text<'a> = "role",
        content: Content<'a> = "content",
    }
}

record! {
    /// A content block of any type, of requests and of answers.
    pub(super) struct Block<'a> {
        kind: Text<'a> = "type",
        text: Text<'a> = "text",
        citations: &'a RawValue = "citations",
        source: TextOr<'a, SourceFields<'a>> = "source",
        title: Text<'a> = "title",
        context: Text<'a> = "context",
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        input: &'a RawValue = "input",
        tool_use_id: Text<'a> = "tool_use_id",
        content: Content<'a> = "content",
        is_error: bool = "is_error",
        thinking: Text<'a> = "thinking",
        signature: Text<'a> = "signature",
        data: Text<'a> = "data",
        cache_control: Cache<'a> = "cache_control",
    }
}

record! {
    /// Where an image or document is.
    pub(super) struct SourceFields<'a> {
        kind: Text<'a> = "type",
        media_type: Text<'a> = "media_type",
        data: Text<'a> = "data",
        url: Text<'a> = "url",
        file_id: Text<'a> = "file_id",
        content: Content<'a> = "content",
    }
}

record! {
    /// Where a text comes from.
    pub(super) struct CitationFields<'a> {
        url: Text<'a> = "url",
        title: Text<'a> = "title" | "document_title",
        cited_text: Text<'a> = "cited_text",
    }
}

record! {
    /// Whether a document may be cited.
    pub(super) struct CitationSwitch<'a> {
        enabled: bool = "enabled",
    }
}

record! {
    /// A cache mark.
    pub(super) struct Cache<'a> {
        ttl: Text<'a> = "ttl",
    }
}

impl<'a> Cache<'a> {
    pub(super) fn mark(self) -> CacheMark<'a> {
        CacheMark { ttl: self.ttl }
    }
}

record! {
    /// A tool: of the caller's if it has no type or the type `custom`.
    pub(super) struct ToolFields<'a> {
        kind: Text<'a> = "type",
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        input_schema: &'a RawValue = "input_schema",
        strict: bool = "strict",
        max_uses: Number<'a> = "max_uses",
        allowed_domains: Vec<Text<'a>> = "allowed_domains",
        blocked_domains: Vec<Text<'a>> = "blocked_domains",
        user_location: LocationFields<'a> = "user_location",
        cache_control: Cache<'a> = "cache_control",
    }
}

record! {
    /// Where the caller is.
    pub(super) struct LocationFields<'a> {
        kind: Text<'a> = "type",
        city: Text<'a> = "city",
        region: Text<'a> = "region",
        country: Text<'a> = "country",
        timezone: Text<'a> = "timezone",
    }
}

impl<'a> LocationFields<'a> {
    pub(super) fn location(self) -> Location<'a> {
        Location { city: self.city, region: self.region, country: self.country, timezone: self.timezone }
    }
}

record! {
    /// What must be called.
    pub(super) struct ChoiceFields<'a> {
        kind: Text<'a> = "type",
        name: Text<'a> = "name",
        disable_parallel_tool_use: bool = "disable_parallel_tool_use",
    }
}

record! {
    /// How much to think.
    pub(super) struct ThinkingFields<'a> {
        kind: Text<'a> = "type",
        budget_tokens: Number<'a> = "budget_tokens",
        display: Text<'a> = "display",
    }
}

record! {
    /// How to answer.
    pub(super) struct OutputConfig<'a> {
        effort: Text<'a> = "effort",
        format: Format<'a> = "format",
    }
}

record! {
    /// The form of the answer.
    pub(super) struct Format<'a> {
        kind: Text<'a> = "type",
        schema: &'a RawValue = "schema",
    }
}

record! {
    /// About the caller.
    pub(super) struct Metadata<'a> {
        user_id: Text<'a> = "user_id",
    }
}

record! {
    /// An answer, whole or in `message_start`.
    pub(super) struct MessageAnswer<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        role: Text<'a> = "role",
        model: Text<'a> = "model",
        content: Vec<Block<'a>> = "content",
        stop_reason: Text<'a> = "stop_reason",
        stop_sequence: Text<'a> = "stop_sequence",
        usage: UsageFields<'a> = "usage",
    }
}

record! {
    /// Counts.
    pub(super) struct UsageFields<'a> {
        input_tokens: Number<'a> = "input_tokens",
        output_tokens: Number<'a> = "output_tokens",
        cache_read: Number<'a> = "cache_read_input_tokens",
        cache_creation: Number<'a> = "cache_creation_input_tokens",
        creation_details: CreationFields<'a> = "cache_creation",
        server_tool_use: ServerToolFields<'a> = "server_tool_use",
        service_tier: Text<'a> = "service_tier",
        output_details: OutputDetails<'a> = "output_tokens_details",
    }
}

record! {
    /// What the output was.
    pub(super) struct OutputDetails<'a> {
        thinking: Number<'a> = "thinking_tokens",
    }
}

record! {
    /// What was written to the cache.
    pub(super) struct CreationFields<'a> {
        one_hour: Number<'a> = "ephemeral_1h_input_tokens",
    }
}

record! {
    /// What the provider's own tools did.
    pub(super) struct ServerToolFields<'a> {
        web_search_requests: Number<'a> = "web_search_requests",
    }
}

impl UsageFields<'_> {
    /// `input_tokens` leaves the cached ones out; the model's count has them in.
    pub(super) fn usage(&self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let (read, written) = (count(&self.cache_read), count(&self.cache_creation));
        let cached = read.unwrap_or(0).saturating_add(written.unwrap_or(0));
        Usage {
            input: count(&self.input_tokens).map(|input| input.saturating_add(cached)),
            output: count(&self.output_tokens),
            cache_read: read,
            cache_write: written,
            cache_write_1h: self.creation_details.as_ref().and_then(|details| count(&details.one_hour)),
            reasoning: self.output_details.as_ref().and_then(|details| count(&details.thinking)),
            web_searches: self.server_tool_use.as_ref().and_then(|tools| count(&tools.web_search_requests)),
            ..Usage::default()
        }
    }
}

record! {
    /// An event of a stream.
    pub(super) struct EventFields<'a> {
        kind: Text<'a> = "type",
        index: u32 = "index",
        message: MessageAnswer<'a> = "message",
        content_block: Block<'a> = "content_block",
        delta: DeltaFields<'a> = "delta",
        usage: UsageFields<'a> = "usage",
        error: &'a RawValue = "error",
    }
}

record! {
    /// What an event adds.
    pub(super) struct DeltaFields<'a> {
        kind: Text<'a> = "type",
        text: Text<'a> = "text",
        thinking: Text<'a> = "thinking",
        signature: Text<'a> = "signature",
        partial_json: Text<'a> = "partial_json",
        citation: &'a RawValue = "citation",
        stop_reason: Text<'a> = "stop_reason",
        stop_sequence: Text<'a> = "stop_sequence",
    }
}
