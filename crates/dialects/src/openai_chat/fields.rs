//! The fields of the dialect's objects, as they are read.

use serde_json::value::RawValue;

use crate::json::{Loose, TextOr, record};
use crate::model::{CacheMark, Usage};
use crate::text::{Number, Text};

record! {
    /// A request.
    pub(super) struct Body<'a> {
        model: Text<'a> = "model",
        messages: Vec<MessageFields<'a>> = "messages",
        stream: bool = "stream",
        stream_options: StreamOptions<'a> = "stream_options",
        temperature: Number<'a> = "temperature",
        top_p: Number<'a> = "top_p",
        top_k: Number<'a> = "top_k",
        min_p: Number<'a> = "min_p",
        seed: Number<'a> = "seed",
        presence_penalty: Number<'a> = "presence_penalty",
        frequency_penalty: Number<'a> = "frequency_penalty",
        repetition_penalty: Number<'a> = "repetition_penalty",
        logit_bias: &'a RawValue = "logit_bias",
        n: Number<'a> = "n",
        logprobs: bool = "logprobs",
        top_logprobs: Number<'a> = "top_logprobs",
        stop: TextOr<'a, Vec<Text<'a>>> = "stop",
        max_tokens: Number<'a> = "max_tokens",
        max_completion_tokens: Number<'a> = "max_completion_tokens",
        response_format: Format<'a> = "response_format",
        tools: Vec<ToolFields<'a>> = "tools",
        tool_choice: TextOr<'a, ChoiceFields<'a>> = "tool_choice",
        functions: Vec<FunctionFields<'a>> = "functions",
        function_call: TextOr<'a, FunctionFields<'a>> = "function_call",
        parallel_tool_calls: bool = "parallel_tool_calls",
        reasoning_effort: Text<'a> = "reasoning_effort",
        reasoning_max_tokens: Number<'a> = "reasoning_max_tokens" | "thinking_budget",
        enable_thinking: bool = "enable_thinking",
        reasoning: ReasoningFields<'a> = "reasoning",
        thinking: ThinkingFields<'a> = "thinking",
        web_search_options: WebSearchOptions<'a> = "web_search_options",
        user: Text<'a> = "user",
        metadata: &'a RawValue = "metadata",
        service_tier: Text<'a> = "service_tier",
        modalities: Vec<Text<'a>> = "modalities",
        audio: &'a RawValue = "audio",
    }
}

record! {
    /// What a stream shall tell besides.
    pub(super) struct StreamOptions<'a> {
        include_usage: bool = "include_usage",
    }
}

record! {
    /// A message, of requests, of answers, and (as `delta`) of streams.
    pub(super) struct MessageFields<'a> {
        role: Text<'a> = "role",
        content: TextOr<'a, Vec<PartFields<'a>>> = "content",
        name: Text<'a> = "name",
        refusal: Text<'a> = "refusal",
        reasoning_content: Text<'a> = "reasoning_content" | "reasoning",
        reasoning_details: Vec<DetailFields<'a>> = "reasoning_details",
        thinking_blocks: Vec<DetailFields<'a>> = "thinking_blocks",
        tool_calls: Vec<CallFields<'a>> = "tool_calls",
        function_call: FunctionFields<'a> = "function_call",
        tool_call_id: Text<'a> = "tool_call_id",
        audio: AudioFields<'a> = "audio",
        images: Vec<PartFields<'a>> = "images",
        annotations: Vec<AnnotationFields<'a>> = "annotations",
        cache_control: Cache<'a> = "cache_control",
    }
}

record! {
    /// A part of a message.
    pub(super) struct PartFields<'a> {
        kind: Text<'a> = "type",
        text: Text<'a> = "text",
        refusal: Text<'a> = "refusal",
        thinking: TextOr<'a, Vec<PartFields<'a>>> = "thinking",
        image_url: TextOr<'a, UrlFields<'a>> = "image_url",
        video_url: TextOr<'a, UrlFields<'a>> = "video_url",
        input_audio: AudioFields<'a> = "input_audio",
        file: FileFields<'a> = "file",
        cache_control: Cache<'a> = "cache_control" | "prompt_cache_breakpoint",
    }
}

