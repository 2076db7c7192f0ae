//! The fields of the dialect's objects, as they are read.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::{Loose, TextOr, record};
use crate::model::{Location, Usage};
use crate::text::{Number, Text};

record! {
    /// A request.
    pub(super) struct Body<'a> {
        model: Text<'a> = "model",
        input: TextOr<'a, Vec<ItemFields<'a>>> = "input",
        instructions: TextOr<'a, Vec<ItemFields<'a>>> = "instructions",
        stream: bool = "stream",
        stream_options: StreamOptions<'a> = "stream_options",
        temperature: Number<'a> = "temperature",
        top_p: Number<'a> = "top_p",
        top_logprobs: Number<'a> = "top_logprobs",
        include: &'a RawValue = "include",
        max_output_tokens: Number<'a> = "max_output_tokens",
        text: TextConfig<'a> = "text",
        tools: Vec<&'a RawValue> = "tools",
        tool_choice: &'a RawValue = "tool_choice",
        parallel_tool_calls: bool = "parallel_tool_calls",
        reasoning: ReasoningFields<'a> = "reasoning",
        user: Text<'a> = "user",
        safety_identifier: &'a RawValue = "safety_identifier",
        metadata: &'a RawValue = "metadata",
        service_tier: Text<'a> = "service_tier",
        store: &'a RawValue = "store",
        truncation: &'a RawValue = "truncation",
        background: bool = "background",
        previous_response_id: &'a RawValue = "previous_response_id",
        conversation: &'a RawValue = "conversation",
        prompt: &'a RawValue = "prompt",
    }
}

record! {
    /// What a stream shall tell besides.
    pub(super) struct StreamOptions<'a> {
        include_obfuscation: &'a RawValue = "include_obfuscation",
        include_usage: &'a RawValue = "include_usage",
    }
}

record! {
    /// An item of input or output. What its kind decides the shape of stays as it is.
    pub(super) struct ItemFields<'a> {
        kind: Text<'a> = "type",
        id: Text<'a> = "id",
        role: Text<'a> = "role",
        content: TextOr<'a, Vec<PartFields<'a>>> = "content",
        call_id: Text<'a> = "call_id",
        name: Text<'a> = "name",
        arguments: &'a RawValue = "arguments",
        input: &'a RawValue = "input",
        output: &'a RawValue = "output",
        summary: Vec<SummaryFields<'a>> = "summary",
        encrypted_content: Text<'a> = "encrypted_content",
        action: &'a RawValue = "action",
        result: &'a RawValue = "result",
        output_format: Text<'a> = "output_format",
    }
}

record! {
    /// A part of a message, of a tool's output, or of open thoughts.
    pub(super) struct PartFields<'a> {
        kind: Text<'a> = "type",
        text: Text<'a> = "text",
        refusal: Text<'a> = "refusal",
        image_url: TextOr<'a, UrlFields<'a>> = "image_url",
        detail: Text<'a> = "detail",
        file_id: Text<'a> = "file_id",
        file_data: Text<'a> = "file_data",
        file_url: Text<'a> = "file_url",
        filename: Text<'a> = "filename",
        input_audio: AudioFields<'a> = "input_audio",
        prompt_cache_breakpoint: &'a RawValue = "prompt_cache_breakpoint",
        annotations: Vec<&'a RawValue> = "annotations",
        logprobs: &'a RawValue = "logprobs",
    }
}

record! {
    /// An address, as chat completions have it; some send it here too.
    pub(super) struct UrlFields<'a> {
        url: Text<'a> = "url",
        detail: Text<'a> = "detail",
    }
}

record! {
    /// A sound.
    pub(super) struct AudioFields<'a> {
        data: Text<'a> = "data",
        format: Text<'a> = "format",
    }
}

record! {
    /// A part of a summary of thoughts.
    pub(super) struct SummaryFields<'a> {
        text: Text<'a> = "text",
    }
}

record! {
    /// The form of the answer.
    pub(super) struct TextConfig<'a> {
        format: &'a RawValue = "format",
        verbosity: &'a RawValue = "verbosity",
    }
}

record! {
    /// The format of the answer's text.
    pub(super) struct Format<'a> {
        kind: Text<'a> = "type",
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        schema: &'a RawValue = "schema",
        strict: bool = "strict",
    }
}

record! {
    /// How much to think.
    pub(super) struct ReasoningFields<'a> {
        effort: Text<'a> = "effort",
        summary: Text<'a> = "summary" | "generate_summary",
    }
}

