//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, TextOr, text_of};
use crate::model::{Answer, CallKind, Choice, Part, TextPart, Thinking, ToolCall};
use crate::text::Text;

use super::fields::{AnswerFields, Block, CallFields, CitationFields, MessageFields, UsageFields};
use super::read_finish;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let Some(message) = answer.message else {
        return Err(Unreadable { message: "the answer has no message".to_owned() });
    };
    let choice = Choice { parts: parts(message), finish: answer.finish_reason.map(read_finish), ..Choice::default() };
    Ok(Answer {
        id: answer.id,
        choices: vec![choice],
        usage: answer.usage.and_then(Loose::known).and_then(UsageFields::usage),
        ..Answer::default()
    })
}

/// The plan, the content, the calls. Citations count characters of the text: they go with its last part.
fn parts(message: MessageFields<'_>) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    if let Some(plan) = message.tool_plan.filter(|plan| !plan.is_empty()) {
        parts.push(Part::Thinking(Thinking { text: plan, ..Thinking::default() }));
    }
    match message.content {
        Some(TextOr::Text(text)) => parts.push(Part::Text(TextPart { text, ..TextPart::default() })),
        Some(TextOr::Other(blocks)) => parts.extend(blocks.into_iter().filter_map(block)),
        None => {}
    }
    let citations: Vec<_> = message
        .citations
        .unwrap_or_default()
        .into_iter()
        .filter_map(Loose::known)
        .map(CitationFields::citation)
        .collect();
    let last_text = parts.iter_mut().rev().find_map(|part| match part {
        Part::Text(text) => Some(text),
        Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    });
    if let Some(text) = last_text {
        text.citations = citations;
    }
    parts.extend(message.tool_calls.unwrap_or_default().into_iter().enumerate().map(call));
    parts
}

fn block(block: Block<'_>) -> Option<Part<'_>> {
    match (block.text, block.thinking) {
        (Some(text), _) => Some(Part::Text(TextPart { text, ..TextPart::default() })),
        (None, Some(text)) => Some(Part::Thinking(Thinking { text, ..Thinking::default() })),
        (None, None) => None,
    }
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
