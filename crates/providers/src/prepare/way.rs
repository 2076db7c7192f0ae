//! The way of a request to a provider: as it came, or translated.

use std::sync::Arc;

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, model::Dropped, with_claude_code};
use claviger_types::{Dialect, Operation};
use claviger_wire::{Ask, BodyForm};

use super::{CONVERSATION, PrepareError, Stamp};
use crate::arm::Arm;
use crate::edit::{self, Draft, named};
use crate::interpreter::Interpreter;
use crate::provider::{Provider, counted_in, takes_model};

/// What is sent, but for place and headers.
pub(super) struct Load {
    pub(super) body: Bytes,
    /// What is asked of the provider.
    pub(super) operation: Operation,
    pub(super) stream: bool,
    pub(super) hide_usage: bool,
    pub(super) translation: Option<Arc<Interpreter>>,
    pub(super) dropped: Dropped,
    /// The bodies of further requests, if it takes several.
    pub(super) further: Option<Arc<[Bytes]>>,
}

impl Provider {
    /// The request in the caller's own dialect.
    pub(super) fn passing(&self, arm: &Arm, ask: &Ask, model: Option<&str>) -> Result<Load, PrepareError> {
        let (body, hide_usage) = match &ask.form {
            BodyForm::Json if !ask.truncated => {
                let body = self.cleaned(arm, ask, model);
                edit::body(self, arm, Draft { body, ..Draft::of(ask) }, model)?
            }
            BodyForm::Multipart { boundary } if !ask.truncated => (multipart(ask, boundary, model), false),
            BodyForm::Empty | BodyForm::Json | BodyForm::Multipart { .. } | BodyForm::Opaque => {
                (ask.body.clone(), false)
            }
        };
        let (operation, stream) = (arm.served(ask.operation), ask.stream);
        Ok(Load { body, operation, stream, hide_usage, translation: None, dropped: Dropped::default(), further: None })
    }

    /// The body without what the provider refuses of other vendors', and with what it wants to read.
    fn cleaned(&self, arm: &Arm, ask: &Ask, model: Option<&str>) -> Bytes {
        let is_geminis = ask.operation == Operation::Other && ask.dialect == Dialect::Gemini && self.adapts();
        if let Some(model) = model.filter(|model| is_geminis && ask.model.as_deref() != Some(*model)) {
            return named::renamed(&ask.body, model);
        }
        let counted = || counted_in(ask).filter(|_| self.adapts());
        let Some(protocol) = arm.speech.passed(ask.operation).or_else(counted) else { return ask.body.clone() };
        let body = protocol.cleaned(&ask.body).unwrap_or_else(|| ask.body.clone());
        // Higress leaves it to the caller to begin as Claude Code does
        let begins = protocol == Protocol::Anthropic && arm.speech.profile.claude_code && self.settings.own_form;
        begins.then(|| with_claude_code(&body)).flatten().unwrap_or(body)
    }

    /// The request in the provider's dialect. What the configuration changes is changed where OpenAI's is spoken, on the
    /// caller's side or the provider's, else on the provider's.
    pub(super) fn translated(
        &self,
        arm: &Arm,
        ask: &Ask,
        model: Option<&str>,
        (asked, caller): (Operation, Protocol),
        stamp: Stamp,
    ) -> Result<Load, PrepareError> {
        let early = caller == Protocol::OpenAiChat && ask.form == BodyForm::Json;
        let body = if early {
            // the usage is asked for by the translation
            edit::body(self, arm, Draft { wants_usage: true, ..Draft::of(ask) }, ask.model.as_deref())?.0
        } else {
            ask.body.clone()
        };
        let mut translation = self.translation(arm, ask, model, (asked, caller), stamp)?;
        let refused = |refused: claviger_dialects::Refused| PrepareError::BadRequest { message: refused.message };
        let out = translation.request(&body, &ask.form).map_err(refused)?;
        let (operation, stream, wants_usage) = (out.operation, out.stream, true);
        let names = takes_model(operation);
        let edited = |body| {
            let draft = Draft { operation, body, stream, wants_usage, model, names, theirs: true, laid: early };
            edit::body(self, arm, draft, model).map(|(body, _)| body)
        };
        let body = edited(out.body)?;
        let further = (!out.further.is_empty()).then(|| out.further.into_iter().map(edited).collect()).transpose()?;
        Ok(Load {
            body,
            operation,
            stream,
            hide_usage: false,
            translation: Some(Arc::new(translation)),
            dropped: out.dropped,
            further,
        })
    }

    fn translation(
        &self,
        arm: &Arm,
        ask: &Ask,
        model: Option<&str>,
        (asked, caller): (Operation, Protocol),
        stamp: Stamp,
    ) -> Result<Interpreter, PrepareError> {
        let gemini = caller == Protocol::Gemini;
        let as_events = ask.query.as_deref().is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
        let context = Context {
            named_model: ask.model.clone().filter(|_| gemini),
            stream: gemini && ask.stream,
            array_stream: gemini && ask.stream && !as_events,
            model: model.map(|model| arm.name(model, asked)),
            conversation: ask.headers.get(CONVERSATION).and_then(|id| id.to_str().ok()).map(str::to_owned),
            now: stamp.now,
            nonce: stamp.nonce,
            profile: arm.speech.profile.clone(),
            ..Context::default()
        };
        Interpreter::new(caller, arm.speech.spoken(asked), asked, context)
            .ok_or(PrepareError::Unsupported { operation: ask.operation })
    }
}

impl From<edit::NotAnObject> for PrepareError {
    fn from(edit::NotAnObject: edit::NotAnObject) -> Self {
        Self::BadRequest { message: "the body is not a JSON object".to_owned() }
    }
}

fn multipart(ask: &Ask, boundary: &str, model: Option<&str>) -> Bytes {
    match model {
        Some(model) if takes_model(ask.operation) && ask.model.as_deref() != Some(model) => {
            claviger_wire::multipart::set_field(&ask.body, boundary, "model", model)
        }
        Some(_) | None => ask.body.clone(),
    }
}
