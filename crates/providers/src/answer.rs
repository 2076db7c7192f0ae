//! Edits of successful answers: rare, and asked for by a row or by the operator.
//!
//! In: a whole body, or the events of a stream one by one. Out: the same, or bytes to send instead. An answer that
//! cannot be read passes as it is.

mod promote;

use bytes::Bytes;
use claviger_dialects::Protocol;
use claviger_types::Operation;
use claviger_wire::Ask;
use claviger_wire::sse::Event;
use serde_json::Value;

use crate::prepare::Prepared;
use crate::provider::Provider;
use crate::row::Tweak;
use promote::Promotion;

/// What must change in the answers to one kind of request.
#[derive(Clone, Copy, Debug)]
pub struct AnswerEdit {
    promotes: bool,
    /// What is promoted does not stay where it was.
    moves: bool,
    lifts_usage: bool,
}

/// The edit of one stream: fed its events in order.
#[derive(Debug)]
pub struct StreamEdit {
    promotion: Option<Promotion>,
    lifts_usage: bool,
}

/// What becomes of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It passes as it came.
    Same,
    /// These bytes go instead.
    Replace(Bytes),
    /// It does not pass.
    Drop,
}

impl Provider {
    /// What must change in the answer that `ask` gets; `None` in the usual case: bytes pass unchanged.
    pub fn answer_edit(&self, ask: &Ask, prepared: &Prepared) -> Option<AnswerEdit> {
        let is_chat = ask.operation == Operation::ChatCompletions;
        is_chat.then(|| self.edit(ask.stream && prepared.translation.is_none(), false))?
    }

    /// What must change in the provider's answer before it is translated. Callers of other dialects would read a thought
    /// that is promoted twice, so it moves.
    pub fn edit_before(&self, prepared: &Prepared) -> Option<AnswerEdit> {
        let is_chat = prepared.translation.is_some()
            && self.arm(prepared.model.as_deref()).speech.protocol == Protocol::OpenAiChat;
        is_chat.then(|| self.edit(prepared.stream, true))?
    }

    fn edit(&self, stream: bool, moves: bool) -> Option<AnswerEdit> {
        if !self.adapts() {
            return None;
        }
        let edit = AnswerEdit {
            promotes: self.settings.promote_thinking,
            moves,
            lifts_usage: stream && self.row.has(Tweak::MoonshotUsage),
        };
        (edit.promotes || edit.lifts_usage).then_some(edit)
    }
}

impl AnswerEdit {
    /// The whole answer to send: the same bytes when nothing had to change.
    pub fn whole(&self, body: Bytes) -> Bytes {
        if !self.promotes {
            return body;
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
        if promote::whole(&mut answer, self.moves) { Bytes::from(answer.to_string()) } else { body }
    }

    /// The edit of a stream that begins now.
    pub fn stream(&self) -> StreamEdit {
        StreamEdit { promotion: self.promotes.then(Promotion::default), lifts_usage: self.lifts_usage }
    }
}

impl StreamEdit {
    /// What becomes of the next event.
    pub fn event(&mut self, event: &Event) -> Edited {
        self.data(&event.data())
    }

    fn data(&mut self, data: &str) -> Edited {
        if data.trim() == "[DONE]" {
            return match self.finish() {
                Some(owed) => Edited::Replace([owed, Bytes::from_static(b"data: [DONE]\n\n")].concat().into()),
                None => Edited::Same,
            };
        }
        let concerns = self.promotion.is_some() || self.lifts_usage && data.contains("\"usage\"");
        let Some(mut event) = concerns.then(|| serde_json::from_str::<Value>(data).ok()).flatten() else {
            return Edited::Same;
        };
        let mut changed = self.lifts_usage && lift_usage(&mut event);
        if let Some(promotion) = &mut self.promotion {
            changed |= promotion.event(&mut event);
        }
        if changed { Edited::Replace(written(&event)) } else { Edited::Same }
    }

