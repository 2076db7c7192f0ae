//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, text_of};
use crate::model::{Answer, CallKind, Choice, Finish, Part, TextPart, Thinking, ToolCall, Usage};
use crate::text::{Number, Text};

use super::fields::{AnswerFields, CallFields, ChoiceFields, MessageFields, UsageFields};

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let has_failed = answer.has_failed();
    let Some(choices) = answer.choices.filter(|_| !has_failed) else {
        return Err(Unreadable { message: "the answer has no choices".to_owned() });
    };
    Ok(Answer {
        id: answer.id,
        created: answer.created.and_then(Loose::known).as_ref().map(Number::count),
        choices: choices.into_iter().zip(0..).map(|(fields, at)| choice(fields, at)).collect(),
        usage: answer.usage.and_then(Loose::known).map(UsageFields::usage).filter(Usage::is_known),
        ..Answer::default()
    })
}

fn choice(fields: ChoiceFields<'_>, at: u32) -> Choice<'_> {
    let parts = fields.message.map(parts).unwrap_or_default();
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = finish(fields.finish_reason, has_calls);
    Choice { index: fields.index.unwrap_or(at), parts, finish: Some(finish), ..Choice::default() }
}

/// Mostly there is no word: a whole answer was complete.
pub(super) fn finish(word: Option<Text<'_>>, has_calls: bool) -> Finish<'_> {
    let word = word.unwrap_or_default();
    match word.as_str() {
        "" | "stop" if has_calls => Finish::ToolCalls,
        "" | "stop" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" => Finish::ToolCalls,
        "content_filter" => Finish::Filtered,
        _ => Finish::Other(word),
    }
}

fn parts(message: MessageFields<'_>) -> Vec<Part<'_>> {
    let thinking = message.reasoning.filter(|text| !text.is_empty());
    let thinking = thinking.map(|text| Part::Thinking(Thinking { text, ..Thinking::default() }));
    let text = message.content.map(|text| Part::Text(TextPart { text, ..TextPart::default() }));
    let calls = message.calls.unwrap_or_default().0.into_iter().enumerate().map(call);
    thinking.into_iter().chain(text).chain(calls).collect()
}

fn call((at, fields): (usize, CallFields<'_>)) -> Part<'_> {
    let function = fields.function.unwrap_or_default();
    Part::ToolCall(ToolCall {
        id: fields.id.filter(|id| !id.is_empty()).unwrap_or_else(|| Text::from(format!("call_{at}"))),
        name: function.name.unwrap_or_default(),
        arguments: function.arguments.map(text_of).unwrap_or_default(),
        kind: CallKind::Function,
        cache: None,
        signature: None,
    })
}
