//! Embeddings: `embedContent` and `batchEmbedContents` for callers, the latter and Vertex' `predict` for providers
//! (Gemini API reference, "Embeddings"; Vertex AI reference, "Text embeddings API", 2026-11).

use claviger_types::Operation;
use serde_json::value::RawValue;

use crate::codec::{Context, Refused, Unreadable};
use crate::embeddings::{Answer, Asked, Client, Input, Request, Upstream, Vector, write_vector};
use crate::json::{Loose, Object, record};
use crate::model::{Dropped, Usage};
use crate::text::{Number, Text};

use super::fields::{ContentFields, UsageFields};
use super::{Gemini, GeminiSettings};

record! {
    /// A request: for one vector, or for several.
    struct Body<'a> {
        model: Text<'a> = "model",
        content: ContentFields<'a> = "content",
        task: Text<'a> = "taskType" | "task_type",
        title: Text<'a> = "title",
        dimensions: Number<'a> = "outputDimensionality" | "output_dimensionality",
        requests: Vec<Body<'a>> = "requests",
    }
}

record! {
    /// An answer of any of the three.
    struct Vectors<'a> {
        several: Vec<Values<'a>> = "embeddings",
        one: Values<'a> = "embedding",
        predictions: Vec<Prediction<'a>> = "predictions",
        usage: Loose<'a, UsageFields<'a>> = "usageMetadata",
    }
}

record! {
    /// Vertex' way to hold a vector.
    struct Prediction<'a> {
        embeddings: Values<'a> = "embeddings",
    }
}

record! {
    /// A vector.
    struct Values<'a> {
        values: &'a RawValue = "values",
        statistics: Statistics<'a> = "statistics",
    }
}

record! {
    /// What Vertex counted.
    struct Statistics<'a> {
        tokens: Number<'a> = "token_count" | "tokenCount",
    }
}

impl Client for Gemini {
    fn read_request<'a>(&self, body: &'a str, context: &Context) -> Result<Request<'a>, Refused> {
        let mut body: Body<'a> = serde_json::from_str(body)?;
        let several = body.requests.take();
        let (single, mut bodies) = match several {
            Some(list) => (false, list),
            None => (true, vec![std::mem::take(&mut body)]),
        };
        let mut inputs = Vec::with_capacity(bodies.len());
        for body in &mut bodies {
            let missing = || Refused::field("content", "content contains an empty Part");
            inputs.push(Input::Text(text(body.content.take().ok_or_else(missing)?)));
        }
        // What is said of each counts for all: providers know but one setting for a list.
        let first = bodies.into_iter().next().unwrap_or_default();
        let named = context.named_model.as_ref().map(|model| Text::from(model.clone()));
        let named = named.or(first.model).or(body.model);
        let mut extras = body.unknown;
        extras.extend(first.unknown);
        Ok(Request {
            model: named
                .map(|model| model.slice(|name| name.strip_prefix("models/").unwrap_or(name)))
                .ok_or_else(|| Refused::field("model", "model is not specified"))?,
            inputs,
            single,
            dimensions: first.dimensions.as_ref().map(Number::count),
            task: first.task,
            title: first.title,
            extras,
            ..Request::default()
        })
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        Object::write(out, |body| {
            let write = |object: &mut Object<'_>, vector: &Vector<'_>| write_vector(object, "values", vector, false);
            match (asked.single, answer.vectors.first()) {
                (true, Some(vector)) => body.object("embedding", |object| write(object, vector)),
                (true, None) => body.object("embedding", |_| {}),
                (false, _) => body.list("embeddings", |list| {
                    answer.vectors.iter().for_each(|vector| list.object(|object| write(object, vector)));
                }),
            }
            if let Some(input) = answer.usage.and_then(|usage| usage.input) {
                body.object("usageMetadata", |counts| {
                    counts.count("promptTokenCount", input);
                    counts.count("totalTokenCount", input);
                });
            }
        });
    }
}

