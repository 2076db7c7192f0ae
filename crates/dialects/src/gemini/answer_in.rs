//! A provider's whole answer, read.

use serde_json::value::RawValue;

use crate::codec::{Asked, Unreadable};
use crate::json::Loose;
use crate::model::{
    Answer, CallKind, Choice, Citation, Finish, Media, Part, TextPart, Thinking, ToolCall, Usage, Vendor,
};
use crate::text::Text;

use super::fields::{AnswerFields, CallFields, CandidateFields, FeedbackFields, UsageFields};
use super::parts_in::{Found, arguments, part, push};
use super::{grounding, logprobs, read_finish};

pub(super) fn read<'a>(body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable> {
    let answer: AnswerFields<'a> = serde_json::from_str(body)?;
    let mut candidates = answer.candidates.unwrap_or_default();
    let logprobs: Vec<_> = candidates.iter_mut().map(|fields| fields.logprobs.take().and_then(Loose::known)).collect();
    let made: Vec<_> = logprobs.iter().map(|fields| fields.as_ref().and_then(logprobs::to_model)).collect();
    let places: Vec<bool> = made.iter().map(Option::is_some).collect();
    let mut kept = asked.kept.keep(made.into_iter().flatten().collect()).iter();
    let mut usage = answer.usage.and_then(Loose::known).as_ref().map(UsageFields::usage).filter(Usage::is_known);
    let mut choices = Vec::with_capacity(candidates.len());
    for (fields, has_logprobs) in candidates.into_iter().zip(places) {
        let logprobs = has_logprobs.then(|| kept.next()).flatten().map(AsRef::as_ref);
        choices.push(choice(fields, logprobs, asked, &mut usage));
    }
    match (choices.is_empty(), answer.feedback) {
        (true, Some(FeedbackFields { reason: Some(_), safety, .. })) => {
            choices.push(Choice { finish: Some(Finish::Filtered), safety, ..Choice::default() });
        }
        (true, _) => return Err(Unreadable { message: "the answer has no candidates".to_owned() }),
        (false, _) => {}
    }
    Ok(Answer {
        id: answer.id,
        model: model(asked, answer.model),
        created: None,
        choices,
        usage,
        service_tier: None,
        extras: answer.unknown,
    })
}

/// The model as it was asked for: `modelVersion` is a name of the inside, which callers do not know.
pub(super) fn model<'a>(asked: &'a Asked, version: Option<Text<'a>>) -> Option<Text<'a>> {
    if asked.model.is_empty() { version } else { Some(Text::from(asked.model.as_str())) }
}

fn choice<'a>(
    fields: CandidateFields<'a>,
    logprobs: Option<&'a RawValue>,
    asked: &Asked,
    usage: &mut Option<Usage>,
) -> Choice<'a> {
    let index = fields.index.unwrap_or(0);
    let mut parts = Parts::default();
    for fields in fields.content.and_then(|content| content.parts).unwrap_or_default() {
        match part(fields) {
            Some(Found::Said(said)) => parts.say(said),
            Some(Found::Call(call, signature)) => parts.call(call, signature, asked, index),
            Some(Found::Response(_)) | None => {}
        }
    }
    let grounding = fields.grounding.and_then(Loose::known);
    if let (Some(usage), Some(queries)) = (usage, grounding.as_ref().and_then(|grounding| grounding.queries.as_ref())) {
        usage.web_searches = u64::try_from(queries.len()).ok();
    }
    let citation = fields.citation.and_then(Loose::known);
    if grounding.is_some() || citation.is_some() {
        parts.cite(|text| grounding::read(grounding, citation, text));
    }
    Choice {
        index,
        name: None,
        finish: fields.finish.map(|word| read_finish(word, parts.calls > 0)),
        parts: parts.list,
        logprobs,
        safety: fields.safety,
    }
}

/// The parts so far.
#[derive(Default)]
struct Parts<'a> {
    list: Vec<Part<'a>>,
    calls: u32,
}

impl<'a> Parts<'a> {
    fn say(&mut self, said: Part<'a>) {
        let seal = match &said {
            Part::Text(TextPart { signature, .. }) | Part::Media(Media { signature, .. }) => signature.clone(),
            Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => None,
        };
        if let Some(seal) = seal {
            self.seal(seal, false);
        }
        let said = match said {
            Part::Thinking(thinking) => Part::Thinking(Thinking { vendor: Some(Vendor::Google), ..thinking }),
            other => other,
        };
        push(&mut self.list, said);
    }

    fn call(&mut self, fields: CallFields<'a>, signature: Option<Text<'a>>, asked: &Asked, choice: u32) {
        if let Some(seal) = &signature {
            self.seal(seal.clone(), true);
        }
        let id = fields.id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| Text::from(call_id(asked, choice, self.calls)));
        self.calls += 1;
        self.list.push(Part::ToolCall(ToolCall {
            id,
            name: fields.name.unwrap_or_default(),
            arguments: arguments(fields.args),
            kind: CallKind::Function,
            cache: None,
            signature,
        }));
    }

    /// A signature proves the thoughts before its part: they carry it too, for callers whose dialect has no place for
    /// it on a part. For a call, which is refused without it, it does so even if the thoughts are not shown.
    fn seal(&mut self, seal: Text<'a>, even_alone: bool) {
        match self.list.last_mut() {
            Some(Part::Thinking(thinking)) if thinking.signature.is_none() => {
                thinking.signature = Some(seal);
                thinking.vendor = Some(Vendor::Google);
            }
            Some(_) | None if even_alone => self.list.push(Part::Thinking(Thinking {
                signature: Some(seal),
                vendor: Some(Vendor::Google),
                ..Thinking::default()
            })),
            Some(_) | None => {}
        }
    }

    /// Sources belong to the text; they are put at its last piece.
    fn cite(&mut self, read: impl FnOnce(&str) -> Vec<Citation<'a>>) {
        let texts = self.list.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            Part::Refusal(_)
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => None,
        });
        let citations = read(&texts.collect::<String>());
        let last = self.list.iter_mut().rev().find_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Refusal(_)
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => None,
        });
        if let Some(text) = last {
            text.citations = citations;
        }
    }
}

/// An id for a call that has none; calls of one conversation must differ.
pub(super) fn call_id(asked: &Asked, choice: u32, number: u32) -> String {
    let id = asked.id("call_");
    if choice == 0 { format!("{id}_{number}") } else { format!("{id}_{choice}_{number}") }
}
