//! Questions for the number of LLM tokens, to providers who count and speak another protocol than the caller.
//!
//! In: the caller's question. Out: the question in the provider's protocol, and what reads its answer. Nothing is sent.

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Refused, Reply, Translation};
use claviger_types::{Dialect, Operation};

use crate::path::{self, Place};
use crate::provider::Provider;

/// A question in a provider's protocol.
#[derive(Debug)]
pub struct Counting {
    /// What it is written in.
    pub dialect: Dialect,
    /// Where it is asked, before what the configuration puts before all paths.
    pub path: String,
    /// The body.
    pub body: Bytes,
    translation: Translation,
}

impl Counting {
    /// The provider's answer in the caller's protocol. `None`: it says no number.
    pub fn answer(&self, body: &[u8]) -> Option<Reply> {
        self.translation.counted(body)
    }
}

impl Provider {
    /// The question of a `caller` about `body`, for this model, which may stand in the body alone. `None`: the provider
    /// does not count, or speaks as the caller does and is asked like any.
    ///
    /// # Errors
    /// When the caller made a mistake.
    pub fn counting(&self, caller: Protocol, body: &Bytes, model: Option<&str>) -> Result<Option<Counting>, Refused> {
        let arm = self.arm(model);
        let (dialect, whole, action) = match arm.speech.protocol {
            Protocol::Anthropic => (Dialect::Anthropic, "/v1/messages", "/v1/messages/count_tokens"),
            Protocol::Gemini => (Dialect::Gemini, ":generateContent", ":countTokens"),
            _ => return Ok(None),
        };
        let context = Context {
            named_model: model.map(str::to_owned),
            model: model.map(str::to_owned),
            profile: arm.speech.profile.clone(),
            ..Context::default()
        };
        let chat = Operation::ChatCompletions;
        let operation = arm.caller(chat).and_then(|_| arm.speech.operation(chat, false));
        let place = operation.and_then(|operation| Some((operation, arm.address.place(operation)?)));
        let Some((operation, place @ Place::Template(_))) = place else { return Ok(None) };
        let at = path::at(place, operation, "", model);
        let at = at.as_deref().and_then(|at| at.split('?').next()?.strip_suffix(whole));
        let (Some(at), Some(translation)) = (at, Translation::new(caller, arm.speech.protocol, context)) else {
            return Ok(None);
        };
        let path = format!("{at}{action}");
        let body = translation.count_request(body)?;
        Ok(body.map(|body| Counting { dialect, path, body, translation }))
    }
}
