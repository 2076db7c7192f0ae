//! Canned replies: the first that matches, exactly if one does.

use claviger_types::glob;
use serde_json::Value;

use super::{Answer, AnswerBody, Call};
use crate::script::{Reply, ReplyBody, Script};

/// The canned reply for `call`, if the script has one.
pub(crate) fn canned(script: &Script, call: &Call) -> Option<Answer> {
    let exact = script.replies.iter().find(|reply| matches(reply, call, &call.json));
    let reply = exact.or_else(|| {
        // A gateway that counts usage asks for it in the caller's name; the recording did not.
        let plain = without_stream_options(&call.json);
        script.replies.iter().find(|reply| {
            let Some(body) = &reply.when.body else { return false };
            let mut reply = Reply::clone(reply);
            reply.when.body = Some(without_stream_options(body));
            matches(&reply, call, &plain)
        })
    })?;
    let mut answer = Answer::status(reply.status).framed(call.framing());
    reply.headers.apply(&mut answer.headers);
    answer.body = match &reply.body {
        ReplyBody::Whole(bytes) => AnswerBody::Whole(bytes.clone()),
        ReplyBody::Chunks(chunks) => AnswerBody::Events(chunks.clone()),
    };
    answer.headers.remove("content-length");
    answer.headers.remove("transfer-encoding");
    Some(answer)
}

fn matches(reply: &Reply, call: &Call, json: &Value) -> bool {
    let when = &reply.when;
    when.method.as_deref().is_none_or(|method| method == call.method.as_str())
        && when.path.as_deref().is_none_or(|path| glob(path, &call.path))
        && when.body.as_ref().is_none_or(|body| body == json)
}

fn without_stream_options(json: &Value) -> Value {
    let mut json = json.clone();
    if let Value::Object(object) = &mut json {
        object.shift_remove("stream_options");
    }
    json
}
