//! The fields of the dialect's objects, as they are read.

use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::Usage;
use crate::text::{Number, Text};

record! {
    /// A request.
    pub(super) struct Body<'a> {
        model: Text<'a> = "model",
        contents: Vec<ContentFields<'a>> = "contents",
        system: ContentFields<'a> = "systemInstruction" | "system_instruction",
        tools: Vec<ToolFields<'a>> = "tools",
        tool_config: ToolConfig<'a> = "toolConfig" | "tool_config",
        safety: &'a RawValue = "safetySettings" | "safety_settings",
        config: Config<'a> = "generationConfig" | "generation_config",
        labels: &'a RawValue = "labels",
        service_tier: Text<'a> = "serviceTier" | "service_tier",
        generate: &'a RawValue = "generateContentRequest" | "generate_content_request",
    }
}

record! {
    /// What one side says.
    pub(super) struct ContentFields<'a> {
        role: Text<'a> = "role",
        parts: Vec<PartFields<'a>> = "parts",
    }
}

record! {
    /// A part: one of its fields says what it is.
    pub(super) struct PartFields<'a> {
        text: Text<'a> = "text",
        thought: bool = "thought",
        signature: Text<'a> = "thoughtSignature" | "thought_signature",
        inline: BlobFields<'a> = "inlineData" | "inline_data",
        file: FileFields<'a> = "fileData" | "file_data",
        call: CallFields<'a> = "functionCall" | "function_call",
        response: ResponseFields<'a> = "functionResponse" | "function_response",
        video: &'a RawValue = "videoMetadata" | "video_metadata",
        resolution: ResolutionFields<'a> = "mediaResolution" | "media_resolution",
        metadata: &'a RawValue = "partMetadata" | "part_metadata",
    }
}

record! {
    /// Media in place.
    pub(super) struct BlobFields<'a> {
        mime: Text<'a> = "mimeType" | "mime_type",
        data: Text<'a> = "data",
        name: Text<'a> = "displayName" | "display_name",
    }
}

record! {
    /// Media elsewhere.
    pub(super) struct FileFields<'a> {
        mime: Text<'a> = "mimeType" | "mime_type",
        uri: Text<'a> = "fileUri" | "file_uri",
        name: Text<'a> = "displayName" | "display_name",
    }
}

record! {
    /// How finely media are looked at.
    pub(super) struct ResolutionFields<'a> {
        level: Text<'a> = "level",
    }
}

record! {
    /// A call of a function.
    pub(super) struct CallFields<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        args: &'a RawValue = "args",
    }
}

record! {
    /// What a function gave.
    pub(super) struct ResponseFields<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        response: &'a RawValue = "response",
        parts: Vec<PartFields<'a>> = "parts",
    }
}

record! {
    /// The object in which a function's result is told ("FunctionResponse", 2026-11).
    pub(super) struct OutcomeFields<'a> {
        output: &'a RawValue = "output",
        error: &'a RawValue = "error",
    }
}

record! {
    /// Tools: functions, and tools of Google's by name.
    pub(super) struct ToolFields<'a> {
        functions: Vec<FunctionFields<'a>> = "functionDeclarations" | "function_declarations",
        search: SearchFields<'a> = "googleSearch" | "google_search",
    }
}

record! {
    /// Google's search.
    pub(super) struct SearchFields<'a> {
        exclude: Vec<Text<'a>> = "excludeDomains" | "exclude_domains",
    }
}

record! {
    /// A function of the caller's. Its schema is in Google's form or in that of JSON schema.
    pub(super) struct FunctionFields<'a> {
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        parameters: &'a RawValue = "parameters",
        json_schema: &'a RawValue = "parametersJsonSchema" | "parameters_json_schema",
    }
}

record! {
    /// How tools are used.
    pub(super) struct ToolConfig<'a> {
        calling: CallingConfig<'a> = "functionCallingConfig" | "function_calling_config",
    }
}

record! {
    /// What must be called.
    pub(super) struct CallingConfig<'a> {
        mode: Text<'a> = "mode",
        allowed: Vec<Text<'a>> = "allowedFunctionNames" | "allowed_function_names",
    }
}

record! {
    /// How to answer.
    pub(super) struct Config<'a> {
        stop: Vec<Text<'a>> = "stopSequences" | "stop_sequences",
        mime: &'a RawValue = "responseMimeType" | "response_mime_type",
        schema: &'a RawValue = "responseSchema" | "response_schema",
        json_schema: &'a RawValue = "responseJsonSchema" | "response_json_schema" | "_responseJsonSchema",
        modalities: Vec<Text<'a>> = "responseModalities" | "response_modalities",
        candidate_count: Number<'a> = "candidateCount" | "candidate_count",
        max_output: Number<'a> = "maxOutputTokens" | "max_output_tokens",
        temperature: Number<'a> = "temperature",
        top_p: Number<'a> = "topP" | "top_p",
        top_k: Number<'a> = "topK" | "top_k",
        seed: Number<'a> = "seed",
        presence_penalty: Number<'a> = "presencePenalty" | "presence_penalty",
        frequency_penalty: Number<'a> = "frequencyPenalty" | "frequency_penalty",
        want_logprobs: bool = "responseLogprobs" | "response_logprobs",
        logprobs: Number<'a> = "logprobs",
        thinking: ThinkingFields<'a> = "thinkingConfig" | "thinking_config",
    }
}

record! {
    /// How much to think.
    pub(super) struct ThinkingFields<'a> {
        show: bool = "includeThoughts" | "include_thoughts",
        budget: Number<'a> = "thinkingBudget" | "thinking_budget",
        level: Text<'a> = "thinkingLevel" | "thinking_level",
    }
}

