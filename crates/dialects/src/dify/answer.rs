//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::{Loose, text_of};
use crate::model::{Answer, Choice, Finish, Part, TextPart};
use crate::text::{Number, Text};

use super::fields::AnswerFields;
use super::settings::{DifyBot, DifySettings};

pub(super) fn read<'a>(body: &'a str, settings: &DifySettings) -> Result<Answer<'a>, Unreadable> {
    let fields: AnswerFields<'a> = serde_json::from_str(body)?;
    match settings.bot {
        DifyBot::Workflow => workflow(fields, settings),
        DifyBot::Chat | DifyBot::Agent | DifyBot::Completion => message(fields, settings),
    }
}

fn message<'a>(fields: AnswerFields<'a>, settings: &DifySettings) -> Result<Answer<'a>, Unreadable> {
    let Some(text) = fields.answer else {
        return Err(Unreadable { message: "there is no answer in it".to_owned() });
    };
    let (usage, citations) = fields.metadata.and_then(Loose::known).unwrap_or_default().read();
    let id = match settings.bot {
        DifyBot::Completion => fields.message_id,
        DifyBot::Chat | DifyBot::Agent | DifyBot::Workflow => fields.conversation_id,
    };
    let created = fields.created.and_then(Loose::known).as_ref().map(Number::count);
    let text = TextPart { text, citations, ..TextPart::default() };
    Ok(Answer { id, created, choices: vec![choice(text)], usage, ..Answer::default() })
}

fn workflow<'a>(fields: AnswerFields<'a>, settings: &DifySettings) -> Result<Answer<'a>, Unreadable> {
    let data = fields.data.and_then(Loose::known).filter(|data| !data.has_failed());
    let Some(mut data) = data else {
        return Err(Unreadable { message: "the workflow gave nothing".to_owned() });
    };
    let text = data.take_output(&settings.output_variable).map(text_of).unwrap_or_default();
    let usage = data.usage();
    let created = data.created.and_then(Loose::known).as_ref().map(Number::count);
    let text = TextPart { text, ..TextPart::default() };
    Ok(Answer { id: data.workflow_id, created, choices: vec![choice(text)], usage, ..Answer::default() })
}

fn choice(text: TextPart<'_>) -> Choice<'_> {
    Choice { parts: vec![Part::Text(text)], finish: Some(Finish::Stop), ..Choice::default() }
}

/// Why a workflow failed, if this is a failed one.
pub(super) fn workflow_error(body: &[u8]) -> Option<String> {
    let fields: AnswerFields<'_> = serde_json::from_slice(body).ok()?;
    let data = fields.data.and_then(Loose::known).filter(super::fields::DataFields::has_failed)?;
    Some(data.error.map_or_else(|| "the workflow failed".to_owned(), |error| error.to_string()))
}

/// The conversation that an answer, or the beginning of a stream, belongs to: callers who name it in the next request
/// ([`crate::Context::conversation`]) go on in it.
pub fn conversation(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let json = match text.find("data:") {
        Some(at) if !text.trim_start().starts_with('{') => text.get(at + 5..)?.lines().next()?,
        Some(_) | None => text,
    };
    let fields: AnswerFields<'_> = serde_json::from_str(json.trim()).ok()?;
    fields.conversation_id.filter(|id| !id.is_empty()).map(|id: Text<'_>| id.to_string())
}
