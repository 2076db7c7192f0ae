//! The objects of stream events.

use crate::json::{Loose, record};
use crate::model::Usage;
use crate::text::{Number, Text};

record! {
    /// A chat as it stands.
    pub(super) struct ChatFields<'a> {
        id: Text<'a> = "id",
        created: Loose<'a, Number<'a>> = "created_at",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        last_error: Loose<'a, ErrorFields<'a>> = "last_error",
        action: Loose<'a, ActionFields<'a>> = "required_action",
    }
}

record! {
    /// Why a chat failed.
    pub(super) struct ErrorFields<'a> {
        code: Number<'a> = "code",
        message: Text<'a> = "msg",
    }
}

record! {
    /// A failure, as far as it is of interest.
    pub(super) struct Failed<'a> {
        code: Number<'a> = "code",
    }
}

record! {
    /// What the caller must do for the chat to go on.
    pub(super) struct ActionFields<'a> {
        outputs: OutputsFields<'a> = "submit_tool_outputs",
    }
}

record! {
    /// Calls of the caller's tools.
    pub(super) struct OutputsFields<'a> {
        calls: Vec<CallFields<'a>> = "tool_calls",
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
        arguments: Text<'a> = "arguments",
    }
}

record! {
    /// A message, or a piece of one.
    pub(super) struct MessageFields<'a> {
        role: Text<'a> = "role",
        kind: Text<'a> = "type",
        content: Text<'a> = "content",
        reasoning: Text<'a> = "reasoning_content",
    }
}

record! {
    /// What was used.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "input_count",
        output: Number<'a> = "output_count",
        total: Number<'a> = "token_count",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        Usage { input: count(&self.input), output: count(&self.output), total: count(&self.total), ..Usage::default() }
    }
}
