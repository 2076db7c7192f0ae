//! Embeddings: texts to vectors. The second model, beside that of conversations, and built like it.
//!
//! In: the caller's body, then the provider's answer. Out: the provider's body, then the caller's answer. A dialect that
//! has embeddings implements [`Client`] or [`Upstream`] in its own folder and stands in the table of
//! protocols under `embeddings_client` or `embeddings_upstream`.

mod openai;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use claviger_types::Operation;
use serde_json::value::RawValue;

pub(crate) use openai::OpenAi;

use crate::codec::{Context, Refused, Unreadable};
use crate::json::{List, Object};
use crate::model::{Dropped, Extra, Fault, Usage};
use crate::protocol::Protocol;
use crate::text::Text;
use crate::translation::{Outgoing, Reply, invalid_answer, utf8};

/// What is asked.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// The model as the caller named it.
    pub model: Text<'a>,
    /// What is to be embedded, in order.
    pub inputs: Vec<Input<'a>>,
    /// Whether it was one that was asked for, not a list of one.
    pub single: bool,
    /// How long the vectors are to be.
    pub dimensions: Option<u64>,
    /// Whether the vectors are to come as base64 of little-endian 32-bit floats.
    pub base64: bool,
    /// What they are for, in the caller's word: Gemini's `taskType`, Cohere's `input_type`.
    pub task: Option<Text<'a>>,
    /// The document's title (Gemini).
    pub title: Option<Text<'a>>,
    /// The caller's end user.
    pub user: Option<Text<'a>>,
    /// What only the caller's dialect knows.
    pub extras: Vec<Extra<'a>>,
}

/// One input.
#[derive(Debug)]
pub enum Input<'a> {
    /// Text.
    Text(Text<'a>),
    /// The numbers of LLM tokens, as a JSON list: only of use to the vendor of the vocabulary.
    Tokens(&'a RawValue),
}

/// The vectors.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// The model that answered.
    pub model: Option<Text<'a>>,
    /// One per input, in order.
    pub vectors: Vec<Vector<'a>>,
    /// What it used.
    pub usage: Option<Usage>,
}

/// One vector, in the form it came.
#[derive(Debug)]
pub enum Vector<'a> {
    /// A JSON list of numbers.
    Numbers(&'a RawValue),
    /// Base64 of little-endian 32-bit floats.
    Base64(Text<'a>),
}

/// A dialect whose callers ask for embeddings.
pub trait Client: Sync {
    /// Reads a request.
    ///
    /// # Errors
    /// When the caller made a mistake.
    fn read_request<'a>(&self, body: &'a str, context: &Context) -> Result<Request<'a>, Refused>;

    /// Writes an answer; `base64` as the request said.
    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>);
}

/// A dialect whose providers make embeddings.
pub trait Upstream: Sync {
    /// The operation: decides the path.
    fn operation(&self) -> Operation;

    /// How many inputs a request holds at most.
    fn most(&self, _request: &Request<'_>, _context: &Context) -> usize {
        usize::MAX
    }

    /// Writes a request and notes what has no place here.
    ///
    /// # Errors
    /// When what is asked cannot be had here at all.
    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused>;

    /// Reads a good answer.
    ///
    /// # Errors
    /// When it is not what the dialect sends.
    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable>;
}

/// What an answer must know of its request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The model as the caller named it.
    pub model: String,
    /// Whether the vectors are to come as base64.
    pub base64: bool,
    /// Whether it was one that was asked for, not a list of one.
    pub single: bool,
}

/// Most inputs that are shared out among several requests: as many as OpenAI takes at once ("Create embeddings", 2026-11).
const MOST: usize = 2048;

