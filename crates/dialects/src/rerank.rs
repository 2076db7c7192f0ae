//! Reranking: texts in the order in which they answer a question. Built like embeddings.
//!
//! In: a caller's body in the shape that Cohere made and Jina, vLLM and Qwen's compatible mode copy, then the provider's
//! answer. Out: the provider's body, then an answer with the fields of all of them. Where the provider speaks that shape
//! itself, bytes pass and nothing here is used.

mod flat;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use claviger_types::Operation;
use serde_json::value::RawValue;

pub(crate) use flat::{Entry, UsageFields, ranked};

use crate::codec::{Context, Refused, Unreadable};
use crate::json::List;
use crate::model::{Dropped, Extra, Fault};
use crate::protocol::Protocol;
use crate::text::{Number, Text};
use crate::translation::{Outgoing, Reply, invalid_answer, utf8};

/// What is asked.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// The model as the caller named it.
    pub model: Text<'a>,
    /// The question.
    pub query: Text<'a>,
    /// The texts.
    pub documents: Vec<Document<'a>>,
    /// How many of the best to tell.
    pub top_n: Option<u64>,
    /// Whether to tell their texts too.
    pub with_texts: bool,
    /// What to look for, in words.
    pub instruct: Option<Text<'a>>,
    /// Up to how many LLM tokens of each text are read.
    pub max_tokens: Option<u64>,
    /// What only some know.
    pub extras: Vec<Extra<'a>>,
}

/// One text.
#[derive(Clone, Debug)]
pub enum Document<'a> {
    /// A text, also of an object that holds nothing else.
    Text(Text<'a>),
    /// An object of fields.
    Fields(&'a RawValue),
}

impl Document<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Fields(json) => json.get(),
        }
    }
}

/// The order.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// The id of the exchange.
    pub id: Option<Text<'a>>,
    /// Best first.
    pub results: Vec<Ranked<'a>>,
    /// LLM tokens used.
    pub tokens: Option<u64>,
    /// Searches billed.
    pub searches: Option<u64>,
}

/// One of the texts.
#[derive(Debug)]
pub struct Ranked<'a> {
    /// Which.
    pub index: u64,
    /// How well it answers.
    pub score: Number<'a>,
}

/// A dialect whose providers rerank in a shape of their own.
pub trait Upstream: Sync {
    /// The operation: decides the path.
    fn operation(&self) -> Operation;

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
    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        flat::read_answer(body)
    }
}

/// One exchange between a caller of `/v1/rerank` or `/v1/reranks` and a provider with a shape of its own.
#[derive(Clone)]
pub struct Translation {
    upstream: &'static dyn Upstream,
    /// The same dialects' conversations, which know how failures are told.
    faults: crate::Translation,
    context: Context,
    model: String,
    /// The texts, if the caller wants them back.
    texts: Vec<String>,
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("rerank::Translation").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Translation {
    /// The translation for what the provider speaks. `None`: it has no shape of its own.
    pub fn new(caller: Protocol, provider: Protocol, context: Context) -> Option<Self> {
        let faults = crate::Translation::new(caller, provider, context.clone())?;
        Some(Self { upstream: provider.rerank()?, faults, context, model: String::new(), texts: Vec::new() })
    }

    /// Translates the request.
    ///
    /// # Errors
    /// When the caller made a mistake; [`Translation::failure`] tells of it.
    pub fn request(&mut self, body: &[u8]) -> Result<Outgoing, Refused> {
        let request = flat::read_request(utf8(body)?, self.context.model.is_some())?;
        self.model = self.context.model.as_deref().unwrap_or(&request.model).to_owned();
        if request.with_texts {
            self.texts = request.documents.iter().map(|document| document.text().to_owned()).collect();
        }
        let (mut out, mut dropped) = (Vec::with_capacity(body.len() + 128), Dropped::default());
        self.upstream.write_request(&request, &self.context, &mut dropped, &mut out)?;
        request.extras.iter().for_each(|extra| dropped.note(&extra.name));
        let (body, operation) = (Bytes::from(out), self.upstream.operation());
        Ok(Outgoing { body, operation, stream: false, dropped, further: Vec::new() })
    }

    /// Translates the answer, good or failed. A good one that cannot be read becomes a 502.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if status >= 400 {
            return self.faults.answer(status, body);
        }
        match std::str::from_utf8(body).ok().map(|body| self.upstream.read_answer(body)) {
            Some(Ok(answer)) => {
                let mut out = Vec::with_capacity(body.len() + 128);
                flat::write_answer(&answer, &self.model, &self.texts, &mut out);
                Reply { status, body: out.into() }
            }
            Some(Err(_)) | None => self.failure(&invalid_answer()),
        }
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        self.faults.failure(fault)
    }
}

/// The texts as a list of strings. Objects of several fields go as JSON, which models read as well as their YAML.
pub(crate) fn write_texts(list: &mut List<'_>, documents: &[Document<'_>]) {
    documents.iter().for_each(|document| list.text(document.text()));
}
