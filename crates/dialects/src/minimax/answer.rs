//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, text_of};
use crate::model::{Answer, CallKind, Choice, Finish, Part, TextPart, ToolCall, Usage};
use crate::text::{Number, Text};

use super::fields::{AnswerFields, CallFields, ChoiceFields, UsageFields};
use super::read_finish;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let has_failed = answer.has_failed();
    let Some(choices) = answer.choices.filter(|_| !has_failed) else {
        return Err(Unreadable { message: "the answer has no choices".to_owned() });
    };
    Ok(Answer {
        id: answer.id,
        model: answer.model,
        created: answer.created.and_then(Loose::known).as_ref().map(Number::count),
        choices: choices.into_iter().zip(0..).map(|(fields, index)| choice(fields, index)).collect(),
        usage: answer.usage.and_then(Loose::known).map(UsageFields::usage).filter(Usage::is_known),
        ..Answer::default()
    })
}

fn choice(fields: ChoiceFields<'_>, index: u32) -> Choice<'_> {
    let mut parts = Vec::new();
    let mut name = None;
    let mut calls = 0;
    for message in fields.messages.unwrap_or_default() {
        name = name.or(message.sender_name);
        if let Some(text) = message.text.filter(|text| !text.is_empty() || message.call.is_none()) {
            parts.push(Part::Text(TextPart { text, ..TextPart::default() }));
        }
        if let Some(fields) = message.call {
            parts.push(Part::ToolCall(call(calls, fields)));
            calls += 1;
        }
    }
    let finish = match fields.finish_reason.and_then(read_finish) {
        Some(Finish::Stop) if calls > 0 => Some(Finish::ToolCalls),
        finish => finish,
    };
    Choice { index, name, parts, finish, ..Choice::default() }
}

pub(super) fn call(at: u64, fields: CallFields<'_>) -> ToolCall<'_> {
    ToolCall {
        id: Text::from(format!("call_{at}")),
        name: fields.name.unwrap_or_default(),
        arguments: fields.arguments.map(text_of).unwrap_or_default(),
        kind: CallKind::Function,
        cache: None,
        signature: None,
    }
}
