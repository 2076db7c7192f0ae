//! DeepL, for providers (DeepL API reference, "Translate text", 2026-11): each message is a text to translate, the
//! instructions are its context. No streams.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::json::{Object, record};
use crate::model::{Answer, Choice, Dropped, Fault, FaultKind, Finish, Part, Request, TextPart};
use crate::plain::{note_rest, text_of_message};
use crate::settings::Settings;
use crate::sse::Sse;
use crate::text::Text;

#[cfg(test)]
mod tests;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeepL;

/// Settings of a DeepL provider (Higress ai-proxy v2.2.1).
#[derive(Debug, Default)]
pub struct DeepLSettings {
    /// `targetLang`: the language to translate to.
    pub target_lang: String,
}

/// Fields of DeepL's own that a caller may name as they are.
const OWN: &[&str] = &[
    "source_lang",
    "formality",
    "glossary_id",
    "split_sentences",
    "preserve_formatting",
    "tag_handling",
    "model_type",
    "style_id",
    "custom_instructions",
];

/// The plans, which stand for models: they decide the host.
const PLANS: [&str; 2] = ["Free", "Pro"];

impl Upstream for DeepL {
    fn operation(&self, _: bool) -> Operation {
        Operation::ChatCompletions
    }

    fn streams(&self) -> bool {
        false
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let model = context.model.as_deref().unwrap_or(&request.model);
        if !PLANS.iter().any(|plan| plan.eq_ignore_ascii_case(model)) {
            return Err(Refused::field("model", "the model must be Free or Pro"));
        }
        let texts = |instructs: bool, dropped: &mut Dropped| -> Vec<String> {
            let messages = request.messages.iter().filter(|message| message.role.instructs() == instructs);
            messages.map(|message| text_of_message(message, dropped)).filter(|text| !text.is_empty()).collect()
        };
        let (spoken, instructions) = (texts(false, dropped), texts(true, dropped));
        if spoken.is_empty() {
            return Err(Refused::field("messages", "there is nothing to translate"));
        }
        Object::write(out, |body| {
            body.list("text", |list| spoken.iter().for_each(|text| list.text(text)));
            if let Settings::DeepL(settings) = &context.profile.settings {
                body.text("target_lang", &settings.target_lang);
            }
            if !instructions.is_empty() {
                body.text("context", &instructions.join("\n"));
            }
            for name in OWN {
                if let Some(value) = request.extra(name) {
                    body.raw(name, value.get());
                }
            }
        });
        note_rest(request, OWN, dropped);
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str, _: &'a Asked) -> Result<Answer<'a>, Unreadable> {
        let fields: AnswerFields<'a> = serde_json::from_str(body)?;
        let Some(translations) = fields.translations else {
            return Err(Unreadable { message: "the answer has no translations".to_owned() });
        };
        let choices = translations.into_iter().zip(0..).map(|(translation, index)| Choice {
            index,
            name: translation.language,
            parts: vec![Part::Text(TextPart { text: translation.text.unwrap_or_default(), ..TextPart::default() })],
            finish: Some(Finish::Stop),
            ..Choice::default()
        });
        Ok(Answer { choices: choices.collect(), ..Answer::default() })
    }

    /// Never asked for, as there are no streams.
    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(crate::teller::Silent))
    }

    /// "Error handling", 2026-11: 456 is DeepL's own, for a quota that is used up.
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        let fault = read_fault(status, body);
        match status {
            456 => Fault { status: FaultKind::Billing.status(), kind: FaultKind::Billing, ..fault },
            _ => fault,
        }
    }
}

record! {
    /// The answer.
    struct AnswerFields<'a> {
        translations: Vec<Translation<'a>> = "translations",
    }
}

record! {
    /// One text, translated.
    struct Translation<'a> {
        language: Text<'a> = "detected_source_language",
        text: Text<'a> = "text",
    }
}
