//! From the client's request to the provider's: host, path, headers, body, credential.
//!
//! The body is the same bytes unless something must change. Nothing is sent here.

mod sign;
mod way;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use claviger_dialects::{Protocol, model::Dropped};
use claviger_types::{Dialect, Operation, Secret, WallTime};
use claviger_wire::Ask;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use self::way::Load;
use crate::arm::Arm;
use crate::headers;
use crate::interpreter::{Interpreter, Matter};
use crate::path::{self, Place};
use crate::provider::{Provider, maps_model};
use crate::row::Auth;
use crate::settings::BasePathHandling;
use crate::url::{escaped, with_parameter};

/// A request ready to be sent, but for its credential.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Value of `Host`, with the port when it is not the default one.
    pub authority: String,
    /// The client's method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The client's end-to-end headers as adapted; without `host`, `content-length` and `accept-encoding`.
    pub headers: HeaderMap,
    /// The body to send; shares the client's bytes when nothing changed.
    pub body: Bytes,
    /// The upstream name of the model, if one is asked for.
    pub model: Option<String>,
    /// True when we asked for the usage chunk and the client did not: it is not for the client's eyes.
    pub hide_usage: bool,
    /// Whether the provider is asked for a stream.
    pub stream: bool,
    /// What turns the answer into the caller's dialect; `None`: both speak the same.
    pub translation: Option<Arc<Interpreter>>,
    /// The caller's fields that the provider's dialect has no place for.
    pub dropped: Dropped,
    /// The bodies of further requests that differ in nothing else, where one holds too little. The translation reads the
    /// answers to all of them as one list of JSON, in order, the first before.
    pub further: Option<Arc<[Bytes]>>,
    /// The caller's own upstream credential, only for a provider without tokens that is meant to use it.
    pub caller_key: Option<Secret>,
}

/// Where callers of Dify name the conversation that goes on, and answers tell it (Higress ai-proxy v2.2.1).
pub(crate) const CONVERSATION: HeaderName = HeaderName::from_static("conversationid");

/// Time and chance, for what a dialect lacks and another wants: dates and ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Unix seconds.
    pub now: u64,
    /// A random number.
    pub nonce: u64,
}

