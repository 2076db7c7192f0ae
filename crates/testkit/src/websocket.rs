//! As much of RFC 6455 as a realtime server needs: the accept key and a frame codec. No extensions.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The largest message read: more than any test sends, less than would hurt.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What a client sent: a whole message, its fragments joined, or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// With the payload, which is echoed.
    Close(Vec<u8>),
}

/// The value of `sec-websocket-accept` for a client's `sec-websocket-key` (RFC 6455 section 4.2.2).
pub(crate) fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.trim().as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// A fragmented message between its first and last frame.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    opcode: u8,
    joined: Vec<u8>,
}

impl Reader {
    /// The next message. An error ends the connection: the stream ended or broke, or the peer broke the protocol.
    pub(crate) async fn next(&mut self, io: &mut (impl AsyncRead + Unpin)) -> io::Result<Message> {
        loop {
            let (last, opcode, payload) = frame(io).await?;
            match opcode {
                0x8 => return Ok(Message::Close(payload)),
                0x9 => return Ok(Message::Ping(payload)),
                0xa => return Ok(Message::Pong),
                0x0 if self.opcode != 0 => self.joined.extend_from_slice(&payload),
                0x1 | 0x2 if self.opcode == 0 => {
                    self.opcode = opcode;
                    self.joined = payload;
                }
                _ => return Err(bad("unexpected opcode")),
            }
            if self.joined.len() as u64 > LARGEST {
                return Err(bad("message too large"));
            }
            if last {
                let whole = std::mem::take(&mut self.joined);
                return match std::mem::take(&mut self.opcode) {
                    0x1 => String::from_utf8(whole).map(Message::Text).map_err(|_| bad("text is not UTF-8")),
                    _ => Ok(Message::Binary(whole)),
                };
            }
        }
    }
}

/// One frame: whether it is the last of its message, opcode, unmasked payload.
async fn frame(io: &mut (impl AsyncRead + Unpin)) -> io::Result<(bool, u8, Vec<u8>)> {
    let mut head = [0; 2];
    io.read_exact(&mut head).await?;
    let (last, opcode, masked) = (head[0] & 0x80 != 0, head[0] & 0x0f, head[1] & 0x80 != 0);
    if head[0] & 0x70 != 0 {
        return Err(bad("reserved bits without an extension"));
    }
    let length = match head[1] & 0x7f {
        126 => u64::from(io.read_u16().await?),
        127 => io.read_u64().await?,
        short => u64::from(short),
    };
    if length > LARGEST || (opcode >= 0x8 && (length > 125 || !last)) {
        return Err(bad("frame too large"));
    }
    if !masked {
        return Err(bad("a client must mask its frames"));
    }
    let mut mask = [0; 4];
    io.read_exact(&mut mask).await?;
    let mut payload = vec![0; usize::try_from(length).map_err(|_| bad("frame too large"))?];
    io.read_exact(&mut payload).await?;
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    Ok((last, opcode, payload))
}

/// Writes one unmasked, unfragmented frame, as servers do.
pub(crate) async fn write(io: &mut (impl AsyncWrite + Unpin), opcode: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..=125 => frame.push(u8::try_from(short).unwrap_or(0)),
        medium @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(medium).unwrap_or(0).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    io.write_all(&frame).await?;
    io.flush().await
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
