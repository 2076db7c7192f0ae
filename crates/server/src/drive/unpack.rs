//! An answer's bytes, unpacked when they come compressed although nobody asked.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use claviger_net::ReplyBody;
use flate2::write::{GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;

/// Chunks as they arrive, decoded.
pub(crate) struct Source {
    body: ReplyBody,
    decoder: Decoder,
}

enum Decoder {
    Plain,
    Gzip(Box<GzDecoder<Vec<u8>>>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
}

/// Why no more chunks come.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection ended early.
    Cut,
    /// The bytes are not what the headers say.
    Garbled,
}

impl Source {
    /// Reads `body`; takes `content-encoding` out of `headers` when it can be undone here.
    pub(crate) fn new(body: ReplyBody, headers: &mut HeaderMap) -> Self {
        let decoder = match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
            Some(b"gzip" | b"x-gzip") => Decoder::Gzip(Box::new(GzDecoder::new(Vec::new()))),
            Some(b"deflate") => Decoder::Zlib(Box::new(ZlibDecoder::new(Vec::new()))),
            Some(_) | None => Decoder::Plain,
        };
        if !matches!(decoder, Decoder::Plain) {
            headers.remove(CONTENT_ENCODING);
            headers.remove(http::header::CONTENT_LENGTH);
        }
        Self { body, decoder }
    }

    /// The next non-empty chunk; `None` at a clean end.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(_)) => return Poll::Ready(Some(Err(Broken::Cut))),
                Some(Ok(frame)) => {
                    // trailers carry nothing we need
                    let Ok(data) = frame.into_data() else { continue };
                    match self.decoder.decode(data) {
                        Ok(chunk) if chunk.is_empty() => {}
                        Ok(chunk) => return Poll::Ready(Some(Ok(chunk))),
                        Err(_) => return Poll::Ready(Some(Err(Broken::Garbled))),
                    }
                }
            }
        }
    }

    pub(crate) async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Whether everything has been read.
    pub(crate) fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// All of it, up to `cap` bytes; what was read so far when it is longer.
    pub(crate) async fn whole(&mut self, cap: usize) -> Result<Whole, Broken> {
        let mut first = Bytes::new();
        let mut all: Vec<u8> = Vec::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk?;
            // the usual answer is one chunk: no copy
            if first.is_empty() && all.is_empty() {
                first = chunk;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk);
            }
            if first.len().max(all.len()) > cap {
                return Ok(Whole::TooLong(if all.is_empty() { first } else { all.into() }));
            }
        }
        Ok(Whole::All(if all.is_empty() { first } else { all.into() }))
    }
}

/// What [`Source::whole`] read.
pub(crate) enum Whole {
    All(Bytes),
    TooLong(Bytes),
}

impl Decoder {
    fn decode(&mut self, data: Bytes) -> std::io::Result<Bytes> {
        match self {
            Self::Plain => Ok(data),
            Self::Gzip(decoder) => {
                decoder.write_all(&data)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
            Self::Zlib(decoder) => {
                decoder.write_all(&data)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
        }
    }
}
