//! The parts of events that content can lie in.

use crate::raw::{Raw, field, fields, is_truthy, objects, text};
use crate::usage::Counts;

fields! {
    /// A choice of a chat or completion chunk; also Qwen's `output`, which is one choice or has some.
    pub(super) struct Choice<'a> {
        delta: Option<Message<'a>> = "delta",
        /// Some send whole messages in chunks.
        message: Option<Message<'a>> = "message",
        text: Raw<'a> = "text",
        finish_reason: Raw<'a> = "finish_reason",
        pub(super) usage: Option<Counts<'a>> = "usage",
        /// Qwen's. Unread here, for choices within choices have no end.
        pub(super) choices: Raw<'a> = "choices",
    }
}

impl<'a> Choice<'a> {
    /// The plain text a chunk adds.
    pub(super) fn added(&self) -> Raw<'a> {
        self.delta.as_ref().and_then(|delta| delta.content)
    }

    pub(super) fn has_content(&self) -> bool {
        text(self.text).is_some()
            || self.delta.as_ref().is_some_and(|delta| delta.has_content())
            || self.message.as_ref().is_some_and(|message| message.has_content())
    }

    /// Qwen writes the word "null" while it goes on.
    pub(super) fn is_finished(&self) -> bool {
        is_truthy(self.finish_reason) && self.finish_reason.is_some_and(|raw| raw != "\"null\"")
    }
}

fields! {
    /// What a chat chunk adds.
    struct Message<'a> {
        content: Raw<'a> = "content",
        refusal: Raw<'a> = "refusal",
        reasoning_content: Raw<'a> = "reasoning_content",
        reasoning: Raw<'a> = "reasoning",
        reasoning_details: Raw<'a> = "reasoning_details",
        tool_calls: Raw<'a> = "tool_calls",
        function_call: Raw<'a> = "function_call",
        audio: Raw<'a> = "audio",
        images: Raw<'a> = "images",
    }
}

impl Message<'_> {
    fn has_content(&self) -> bool {
        let plain =
            [self.content, self.refusal, self.reasoning_content, self.tool_calls, self.function_call, self.images];
        plain.into_iter().any(is_truthy)
            || text(self.reasoning).is_some()
            || objects::<Delta<'_>>(self.reasoning_details).any(|found| found.has_text())
            || field::<Sound<'_>>(self.audio).is_some_and(|sound| is_truthy(sound.data) || is_truthy(sound.transcript))
    }
}

fields! {
    struct Sound<'a> {
        data: Raw<'a> = "data",
        transcript: Raw<'a> = "transcript",
    }
}

fields! {
    /// A delta or block of Anthropic, a part of an OpenAI response.
    pub(super) struct Delta<'a> {
        pub(super) text: Raw<'a> = "text",
        thinking: Raw<'a> = "thinking",
        summary: Raw<'a> = "summary",
        refusal: Raw<'a> = "refusal",
        transcript: Raw<'a> = "transcript",
        partial_json: Raw<'a> = "partial_json",
        citation: Raw<'a> = "citation",
        pub(super) stop_reason: Raw<'a> = "stop_reason",
    }
}

impl Delta<'_> {
    /// Text of any kind.
    pub(super) fn has_text(&self) -> bool {
        [self.text, self.thinking, self.summary, self.refusal, self.transcript]
            .into_iter()
            .any(|raw| text(raw).is_some())
    }

    /// Text, arguments of a tool call, or a citation; not a signature.
    pub(super) fn has_content(&self) -> bool {
        self.has_text() || is_truthy(self.partial_json) || is_truthy(self.citation)
    }
}

fields! {
    /// An output item of an OpenAI response.
    pub(super) struct Item<'a> {
        kind: Raw<'a> = "type",
        content: Raw<'a> = "content",
        summary: Raw<'a> = "summary",
        arguments: Raw<'a> = "arguments",
        input: Raw<'a> = "input",
        result: Raw<'a> = "result",
        output: Raw<'a> = "output",
    }
}

impl Item<'_> {
    /// A finished call is content even without arguments; a message or reasoning needs text.
    pub(super) fn has_content(&self, is_done: bool) -> bool {
        let is_call = self.kind.is_some_and(|kind| kind.ends_with("_call\""));
        is_done && is_call
            || [self.content, self.summary, self.arguments, self.input, self.result, self.output]
                .into_iter()
                .any(is_truthy)
    }
}

fields! {
    /// A response object inside an event.
    pub(super) struct Holder<'a> {
        pub(super) output: Raw<'a> = "output",
    }
}

fields! {
    /// A candidate of Gemini.
    pub(super) struct Candidate<'a> {
        content: Option<Parts<'a>> = "content",
        pub(super) finish_reason: Raw<'a> = "finishReason",
    }
}

impl Candidate<'_> {
    pub(super) fn has_content(&self) -> bool {
        let parts = self.content.as_ref().and_then(|content| content.parts.as_ref());
        parts.into_iter().flatten().any(Part::has_content)
    }
}

fields! {
    struct Parts<'a> {
        parts: Option<Vec<Part<'a>>> = "parts",
    }
}

fields! {
    struct Part<'a> {
        text: Raw<'a> = "text",
        function_call: Raw<'a> = "functionCall",
        inline_data: Raw<'a> = "inlineData",
        file_data: Raw<'a> = "fileData",
        executable_code: Raw<'a> = "executableCode",
        code_execution_result: Raw<'a> = "codeExecutionResult",
    }
}

impl Part<'_> {
    fn has_content(&self) -> bool {
        [
            self.text,
            self.function_call,
            self.inline_data,
            self.file_data,
            self.executable_code,
            self.code_execution_result,
        ]
        .into_iter()
        .any(is_truthy)
    }
}