/// Why a request cannot be prepared for this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The provider does not serve the operation.
    Unsupported {
        /// What was asked for.
        operation: Operation,
    },
    /// The client's request lacks what the provider needs.
    BadRequest {
        /// One sentence for the client, without final stop.
        message: String,
    },
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { operation } => write!(f, "this provider does not serve {}", operation.name()),
            Self::BadRequest { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for PrepareError {}

impl Provider {
    /// The request to send for `ask`; `model` is the target's rename, before `modelMapping`.
    pub fn prepare(&self, ask: &Ask, model: Option<&str>, stamp: Stamp) -> Result<Prepared, PrepareError> {
        let asked = model.or(ask.model.as_deref());
        let model = if maps_model(ask) { self.model_for(asked) } else { asked.map(str::to_owned) };
        let arm = self.arm(model.as_deref());
        let load = match arm.translated(ask) {
            // what is not kept cannot be translated
            Some((operation, _)) if ask.truncated || !Matter::of(operation).takes(&ask.form) => {
                let message = "this provider speaks another protocol: the body must be JSON, and within the limit up to \
                               which it is kept";
                return Err(PrepareError::BadRequest { message: message.to_owned() });
            }
            Some(pair) => self.translated(arm, ask, model.as_deref(), pair, stamp)?,
            None if arm.passes(ask.operation) => self.passing(arm, ask, model.as_deref())?,
            None => return Err(PrepareError::Unsupported { operation: ask.operation }),
        };
        Ok(Prepared {
            tls: arm.address.tls,
            authority: if arm.address.authority.is_empty() { ask.host.clone() } else { arm.address.authority.clone() },
            method: ask.method.clone(),
            path: self.path(arm, ask, &load, model.as_deref())?,
            headers: if load.translation.is_some() {
                headers::translated(ask, &arm.headers, load.stream, arm.speech.vendor())
            } else {
                headers::passed(ask, &arm.headers)
            },
            body: load.body,
            model,
            hide_usage: load.hide_usage,
            stream: load.stream,
            translation: load.translation,
            dropped: load.dropped,
            further: load.further,
            caller_key: match arm.auth {
                Auth::BearerOrCaller if self.settings.tokens == 0 => ask.caller_key.clone(),
                Auth::Bearer
                | Auth::BearerOrCaller
                | Auth::Raw
                | Auth::Scheme(_)
                | Auth::Header(_)
                | Auth::Query(_)
                | Auth::Aws
                | Auth::Tencent
                | Auth::ServiceAccount => None,
            },
        })
    }

    fn path(&self, arm: &Arm, ask: &Ask, load: &Load, model: Option<&str>) -> Result<String, PrepareError> {
        let is_translated = load.translation.is_some();
        let place =
            if load.stream { arm.address.stream_place(load.operation) } else { arm.address.place(load.operation) };
        let place = place.ok_or(PrepareError::Unsupported { operation: ask.operation })?;
        let mut kept = self.stripped(&ask.path);
        if is_translated && *place == Place::Kept {
            kept = path::in_openais_words(&kept, load.operation);
        }
        let path = path::at(place, load.operation, &kept, model).ok_or_else(|| PrepareError::BadRequest {
            message: "this provider needs the name of a model".to_owned(),
        })?;
        let path = self.own_count(arm, ask, model).unwrap_or(path);
        let is_fixed = matches!(place, Place::Fixed(_));
        if !is_translated {
            return Ok(self.dressed(arm, path, is_fixed, ask, model));
        }
        let events = load.stream && load.operation == Operation::GeminiStreamGenerateContent;
        let path = path::with_query(path, events.then_some("alt=sse"));
        if is_fixed {
            return Ok(self.prefixed(path));
        }
        // as in Higress: a query of OpenAI's callers goes along, but not to paths made of the model, whose vendors refuse
        // parameters they do not know; those of other vendors' callers mean nothing here
        let goes_along = ask.dialect == Dialect::OpenAi && !place.names_model();
        let path = path::with_query(path, ask.query.as_deref().filter(|_| goes_along));
        Ok(self.prefixed(path::with_query(path, arm.address.query.as_deref())))
    }

    /// Writes the credential into the request: `credential`, else the caller's own where the type is meant to use it.
    /// A credential that no header can carry is not written. Of a service account it is the access token.
    /// Signatures are of `now`, and of the request as it is: sign last.
    pub fn authorise(&self, request: &mut Prepared, credential: Option<&Secret>, now: WallTime) {
        let auth = &self.arm(request.model.as_deref()).auth;
        match auth {
            Auth::Aws => return sign::aws(request, &self.settings, now),
            Auth::Tencent => return sign::tencent(request, &self.settings, now),
            Auth::Bearer
            | Auth::BearerOrCaller
            | Auth::Raw
            | Auth::Scheme(_)
            | Auth::Header(_)
            | Auth::Query(_)
            | Auth::ServiceAccount => {}
        }
        let Some(secret) = credential.or(request.caller_key.as_ref()) else { return };
        let (name, text) = match auth {
            Auth::Bearer | Auth::BearerOrCaller | Auth::ServiceAccount => {
                (AUTHORIZATION, format!("Bearer {}", secret.expose()))
            }
            Auth::Scheme(name) => (AUTHORIZATION, format!("{name} {}", secret.expose())),
            Auth::Raw => (AUTHORIZATION, secret.expose().to_owned()),
            Auth::Header(name) => {
                let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
                (name, secret.expose().to_owned())
            }
            Auth::Aws | Auth::Tencent => return,
            Auth::Query(name) => {
                let parameter = format!("{name}={}", escaped(secret.expose()));
                request.path = path::with_query(std::mem::take(&mut request.path), Some(&parameter));
                return;
            }
        };
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            request.headers.insert(name, value);
        }
    }

    /// A header that the beginning of the provider's answer asks for beside its translation.
    pub fn answer_header(&self, prepared: &Prepared, begin: &[u8]) -> Option<(HeaderName, HeaderValue)> {
        let arm = self.arm(prepared.model.as_deref());
        let id = (arm.speech.protocol == Protocol::Dify).then(|| claviger_dialects::dify_conversation(begin))??;
        Some((CONVERSATION, HeaderValue::from_str(&id).ok()?))
    }

    fn stripped(&self, path: &str) -> String {
        let strips = self.settings.base_path_handling == BasePathHandling::RemovePrefix;
        if strips && !self.settings.base_path.is_empty() {
            path::stripped(path, &self.settings.base_path)
        } else {
            path.to_owned()
        }
    }

    /// The path with its queries and prefixes.
    fn dressed(&self, arm: &Arm, path: String, fixed: bool, ask: &Ask, model: Option<&str>) -> String {
        let mut path = path;
        if !fixed {
            let renamed =
                model.filter(|model| ask.operation == Operation::Realtime && ask.model.as_deref() != Some(model));
            let query = match (&ask.query, renamed) {
                (Some(query), Some(model)) => Some(with_parameter(query, "model", model)),
                (query, _) => query.clone(),
            };
            // a row may ask for the same
            let is_new = |query: &&str| path.split_once('?').is_none_or(|(_, own)| own != *query);
            path = match query.as_deref().filter(is_new) {
                Some(query) => path::with_query(path, Some(query)),
                None => path,
            };
            path = path::with_query(path, arm.address.query.as_deref());
        }
        self.prefixed(path)
    }

    /// The path below what the configuration puts before all.
    pub(crate) fn prefixed(&self, path: String) -> String {
        let mut path = path;
        if self.settings.base_path_handling == BasePathHandling::Prepend && !self.settings.base_path.is_empty() {
            path = path::joined(&self.settings.base_path, &path);
        }
        let prefix = &self.settings.provider_base_path;
        if !prefix.is_empty() && !path.starts_with(prefix.as_str()) {
            path = path::joined(prefix, &path);
        }
        if path.starts_with('/') { path } else { format!("/{path}") }
    }
}

#[cfg(test)]
mod tests;
