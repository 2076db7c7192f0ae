//! The objects of answers and of stream events: both are the same.

use serde_json::value::RawValue;

use crate::json::{Loose, TextOr, record};
use crate::model::{Citation, Usage};
use crate::text::{Number, Text};

record! {
    /// An answer, or as much of it as has come.
    pub(super) struct AnswerFields<'a> {
        id: Text<'a> = "request_id",
        output: OutputFields<'a> = "output",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        code: &'a RawValue = "code",
    }
}

record! {
    /// `output`.
    pub(super) struct OutputFields<'a> {
        choices: Vec<ChoiceFields<'a>> = "choices",
        text: Text<'a> = "text",
        finish_reason: Text<'a> = "finish_reason",
        search: Loose<'a, SearchFields<'a>> = "search_info",
    }
}

record! {
    /// One of the answers.
    pub(super) struct ChoiceFields<'a> {
        index: u32 = "index",
        message: MessageFields<'a> = "message",
        finish_reason: Text<'a> = "finish_reason",
        logprobs: &'a RawValue = "logprobs",
    }
}

record! {
    /// The model's message.
    pub(super) struct MessageFields<'a> {
        content: TextOr<'a, Vec<PieceFields<'a>>> = "content",
        reasoning: Text<'a> = "reasoning_content",
        tool_calls: Vec<CallFields<'a>> = "tool_calls",
    }
}

record! {
    /// A piece of content.
    pub(super) struct PieceFields<'a> {
        text: Text<'a> = "text",
        image: Text<'a> = "image",
        audio: Loose<'a, AudioFields<'a>> = "audio",
    }
}

record! {
    /// A sound.
    pub(super) struct AudioFields<'a> {
        data: Text<'a> = "data",
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
    /// What the search in the web found.
    pub(super) struct SearchFields<'a> {
        results: Vec<PageFields<'a>> = "search_results",
    }
}

record! {
    /// A page.
    pub(super) struct PageFields<'a> {
        title: Text<'a> = "title",
        url: Text<'a> = "url",
    }
}

impl<'a> SearchFields<'a> {
    pub(super) fn citations(self) -> Vec<Citation<'a>> {
        let page = |page: PageFields<'a>| Citation { url: page.url, title: page.title, ..Citation::default() };
        self.results.unwrap_or_default().into_iter().map(page).collect()
    }
}

record! {
    /// What was used.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "input_tokens",
        output: Number<'a> = "output_tokens",
        total: Number<'a> = "total_tokens",
        input_details: Loose<'a, DetailFields<'a>> = "prompt_tokens_details",
        output_details: Loose<'a, DetailFields<'a>> = "output_tokens_details",
    }
}

record! {
    /// What it was used for.
    pub(super) struct DetailFields<'a> {
        cached: Number<'a> = "cached_tokens",
        written: Number<'a> = "cache_creation_input_tokens",
        reasoning: Number<'a> = "reasoning_tokens",
        audio: Number<'a> = "audio_tokens",
    }
}

impl UsageFields<'_> {
    pub(super) fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        let input = self.input_details.and_then(Loose::known).unwrap_or_default();
        let output = self.output_details.and_then(Loose::known).unwrap_or_default();
        Usage {
            input: count(&self.input),
            output: count(&self.output),
            total: count(&self.total),
            cache_read: count(&input.cached),
            cache_write: count(&input.written),
            reasoning: count(&output.reasoning),
            audio_input: count(&input.audio),
            audio_output: count(&output.audio),
            ..Usage::default()
        }
    }
}
