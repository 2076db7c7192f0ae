//! Speech and transcripts by `generateContent` ("Speech generation", "Audio understanding", Gemini API, 2026-11).

use claviger_types::Operation;

use crate::audio::{Answer, OPENAI_VOICES, Request, Task, Upstream};
use crate::codec::{Context, Unreadable};
use crate::json::{Loose, Object};
use crate::model::{Dropped, Usage};
use crate::text::Text;

use super::fields::{AnswerFields, UsageFields};
use super::{Gemini, GeminiSettings};

/// The voice of Google's own examples, in place of OpenAI's, which Google does not have: one must be named.
const VOICE: &str = "Kore";

impl Upstream for Gemini {
    fn operation(&self, asked: Operation) -> Option<Operation> {
        Task::of(asked).map(|_| Operation::GeminiGenerateContent)
    }

    fn write_request(&self, request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
        request.extras.iter().for_each(|name| dropped.note(name));
        dropped.note_if(request.speed.is_some(), "speed");
        dropped.note_if(request.task == Task::Speak && request.language.is_some(), "language");
        let safety = GeminiSettings::of(context).filter(|settings| !settings.safety.is_empty());
        Object::write(out, |body| {
            body.list("contents", |list| {
                list.object(|turn| {
                    turn.text("role", "user");
                    turn.list("parts", |parts| {
                        if let Some((mime, data)) = &request.recording {
                            parts.object(|part| {
                                part.object("inlineData", |blob| {
                                    blob.text("mimeType", mime);
                                    blob.text("data", data);
                                });
                            });
                        }
                        parts.object(|part| part.text("text", &words(request)));
                    });
                });
            });
            if let Some(settings) = safety {
                body.list("safetySettings", |list| {
                    for (category, threshold) in &settings.safety {
                        list.object(|setting| {
                            setting.text("category", category);
                            setting.text("threshold", threshold);
                        });
                    }
                });
            }
            write_config(body, request, dropped);
        });
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let fields: AnswerFields<'a> = serde_json::from_str(body)?;
        let usage = fields.usage.and_then(Loose::known).as_ref().map(UsageFields::usage).filter(Usage::is_known);
        let blocked = fields.feedback.and_then(|feedback| feedback.reason);
        let mut answer = Answer { usage, held_back: blocked, ..Answer::default() };
        let Some(candidate) = fields.candidates.unwrap_or_default().into_iter().next() else {
            return Ok(Answer { held_back: answer.held_back.or(Some(Text::fixed("there is no answer"))), ..answer });
        };
        let mut said: Option<String> = None;
        for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            if part.thought == Some(true) {
                continue;
            }
            if let Some(text) = part.text {
                said.get_or_insert_default().push_str(&text);
            }
            let blob = part.inline.and_then(|blob| Some((blob.mime.unwrap_or_default(), vec![blob.data?])));
            answer.sound = answer.sound.or(blob);
        }
        answer.text = said.map(Text::from);
        answer.held_back = answer.held_back.or(candidate.finish.filter(|word| word.as_str() != "STOP"));
        Ok(answer)
    }
}

/// What the model is told: it is steered by words alone.
fn words(request: &Request<'_>) -> String {
    let hint = request.hint.as_deref();
    match request.task {
        Task::Speak => match hint {
            Some(manner) => format!("{}:\n{}", manner.trim_end_matches([':', '.', ' ']), request.input.as_str()),
            None => request.input.to_string(),
        },
        Task::Transcribe | Task::Translate => {
            let mut told = match request.task {
                Task::Translate => {
                    "Translate the speech in this audio into English. Answer with the translation alone."
                }
                Task::Speak | Task::Transcribe => {
                    "Write down the speech in this audio, word for word. Answer with the transcript alone."
                }
            }
            .to_owned();
            if let Some(language) = request.language.as_deref().filter(|language| !language.is_empty()) {
                told += &format!(" The language spoken is: {language}.");
            }
            if let Some(hint) = hint {
                told += &format!(" Spellings and context: {hint}");
            }
            told
        }
    }
}

fn write_config(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    if request.task != Task::Speak {
        if request.temperature.is_some() {
            body.object("generationConfig", |config| config.number("temperature", request.temperature.as_ref()));
        }
        return;
    }
    let is_openais = |voice: &str| OPENAI_VOICES.contains(&voice.to_ascii_lowercase().as_str());
    let known = request.voice.as_deref().filter(|voice| !is_openais(voice));
    dropped.note_if(request.voice.is_some() && known.is_none(), "voice");
    body.object("generationConfig", |config| {
        config.list("responseModalities", |list| list.text("AUDIO"));
        config.object("speechConfig", |speech| {
            speech.object("voiceConfig", |voice| {
                voice.object("prebuiltVoiceConfig", |named| named.text("voiceName", known.unwrap_or(VOICE)));
            });
        });
    });
}
