//! Questions for the number of LLM tokens, to providers who count and speak another protocol than the caller, or the same
//! in a place of their own.
//!
//! In: the caller's question. Out: the question in the provider's protocol, and what reads its answer. Nothing is sent.

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Refused, Reply, Translation};
use claviger_types::{Dialect, Operation};
use claviger_wire::{Ask, json};

use crate::arm::Arm;
use crate::path::{self, Place};
use crate::provider::{Provider, counted_in};

/// A question in a provider's protocol.
#[derive(Debug)]
pub struct Counting {
    /// What it is written in.
    pub dialect: Dialect,
    /// Where it is asked, before what the configuration puts before all paths.
    pub path: String,
    /// The body.
    pub body: Bytes,
    /// `None`: the caller speaks the same.
    translation: Option<Translation>,
}

impl Counting {
    /// The provider's answer in the caller's protocol. `None`: it says no number.
    pub fn answer(&self, body: &Bytes) -> Option<Reply> {
        match &self.translation {
            Some(translation) => translation.counted(body),
            None => Some(Reply { status: 200, body: body.clone() }),
        }
    }
}

impl Arm {
    /// Whether questions in other protocols than the provider's own are put to it.
    pub(crate) fn counts(&self) -> bool {
        counted_at(self, Some("m")).is_some()
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
        let Some((dialect, path)) = counted_at(arm, model) else { return Ok(None) };
        if caller == arm.speech.protocol {
            // beside its usual protocol: it is not asked like any
            let body = caller.cleaned(body).unwrap_or_else(|| body.clone());
            let is_apart = !self.speaks(caller, model);
            let body = dressed(arm, body, model);
            return Ok(is_apart.then_some(Counting { dialect, path, body, translation: None }));
        }
        let context = Context {
            named_model: model.map(str::to_owned),
            model: model.map(str::to_owned),
            profile: arm.speech.profile.clone(),
            ..Context::default()
        };
        let Some(translation) = Translation::new(caller, arm.speech.protocol, context) else { return Ok(None) };
        let body = translation.count_request(body)?.map(|body| dressed(arm, body, model));
        Ok(body.map(|body| Counting { dialect, path, body, translation: Some(translation) }))
    }

    /// The path of a question in Gemini's own protocol: beside that of its conversations, which is elsewhere at Vertex.
    /// `model`: as the provider calls it.
    pub(crate) fn own_count(&self, arm: &Arm, ask: &Ask, model: Option<&str>) -> Option<String> {
        counted_in(ask).filter(|protocol| *protocol == Protocol::Gemini)?;
        counted_at(arm, model).filter(|(dialect, _)| *dialect == Dialect::Gemini).map(|(_, path)| path)
    }
}

/// The question with the fields of every conversation, and with the model: where those name it in the path, Claude's
/// question does not ("Count tokens for Claude models", Vertex AI, 2026-11).
fn dressed(arm: &Arm, body: Bytes, model: Option<&str>) -> Bytes {
    if arm.speech.protocol != Protocol::Anthropic {
        return body;
    }
    let body = arm.body.iter().fold(body, |body, (name, text)| json::set_field(&body, name, &json::quote(text)));
    match model {
        Some(model) => json::set_field(&body, "model", &json::quote(model)),
        None => body,
    }
}

/// Where a provider counts: beside its conversations, or among them under a name of its own. `None`: it does not.
fn counted_at(arm: &Arm, model: Option<&str>) -> Option<(Dialect, String)> {
    let (dialect, whole, action) = match arm.speech.protocol {
        Protocol::Anthropic => (Dialect::Anthropic, "/v1/messages", "/v1/messages/count_tokens"),
        Protocol::Gemini => (Dialect::Gemini, ":generateContent", ":countTokens"),
        _ => return None,
    };
    let operation =
        arm.caller(Operation::ChatCompletions).and(arm.speech.operation(Operation::ChatCompletions, false))?;
    let place = arm.address.place(operation).filter(|place| matches!(place, Place::Template(_)))?;
    if let Some(counter) = &arm.counter {
        return Some((dialect, path::at(place, operation, "", Some(counter))?));
    }
    let at = path::at(place, operation, "", model)?;
    let at = at.split('?').next()?.strip_suffix(whole)?;
    Some((dialect, format!("{at}{action}")))
}
