//! A provider that says nothing but what the test tells it to say, byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::soon;

/// A listening provider.
pub(crate) struct Stepped {
    listener: TcpListener,
}

/// One request that waits for what the test says.
pub(crate) struct Asked {
    stream: TcpStream,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Stepped {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// The next connection's first request.
    pub(crate) async fn asked(&self) -> Asked {
        let (stream, _) = soon("the provider is asked", self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut asked = Asked { stream, head: String::new(), body: Vec::new() };
        soon("the request arrives", asked.read()).await;
        asked
    }
}

impl Asked {
    async fn read(&mut self) {
        let mut buffer = Vec::new();
        loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                self.head = String::from_utf8_lossy(&buffer[..at]).to_ascii_lowercase();
                let length = self.head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
                if buffer.len() >= at + 4 + length {
                    self.body = buffer[at + 4..].to_vec();
                    return;
                }
            }
            let count = self.stream.read_buf(&mut buffer).await.unwrap();
            assert!(count > 0, "the gateway left in the middle of its request");
        }
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The head of a stream.
    pub(crate) async fn begin_stream(&mut self) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        self.say(head.as_bytes()).await;
    }

    /// One chunk.
    pub(crate) async fn chunk(&mut self, bytes: &[u8]) {
        self.say(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()).await;
    }

    pub(crate) async fn end_stream(&mut self) {
        self.say(b"0\r\n\r\n").await;
    }
}
