//! A canned reply: which requests it answers and with what.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Headers;

/// A canned reply. As JSON: `{"match": {"method", "path", "body"}, "status", "headers", "body"}` where `body` (a
/// string as it is, else JSON) may be `body_base64`, or `chunks`: a list of strings sent one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Reply {
    /// The requests it answers.
    pub when: ReplyMatch,
    /// The status, 200 to 999.
    pub status: u16,
    /// The headers; `content-length` and `transfer-encoding` follow from the body.
    pub headers: Headers,
    /// The body.
    pub body: ReplyBody,
}

/// Which requests a canned reply answers: those that pass every condition given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyMatch {
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A pattern for the path, without query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The JSON body, equal as a value. When no reply fits, `stream_options` may differ: gateways add it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// The body of a canned reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyBody {
    /// All at once, with a content length.
    Whole(Bytes),
    /// Piece by piece; faults that count events count pieces.
    Chunks(Vec<Bytes>),
}

impl Reply {
    /// A 200 for this method and path pattern.
    pub fn new(method: &str, path: &str, body: impl Into<Bytes>) -> Self {
        let when = ReplyMatch { method: Some(method.to_owned()), path: Some(path.to_owned()), body: None };
        Self { when, status: 200, headers: Headers::default(), body: ReplyBody::Whole(body.into()) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    #[serde(rename = "match")]
    when: ReplyMatch,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Headers::is_empty")]
    headers: Headers,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunks: Option<Vec<String>>,
}

impl TryFrom<Raw> for Reply {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let status = raw.status.unwrap_or(200);
        if !(200..=999).contains(&status) {
            return Err(format!("status {status} is not between 200 and 999"));
        }
        let mut headers = raw.headers;
        let body = match (raw.body, raw.body_base64, raw.chunks) {
            (None, None, None) => ReplyBody::Whole(Bytes::new()),
            (Some(Value::String(text)), None, None) => ReplyBody::Whole(text.into()),
            (Some(json), None, None) => {
                if headers.get("content-type").is_none() {
                    headers.push("content-type", "application/json");
                }
                ReplyBody::Whole(json.to_string().into())
            }
            (None, Some(text), None) => {
                ReplyBody::Whole(STANDARD.decode(text).map_err(|_| "`body_base64` is not base64")?.into())
            }
            (None, None, Some(chunks)) => ReplyBody::Chunks(chunks.into_iter().map(Bytes::from).collect()),
            _ => return Err("a reply has one of `body`, `body_base64`, `chunks`".to_owned()),
        };
        Ok(Self { when: raw.when, status, headers, body })
    }
}

impl From<Reply> for Raw {
    fn from(reply: Reply) -> Self {
        let Reply { when, status, headers, body } = reply;
        let raw = Self { when, status: Some(status), headers, ..Self::default() };
        match body {
            ReplyBody::Whole(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Self { body: Some(Value::String(text.to_owned())), ..raw },
                Err(_) => Self { body_base64: Some(STANDARD.encode(&bytes)), ..raw },
            },
            ReplyBody::Chunks(chunks) => {
                let chunks = chunks.iter().map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
                Self { chunks: Some(chunks), ..raw }
            }
        }
    }
}
