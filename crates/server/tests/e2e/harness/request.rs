//! Requests as plain values, written onto the wire as they are.

use serde_json::{Value, json};

/// One request. Nothing is added but `host` and, when there is a body, its length.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The bytes that go out.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

pub(crate) fn get(path: &str) -> Request {
    Request { method: "GET".to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
}

/// A body of any type.
pub(crate) fn post_bytes(path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Request {
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    Request { method: "POST".to_owned(), path: path.to_owned(), headers, body: body.into() }
}

pub(crate) fn post(path: &str, body: &Value) -> Request {
    post_bytes(path, "application/json", body.to_string())
}

/// A chat completion; `text` tells it from others in what the provider saw.
pub(crate) fn chat(text: &str) -> Request {
    let messages = json!([{"role": "user", "content": text}]);
    post("/v1/chat/completions", &json!({"model": "gpt-4o-mini", "messages": messages}))
}

/// The same, streamed.
pub(crate) fn stream(text: &str) -> Request {
    let messages = json!([{"role": "user", "content": text}]);
    post("/v1/chat/completions", &json!({"model": "gpt-4o-mini", "messages": messages, "stream": true}))
}

pub(crate) fn embed(text: &str) -> Request {
    post("/v1/embeddings", &json!({"model": "text-embedding-3-small", "input": text}))
}

/// A multipart form: name, file name (empty: a plain field), content.
pub(crate) fn form(path: &str, parts: &[(&str, &str, &[u8])]) -> Request {
    let boundary = "e2e-boundary-7MA4YWxkTrZu0gW";
    let mut body = Vec::new();
    for (name, file, content) in parts {
        body.extend_from_slice(format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"").as_bytes());
        if !file.is_empty() {
            let kind = format!("; filename=\"{file}\"\r\ncontent-type: application/octet-stream");
            body.extend_from_slice(kind.as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    post_bytes(path, &format!("multipart/form-data; boundary={boundary}"), body)
}
