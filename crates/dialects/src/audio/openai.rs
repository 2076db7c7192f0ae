//! OpenAI's audio for callers ("Create speech", "Create transcription", "Create translation", 2026-11).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_wire::multipart::{self, Field};

use super::{Answer, Form, Request, Sound, Task};
use crate::codec::Refused;
use crate::json::{Object, TextOr, record};
use crate::model::{Dropped, Usage};
use crate::sse::write_data;
use crate::text::{Number, Text};

record! {
    /// What is to be spoken.
    struct Speech<'a> {
        model: Text<'a> = "model",
        input: Text<'a> = "input",
        voice: TextOr<'a, Voice<'a>> = "voice",
        instructions: Text<'a> = "instructions",
        format: Text<'a> = "response_format",
        speed: Number<'a> = "speed",
        stream: Text<'a> = "stream_format",
        language: Text<'a> = "language_type" | "language",
    }
}

record! {
    /// A voice as an object.
    struct Voice<'a> {
        id: Text<'a> = "id",
    }
}

/// A request with the form of its answer.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) request: Request<'a>,
    pub(super) form: Form,
    pub(super) stream: bool,
}

const fn empty<'a>(task: Task) -> Request<'a> {
    Request {
        task,
        model: Text::fixed(""),
        input: Text::fixed(""),
        hint: None,
        voice: None,
        speed: None,
        recording: None,
        language: None,
        temperature: None,
        extras: Vec::new(),
    }
}

/// Sound is not encoded anew: who wants MP3 or another packed form gets WAV, which is noted.
pub(super) fn read_speech<'a>(body: &'a str, dropped: &mut Dropped) -> Result<Asked<'a>, Refused> {
    let speech: Speech<'a> = serde_json::from_str(body)?;
    let input = speech.input.filter(|input| !input.trim().is_empty());
    let input = input.ok_or_else(|| Refused::field("input", "input is missing"))?;
    let form = match speech.format.as_deref() {
        Some("pcm") => Form::Pcm,
        Some("wav") => Form::Wav,
        Some(_) | None => {
            dropped.note("response_format");
            Form::Wav
        }
    };
    let voice = speech.voice.and_then(|voice| match voice {
        TextOr::Text(name) => Some(name),
        TextOr::Other(Voice { id, .. }) => id,
    });
    let request = Request {
        model: speech.model.unwrap_or_default(),
        input,
        hint: speech.instructions.filter(|text| !text.is_empty()),
        voice,
        speed: speech.speed,
        language: speech.language,
        extras: speech.unknown.into_iter().map(|extra| Cow::Owned(extra.name.as_str().to_owned())).collect(),
        ..empty(Task::Speak)
    };
    Ok(Asked { request, form, stream: speech.stream.as_deref() == Some("sse") })
}

pub(super) fn read_form<'a>(body: &'a [u8], boundary: &str, task: Task) -> Result<Asked<'a>, Refused> {
    let fields = multipart::fields(body, boundary);
    let fields = fields.map_err(|wrong| Refused { message: wrong.to_string(), param: None })?;
    let mut asked = Asked { request: empty(task), form: Form::Json, stream: false };
    for field in fields {
        read_field(field, &mut asked)?;
    }
    match asked.request.recording {
        None => Err(Refused::field("file", "file is missing")),
        Some(_) => Ok(asked),
    }
}

fn read_field<'a>(field: Field<'a>, asked: &mut Asked<'a>) -> Result<(), Refused> {
    let request = &mut asked.request;
    if field.name == "file" {
        request.recording = Some((kind_of(&field), STANDARD.encode(field.content).into()));
        return Ok(());
    }
    let wrong = |what: &str| Refused { message: format!("a field of the form {what}"), param: None };
    let text = std::str::from_utf8(field.content).map_err(|_| wrong("is not valid UTF-8"))?;
    match field.name.as_str() {
        "model" => request.model = text.into(),
        "language" => request.language = Some(text.into()),
        "prompt" => request.hint = Some(Text::from(text)).filter(|text| !text.is_empty()),
        "temperature" => {
            request.temperature = Some(serde_json::from_str(text.trim()).map_err(|_| wrong("must be a number"))?);
        }
        "stream" => asked.stream = text == "true",
        "response_format" => {
            asked.form = match text {
                "json" | "" => Form::Json,
                "text" => Form::Text,
                _ => {
                    let message = "this provider tells no times and no speakers: response_format must be json or text";
                    return Err(Refused::field("response_format", message));
                }
            }
        }
        _ => request.extras.push(Cow::Owned(field.name)),
    }
    Ok(())
}

/// The media type of a recording: as it was said, else by the ending of its name, as OpenAI has it.
fn kind_of<'a>(field: &Field<'a>) -> Cow<'a, str> {
    if let Some(told) = field.media_type.filter(|kind| kind.starts_with("audio/") || kind.starts_with("video/")) {
        return Cow::Borrowed(told);
    }
    let ending = field.file_name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    Cow::Borrowed(match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "mp3" | "mpga" | "mpeg" => "audio/mpeg",
        "m4a" | "mp4" => "audio/mp4",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "flac" => "audio/flac",
        "aac" => "audio/aac",
        "webm" => "audio/webm",
        _ => "audio/wav",
    })
}

/// The answer in the caller's form. `None`: there is none in it.
pub(super) fn write(answer: &Answer<'_>, task: Task, form: Form, streams: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if task == Task::Speak {
        let (mime, pieces) = answer.sound.as_ref()?;
        let sound = Sound::read(mime, pieces)?.in_form(form);
        if !streams {
            return Some(sound);
        }
        // "Speech streaming events", 2026-11
        write_data(&mut out, |event| {
            event.text("type", "speech.audio.delta");
            event.text("audio", &STANDARD.encode(&sound));
        });
        write_data(&mut out, |event| {
            event.text("type", "speech.audio.done");
            write_usage(event, answer.usage, false);
        });
        return Some(out);
    }
    let text = match (&answer.text, &answer.held_back) {
        (Some(text), _) => text.trim(),
        // silence is written down as nothing
        (None, None) => "",
        (None, Some(_)) => return None,
    };
    match (streams, form) {
        (true, _) => {
            // "Transcript streaming events", 2026-11
            write_data(&mut out, |event| {
                event.text("type", "transcript.text.delta");
                event.text("delta", text);
            });
            write_data(&mut out, |event| {
                event.text("type", "transcript.text.done");
                event.text("text", text);
                write_usage(event, answer.usage, true);
            });
        }
        (false, Form::Text) => {
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
        (false, Form::Json | Form::Wav | Form::Pcm) => Object::write(&mut out, |body| {
            body.text("text", text);
            write_usage(body, answer.usage, true);
        }),
    }
    Some(out)
}

fn write_usage(body: &mut Object<'_>, usage: Option<Usage>, typed: bool) {
    let Some(usage) = usage else { return };
    body.object("usage", |body| {
        if typed {
            body.text("type", "tokens");
        }
        body.count("input_tokens", usage.input.unwrap_or(0));
        body.count("output_tokens", usage.output.unwrap_or(0));
        body.count("total_tokens", usage.sum());
        if let Some(audio) = usage.audio_input.filter(|_| typed) {
            body.object("input_token_details", |details| {
                details.count("audio_tokens", audio);
                details.count("text_tokens", usage.input.unwrap_or(0).saturating_sub(audio));
            });
        }
    });
}