record! {
    /// An address.
    pub(super) struct UrlFields<'a> {
        url: Text<'a> = "url",
        detail: Text<'a> = "detail",
    }
}

record! {
    /// A sound: spoken by the caller, or by the model.
    pub(super) struct AudioFields<'a> {
        id: Text<'a> = "id",
        data: Text<'a> = "data",
        format: Text<'a> = "format",
        transcript: Text<'a> = "transcript",
    }
}

record! {
    /// A file.
    pub(super) struct FileFields<'a> {
        file_id: Text<'a> = "file_id",
        file_data: Text<'a> = "file_data",
        filename: Text<'a> = "filename",
    }
}

record! {
    /// A cache mark.
    pub(super) struct Cache<'a> {
        ttl: Text<'a> = "ttl",
    }
}

impl<'a> Cache<'a> {
    /// Lives that only OpenAI has become Anthropic's hour.
    pub(super) fn mark(self) -> CacheMark<'a> {
        CacheMark {
            ttl: self.ttl.map(|ttl| if matches!(ttl.as_str(), "30m" | "12h") { Text::fixed("1h") } else { ttl }),
        }
    }
}

record! {
    /// A tool call, whole or a piece of it.
    pub(super) struct CallFields<'a> {
        index: u32 = "index",
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        function: FunctionFields<'a> = "function",
        custom: CustomFields<'a> = "custom",
        extra_content: ExtraContent<'a> = "extra_content",
    }
}

record! {
    /// A function: declared, named or called.
    pub(super) struct FunctionFields<'a> {
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        parameters: &'a RawValue = "parameters",
        strict: bool = "strict",
        arguments: &'a RawValue = "arguments",
    }
}

record! {
    /// A call of a tool that takes free text.
    pub(super) struct CustomFields<'a> {
        name: Text<'a> = "name",
        input: Text<'a> = "input",
    }
}

record! {
    /// What Google's OpenAI-like endpoint adds ("OpenAI compatibility: thought signatures", 2026-11).
    pub(super) struct ExtraContent<'a> {
        google: GoogleFields<'a> = "google",
    }
}

record! {
    /// Google's part of it.
    pub(super) struct GoogleFields<'a> {
        thought_signature: Text<'a> = "thought_signature",
    }
}

record! {
    /// A declared tool.
    pub(super) struct ToolFields<'a> {
        kind: Text<'a> = "type",
        function: FunctionFields<'a> = "function",
        custom: &'a RawValue = "custom",
        cache_control: Cache<'a> = "cache_control",
    }
}

record! {
    /// What must be called.
    pub(super) struct ChoiceFields<'a> {
        kind: Text<'a> = "type",
        function: FunctionFields<'a> = "function",
        custom: FunctionFields<'a> = "custom",
        allowed_tools: AllowedFields<'a> = "allowed_tools",
    }
}

record! {
    /// What may be called.
    pub(super) struct AllowedFields<'a> {
        mode: Text<'a> = "mode",
        tools: Vec<ToolFields<'a>> = "tools",
    }
}

record! {
    /// The form of the answer.
    pub(super) struct Format<'a> {
        kind: Text<'a> = "type",
        json_schema: SchemaFields<'a> = "json_schema",
    }
}

record! {
    /// A schema for the answer.
    pub(super) struct SchemaFields<'a> {
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        schema: &'a RawValue = "schema",
        strict: bool = "strict",
    }
}

record! {
    /// OpenRouter's `reasoning` ("Reasoning tokens", 2026-11).
    pub(super) struct ReasoningFields<'a> {
        effort: Text<'a> = "effort",
        max_tokens: Number<'a> = "max_tokens",
        enabled: bool = "enabled",
        exclude: bool = "exclude",
        summary: Text<'a> = "summary",
    }
}

record! {
    /// `thinking` as Zhipu, Doubao, DeepSeek and others took it over from Anthropic (2026-11).
    pub(super) struct ThinkingFields<'a> {
        kind: Text<'a> = "type",
        budget: Number<'a> = "budget_tokens" | "budget_token",
    }
}

