//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, text_of};
use crate::model::{Answer, CallKind, Choice, Finish, Part, TextPart, Thinking, ToolCall, Usage};
use crate::text::{Number, Text};

use super::fields::{CallFields, ChoiceFields, Envelope, MessageFields, SearchFields, UsageFields};
use super::read_finish;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let envelope: Envelope<'_> = serde_json::from_str(body)?;
    let answer = envelope.response.filter(|answer| answer.error.is_none()).unwrap_or_default();
    let Some(fields) = answer.choices else {
        return Err(Unreadable { message: "the answer has no choices".to_owned() });
    };
    let mut choices: Vec<Choice<'_>> = fields.into_iter().zip(0..).map(|(fields, at)| choice(fields, at)).collect();
    let pages = answer.search.and_then(Loose::known).map(SearchFields::citations).unwrap_or_default();
    let texts = choices.iter_mut().flat_map(|choice| &mut choice.parts);
    if let Some(Part::Text(text)) = texts.into_iter().find(|part| matches!(part, Part::Text(_))) {
        text.citations = pages;
    }
    Ok(Answer {
        id: answer.id,
        created: answer.created.and_then(Loose::known).as_ref().map(Number::count),
        choices,
        usage: answer.usage.and_then(Loose::known).map(UsageFields::usage).filter(Usage::is_known),
        ..Answer::default()
    })
}

fn choice(fields: ChoiceFields<'_>, at: u32) -> Choice<'_> {
    let parts = fields.message.map(parts).unwrap_or_default();
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = match fields.finish_reason.and_then(read_finish) {
        Some(Finish::Stop) if has_calls => Some(Finish::ToolCalls),
        finish => finish,
    };
    Choice { index: fields.index.and_then(Loose::known).unwrap_or(at), parts, finish, ..Choice::default() }
}

fn parts(message: MessageFields<'_>) -> Vec<Part<'_>> {
    let thinking = message.reasoning.filter(|text| !text.is_empty());
    let thinking = thinking.map(|text| Part::Thinking(Thinking { text, ..Thinking::default() }));
    let text = message.content.map(|text| Part::Text(TextPart { text, ..TextPart::default() }));
    let calls = message.tool_calls.unwrap_or_default().into_iter().enumerate().map(call);
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
