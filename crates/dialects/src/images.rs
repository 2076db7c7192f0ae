//! Pictures: drawn, edited, varied. The third model, beside those of conversations and embeddings, and built like them.
//!
//! In: the body of a caller of OpenAI's images, JSON or a form, then the provider's answer. Out: the provider's body, then
//! OpenAI's answer. A dialect whose providers draw implements [`Upstream`] in its own folder and stands in the table of
//! protocols under `images`.

mod openai;
mod size;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use claviger_types::Operation;

pub(crate) use size::{Shape, Sides};

use crate::codec::{Context, Refused, Unreadable};
use crate::model::{Dropped, Extra, Fault, FaultKind, Usage};
use crate::protocol::Protocol;
use crate::text::{Number, Text};
use crate::translation::{Outgoing, Reply, invalid_answer, utf8};

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// A picture from words.
    #[default]
    Generate,
    /// A picture from pictures and words.
    Edit,
    /// Pictures like one.
    Vary,
}

impl Task {
    /// That of an operation of OpenAI's.
    pub const fn of(operation: Operation) -> Self {
        match operation {
            Operation::ImageEdit => Self::Edit,
            Operation::ImageVariation => Self::Vary,
            _ => Self::Generate,
        }
    }
}

/// What is asked.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// What is to be done.
    pub task: Task,
    /// The model as the caller named it.
    pub model: Text<'a>,
    /// What is to be seen. Never empty but for variations.
    pub prompt: Text<'a>,
    /// What must not be seen.
    pub negative: Option<Text<'a>>,
    /// The pictures to begin with.
    pub pictures: Vec<Picture<'a>>,
    /// Whether a mask says where to edit: OpenAI's is transparent there, and nobody else's is.
    pub has_mask: bool,
    /// How many.
    pub n: Option<u64>,
    /// `1024x768`, or what the caller wrote.
    pub size: Option<Text<'a>>,
    /// In OpenAI's words.
    pub quality: Option<Text<'a>>,
    /// `png`, `jpeg` or `webp`.
    pub format: Option<Text<'a>>,
    /// How much of it is kept, in percent.
    pub compression: Option<Number<'a>>,
    /// Whether addresses are wanted instead of data.
    pub wants_urls: bool,
    /// Whether data are wanted instead of addresses.
    pub wants_data: bool,
    /// The seed of chance.
    pub seed: Option<Number<'a>>,
    /// How closely to follow the prompt.
    pub guidance: Option<Number<'a>>,
    /// The end user.
    pub user: Option<Text<'a>>,
    /// What only the caller's dialect knows.
    pub extras: Vec<Cow<'a, str>>,
}

impl Request<'_> {
    /// How many pictures, one if nothing is said.
    ///
    /// # Errors
    /// When it is not within what the provider draws at once.
    pub(crate) fn count(&self, most: u64) -> Result<u64, Refused> {
        match self.n.unwrap_or(1) {
            n if (1..=most).contains(&n) => Ok(n),
            _ => Err(Refused::field("n", format!("n must be between 1 and {most}"))),
        }
    }

    /// Refuses a mask: a picture edited all over is no answer to it.
    pub(crate) fn without_mask(&self) -> Result<(), Refused> {
        if self.has_mask { Err(Refused::field("mask", "this provider edits without a mask")) } else { Ok(()) }
    }

    /// Notes what is dropped by all: the caller's own fields, and the form of pictures that come as data alone, or
    /// else as addresses.
    pub(crate) fn note(&self, dropped: &mut Dropped, as_data: bool) {
        dropped.note_if(if as_data { self.wants_urls } else { self.wants_data }, "response_format");
        dropped.note_if(self.user.is_some(), "user");
        self.extras.iter().for_each(|name| dropped.note(name));
    }
}

/// A picture of the caller's.
#[derive(Clone, Debug)]
pub enum Picture<'a> {
    /// Its bytes.
    Data {
        /// Its media type.
        mime: Cow<'a, str>,
        /// Base64.
        data: Text<'a>,
    },
    /// Where it lies.
    Url(Text<'a>),
}

/// What was drawn.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// In order.
    pub drawn: Vec<Drawn<'a>>,
    /// Why there is none, if the provider held all back.
    pub held_back: Option<Text<'a>>,
    /// What it used.
    pub usage: Option<Counts>,
}