/// The texts of a content's parts.
fn text(content: ContentFields<'_>) -> Text<'_> {
    let mut texts: Vec<Text<'_>> = content.parts.unwrap_or_default().into_iter().filter_map(|part| part.text).collect();
    match texts.len() {
        1 => texts.swap_remove(0),
        _ => texts.iter().map(Text::as_str).collect::<Vec<_>>().join("\n").into(),
    }
}

impl Upstream for Gemini {
    fn operation(&self) -> Operation {
        Operation::Embeddings
    }

    /// A batch holds 100 at Google. Vertex takes 250, and one for a Gemini model ("Get text embeddings", 2026-11).
    fn most(&self, request: &Request<'_>, context: &Context) -> usize {
        let model = context.model.as_deref().unwrap_or(&request.model);
        match GeminiSettings::of(context).is_some_and(|settings| settings.is_vertex) {
            false => 100,
            true if model.contains("gemini-embedding") => 1,
            true => 250,
        }
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut texts = Vec::with_capacity(request.inputs.len());
        for input in &request.inputs {
            match input {
                Input::Text(text) => texts.push(text.as_str()),
                Input::Tokens(_) => {
                    return Err(Refused::field("input", "this provider embeds texts and knows no tokens of others"));
                }
            }
        }
        let task = request.task.as_deref().map(task);
        // A title goes with documents alone.
        let title = request.title.as_deref().filter(|_| task.as_deref() == Some("RETRIEVAL_DOCUMENT"));
        dropped.note_if(title.is_none() && request.title.is_some(), "title");
        dropped.note_if(request.user.is_some(), "user");
        request.extras.iter().for_each(|extra| dropped.note(&extra.name));
        let model = context.model.as_deref().unwrap_or(&request.model);
        let is_vertex = GeminiSettings::of(context).is_some_and(|settings| settings.is_vertex);
        Object::write(out, |body| match is_vertex {
            true => {
                body.list("instances", |list| {
                    for text in texts {
                        list.object(|instance| {
                            instance.text("content", text);
                            instance.maybe_text("task_type", task.as_deref());
                            instance.maybe_text("title", title);
                        });
                    }
                });
                if let Some(length) = request.dimensions {
                    body.object("parameters", |parameters| parameters.count("outputDimensionality", length));
                }
            }
            false => body.list("requests", |list| {
                for text in texts {
                    list.object(|one| {
                        one.joined("model", &["models/", model.strip_prefix("models/").unwrap_or(model)]);
                        one.object("content", |content| {
                            content.list("parts", |list| list.object(|part| part.text("text", text)));
                        });
                        one.maybe_text("taskType", task.as_deref());
                        one.maybe_text("title", title);
                        if let Some(length) = request.dimensions {
                            one.count("outputDimensionality", length);
                        }
                    });
                }
            }),
        });
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let fields: Vectors<'a> = serde_json::from_str(body)?;
        let predictions =
            fields.predictions.map(|list| list.into_iter().filter_map(|found| found.embeddings).collect());
        let several = fields.several.or(predictions).or(fields.one.map(|one| vec![one]));
        let Some(several) = several else {
            return Err(Unreadable { message: "the answer has no embeddings".to_owned() });
        };
        let counts = several.iter().filter_map(|found| Some(found.statistics.as_ref()?.tokens.as_ref()?.count()));
        let counted = counts.reduce(u64::saturating_add).map(|input| Usage { input: Some(input), ..Usage::default() });
        let told = fields.usage.and_then(Loose::known).as_ref().map(UsageFields::usage);
        let vectors = several.into_iter().filter_map(|found| found.values).map(Vector::Numbers);
        Ok(Answer { model: None, vectors: vectors.collect(), usage: told.filter(Usage::is_known).or(counted) })
    }
}

/// A task in Google's word; Cohere's words for the same are known ("Embed", 2026-11).
fn task(word: &str) -> String {
    match word {
        "search_query" | "query" => "RETRIEVAL_QUERY".to_owned(),
        "search_document" | "document" => "RETRIEVAL_DOCUMENT".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}