record! {
    /// A declared tool, or one that is named in a choice.
    pub(super) struct ToolFields<'a> {
        kind: Text<'a> = "type",
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        parameters: &'a RawValue = "parameters",
        strict: bool = "strict",
        filters: Filters<'a> = "filters",
        search_context_size: Text<'a> = "search_context_size",
        user_location: LocationFields<'a> = "user_location",
    }
}

record! {
    /// Where to search.
    pub(super) struct Filters<'a> {
        allowed_domains: Vec<Text<'a>> = "allowed_domains",
        blocked_domains: Vec<Text<'a>> = "blocked_domains",
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
    /// What must or may be called.
    pub(super) struct ChoiceFields<'a> {
        kind: Text<'a> = "type",
        name: Text<'a> = "name",
        mode: Text<'a> = "mode",
        tools: Vec<ToolFields<'a>> = "tools",
    }
}

record! {
    /// Where a text comes from.
    pub(super) struct AnnotationFields<'a> {
        kind: Text<'a> = "type",
        url: Text<'a> = "url",
        title: Text<'a> = "title",
        start: Number<'a> = "start_index",
        end: Number<'a> = "end_index",
    }
}

record! {
    /// An answer, whole or as far as it has come.
    pub(super) struct ResponseFields<'a> {
        id: Text<'a> = "id",
        created_at: Loose<'a, Number<'a>> = "created_at",
        model: Text<'a> = "model",
        status: Text<'a> = "status",
        output: Vec<Loose<'a, ItemFields<'a>>> = "output",
        incomplete_details: Loose<'a, IncompleteFields<'a>> = "incomplete_details",
        error: &'a RawValue = "error",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        service_tier: Loose<'a, Text<'a>> = "service_tier",
    }
}

record! {
    /// Why an answer is not complete.
    pub(super) struct IncompleteFields<'a> {
        reason: Text<'a> = "reason",
    }
}

record! {
    /// Counts.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "input_tokens",
        output: Number<'a> = "output_tokens",
        total: Number<'a> = "total_tokens",
        input_details: CountDetails<'a> = "input_tokens_details",
        output_details: CountDetails<'a> = "output_tokens_details",
    }
}

record! {
    /// Finer counts.
    pub(super) struct CountDetails<'a> {
        cached: Number<'a> = "cached_tokens",
        written: Number<'a> = "cache_write_tokens",
        reasoning: Number<'a> = "reasoning_tokens",
        audio: Number<'a> = "audio_tokens",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(&self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let (input, output) = (self.input_details.as_ref(), self.output_details.as_ref());
        Usage {
            input: count(&self.input),
            output: count(&self.output),
            total: count(&self.total),
            cache_read: input.and_then(|details| count(&details.cached)),
            cache_write: input.and_then(|details| count(&details.written)),
            reasoning: output.and_then(|details| count(&details.reasoning)),
            audio_input: input.and_then(|details| count(&details.audio)),
            audio_output: output.and_then(|details| count(&details.audio)),
            ..Usage::default()
        }
    }
}

record! {
    /// An event of a stream. Items and parts that nobody knows yet may have any shape.
    pub(super) struct EventFields<'a> {
        kind: Text<'a> = "type",
        sequence_number: &'a RawValue = "sequence_number",
        obfuscation: &'a RawValue = "obfuscation",
        response: Loose<'a, ResponseFields<'a>> = "response",
        output_index: u32 = "output_index",
        content_index: u32 = "content_index",
        summary_index: u32 = "summary_index",
        item_id: Text<'a> = "item_id",
        item: Loose<'a, ItemFields<'a>> = "item",
        part: Loose<'a, PartFields<'a>> = "part",
        delta: TextOr<'a, IgnoredAny> = "delta",
        text: TextOr<'a, IgnoredAny> = "text" | "refusal" | "arguments" | "input",
        annotation: &'a RawValue = "annotation",
        logprobs: &'a RawValue = "logprobs",
        error: &'a RawValue = "error",
    }
}

record! {
    /// A failure: in an object of its own, or in the stored response it ended.
    pub(super) struct FaultFields<'a> {
        error: Loose<'a, ParamFields<'a>> = "error",
        param: Loose<'a, Text<'a>> = "param",
    }
}

record! {
    /// Which field of the request is at fault.
    pub(super) struct ParamFields<'a> {
        param: Loose<'a, Text<'a>> = "param",
    }
}
