//! An answer's bytes, unpacked when they come compressed although nobody asked, and translated where they must be.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use claviger_net::ReplyBody;
use flate2::write::{GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;

use super::translate::Translator;

/// Chunks as they arrive, decoded and translated.
pub(crate) struct Source {
    body: ReplyBody,
    decoder: Decoder,
    translator: Option<Box<Translator>>,
    /// Whether all has been translated, and the answer was complete.
    ended: Option<bool>,
    /// Whether the provider sent something since it was last asked.
    heard: bool,
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
        Self { body, decoder, translator: None, ended: None, heard: false }
    }

    /// The same, in the caller's dialect from here on.
    pub(crate) fn translated(mut self, translator: Translator) -> Self {
        self.translator = Some(Box::new(translator));
        self
    }

    /// Whether bytes came that meant nothing in the caller's dialect, since this was last asked: it is no silence.
    pub(crate) const fn was_heard(&mut self) -> bool {
        std::mem::replace(&mut self.heard, false)
    }

    /// What translates it, if anything does.
    pub(crate) fn translator(&mut self) -> Option<&mut Translator> {
        self.translator.as_deref_mut()
    }

    /// The next non-empty chunk; `None` at a clean end. The end of a translated answer that is not complete is none.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if let Some(complete) = self.ended {
                return Poll::Ready((!complete).then_some(Err(Broken::Cut)));
            }
            let next = std::task::ready!(self.poll_plain(cx));
            let Some(translator) = &mut self.translator else { return Poll::Ready(next) };
            let out = match next {
                Some(Ok(chunk)) => {
                    self.heard = true;
                    translator.push(chunk)
                }
                Some(Err(broken)) => return Poll::Ready(Some(Err(broken))),
                None => {
                    let (owed, complete) = translator.complete();
                    self.ended = Some(complete);
                    owed
                }
            };
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out)));
            }
        }
    }

    fn poll_plain(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
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
        self.body.is_end_stream() && (self.translator.is_none() || self.ended.is_some())
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
