//! Audio: text spoken, and speech written down. Built like the model of images: callers speak OpenAI's form alone.
//!
//! In: the caller's body, then the provider's answer. Out: the provider's body, then the caller's answer, which may be
//! sound. A dialect whose providers speak or listen implements [`Upstream`] in its own folder and stands in the table
//! of protocols under `audio`.

mod openai;
mod sound;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use claviger_types::Operation;

use crate::codec::{Context, Refused, Unreadable};
use crate::model::{Dropped, Fault, FaultKind, Usage};
use crate::protocol::Protocol;
use crate::text::{Number, Text};
use crate::translation::{Outgoing, Reply, invalid_answer, utf8};

pub(crate) use sound::Sound;

/// OpenAI's voices ("Create speech", 2026-11), which nobody else has.
pub(crate) const OPENAI_VOICES: [&str; 13] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Text is spoken.
    Speak,
    /// Speech is written down.
    Transcribe,
    /// Speech is written down in English.
    Translate,
}

impl Task {
    /// That of an operation of OpenAI's.
    pub(crate) const fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::AudioSpeech => Some(Self::Speak),
            Operation::AudioTranscription => Some(Self::Transcribe),
            Operation::AudioTranslation => Some(Self::Translate),
            _ => None,
        }
    }
}

/// What is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// What for.
    pub task: Task,
    /// The model as the caller named it.
    pub model: Text<'a>,
    /// The text to speak.
    pub input: Text<'a>,
    /// How to speak it, or what helps to understand it.
    pub hint: Option<Text<'a>>,
    /// The voice.
    pub voice: Option<Text<'a>>,
    /// How fast.
    pub speed: Option<Number<'a>>,
    /// The recording, in base64, with its media type.
    pub recording: Option<(Cow<'a, str>, Text<'a>)>,
    /// The language to speak, or that is spoken in the recording.
    pub language: Option<Text<'a>>,
    /// 0 to 1.
    pub temperature: Option<Number<'a>>,
    /// The names of what only the caller's dialect knows.
    pub extras: Vec<Cow<'a, str>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// What was said.
    pub text: Option<Text<'a>>,
    /// Media type and base64 of what is heard, in one piece or several.
    pub sound: Option<(Text<'a>, Vec<Text<'a>>)>,
    /// Why there is neither.
    pub held_back: Option<Text<'a>>,
    /// The event with which the provider says in the middle that it failed.
    pub failure: Option<&'a str>,
    /// What it used.
    pub usage: Option<Usage>,
}

/// The form of the caller's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A WAV file.
    Wav,
    /// Samples alone: 24 kHz, 16 bits, one channel.
    Pcm,
    /// A JSON object.
    Json,
    /// Text alone.
    Text,
}

/// A dialect whose providers speak or listen.
pub trait Upstream: Sync {
    /// What serves this operation of OpenAI's, if anything does.
    fn operation(&self, asked: Operation) -> Option<Operation>;

    /// Whether its answers come as events, of which a whole is made here.
    fn gathers(&self) -> bool {
        false
    }

    /// Writes a request and notes what has no place here.
    fn write_request(&self, request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>);

    /// Reads a good answer.
    ///
    /// # Errors
    /// When it is not what the dialect sends.
    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable>;
}

/// One exchange between a caller of OpenAI's audio and a provider that speaks another dialect.
#[derive(Clone)]
pub struct Translation {
    upstream: &'static dyn Upstream,
    operation: Operation,
    /// The same dialects' conversations, which know how failures are told.
    faults: crate::Translation,
    context: Context,
    task: Task,
    form: Form,
    streams: bool,
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("audio::Translation").field("task", &self.task).field("form", &self.form).finish_non_exhaustive()
    }
}

impl Translation {
    /// The translation for what the provider speaks. `None`: bytes pass, or it does nothing of the kind.
    pub fn new(caller: Protocol, provider: Protocol, asked: Operation, context: Context) -> Option<Self> {
        let (task, upstream) = (Task::of(asked)?, provider.audio()?);
        let operation = upstream.operation(asked)?;
        let faults = crate::Translation::new(caller, provider, context.clone())?;
        Some(Self { upstream, operation, faults, context, task, form: Form::Json, streams: false })
    }

    /// Translates the request: JSON, or a form with this boundary.
    ///
    /// # Errors
    /// When the caller made a mistake; [`Translation::failure`] tells of it.
    pub fn request(&mut self, body: &[u8], boundary: Option<&str>) -> Result<Outgoing, Refused> {
        let mut dropped = Dropped::default();
        let asked = match (self.task, boundary) {
            (Task::Speak, None) => openai::read_speech(utf8(body)?, &mut dropped)?,
            (Task::Transcribe | Task::Translate, Some(boundary)) => openai::read_form(body, boundary, self.task)?,
            (Task::Speak, Some(_)) => return Err(wrong("the body must be JSON")),
            (Task::Transcribe | Task::Translate, None) => return Err(wrong("the body must be multipart/form-data")),
        };
        (self.form, self.streams) = (asked.form, asked.stream);
        let mut out = Vec::with_capacity(body.len() + body.len() / 3 + 256);
        self.upstream.write_request(&asked.request, &self.context, &mut dropped, &mut out);
        Ok(Outgoing { body: Bytes::from(out), operation: self.operation, stream: false, dropped, further: Vec::new() })
    }

    /// The media type of a good answer.
    pub const fn media_type(&self) -> &'static str {
        match self.form {
            _ if self.streams => "text/event-stream",
            Form::Wav => "audio/wav",
            Form::Pcm => "audio/pcm",
            Form::Json => "application/json",
            Form::Text => "text/plain; charset=utf-8",
        }
    }

    /// Whether the answer is read from a stream that is over.
    pub fn gathers(&self) -> bool {
        self.upstream.gathers()
    }

    /// Translates the answer, good or failed. A good one that cannot be read becomes a 502, one that says nothing where
    /// sound is wanted a 400.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if status >= 400 {
            return self.faults.answer(status, body);
        }
        let Some(Ok(answer)) = std::str::from_utf8(body).ok().map(|body| self.upstream.read_answer(body)) else {
            return self.failure(&invalid_answer());
        };
        if let Some(event) = answer.failure {
            return self.faults.answer(200, event.as_bytes());
        }
        match openai::write(&answer, self.task, self.form, self.streams) {
            Some(out) => Reply { status, body: out.into() },
            None => match answer.held_back {
                Some(reason) => self.failure(&Fault {
                    status: 400,
                    kind: FaultKind::InvalidRequest,
                    code: Some(Text::fixed("content_policy_violation")),
                    message: reason,
                    param: None,
                }),
                None => self.failure(&invalid_answer()),
            },
        }
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        self.faults.failure(fault)
    }
}

fn wrong(message: &str) -> Refused {
    Refused { message: message.to_owned(), param: None }
}