    /// Bytes to send before the end of the stream, when it ends without `[DONE]`.
    pub fn finish(&mut self) -> Option<Bytes> {
        self.promotion.as_mut()?.owed().as_ref().map(written)
    }
}

/// Moves `choices[0].usage` to the top level, where clients look for it.
fn lift_usage(event: &mut Value) -> bool {
    if event.get("usage").is_some_and(|usage| !usage.is_null()) {
        return false;
    }
    let choice = event.get_mut("choices").and_then(|choices| choices.get_mut(0)).and_then(Value::as_object_mut);
    let Some(usage) = choice.and_then(|choice| choice.shift_remove("usage")).filter(|usage| !usage.is_null()) else {
        return false;
    };
    if let Some(event) = event.as_object_mut() {
        event.insert("usage".to_owned(), usage);
    }
    true
}

fn written(event: &Value) -> Bytes {
    Bytes::from(format!("data: {event}\n\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edit(promotes: bool, lifts_usage: bool) -> AnswerEdit {
        AnswerEdit { promotes, moves: false, lifts_usage }
    }

    fn replaced(edited: Edited) -> Value {
        let Edited::Replace(bytes) = edited else { panic!("not replaced: {edited:?}") };
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("a data line");
        serde_json::from_str(line).expect("JSON")
    }

    #[test]
    fn a_whole_answer_of_reasoning_alone_becomes_text() {
        let answer =
            json!({"choices": [{"message": {"role": "assistant", "content": null, "reasoning_content": "7."}}]});
        let changed = edit(true, false).whole(Bytes::from(answer.to_string()));
        let changed: Value = serde_json::from_slice(&changed).expect("JSON");
        let wanted = json!({"role": "assistant", "content": "7.", "reasoning_content": "7."});
        assert_eq!(changed, json!({"choices": [{"message": wanted}]}), "the reasoning stays where it is, too");
    }

    #[test]
    fn before_a_translation_the_reasoning_moves() {
        let answer = json!({"choices": [{"message": {"content": "", "reasoning": "7.", "reasoning_content": "7."}}]});
        let moves = AnswerEdit { promotes: true, moves: true, lifts_usage: false };
        let changed: Value = serde_json::from_slice(&moves.whole(answer.to_string().into())).expect("JSON");
        assert_eq!(changed, json!({"choices": [{"message": {"content": "7."}}]}));
    }

    #[test]
    fn an_answer_with_text_or_calls_stays_the_same_bytes() {
        for message in
            [json!({"content": "a", "reasoning": "b"}), json!({"tool_calls": [1], "reasoning": "b"}), json!({})]
        {
            let body = Bytes::from(json!({"choices": [{"message": message}]}).to_string());
            assert_eq!(edit(true, false).whole(body.clone()).as_ptr(), body.as_ptr());
        }
    }

    #[test]
    fn a_stream_of_reasoning_alone_says_it_as_text_where_its_choice_ends() {
        let mut stream = edit(true, false).stream();
        let chunk = |delta: Value, finish: Value| {
            json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).to_string()
        };
        assert_eq!(stream.data(&chunk(json!({"reasoning_content": "It "}), Value::Null)), Edited::Same);
        assert_eq!(stream.data(&chunk(json!({"reasoning": "is 7."}), Value::Null)), Edited::Same);
        let last = replaced(stream.data(&chunk(json!({}), json!("stop"))));
        assert_eq!(last["choices"][0]["delta"]["content"], "It is 7.");
        assert_eq!((stream.data("[DONE]"), stream.finish()), (Edited::Same, None));
    }

    #[test]
    fn a_stream_that_ends_early_still_owes_the_text() {
        let mut stream = edit(true, false).stream();
        stream.data(r#"{"model":"m","choices":[{"index":1,"delta":{"reasoning":"x"}}]}"#);
        let owed = replaced(stream.data("[DONE]"));
        assert_eq!((&owed["model"], &owed["choices"][0]["index"]), (&json!("m"), &json!(1)));
        assert_eq!(stream.finish(), None);
    }

    #[test]
    fn usage_of_a_choice_moves_to_the_top() {
        let mut stream = edit(false, true).stream();
        let event = replaced(stream.data(r#"{"choices":[{"index":0,"delta":{},"usage":{"prompt_tokens":1}}]}"#));
        assert_eq!(event, json!({"choices": [{"index": 0, "delta": {}}], "usage": {"prompt_tokens": 1}}));
        assert_eq!(stream.data(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#), Edited::Same);
        assert_eq!(stream.data("not json \"usage\""), Edited::Same);
    }
}