record! {
    /// What callers of OpenAI's dialect may say to Google in `extra_body` ("OpenAI compatibility", 2026-11).
    pub(super) struct ExtraBody<'a> {
        google: GoogleFields<'a> = "google",
    }
}

record! {
    /// The part of it that is Google's.
    pub(super) struct GoogleFields<'a> {
        cached_content: Text<'a> = "cached_content" | "cachedContent",
        thinking: &'a RawValue = "thinking_config" | "thinkingConfig",
        safety: &'a RawValue = "safety_settings" | "safetySettings",
    }
}

record! {
    /// OpenAI's wishes for spoken answers.
    pub(super) struct AudioFields<'a> {
        voice: Text<'a> = "voice",
        format: Text<'a> = "format",
    }
}

record! {
    /// An answer, or a chunk of one.
    pub(super) struct AnswerFields<'a> {
        candidates: Vec<CandidateFields<'a>> = "candidates",
        feedback: FeedbackFields<'a> = "promptFeedback",
        usage: Loose<'a, UsageFields<'a>> = "usageMetadata",
        model: Text<'a> = "modelVersion",
        id: Text<'a> = "responseId",
        error: &'a RawValue = "error",
    }
}

record! {
    /// One of the answers.
    pub(super) struct CandidateFields<'a> {
        index: u32 = "index",
        content: ContentFields<'a> = "content",
        finish: Text<'a> = "finishReason",
        safety: &'a RawValue = "safetyRatings",
        grounding: Loose<'a, GroundingFields<'a>> = "groundingMetadata",
        citation: Loose<'a, CitationList<'a>> = "citationMetadata",
        logprobs: Loose<'a, LogprobsFields<'a>> = "logprobsResult",
    }
}

record! {
    /// What a filter says of the prompt.
    pub(super) struct FeedbackFields<'a> {
        reason: Text<'a> = "blockReason",
        safety: &'a RawValue = "safetyRatings",
    }
}

record! {
    /// Where the words of an answer come from.
    pub(super) struct GroundingFields<'a> {
        chunks: Vec<ChunkFields<'a>> = "groundingChunks",
        supports: Vec<SupportFields<'a>> = "groundingSupports",
        queries: Vec<Text<'a>> = "webSearchQueries",
    }
}

record! {
    /// A source.
    pub(super) struct ChunkFields<'a> {
        web: PageFields<'a> = "web" | "retrievedContext" | "maps",
    }
}

record! {
    /// A page.
    pub(super) struct PageFields<'a> {
        uri: Text<'a> = "uri",
        title: Text<'a> = "title",
    }
}

record! {
    /// Which words come from which sources.
    pub(super) struct SupportFields<'a> {
        segment: SegmentFields<'a> = "segment",
        chunks: Vec<Number<'a>> = "groundingChunkIndices",
    }
}

record! {
    /// Words of the answer, from and to in bytes.
    pub(super) struct SegmentFields<'a> {
        start: Number<'a> = "startIndex",
        end: Number<'a> = "endIndex",
        text: Text<'a> = "text",
    }
}

record! {
    /// Texts the answer recites; at Vertex they are called citations.
    pub(super) struct CitationList<'a> {
        sources: Vec<SourceFields<'a>> = "citationSources" | "citations",
    }
}

record! {
    /// A text it recites.
    pub(super) struct SourceFields<'a> {
        start: Number<'a> = "startIndex",
        end: Number<'a> = "endIndex",
        uri: Text<'a> = "uri",
        title: Text<'a> = "title",
    }
}

record! {
    /// Log probabilities.
    pub(super) struct LogprobsFields<'a> {
        top: Vec<TopFields<'a>> = "topCandidates",
        chosen: Vec<TokenFields<'a>> = "chosenCandidates",
    }
}

record! {
    /// The likeliest at one place.
    pub(super) struct TopFields<'a> {
        candidates: Vec<TokenFields<'a>> = "candidates",
    }
}

record! {
    /// One of them.
    pub(super) struct TokenFields<'a> {
        token: Text<'a> = "token",
        logprob: Number<'a> = "logProbability",
    }
}

record! {
    /// Counts.
    pub(super) struct UsageFields<'a> {
        prompt: Number<'a> = "promptTokenCount",
        cached: Number<'a> = "cachedContentTokenCount",
        candidates: Number<'a> = "candidatesTokenCount" | "responseTokenCount",
        tool_use: Number<'a> = "toolUsePromptTokenCount",
        thoughts: Number<'a> = "thoughtsTokenCount",
        total: Number<'a> = "totalTokenCount",
        prompt_details: Vec<ModalityFields<'a>> = "promptTokensDetails",
        candidates_details: Vec<ModalityFields<'a>> = "candidatesTokensDetails",
    }
}

record! {
    /// Counts of one kind of media.
    pub(super) struct ModalityFields<'a> {
        modality: Text<'a> = "modality",
        count: Number<'a> = "tokenCount",
    }
}

impl UsageFields<'_> {
    /// What tools put before the model is input too; thoughts are output too. `promptTokenCount` has the cached ones in
    /// ("UsageMetadata", 2026-11).
    pub(super) fn usage(&self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        let sound = |details: &Option<Vec<ModalityFields<'_>>>| {
            let mut found = details.iter().flatten();
            found.find(|entry| entry.modality.as_deref() == Some("AUDIO")).and_then(|entry| count(&entry.count))
        };
        Usage {
            input: sum(count(&self.prompt), count(&self.tool_use)),
            output: sum(count(&self.candidates), count(&self.thoughts)),
            total: count(&self.total),
            cache_read: count(&self.cached),
            reasoning: count(&self.thoughts),
            audio_input: sound(&self.prompt_details),
            audio_output: sound(&self.candidates_details),
            ..Usage::default()
        }
    }
}
