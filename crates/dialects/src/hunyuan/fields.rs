//! The objects of answers and of stream events.

use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::{Citation, Usage};
use crate::text::{Number, Text};

record! {
    /// What stands around a whole answer.
    pub(super) struct Envelope<'a> {
        response: AnswerFields<'a> = "Response",
    }
}

record! {
    /// An answer, or an event of a stream.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "Id",
        created: Loose<'a, Number<'a>> = "Created",
        choices: Vec<ChoiceFields<'a>> = "Choices",
        usage: Loose<'a, UsageFields<'a>> = "Usage",
        search: Loose<'a, SearchFields<'a>> = "SearchInfo",
        error: &'a RawValue = "Error",
        error_message: Loose<'a, ErrorFields<'a>> = "ErrorMsg",
    }
}

record! {
    /// A failure in the middle of a stream.
    pub(super) struct ErrorFields<'a> {
        message: Text<'a> = "Msg",
        code: Number<'a> = "Code",
    }
}

record! {
    /// One of the answers.
    pub(super) struct ChoiceFields<'a> {
        finish_reason: Text<'a> = "FinishReason",
        message: MessageFields<'a> = "Message" | "Delta",
        index: Loose<'a, u32> = "Index",
    }
}

record! {
    /// The model's message, or what is added to it.
    pub(super) struct MessageFields<'a> {
        content: Text<'a> = "Content",
        reasoning: Text<'a> = "ReasoningContent",
        tool_calls: Vec<CallFields<'a>> = "ToolCalls",
    }
}

record! {
    /// A call.
    pub(super) struct CallFields<'a> {
        id: Text<'a> = "Id",
        index: Loose<'a, u64> = "Index",
        function: FunctionFields<'a> = "Function",
    }
}

record! {
    /// What is called.
    pub(super) struct FunctionFields<'a> {
        name: Text<'a> = "Name",
        arguments: &'a RawValue = "Arguments",
    }
}

record! {
    /// What the search in the web found.
    pub(super) struct SearchFields<'a> {
        results: Vec<PageFields<'a>> = "SearchResults",
    }
}

record! {
    /// A page.
    pub(super) struct PageFields<'a> {
        title: Text<'a> = "Title",
        url: Text<'a> = "Url",
        text: Text<'a> = "Text",
    }
}

impl<'a> SearchFields<'a> {
    pub(super) fn citations(self) -> Vec<Citation<'a>> {
        let page = |page: PageFields<'a>| Citation {
            url: page.url,
            title: page.title,
            quote: page.text,
            ..Citation::default()
        };
        self.results.unwrap_or_default().into_iter().map(page).collect()
    }
}

record! {
    /// What was used.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "PromptTokens",
        output: Number<'a> = "CompletionTokens",
        total: Number<'a> = "TotalTokens",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        Usage { input: count(&self.input), output: count(&self.output), total: count(&self.total), ..Usage::default() }
    }
}