/// One picture.
#[derive(Debug, Default)]
pub struct Drawn<'a> {
    /// Base64.
    pub data: Option<Text<'a>>,
    /// Where it lies.
    pub url: Option<Text<'a>>,
    /// The prompt as the provider rewrote it.
    pub prompt: Option<Text<'a>>,
}

/// What drawing used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// In LLM tokens.
    pub usage: Usage,
    /// The part of the input that was text.
    pub text: u64,
    /// The part of the input that was pictures.
    pub pictures: u64,
}

/// A dialect whose providers draw.
pub trait Upstream: Sync {
    /// What serves this operation of OpenAI's, if anything does: [`Upstream::write_request`] may choose another for a
    /// model.
    fn operation(&self, asked: Operation) -> Option<Operation>;

    /// Writes a request, notes what has no place here, and tells what is asked of the provider.
    ///
    /// # Errors
    /// When what is asked cannot be had here at all.
    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<Operation, Refused>;

    /// Reads a good answer.
    ///
    /// # Errors
    /// When it is not what the dialect sends.
    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable>;
}

/// One exchange between a caller of OpenAI's images and a provider that speaks another dialect.
#[derive(Clone)]
pub struct Translation {
    upstream: &'static dyn Upstream,
    /// The same dialects' conversations, which know how failures are told.
    faults: crate::Translation,
    context: Context,
    task: Task,
    streams: bool,
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("images::Translation").field("task", &self.task).finish_non_exhaustive()
    }
}

impl Translation {
    /// The translation for what the provider speaks. `None`: bytes pass, or it draws nothing of the kind.
    pub fn new(caller: Protocol, provider: Protocol, asked: Operation, context: Context) -> Option<Self> {
        let upstream = provider.images()?;
        upstream.operation(asked)?;
        let faults = crate::Translation::new(caller, provider, context.clone())?;
        Some(Self { upstream, faults, context, task: Task::of(asked), streams: false })
    }

    /// Translates the request: JSON, or a form with this boundary.
    ///
    /// # Errors
    /// When the caller made a mistake; [`Translation::failure`] tells of it.
    pub fn request(&mut self, body: &[u8], boundary: Option<&str>) -> Result<Outgoing, Refused> {
        let asked = match boundary {
            None => openai::read_json(utf8(body)?, self.task)?,
            Some(boundary) => openai::read_form(body, boundary, self.task)?,
        };
        self.streams = asked.stream;
        let request = asked.checked(self.context.model.is_some())?;
        let (mut out, mut dropped) = (Vec::with_capacity(body.len() + body.len() / 3 + 256), Dropped::default());
        let operation = self.upstream.write_request(&request, &self.context, &mut dropped, &mut out)?;
        Ok(Outgoing { body: Bytes::from(out), operation, stream: false, dropped, further: Vec::new() })
    }

    /// Whether the caller asked for events: the one that tells of the picture is all there are.
    pub const fn wants_stream(&self) -> bool {
        self.streams
    }

    /// Translates the answer, good or failed. A good one that cannot be read becomes a 502, one without any picture a
    /// 400.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if status >= 400 {
            return self.faults.answer(status, body);
        }
        match std::str::from_utf8(body).ok().map(|body| self.upstream.read_answer(body)) {
            Some(Ok(answer)) if !answer.drawn.is_empty() => {
                let mut out = Vec::with_capacity(body.len() + 128);
                match self.streams {
                    false => openai::write(&answer, self.context.now, &mut out),
                    true => openai::write_events(&answer, self.task, self.context.now, &mut out),
                }
                Reply { status, body: out.into() }
            }
            Some(Ok(Answer { held_back: Some(reason), .. })) => self.failure(&Fault {
                status: 400,
                kind: FaultKind::InvalidRequest,
                code: Some(Text::fixed("content_policy_violation")),
                message: reason,
                param: None,
            }),
            Some(Ok(_) | Err(_)) | None => self.failure(&invalid_answer()),
        }
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        self.faults.failure(fault)
    }
}

/// The names of fields that nobody here knows.
fn names<'a>(extras: Vec<Extra<'a>>) -> impl Iterator<Item = Cow<'a, str>> {
    extras.into_iter().map(|extra| Cow::Owned(extra.name.as_str().to_owned()))
}
