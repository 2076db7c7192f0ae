//! A client that writes any bytes and reads HTTP/1.1 as it comes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Request, soon};

/// Anything bytes go both ways through.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection.
pub(crate) struct Wire {
    io: Box<dyn Io>,
    buffer: Vec<u8>,
    host: String,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) ended: Ended,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As its framing says.
    Properly,
    /// Before that.
    Broken,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

/// An answer whose body is still coming.
pub(crate) struct Stream {
    wire: Wire,
    framing: Framing,
    body: Vec<u8>,
    pub(crate) ended: Option<Ended>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// The `code` of an error body.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.header("x-claviger-attempts").and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// The events of a body that is a stream, each with its blank line.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text().split_inclusive("\n\n").map(str::to_owned).collect()
    }

    /// What a chat answer says, whole or streamed.
    pub(crate) fn said(&self) -> String {
        if !self.body.starts_with(b"data:") {
            return self.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
        }
        let pieces = self.events().into_iter().filter_map(|event| {
            let data: Value = serde_json::from_str(event.trim().strip_prefix("data: ")?).ok()?;
            data["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        });
        pieces.collect()
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = soon("a connection opens", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream, &address.to_string())
    }

    /// Over a connection that was made already.
    pub(crate) fn over(io: impl Io + 'static, host: &str) -> Self {
        Self { io: Box::new(io), buffer: Vec::new(), host: host.to_owned() }
    }

    /// Writes; a peer that has closed already is no failure here.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = soon("bytes are taken", self.io.write_all(bytes)).await;
        let _ = self.io.flush().await;
    }

    /// Ends our side of the conversation; the other may go on.
    pub(crate) async fn half_close(&mut self) {
        let _ = self.io.shutdown().await;
    }

    pub(crate) async fn send(&mut self, request: &Request) {
        let bytes = request.bytes(&self.host);
        self.write(&bytes).await;
    }

    pub(crate) async fn ask(&mut self, request: &Request) -> Answer {
        self.send(request).await;
        let what = format!("an answer to {} {}", request.method, request.path);
        soon(&what, self.answer()).await.unwrap_or_else(|| panic!("{what}: the connection closed without one"))
    }

    pub(crate) async fn stream(mut self, request: &Request) -> Stream {
        self.send(request).await;
        self.streaming().await
    }

    /// The answer to what was sent, once its head is there.
    pub(crate) async fn streaming(mut self) -> Stream {
        let head = soon("the head of an answer", self.head()).await.expect("an answer, not a closed connection");
        let (status, _, framing) = head;
        assert_eq!(status, 200);
        Stream { wire: self, framing, body: Vec::new(), ended: None }
    }

    /// The next answer; `None` when the connection closes without one.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let (status, headers, mut framing) = self.head().await?;
        let mut body = Vec::new();
        let ended = loop {
            if let Some(ended) = self.piece(&mut framing, &mut body).await {
                break ended;
            }
        };
        Some(Answer { status, headers, body, ended })
    }

    /// Bytes that are no HTTP any more.
    pub(crate) async fn raw(&mut self, count: usize) -> Vec<u8> {
        let reading = async { while self.buffer.len() < count && self.fill().await {} };
        soon("bytes after an upgrade", reading).await;
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count).collect()
    }

    /// Everything until the connection closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let reading = async { while self.fill().await {} };
        soon("the connection closes", reading).await;
        std::mem::take(&mut self.buffer)
    }

    async fn fill(&mut self) -> bool {
        self.buffer.reserve(16_384);
        self.io.read_buf(&mut self.buffer).await.is_ok_and(|count| count > 0)
    }

    /// A line without its break.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line = self.buffer.drain(..at + 2).take(at).collect::<Vec<_>>();
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    pub(crate) async fn head(&mut self) -> Option<(u16, Vec<(String, String)>, Framing)> {
        let first = self.line().await?;
        let status: u16 = first.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = find(&headers, "content-length").and_then(|length| length.parse().ok());
        let framing = match (status, find(&headers, "transfer-encoding"), length) {
            (100..=199 | 204 | 304, ..) => Framing::Length(0),
            (_, Some(_), _) => Framing::Chunked,
            (_, None, Some(length)) => Framing::Length(length),
            (_, None, None) => Framing::UntilClosed,
        };
        Some((status, headers, framing))
    }

    /// Reads some more of a body; says how it ended when it did.
    async fn piece(&mut self, framing: &mut Framing, body: &mut Vec<u8>) -> Option<Ended> {
        match framing {
            Framing::Length(0) => Some(Ended::Properly),
            Framing::Length(left) => {
                if self.buffer.is_empty() && !self.fill().await {
                    return Some(Ended::Broken);
                }
                let count = self.buffer.len().min(*left);
                body.extend(self.buffer.drain(..count));
                *left -= count;
                None
            }
            Framing::UntilClosed => {
                body.append(&mut self.buffer);
                (!self.fill().await).then_some(Ended::Properly)
            }
            Framing::Chunked => {
                let Some(size) = self.line().await else { return Some(Ended::Broken) };
                let Ok(size) = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16) else {
                    return Some(Ended::Broken);
                };
                while self.buffer.len() < size + 2 {
                    if !self.fill().await {
                        body.append(&mut self.buffer);
                        return Some(Ended::Broken);
                    }
                }
                body.extend(self.buffer.drain(..size));
                self.buffer.drain(..2);
                (size == 0).then_some(Ended::Properly)
            }
        }
    }
}

impl Stream {
    /// The next event with its blank line; `None` at the end.
    pub(crate) async fn event(&mut self) -> Option<String> {
        let reading = async {
            loop {
                if let Some(at) = self.body.windows(2).position(|two| two == b"\n\n") {
                    let event: Vec<u8> = self.body.drain(..at + 2).collect();
                    return Some(String::from_utf8_lossy(&event).into_owned());
                }
                if self.ended.is_some() {
                    return None;
                }
                self.ended = self.wire.piece(&mut self.framing, &mut self.body).await;
            }
        };
        soon("the next event", reading).await
    }

    /// All events to the end.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            events.push(event);
        }
        events
    }
}