/// One exchange between a caller and a provider that speak different dialects.
#[derive(Clone)]
pub struct Translation {
    client: &'static dyn Client,
    upstream: &'static dyn Upstream,
    /// The same dialects' conversations, which know how failures are told.
    faults: crate::Translation,
    context: Context,
    asked: Asked,
    /// Whether it took several requests, so that the answer is a list of answers.
    is_several: bool,
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("embeddings::Translation").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Translation {
    /// The translation between what the caller speaks and what the provider speaks. `None`: both speak the same and
    /// bytes pass, or one of them has no embeddings.
    pub fn new(caller: Protocol, provider: Protocol, context: Context) -> Option<Self> {
        Some(Self {
            faults: crate::Translation::new(caller, provider, context.clone())?,
            client: caller.embeddings_client()?,
            upstream: provider.embeddings_upstream()?,
            context,
            asked: Asked::default(),
            is_several: false,
        })
    }

    /// Translates the request. The answer depends on it: call this first.
    ///
    /// # Errors
    /// When the caller made a mistake; [`Translation::failure`] tells of it.
    pub fn request(&mut self, body: &[u8]) -> Result<Outgoing, Refused> {
        let mut request = self.client.read_request(utf8(body)?, &self.context)?;
        let model = self.context.model.as_deref().unwrap_or(&request.model).to_owned();
        self.asked = Asked { model, base64: request.base64, single: request.single };
        let most = self.upstream.most(&request, &self.context).max(1);
        if most < usize::MAX && request.inputs.len() > MOST {
            return Err(Refused::field("input", format!("input holds more than {MOST} texts")));
        }
        let requests = request.inputs.len().div_ceil(most).max(1);
        self.is_several = requests > 1;
        let mut dropped = Dropped::default();
        let mut written = |request: &Request<'_>| {
            let mut out = Vec::with_capacity(body.len() / requests + 128);
            self.upstream.write_request(request, &self.context, &mut dropped, &mut out).map(|()| Bytes::from(out))
        };
        let (first, further) = match requests {
            1 => (written(&request)?, Vec::new()),
            _ => {
                let mut inputs = std::mem::take(&mut request.inputs).into_iter();
                let mut next = || {
                    request.inputs = inputs.by_ref().take(most).collect();
                    written(&request)
                };
                (next()?, (1..requests).map(|_| next()).collect::<Result<_, _>>()?)
            }
        };
        Ok(Outgoing { body: first, operation: self.upstream.operation(), stream: false, dropped, further })
    }

    /// Translates the answer, good or failed. A good one that cannot be read becomes a 502.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if status >= 400 {
            return self.faults.answer(status, body);
        }
        match std::str::from_utf8(body).ok().map(|body| self.read(body)) {
            Some(Ok(answer)) => {
                let mut out = Vec::with_capacity(body.len() + 128);
                self.client.write_answer(&answer, &self.asked, &mut out);
                Reply { status, body: out.into() }
            }
            Some(Err(_)) | None => self.failure(&invalid_answer()),
        }
    }

    /// The answer; of several, all vectors in order and what all used.
    fn read<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        if !self.is_several {
            return self.upstream.read_answer(body);
        }
        let answers: Vec<&'a RawValue> = serde_json::from_str(body)?;
        let (mut whole, mut input) = (Answer::default(), None);
        for answer in answers {
            let answer = self.upstream.read_answer(answer.get())?;
            whole.vectors.extend(answer.vectors);
            whole.model = whole.model.or(answer.model);
            let used = answer.usage.and_then(|usage| usage.input.or(usage.total));
            input = used.map_or(input, |used| Some(used.saturating_add(input.unwrap_or(0))));
        }
        whole.usage = input.map(|input| Usage { input: Some(input), ..Usage::default() });
        Ok(whole)
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        self.faults.failure(fault)
    }
}

/// Writes a vector in the form that was asked for; one that cannot be turned into it stays as it came.
pub(crate) fn write_vector(object: &mut Object<'_>, key: &str, vector: &Vector<'_>, base64: bool) {
    match (vector, base64) {
        (Vector::Numbers(list), false) => object.raw(key, list.get()),
        (Vector::Base64(packed), true) => object.text(key, packed),
        (Vector::Numbers(list), true) => match packed(list) {
            Some(packed) => object.text(key, &packed),
            None => object.raw(key, list.get()),
        },
        (Vector::Base64(packed), false) => match numbers(packed) {
            Some(numbers) => object.list(key, |list| write_numbers(list, &numbers)),
            None => object.text(key, packed),
        },
    }
}

fn write_numbers(list: &mut List<'_>, numbers: &[f32]) {
    for number in numbers {
        list.raw(&serde_json::to_string(number).unwrap_or_default());
    }
}

fn packed(list: &RawValue) -> Option<String> {
    let numbers: Vec<f32> = serde_json::from_str(list.get()).ok()?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Some(STANDARD.encode(bytes))
}

fn numbers(packed: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(packed).ok()?;
    let (quads, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect())
}
