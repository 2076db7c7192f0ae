//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, TextOr, text_of};
use crate::model::{
    Answer, CallKind, Choice, Finish, Media, MediaKind, Part, Source, TextPart, Thinking, ToolCall, Usage,
};
use crate::text::Text;

use super::fields::{
    AnswerFields, CallFields, ChoiceFields, MessageFields, OutputFields, PieceFields, SearchFields, UsageFields,
};
use super::read_finish;
use super::settings::QwenThoughts;

pub(super) fn read(body: &str, thoughts: QwenThoughts) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let Some(mut output) = answer.output else {
        return Err(Unreadable { message: "the answer has no output".to_owned() });
    };
    let search = output.search.take().and_then(Loose::known).map(SearchFields::citations);
    let mut choices: Vec<Choice<'_>> =
        choices(output).into_iter().zip(0..).map(|(fields, at)| choice(fields, at, thoughts)).collect();
    if let (Some(pages), Some(Part::Text(text))) = (search, first_text(&mut choices)) {
        text.citations = pages;
    }
    Ok(Answer {
        id: answer.id,
        choices,
        usage: answer.usage.and_then(Loose::known).map(UsageFields::usage).filter(Usage::is_known),
        ..Answer::default()
    })
}

/// The answers. Without `result_format: message` there is a text alone.
pub(super) fn choices(output: OutputFields<'_>) -> Vec<ChoiceFields<'_>> {
    let OutputFields { choices, text, finish_reason, .. } = output;
    choices.unwrap_or_else(|| {
        let message = MessageFields { content: text.map(TextOr::Text), ..MessageFields::default() };
        vec![ChoiceFields { message: Some(message), finish_reason, ..ChoiceFields::default() }]
    })
}

fn first_text<'c, 'a>(choices: &'c mut [Choice<'a>]) -> Option<&'c mut Part<'a>> {
    choices.first_mut()?.parts.iter_mut().find(|part| matches!(part, Part::Text(_)))
}

fn choice(fields: ChoiceFields<'_>, at: u32, thoughts: QwenThoughts) -> Choice<'_> {
    let parts = fields.message.map(|message| parts(message, thoughts)).unwrap_or_default();
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = match fields.finish_reason.and_then(read_finish) {
        Some(Finish::Stop) if has_calls => Some(Finish::ToolCalls),
        finish => finish,
    };
    let index = fields.index.unwrap_or(at);
    Choice { index, parts, finish, logprobs: fields.logprobs, ..Choice::default() }
}

fn parts(message: MessageFields<'_>, thoughts: QwenThoughts) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let words = |text| Part::Text(TextPart { text, ..TextPart::default() });
    if let Some(text) = message.reasoning.filter(|text| !text.is_empty()) {
        match thoughts {
            QwenThoughts::Passthrough => parts.push(Part::Thinking(Thinking { text, ..Thinking::default() })),
            QwenThoughts::Ignore => {}
            QwenThoughts::Concat => parts.push(words(format!("<think>{text}</think>\n").into())),
        }
    }
    match message.content {
        Some(TextOr::Text(text)) => parts.push(words(text)),
        Some(TextOr::Other(pieces)) => parts.extend(pieces.into_iter().filter_map(piece)),
        None => {}
    }
    parts.extend(message.tool_calls.unwrap_or_default().into_iter().enumerate().map(call));
    parts
}

pub(super) fn piece(piece: PieceFields<'_>) -> Option<Part<'_>> {
    if let Some(text) = piece.text {
        return Some(Part::Text(TextPart { text, ..TextPart::default() }));
    }
    if let Some(address) = piece.image {
        return Some(Part::Media(Media::new(MediaKind::Image, Source::Url(address))));
    }
    let data = piece.audio.and_then(Loose::known)?.data.filter(|data| !data.is_empty())?;
    Some(Part::Media(Media::new(MediaKind::Audio, Source::Base64(data))))
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
