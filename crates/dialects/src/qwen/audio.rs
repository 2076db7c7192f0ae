//! Text spoken by way of multimodal generation ("Qwen-TTS API reference", help.aliyun.com/zh/model-studio/qwen-tts-api,
//! 2026-11).
//!
//! A whole answer tells an address alone; events hold the samples, so events are what the row asks for. They are put
//! together here: 24 kHz, 16 bits, one channel, in pieces of base64 that each end for themselves.

use claviger_types::Operation;

use crate::audio::{Answer, OPENAI_VOICES, Request, Task, Upstream};
use crate::codec::{Context, Unreadable};
use crate::json::{Loose, Object, record};
use crate::model::{Dropped, Usage};
use crate::text::Text;

use super::Qwen;
use super::fields::{AudioFields, UsageFields};

/// The voice of the vendor's own examples, in place of OpenAI's, which it does not have: one must be named.
const VOICE: &str = "Cherry";

/// What the samples are.
const SAMPLES: Text<'static> = Text::fixed("audio/pcm;rate=24000");

record! {
    /// An answer, or one event of it.
    struct SpokenFields<'a> {
        output: OutputFields<'a> = "output",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// `output`.
    struct OutputFields<'a> {
        audio: Loose<'a, AudioFields<'a>> = "audio",
        finish: Text<'a> = "finish_reason",
    }
}

impl Upstream for Qwen {
    fn operation(&self, asked: Operation) -> Option<Operation> {
        (Task::of(asked)? == Task::Speak).then_some(Operation::AudioSpeech)
    }

    fn gathers(&self) -> bool {
        true
    }

    fn write_request(&self, request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
        request.extras.iter().for_each(|name| dropped.note(name));
        dropped.note_if(request.speed.is_some(), "speed");
        let known =
            request.voice.as_deref().filter(|voice| !OPENAI_VOICES.contains(&voice.to_ascii_lowercase().as_str()));
        dropped.note_if(request.voice.is_some() && known.is_none(), "voice");
        Object::write(out, |body| {
            body.text("model", context.model.as_deref().unwrap_or(&request.model));
            body.object("input", |input| {
                input.text("text", &request.input);
                input.text("voice", known.unwrap_or(VOICE));
                input.maybe_text("language_type", request.language.as_deref());
            });
            // as the vendor's own client sends it (dashscope-sdk-python, 2026-11)
            if let Some(manner) = request.hint.as_deref() {
                body.object("parameters", |parameters| parameters.text("instructions", manner));
            }
        });
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        if body.trim_start().starts_with('{') {
            return read([body.trim()].into_iter());
        }
        read(body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).filter(|data| !data.is_empty()))
    }
}

/// What the events tell together. One that tells of a failure is the answer to all.
fn read<'a>(events: impl Iterator<Item = &'a str>) -> Result<Answer<'a>, Unreadable> {
    let (mut pieces, mut is_complete) = (Vec::new(), false);
    let mut answer = Answer::default();
    for event in events {
        let fields: SpokenFields<'a> = serde_json::from_str(event)?;
        let Some(output) = fields.output else { return Ok(Answer { failure: Some(event), ..Answer::default() }) };
        let audio = output.audio.and_then(Loose::known).unwrap_or_default();
        pieces.extend(audio.data.filter(|data| !data.is_empty()));
        is_complete |= output.finish.is_some_and(|word| word.as_str() == "stop");
        let usage = fields.usage.and_then(Loose::known).map(UsageFields::usage);
        answer.usage = usage.filter(Usage::is_known).or(answer.usage);
    }
    if !is_complete {
        return Err(Unreadable { message: "the stream is not complete".to_owned() });
    }
    answer.sound = (!pieces.is_empty()).then_some((SAMPLES, pieces));
    Ok(answer)
}
