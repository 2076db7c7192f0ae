//! A whole answer, read.

use crate::codec::Unreadable;
use crate::cohere::{UsageFields, read_finish};
use crate::json::{Loose, text_of};
use crate::model::{Answer, CallKind, Choice, Finish, Part, TextPart, ToolCall};
use crate::text::Text;

use super::fields::{AnswerFields, CallFields, DocumentFields, citation};

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let calls = answer.tool_calls.unwrap_or_default();
    if answer.text.is_none() && calls.is_empty() {
        return Err(Unreadable { message: "the answer has neither text nor calls".to_owned() });
    }
    let documents: Vec<DocumentFields<'_>> =
        answer.documents.unwrap_or_default().into_iter().filter_map(Loose::known).collect();
    let sources = answer.citations.unwrap_or_default().into_iter().filter_map(Loose::known);
    let citations = sources.map(|fields| citation(fields, &documents)).collect();
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(1 + calls.len());
    if let Some(text) = answer.text.filter(|text| !text.is_empty() || calls.is_empty()) {
        parts.push(Part::Text(TextPart { text, citations, ..TextPart::default() }));
    }
    let finish = finish(answer.finish_reason, !calls.is_empty());
    parts.extend(calls.into_iter().enumerate().map(|(at, fields)| Part::ToolCall(call(at, fields))));
    Ok(Answer {
        id: answer.id,
        choices: vec![Choice { parts, finish: Some(finish), ..Choice::default() }],
        usage: answer.meta.and_then(Loose::known).and_then(UsageFields::usage),
        ..Answer::default()
    })
}

/// A model that calls tools is `COMPLETE` here.
pub(super) fn finish(word: Option<Text<'_>>, has_calls: bool) -> Finish<'_> {
    match word.map_or(Finish::Stop, read_finish) {
        Finish::Stop if has_calls => Finish::ToolCalls,
        finish => finish,
    }
}

pub(super) fn call(at: usize, fields: CallFields<'_>) -> ToolCall<'_> {
    ToolCall {
        id: Text::from(format!("call_{at}")),
        name: fields.name.unwrap_or_default(),
        arguments: fields.parameters.map(text_of).unwrap_or_default(),
        kind: CallKind::Function,
        cache: None,
        signature: None,
    }
}
