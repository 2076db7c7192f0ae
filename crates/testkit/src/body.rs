//! The body on the wire: frames at a pace, then a proper end, silence or a cut.

use std::{
    collections::VecDeque,
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

use crate::{connection::Ending, seen::Tracker};

/// What comes after the last frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The body ends as it should.
    Clean,
    /// Nothing more ever comes.
    Stall,
    /// The connection (HTTP/2: the stream) breaks.
    Cut {
        /// By RST instead of FIN.
        reset: bool,
    },
}

/// A cut body, or a request that gets no answer: hyper drops the connection (HTTP/2: resets the stream).
#[derive(Debug, thiserror::Error)]
#[error("the script cuts here")]
pub(crate) struct Dropped;

/// A response body that follows a script.
#[derive(Debug)]
pub(crate) struct WireBody {
    frames: VecDeque<Bytes>,
    pace: Duration,
    end: End,
    tracker: Option<Tracker>,
    ending: Arc<Ending>,
    wait: Option<Pin<Box<Sleep>>>,
    started: bool,
    flushed: bool,
}

impl WireBody {
    pub(crate) fn new(
        frames: Vec<Bytes>,
        pace: Duration,
        end: End,
        tracker: Option<Tracker>,
        ending: Arc<Ending>,
    ) -> Self {
        let frames: VecDeque<Bytes> = frames.into_iter().filter(|frame| !frame.is_empty()).collect();
        let mut body = Self { frames, pace, end, tracker, ending, wait: None, started: false, flushed: false };
        body.finish_when_done();
        body
    }

    /// Whether all was handed over that will be: hyper may drop a body of known length without asking for its end.
    fn finish_when_done(&mut self) {
        if self.frames.is_empty() && self.end == End::Clean {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(mut tracker) = self.tracker.take() {
            tracker.finish();
        }
    }

    fn cut(&mut self, reset: bool) -> Dropped {
        if reset {
            self.ending.reset();
        }
        self.finish();
        Dropped
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let this = &mut *self;
        loop {
            if let Some(wait) = &mut this.wait {
                ready!(wait.as_mut().poll(cx));
                this.wait = None;
            } else if this.started && !this.pace.is_zero() && !this.frames.is_empty() {
                this.wait = Some(Box::pin(tokio::time::sleep(this.pace)));
                this.started = false; // the pause before the next frame is taken once
                continue;
            }
            if let Some(frame) = this.frames.pop_front() {
                this.started = true;
                this.finish_when_done();
                return Poll::Ready(Some(Ok(Frame::data(frame))));
            }
            match this.end {
                End::Clean => {
                    this.finish();
                    return Poll::Ready(None);
                }
                End::Stall => return Poll::Pending,
                // Head and frames are to arrive first. Being pending makes hyper flush; HTTP/2 writes from another
                // task and throws away what is queued on a reset stream, so it gets a moment.
                End::Cut { .. } if !this.flushed => {
                    this.flushed = true;
                    this.wait = Some(Box::pin(tokio::time::sleep(FLUSH)));
                }
                End::Cut { reset } => return Poll::Ready(Some(Err(this.cut(reset)))),
            }
        }
    }
}

/// Long enough for a loopback write, short enough to go unnoticed in a test run.
const FLUSH: Duration = Duration::from_millis(5);
