//! Applies a fault to a finished answer: which frames go out, and how the body ends.

use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::Value;

use crate::{
    answers::{Answer, AnswerBody, Framing, default_error, error_status},
    body::End,
    script::{CutHow, FaultKind},
};

/// An answer as it goes on the wire.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) answer: Answer,
    pub(crate) end: End,
}

/// What `fault` makes of `answer`. Faults that send no answer at all are not for here; they leave it as it is.
pub(crate) fn apply(fault: &FaultKind, answer: Answer) -> Outgoing {
    match fault {
        FaultKind::Status { status, headers, body } => {
            let mut refused = match body {
                None => error_status(*status, answer.framing),
                Some(body) => Answer::status(*status).with_bytes(text(body), json_type(body)),
            };
            headers.apply(&mut refused.headers);
            clean(refused)
        }
        FaultKind::StallStream { after_events } => cut(answer, *after_events, End::Stall),
        FaultKind::Cut { after_events, how } => {
            let end = match how {
                CutHow::Rst => End::Cut { reset: true },
                CutHow::Fin => End::Cut { reset: false },
                CutHow::CleanEnd => End::Clean,
            };
            cut(answer, *after_events, end)
        }
        FaultKind::MalformedEvent { at } => clean(malformed(answer, *at)),
        FaultKind::MissingDone => clean(without_done(answer)),
        FaultKind::ErrorIn200 { body } => clean(error_in_200(body.as_ref(), answer.framing)),
        FaultKind::ErrorFirstEvent { body } => clean(error_event(answer, 0, body.as_ref())),
        FaultKind::ErrorMidStream { after_events, body } => clean(error_event(answer, *after_events, body.as_ref())),
        FaultKind::RoleOnlyThenCut => {
            let before_content = answer.framing.events_before_content();
            cut(answer, before_content, End::Cut { reset: false })
        }
        FaultKind::EmptyStream => clean(match answer.body {
            AnswerBody::Events(_) => Answer { body: AnswerBody::Events(Vec::new()), ..answer },
            AnswerBody::Whole(_) => Answer { body: AnswerBody::Whole(Bytes::new()), ..answer },
        }),
        FaultKind::GarbageBody => {
            clean(Answer::status(200).with_bytes(Bytes::from_static(b"\x00\xff<html>{{nope"), "application/json"))
        }
        FaultKind::Delay { .. }
        | FaultKind::StallHead
        | FaultKind::Reset
        | FaultKind::Refuse
        | FaultKind::Drip { .. }
        | FaultKind::Pace { .. }
        | FaultKind::Gzip { .. } => clean(answer),
    }
}

fn clean(answer: Answer) -> Outgoing {
    Outgoing { answer, end: End::Clean }
}

/// Keeps `after` events, or half of a whole body, whose announced length stays unless it ends properly.
fn cut(mut answer: Answer, after: usize, end: End) -> Outgoing {
    match &mut answer.body {
        AnswerBody::Events(frames) => frames.truncate(after),
        AnswerBody::Whole(bytes) => {
            if end != End::Clean {
                answer.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            }
            bytes.truncate(bytes.len() / 2);
        }
    }
    Outgoing { answer, end }
}

fn malformed(mut answer: Answer, at: usize) -> Answer {
    match &mut answer.body {
        AnswerBody::Events(frames) => {
            if let Some(frame) = frames.get_mut(at) {
                *frame = answer.framing.malformed(frame);
            }
        }
        AnswerBody::Whole(bytes) => bytes.truncate(bytes.len() / 2),
    }
    answer
}

fn without_done(mut answer: Answer) -> Answer {
    if let AnswerBody::Events(frames) = &mut answer.body {
        frames.truncate(frames.len().saturating_sub(answer.framing.events_of_end()));
    }
    answer
}

fn error_in_200(body: Option<&Value>, framing: Framing) -> Answer {
    let body = body.cloned().unwrap_or_else(|| default_error(500, framing));
    Answer::status(200).with_bytes(text(&body), "application/json")
}

fn error_event(mut answer: Answer, after: usize, body: Option<&Value>) -> Answer {
    match &mut answer.body {
        AnswerBody::Whole(_) => error_in_200(body, answer.framing),
        AnswerBody::Events(frames) => {
            answer.framing.break_off(frames, after, body);
            answer
        }
    }
}

fn text(body: &Value) -> Bytes {
    match body {
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

fn json_type(body: &Value) -> &'static str {
    match body {
        Value::String(text) if !text.trim_start().starts_with(['{', '[']) => "text/plain; charset=utf-8",
        _ => "application/json",
    }
}
