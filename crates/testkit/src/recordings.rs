//! Recorded exchanges with a provider (go-vcr version 2, YAML), to be played back byte for byte.

use std::{
    io::{self, Error, ErrorKind},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use crate::script::{Headers, Reply, ReplyBody, ReplyMatch, Script};

/// One recorded exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The file's name without its end; with a number when the file holds several.
    pub name: String,
    /// What was asked.
    pub request: RecordedRequest,
    /// What came back.
    pub response: RecordedResponse,
}

/// The request of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers as recorded.
    pub headers: Headers,
    /// The body; recorders leave out multipart bodies and say so in brackets.
    pub body: Bytes,
}

/// The response of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedResponse {
    /// The status.
    pub status: u16,
    /// The headers as recorded.
    pub headers: Headers,
    /// The body, without content encoding.
    pub body: Bytes,
}

impl RecordedRequest {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Reads every `*.yaml` in `dir`, in order of name. A file that is no recording is an error that names it.
pub fn load(dir: &Path) -> io::Result<Vec<Recording>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    let mut recordings = Vec::new();
    for path in files {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        // The loader drops the core schema's own tags from block scalars; a private tag survives.
        let text = std::fs::read_to_string(&path)?.replace("body: !!binary", "body: !binary");
        let bad = |what: &str| Error::new(ErrorKind::InvalidData, format!("{}: {what}", path.display()));
        let documents = Yaml::load_from_str(&text).map_err(|error| bad(&error.to_string()))?;
        let interactions = documents.first().and_then(|document| get(document, "interactions"));
        let interactions = interactions.and_then(Yaml::as_vec).ok_or_else(|| bad("no interactions"))?;
        for (number, interaction) in interactions.iter().enumerate() {
            let name = if interactions.len() == 1 { name.clone() } else { format!("{name}-{number}") };
            recordings.push(recording(name, interaction).ok_or_else(|| bad("an interaction lacks a field"))?);
        }
    }
    Ok(recordings)
}

fn recording(name: String, interaction: &Yaml<'_>) -> Option<Recording> {
    let (request, response) = (get(interaction, "request")?, get(interaction, "response")?);
    let url = get(request, "url")?.as_str()?;
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |at| &after_scheme[at..]).to_owned();
    Some(Recording {
        name,
        request: RecordedRequest {
            method: get(request, "method")?.as_str()?.to_owned(),
            path,
            headers: headers(get(request, "headers"))?,
            body: get(request, "body").map_or(Some(Bytes::new()), bytes)?,
        },
        response: RecordedResponse {
            status: u16::try_from(get(response, "code")?.as_integer()?).ok()?,
            headers: headers(get(response, "headers"))?,
            body: get(response, "body").map_or(Some(Bytes::new()), bytes)?,
        },
    })
}

fn get<'a, 'input>(node: &'a Yaml<'input>, key: &str) -> Option<&'a Yaml<'input>> {
    node.as_mapping_get(key)
}

/// A scalar as bytes: text as it is, tagged `binary` decoded.
fn bytes(node: &Yaml<'_>) -> Option<Bytes> {
    match node {
        Yaml::Tagged(tag, inner) if tag.suffix == "binary" => {
            let packed: String = inner.as_str()?.split_whitespace().collect();
            STANDARD.decode(packed).ok().map(Bytes::from)
        }
        node if node.is_null() => Some(Bytes::new()),
        node => node.as_str().map(|text| Bytes::from(text.to_owned())),
    }
}

fn headers(node: Option<&Yaml<'_>>) -> Option<Headers> {
    let mut headers = Headers::default();
    for (name, values) in node.and_then(Yaml::as_mapping).into_iter().flatten() {
        for value in values.as_vec()? {
            headers.push(name.as_str()?, value.as_str()?);
        }
    }
    Some(headers)
}

impl Script {
    /// Adds the recordings as canned replies: same method, same path, and the same JSON body where one was recorded.
    /// Streams come in chunks that respect no event boundary.
    #[must_use]
    pub fn playback(mut self, recordings: &[Recording]) -> Self {
        self.replies.extend(recordings.iter().map(played));
        self
    }
}

fn played(recording: &Recording) -> Reply {
    let request = &recording.request;
    let path = request.path.split('?').next().unwrap_or_default().to_owned();
    let body = Some(request.json()).filter(|json| !json.is_null());
    let mut headers = Headers::default();
    for (name, value) in &recording.response.headers.0 {
        // They spoke of another connection, or of an encoding the recorder took off.
        let of_the_connection = ["content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive"];
        if !of_the_connection.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            headers.push(name.clone(), value.clone());
        }
    }
    let bytes = &recording.response.body;
    let streams = headers.get("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    let body_out = if streams { ReplyBody::Chunks(odd_chunks(bytes)) } else { ReplyBody::Whole(bytes.clone()) };
    Reply {
        when: ReplyMatch { method: Some(request.method.clone()), path: Some(path), body },
        status: recording.response.status,
        headers,
        body: body_out,
    }
}

/// Pieces of 1, 7, 64, 3, 1021, … bytes: inside words, characters, line ends and events.
fn odd_chunks(bytes: &Bytes) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    let mut at = 0;
    for size in [1, 7, 64, 3, 1021, 2, 311].into_iter().cycle() {
        if at >= bytes.len() {
            break;
        }
        let end = bytes.len().min(at + size);
        chunks.push(bytes.slice(at..end));
        at = end;
    }
    chunks
}
