//! The objects of answers and of stream events.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::Usage;
use crate::text::{Number, Text};

record! {
    /// An answer, or an event of a stream.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "sid",
        code: Number<'a> = "code",
        created: Loose<'a, Number<'a>> = "created",
        choices: Vec<ChoiceFields<'a>> = "choices",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        error: &'a RawValue = "error",
    }
}

record! {
    /// A failure, as far as it is of interest.
    pub(super) struct Failed<'a> {
        code: Number<'a> = "code",
    }
}

impl AnswerFields<'_> {
    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some() || self.code.as_ref().is_some_and(|code| code.count() != 0)
    }
}

record! {
    /// One of the answers.
    pub(super) struct ChoiceFields<'a> {
        index: u32 = "index",
        message: MessageFields<'a> = "message" | "delta",
        finish_reason: Text<'a> = "finish_reason",
    }
}

record! {
    /// The model's message, or what is added to it.
    pub(super) struct MessageFields<'a> {
        content: Text<'a> = "content",
        reasoning: Text<'a> = "reasoning_content",
        calls: Calls<'a> = "tool_calls",
    }
}

/// Calls: a list, or a single one without a list as older models send it.
#[derive(Debug, Default)]
pub(super) struct Calls<'a>(pub(super) Vec<CallFields<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Calls<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        let calls = match raw.get().starts_with('[') {
            true => serde_json::from_str(raw.get()),
            false => serde_json::from_str(raw.get()).map(|call| vec![call]),
        };
        calls.map(Self).map_err(serde::de::Error::custom)
    }
}

record! {
    /// A call.
    pub(super) struct CallFields<'a> {
        index: u64 = "index",
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
    /// What was used.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "prompt_tokens",
        output: Number<'a> = "completion_tokens",
        total: Number<'a> = "total_tokens",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        Usage { input: count(&self.input), output: count(&self.output), total: count(&self.total), ..Usage::default() }
    }
}
