//! The objects of answers and of stream events: both are the same.

use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::Usage;
use crate::text::{Number, Text};

record! {
    /// An answer, or an event of a stream.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "id",
        created: Loose<'a, Number<'a>> = "created",
        model: Text<'a> = "model",
        choices: Vec<ChoiceFields<'a>> = "choices",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        base: BaseFields<'a> = "base_resp",
    }
}

record! {
    /// A failure, as far as it is of interest.
    pub(super) struct Failed<'a> {
        base: BaseFields<'a> = "base_resp",
    }
}

record! {
    /// How it went.
    pub(super) struct BaseFields<'a> {
        status_code: Number<'a> = "status_code",
    }
}

impl AnswerFields<'_> {
    pub(super) fn has_failed(&self) -> bool {
        self.base.as_ref().and_then(|base| base.status_code.as_ref()).is_some_and(|code| code.count() != 0)
    }
}

record! {
    /// One of the answers.
    pub(super) struct ChoiceFields<'a> {
        finish_reason: Text<'a> = "finish_reason",
        messages: Vec<MessageFields<'a>> = "messages",
    }
}

record! {
    /// What the bot says.
    pub(super) struct MessageFields<'a> {
        sender_name: Text<'a> = "sender_name",
        text: Text<'a> = "text",
        call: CallFields<'a> = "function_call",
    }
}

record! {
    /// A call. It has no id.
    pub(super) struct CallFields<'a> {
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