record! {
    /// Search in the web.
    pub(super) struct WebSearchOptions<'a> {
        search_context_size: Text<'a> = "search_context_size",
        user_location: LocationFields<'a> = "user_location",
    }
}

record! {
    /// Where the caller is.
    pub(super) struct LocationFields<'a> {
        approximate: PlaceFields<'a> = "approximate",
    }
}

record! {
    /// What is known of the place.
    pub(super) struct PlaceFields<'a> {
        city: Text<'a> = "city",
        region: Text<'a> = "region",
        country: Text<'a> = "country",
        timezone: Text<'a> = "timezone",
    }
}

record! {
    /// A thought, in OpenRouter's `reasoning_details` or LiteLLM's `thinking_blocks` (2026-11).
    pub(super) struct DetailFields<'a> {
        kind: Text<'a> = "type",
        id: Text<'a> = "id",
        format: Text<'a> = "format",
        text: Text<'a> = "text" | "thinking",
        summary: Text<'a> = "summary",
        signature: Text<'a> = "signature",
        data: Text<'a> = "data",
    }
}

record! {
    /// Where a text comes from.
    pub(super) struct AnnotationFields<'a> {
        kind: Text<'a> = "type",
        url_citation: CitationFields<'a> = "url_citation",
    }
}

record! {
    /// A page.
    pub(super) struct CitationFields<'a> {
        url: Text<'a> = "url",
        title: Text<'a> = "title",
        content: Text<'a> = "content",
        start: Number<'a> = "start_index",
        end: Number<'a> = "end_index",
    }
}

record! {
    /// An answer, or a chunk of one.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "id",
        object: Text<'a> = "object",
        created: Loose<'a, Number<'a>> = "created",
        model: Text<'a> = "model",
        choices: Vec<AnswerChoice<'a>> = "choices",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        x_groq: GroqFields<'a> = "x_groq",
        service_tier: Text<'a> = "service_tier",
        error: &'a RawValue = "error",
    }
}

record! {
    /// One of the answers.
    pub(super) struct AnswerChoice<'a> {
        index: u32 = "index",
        message: MessageFields<'a> = "message",
        delta: MessageFields<'a> = "delta",
        finish_reason: Text<'a> = "finish_reason",
        logprobs: &'a RawValue = "logprobs",
        content_filter_results: &'a RawValue = "content_filter_results",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// Where Groq puts the usage of a stream.
    pub(super) struct GroqFields<'a> {
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// Counts.
    pub(super) struct UsageFields<'a> {
        prompt_tokens: Number<'a> = "prompt_tokens",
        completion_tokens: Number<'a> = "completion_tokens",
        total_tokens: Number<'a> = "total_tokens",
        prompt_details: DetailCounts<'a> = "prompt_tokens_details",
        completion_details: DetailCounts<'a> = "completion_tokens_details",
        cache_hit: Number<'a> = "prompt_cache_hit_tokens" | "cached_tokens",
    }
}

record! {
    /// Finer counts.
    pub(super) struct DetailCounts<'a> {
        cached: Number<'a> = "cached_tokens",
        written: Number<'a> = "cache_write_tokens",
        audio: Number<'a> = "audio_tokens",
        reasoning: Number<'a> = "reasoning_tokens",
        accepted: Number<'a> = "accepted_prediction_tokens",
        rejected: Number<'a> = "rejected_prediction_tokens",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(&self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let of_prompt = self.prompt_details.as_ref();
        let of_answer = self.completion_details.as_ref();
        Usage {
            input: count(&self.prompt_tokens),
            output: count(&self.completion_tokens),
            total: count(&self.total_tokens),
            cache_read: of_prompt.and_then(|details| count(&details.cached)).or(count(&self.cache_hit)),
            cache_write: of_prompt.and_then(|details| count(&details.written)),
            reasoning: of_answer.and_then(|details| count(&details.reasoning)),
            audio_input: of_prompt.and_then(|details| count(&details.audio)),
            audio_output: of_answer.and_then(|details| count(&details.audio)),
            accepted_prediction: of_answer.and_then(|details| count(&details.accepted)),
            rejected_prediction: of_answer.and_then(|details| count(&details.rejected)),
            ..Usage::default()
        }
    }
}
