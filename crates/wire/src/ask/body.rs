//! What the body tells: its form, the model, whether a stream is wanted.

use bytes::Bytes;
use claviger_types::Operation;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::Deserialize;

use super::nature::{Takes, nature};
use super::{AskError, BodyForm};
use crate::json::{self, JsonError};
use crate::multipart;

/// The fields of a JSON body that routing needs, in the order [`from_fields`] takes them.
const WANTED: [&str; 4] = ["model", "stream", "stream_options", "stream_format"];

#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    pub(super) wants_usage: bool,
}

/// How the body is encoded, by its headers and, without a content type, by its first byte.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> BodyForm {
    if body.is_empty() {
        return BodyForm::Empty;
    }
    if is_encoded(headers) {
        return BodyForm::Opaque;
    }
    match content_type(headers) {
        None if body.trim_ascii_start().starts_with(b"{") => BodyForm::Json,
        None => BodyForm::Opaque,
        Some(kind) if kind.to_ascii_lowercase().contains("application/json") => BodyForm::Json,
        Some(kind) => match multipart::boundary(kind) {
            Some(boundary) => BodyForm::Multipart { boundary },
            None => BodyForm::Opaque,
        },
    }
}

/// Reads the body and refuses what no provider could read either.
pub(super) fn read(
    operation: Operation,
    form: &BodyForm,
    headers: &HeaderMap,
    body: &Bytes,
    truncated: bool,
) -> Result<Content, AskError> {
    let strict = nature(operation).takes == Takes::Json;
    match form {
        _ if strict && is_encoded(headers) && !body.is_empty() => Ok(Content::default()),
        BodyForm::Json if truncated => Ok(from_fields(operation, &json::in_prefix(body, &WANTED)).unwrap_or_default()),
        BodyForm::Json if strict => from_fields(operation, &json::scan(body, &WANTED).map_err(bad_json)?),
        BodyForm::Json => {
            // Unknown paths may take any JSON, also an array; what cannot be read is the provider's to judge.
            let fields = json::scan(body, &WANTED);
            Ok(fields.ok().and_then(|fields| from_fields(operation, &fields).ok()).unwrap_or_default())
        }
        BodyForm::Empty | BodyForm::Opaque if strict => match content_type(headers) {
            Some(_) if !body.is_empty() => Err(AskError::UnsupportedMediaType {
                message: "the content type of this request must be application/json".to_owned(),
            }),
            _ => Err(json::scan(body, &[]).err().map_or_else(|| bad_json(JsonError::NotObject), bad_json)),
        },
        BodyForm::Multipart { .. } if strict => Err(AskError::UnsupportedMediaType {
            message: "the content type of this request must be application/json".to_owned(),
        }),
        BodyForm::Multipart { boundary } => from_form(operation, boundary, body, truncated),
        BodyForm::Opaque if nature(operation).takes == Takes::Form && claims_form(headers) => {
            Err(AskError::BadRequest {
                message: "the content type names no usable multipart boundary".to_owned(),
                param: None,
            })
        }
        BodyForm::Empty | BodyForm::Opaque => Ok(Content::default()),
    }
}

fn bad_json(error: JsonError) -> AskError {
    let param = match &error {
        JsonError::Duplicate(key) => WANTED.iter().find(|wanted| *wanted == key).copied(),
        JsonError::Syntax { .. } | JsonError::NotObject | JsonError::InvalidUtf8 => None,
    };
    AskError::BadRequest { message: error.to_string(), param }
}

fn from_fields(operation: Operation, fields: &[Option<&str>]) -> Result<Content, AskError> {
    let [model, stream, options, format] = fields else { return Ok(Content::default()) };
    let model = match *model {
        None | Some("null") => None,
        Some(raw) => Some(serde_json::from_str::<String>(raw).map_err(|_| AskError::BadRequest {
            message: "the field `model` must be a string".to_owned(),
            param: Some("model"),
        })?),
    };
    let speech_events = operation == Operation::AudioSpeech && *format == Some("\"sse\"");
    let wants_usage = options.is_some_and(|raw| {
        serde_json::from_str::<StreamOptions>(raw).is_ok_and(|options| options.include_usage == Some(true))
    });
    let stream = nature(operation).streams && (*stream == Some("true") || speech_events);
    Ok(Content { model, stream, wants_usage: wants_usage && stream })
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

fn from_form(operation: Operation, boundary: &str, body: &Bytes, truncated: bool) -> Result<Content, AskError> {
    let content = || Content {
        model: multipart::text_field(body, boundary, "model"),
        stream: nature(operation).streams
            && multipart::text_field(body, boundary, "stream").is_some_and(|v| v == "true"),
        wants_usage: false,
    };
    if truncated || nature(operation).takes != Takes::Form {
        return Ok(content());
    }
    multipart::check(body, boundary)
        .map_err(|error| AskError::BadRequest { message: error.to_string(), param: None })?;
    if multipart::count(body, boundary, "model") > 1 {
        let message = "the form has the field `model` more than once".to_owned();
        return Err(AskError::BadRequest { message, param: Some("model") });
    }
    Ok(content())
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable")).filter(|value| !value.is_empty())
}

fn claims_form(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.to_ascii_lowercase().contains("multipart/form-data"))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
