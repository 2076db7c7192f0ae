//! The parts of events that content can lie in.

use serde::Deserialize;

use crate::raw::{Raw, elements, field, is_truthy, text};

/// A choice of a chat or completion chunk; also Qwen's `output`, which is one choice or has some.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    #[serde(borrow)]
    delta: Raw<'a>,
    /// Some send whole messages in chunks.
    #[serde(borrow)]
    message: Raw<'a>,
    #[serde(borrow)]
    text: Raw<'a>,
    #[serde(borrow)]
    finish_reason: Raw<'a>,
    #[serde(borrow)]
    pub(super) usage: Raw<'a>,
    #[serde(borrow)]
    pub(super) choices: Raw<'a>,
}

impl Choice<'_> {
    pub(super) fn has_content(&self) -> bool {
        text(self.text).is_some()
            || field::<Message<'_>>(self.delta).is_some_and(|delta| delta.has_content())
            || field::<Message<'_>>(self.message).is_some_and(|message| message.has_content())
    }

    /// Qwen writes the word "null" while it goes on.
    pub(super) fn is_finished(&self) -> bool {
        is_truthy(self.finish_reason) && self.finish_reason.is_some_and(|raw| raw.get() != "\"null\"")
    }
}

/// What a chat chunk adds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    #[serde(borrow)]
    refusal: Raw<'a>,
    #[serde(borrow)]
    reasoning_content: Raw<'a>,
    #[serde(borrow)]
    reasoning: Raw<'a>,
    #[serde(borrow)]
    reasoning_details: Raw<'a>,
    #[serde(borrow)]
    tool_calls: Raw<'a>,
    #[serde(borrow)]
    function_call: Raw<'a>,
    #[serde(borrow)]
    audio: Raw<'a>,
    #[serde(borrow)]
    images: Raw<'a>,
}

impl Message<'_> {
    fn has_content(&self) -> bool {
        let plain =
            [self.content, self.refusal, self.reasoning_content, self.tool_calls, self.function_call, self.images];
        plain.into_iter().any(is_truthy)
            || text(self.reasoning).is_some()
            || elements::<Delta<'_>>(self.reasoning_details).iter().any(Delta::has_text)
            || field::<Sound<'_>>(self.audio).is_some_and(|sound| is_truthy(sound.data) || is_truthy(sound.transcript))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sound<'a> {
    #[serde(borrow)]
    data: Raw<'a>,
    #[serde(borrow)]
    transcript: Raw<'a>,
}

/// A delta or block of Anthropic, a part of an OpenAI response.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    text: Raw<'a>,
    #[serde(borrow)]
    thinking: Raw<'a>,
    #[serde(borrow)]
    summary: Raw<'a>,
    #[serde(borrow)]
    refusal: Raw<'a>,
    #[serde(borrow)]
    transcript: Raw<'a>,
    #[serde(borrow)]
    partial_json: Raw<'a>,
    #[serde(borrow)]
    citation: Raw<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Raw<'a>,
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

/// An output item of an OpenAI response.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    content: Raw<'a>,
    #[serde(borrow)]
    summary: Raw<'a>,
    #[serde(borrow)]
    arguments: Raw<'a>,
    #[serde(borrow)]
    input: Raw<'a>,
    #[serde(borrow)]
    result: Raw<'a>,
    #[serde(borrow)]
    output: Raw<'a>,
}

impl Item<'_> {
    /// A finished call is content even without arguments; a message or reasoning needs text.
    pub(super) fn has_content(&self, is_done: bool) -> bool {
        let is_call = self.kind.is_some_and(|kind| kind.get().ends_with("_call\""));
        is_done && is_call
            || [self.content, self.summary, self.arguments, self.input, self.result, self.output]
                .into_iter()
                .any(is_truthy)
    }
}

/// A response object inside an event.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Holder<'a> {
    #[serde(borrow)]
    pub(super) output: Raw<'a>,
}

/// A candidate of Gemini.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Candidate<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    #[serde(borrow, rename = "finishReason")]
    pub(super) finish_reason: Raw<'a>,
}

impl Candidate<'_> {
    pub(super) fn has_content(&self) -> bool {
        let parts = field::<Parts<'_>>(self.content).unwrap_or_default();
        elements::<Part<'_>>(parts.parts).iter().any(Part::has_content)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    parts: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Raw<'a>,
    #[serde(borrow)]
    function_call: Raw<'a>,
    #[serde(borrow)]
    inline_data: Raw<'a>,
    #[serde(borrow)]
    file_data: Raw<'a>,
    #[serde(borrow)]
    executable_code: Raw<'a>,
    #[serde(borrow)]
    code_execution_result: Raw<'a>,
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
