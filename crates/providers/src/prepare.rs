//! From the client's request to the provider's: host, path, headers, body, credential.
//!
//! The body is the same bytes unless something must change. Nothing is sent here.

use std::fmt;

use bytes::Bytes;
use claviger_types::{Operation, Secret};
use claviger_wire::{Ask, BodyForm};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::edit;
use crate::path;
use crate::provider::{Provider, takes_model};
use crate::row::Auth;
use crate::settings::BasePathHandling;
use crate::url::with_parameter;

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
    /// The caller's own upstream credential, only for a provider without tokens that is meant to use it.
    pub caller_key: Option<Secret>,
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
    pub fn prepare(&self, ask: &Ask, model: Option<&str>) -> Result<Prepared, PrepareError> {
        let place = self.address.place(ask.operation).ok_or(PrepareError::Unsupported { operation: ask.operation })?;
        let asked = model.or(ask.model.as_deref());
        let mapped = takes_model(ask.operation) || ask.operation == Operation::Realtime;
        let model = if mapped { self.model_for(asked) } else { asked.map(str::to_owned) };
        let kept = self.stripped(&ask.path);
        let path = path::at(place, ask.operation, &kept, model.as_deref()).ok_or_else(|| PrepareError::BadRequest {
            message: "this provider needs the name of a model".to_owned(),
        })?;
        let (body, hide_usage) = match &ask.form {
            BodyForm::Json if !ask.truncated => self.json(ask, model.as_deref())?,
            BodyForm::Multipart { boundary } if !ask.truncated => {
                (self.multipart(ask, boundary, model.as_deref()), false)
            }
            BodyForm::Empty | BodyForm::Json | BodyForm::Multipart { .. } | BodyForm::Opaque => {
                (ask.body.clone(), false)
            }
        };
        Ok(Prepared {
            tls: self.address.tls,
            authority: if self.address.authority.is_empty() {
                ask.host.clone()
            } else {
                self.address.authority.clone()
            },
            method: ask.method.clone(),
            path: self.dressed(path, matches!(place, path::Place::Fixed(_)), ask, model.as_deref()),
            headers: headers(ask),
            body,
            model,
            hide_usage,
            caller_key: match self.row.auth {
                Auth::BearerOrCaller if self.settings.tokens == 0 => ask.caller_key.clone(),
                Auth::Bearer | Auth::BearerOrCaller | Auth::Raw | Auth::Header(_) => None,
            },
        })
    }

    /// Writes the credential into the request: `credential`, else the caller's own where the type is meant to use it.
    /// A credential that no header can carry is not written.
    pub fn authorise(&self, request: &mut Prepared, credential: Option<&Secret>) {
        let Some(secret) = credential.or(request.caller_key.as_ref()) else { return };
        let (name, text) = match &self.row.auth {
            Auth::Bearer | Auth::BearerOrCaller => (AUTHORIZATION, format!("Bearer {}", secret.expose())),
            Auth::Raw => (AUTHORIZATION, secret.expose().to_owned()),
            Auth::Header(name) => {
                let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
                (name, secret.expose().to_owned())
            }
        };
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            request.headers.insert(name, value);
        }
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
    fn dressed(&self, path: String, fixed: bool, ask: &Ask, model: Option<&str>) -> String {
        let mut path = path;
        if !fixed {
            let renamed =
                model.filter(|model| ask.operation == Operation::Realtime && ask.model.as_deref() != Some(model));
            let query = match (&ask.query, renamed) {
                (Some(query), Some(model)) => Some(with_parameter(query, "model", model)),
                (query, _) => query.clone(),
            };
            path = path::with_query(path, query.as_deref());
            path = path::with_query(path, self.address.query.as_deref());
        }
        if self.settings.base_path_handling == BasePathHandling::Prepend && !self.settings.base_path.is_empty() {
            path = path::joined(&self.settings.base_path, &path);
        }
        let prefix = &self.settings.provider_base_path;
        if !prefix.is_empty() && !path.starts_with(prefix.as_str()) {
            path = path::joined(prefix, &path);
        }
        if path.starts_with('/') { path } else { format!("/{path}") }
    }

    fn json(&self, ask: &Ask, model: Option<&str>) -> Result<(Bytes, bool), PrepareError> {
        let edited = edit::body(self, ask, model);
        edited.map_err(|edit::NotAnObject| PrepareError::BadRequest {
            message: "the body is not a JSON object".to_owned(),
        })
    }

    fn multipart(&self, ask: &Ask, boundary: &str, model: Option<&str>) -> Bytes {
        match model {
            Some(model) if takes_model(ask.operation) && ask.model.as_deref() != Some(model) => {
                claviger_wire::multipart::set_field(&ask.body, boundary, "model", model)
            }
            Some(_) | None => ask.body.clone(),
        }
    }
}

fn headers(ask: &Ask) -> HeaderMap {
    let mut headers = ask.headers.clone();
    // The body's length and the host are ours to say, and compression is the sender's choice.
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_ENCODING);
    if ask.stream {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    }
    headers
}

#[cfg(test)]
mod tests;
