//! OpenAI's embeddings, and those of all who copy them (API reference, "Embeddings", 2026-11).

use claviger_types::Operation;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::{Answer, Asked, Client, Input, Request, Upstream, Vector, write_vector};
use crate::codec::{Context, Refused, Unreadable};
use crate::json::{List, Loose, Object, TextOr, record};
use crate::model::{Dropped, Usage};
use crate::text::{Number, Text};

/// The dialect's embeddings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAi;

record! {
    /// A request.
    struct Body<'a> {
        model: Text<'a> = "model",
        input: TextOr<'a, Vec<One<'a>>> = "input",
        dimensions: Number<'a> = "dimensions",
        encoding_format: Text<'a> = "encoding_format",
        user: Text<'a> = "user",
        task: Text<'a> = "task_type" | "input_type",
    }
}

record! {
    /// An answer.
    struct Vectors<'a> {
        object: Text<'a> = "object",
        model: Text<'a> = "model",
        data: Vec<Entry<'a>> = "data",
        usage: Loose<'a, Counts<'a>> = "usage",
    }
}

record! {
    /// One vector.
    struct Entry<'a> {
        index: Number<'a> = "index",
        embedding: &'a RawValue = "embedding",
    }
}

record! {
    /// Counts.
    struct Counts<'a> {
        prompt_tokens: Number<'a> = "prompt_tokens",
        total_tokens: Number<'a> = "total_tokens",
    }
}

/// One of several inputs: a text, a list of tokens, or a single token.
#[derive(Debug)]
enum One<'a> {
    Text(Text<'a>),
    Tokens(&'a RawValue),
    Token,
}

impl<'de: 'a, 'a> Deserialize<'de> for One<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        match raw.get().as_bytes() {
            [b'"', ..] => serde_json::from_str(raw.get()).map(Self::Text).map_err(D::Error::custom),
            [b'[', ..] => Ok(Self::Tokens(raw)),
            [b'0'..=b'9', ..] => Ok(Self::Token),
            _ => Err(D::Error::custom("a string or a list of tokens was expected")),
        }
    }
}

impl Client for OpenAi {
    fn read_request<'a>(&self, body: &'a str, _: &Context) -> Result<Request<'a>, Refused> {
        let fields: Body<'a> = serde_json::from_str(body)?;
        let missing = || Refused::field("input", "Missing required parameter: 'input'");
        let single = matches!(fields.input, Some(TextOr::Text(_)));
        let inputs = match fields.input.ok_or_else(missing)? {
            TextOr::Text(text) => vec![Input::Text(text)],
            // A list of numbers is one input, given as tokens.
            TextOr::Other(list) if list.iter().any(|one| matches!(one, One::Token)) => {
                let found = claviger_wire::json::scan(body.as_bytes(), &["input"]).ok().and_then(|[found]| found);
                let tokens = found.and_then(|tokens| serde_json::from_str(tokens).ok()).ok_or_else(missing)?;
                vec![Input::Tokens(tokens)]
            }
            TextOr::Other(list) => list
                .into_iter()
                .filter_map(|one| match one {
                    One::Text(text) => Some(Input::Text(text)),
                    One::Tokens(tokens) => Some(Input::Tokens(tokens)),
                    One::Token => None,
                })
                .collect(),
        };
        Ok(Request {
            model: fields.model.ok_or_else(|| Refused::field("model", "you must provide a model parameter"))?,
            inputs,
            single,
            dimensions: fields.dimensions.as_ref().map(Number::count),
            base64: fields.encoding_format.as_deref() == Some("base64"),
            task: fields.task,
            title: None,
            user: fields.user,
            extras: fields.unknown,
        })
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        Object::write(out, |body| {
            body.text("object", "list");
            body.list("data", |list| {
                for (vector, index) in answer.vectors.iter().zip(0..) {
                    list.object(|entry| {
                        entry.text("object", "embedding");
                        entry.count("index", index);
                        write_vector(entry, "embedding", vector, asked.base64);
                    });
                }
            });
            body.text("model", answer.model.as_deref().unwrap_or(&asked.model));
            let usage = answer.usage.unwrap_or_default();
            body.object("usage", |counts| {
                counts.count("prompt_tokens", usage.input.unwrap_or(0));
                counts.count("total_tokens", usage.sum());
            });
        });
    }
}

impl Upstream for OpenAi {
    fn operation(&self) -> Operation {
        Operation::Embeddings
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        Object::write(out, |body| {
            body.text("model", context.model.as_deref().unwrap_or(&request.model));
            body.list("input", |list| request.inputs.iter().for_each(|input| write_input(list, input)));
            if let Some(dimensions) = request.dimensions {
                body.count("dimensions", dimensions);
            }
            if request.base64 {
                body.text("encoding_format", "base64");
            }
            body.maybe_text("user", request.user.as_deref());
        });
        dropped.note_if(request.task.is_some(), "task_type");
        dropped.note_if(request.title.is_some(), "title");
        request.extras.iter().for_each(|extra| dropped.note(&extra.name));
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let fields: Vectors<'a> = serde_json::from_str(body)?;
        let Some(mut data) = fields.data else {
            return Err(Unreadable { message: "the answer has no data".to_owned() });
        };
        data.sort_by_key(|entry| entry.index.as_ref().map_or(0, Number::count));
        let vectors = data.into_iter().filter_map(|entry| entry.embedding).map(|raw| {
            match serde_json::from_str::<Text<'a>>(raw.get()) {
                Ok(packed) => Vector::Base64(packed),
                Err(_) => Vector::Numbers(raw),
            }
        });
        let usage = fields.usage.and_then(Loose::known).map(|counts| Usage {
            input: counts.prompt_tokens.as_ref().map(Number::count),
            total: counts.total_tokens.as_ref().map(Number::count),
            ..Usage::default()
        });
        Ok(Answer { model: fields.model, vectors: vectors.collect(), usage })
    }
}

fn write_input(list: &mut List<'_>, input: &Input<'_>) {
    match input {
        Input::Text(text) => list.text(text),
        Input::Tokens(tokens) => list.raw(tokens.get()),
    }
}
