//! Rules as they are applied: drafts checked and taken apart once.

use claviger_types::{Class, Scope};
use http::HeaderMap;

use super::fields::Fields;
use super::format::{BODIES, RuleDraft, TRANSPORTS, contains, fits, statuses};
use super::text::above_limit;
use super::time::Calendar;

/// A rule, ready to be tried.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// For the log and for `claviger classify`.
    pub(super) name: String,
    pub(super) class: Class,
    /// `None`: the class's own, with what the provider counts by and what the text names.
    pub(super) scope: Option<Scope>,
    /// `None`: as the class says.
    pub(super) elsewhere: Option<bool>,
    /// Whether times in the answer are believed.
    pub(super) believes_hints: bool,
    /// When it is over if the answer does not say.
    pub(super) resets: Option<Calendar>,
    when: RuleDraft,
    status: Vec<(u16, u16)>,
}

/// What a body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Html,
    Text,
    #[default]
    Empty,
}

/// A failure, as rules look at it.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// How the attempt ended, when it did so without an answer.
    pub(super) transport: Option<&'static str>,
    pub(super) status: u16,
    pub(super) embedded: bool,
    pub(super) headers: Option<&'a HeaderMap>,
    pub(super) form: Form,
    /// Of a page: its beginning as `text`, and nothing else.
    pub(super) fields: &'a Fields,
}

impl Rule {
    /// Takes a draft apart. `None`: it names a class, scope, status or reset that does not exist.
    pub(super) fn new(draft: &RuleDraft) -> Option<Self> {
        let scope = |name: &str| {
            let all = [Scope::Token, Scope::TokenModel, Scope::Account, Scope::Provider, Scope::Request];
            all.into_iter().find(|scope| scope.name() == name)
        };
        let mut when = draft.clone();
        for list in [&mut when.code, &mut when.r#type, &mut when.reason, &mut when.any] {
            list.iter_mut().for_each(|pattern| *pattern = pattern.to_lowercase());
        }
        Some(Self {
            name: draft.name.clone(),
            class: Class::ALL.into_iter().find(|class| class.name() == draft.class)?,
            scope: if draft.scope.is_empty() { None } else { Some(scope(&draft.scope)?) },
            elsewhere: draft.retry_elsewhere,
            believes_hints: draft.hint.is_empty(),
            resets: match draft.resets.as_str() {
                "" => None,
                name => Some(Calendar::ALL.into_iter().find(|(known, _)| *known == name)?.1),
            },
            status: draft.status.iter().map(|pattern| statuses(pattern)).collect::<Option<_>>()?,
            when,
        })
    }

    /// Whether all conditions hold.
    pub(super) fn holds(&self, seen: &Seen<'_>) -> bool {
        let (when, fields) = (&self.when, seen.fields);
        if seen.transport.is_some() || !when.transport.is_empty() {
            return seen.transport.is_some_and(|ended| when.transport.iter().any(|wanted| wanted == ended));
        }
        let word = |patterns: &[String], word: &str| {
            patterns.is_empty() || !word.is_empty() && patterns.iter().any(|pattern| fits(pattern, word))
        };
        let any = || {
            let words = [fields.code.as_str(), fields.kind.as_str()];
            let words = words.into_iter().chain(fields.reasons.iter().map(String::as_str));
            words.filter(|word| !word.is_empty()).any(|text| word(&when.any, text))
        };
        let is = |wanted: Option<bool>, given: bool| wanted.is_none_or(|wanted| wanted == given);
        (self.status.is_empty() || self.status.iter().any(|(from, to)| (*from..=*to).contains(&seen.status)))
            && is(when.embedded, seen.embedded)
            && is(when.param, fields.has_param)
            && self.fits_form(seen.form)
            && word(&when.code, &fields.code)
            && word(&when.r#type, &fields.kind)
            && (when.reason.is_empty() || fields.reasons.iter().any(|reason| word(&when.reason, reason)))
            && (when.any.is_empty() || any())
            && self.fits_headers(seen.headers)
            && (when.says.is_empty() || when.says.iter().any(|phrase| contains(&fields.text, phrase)))
            && when.above_limit.is_none_or(|wanted| wanted == above_limit(&fields.message))
    }

    /// Pages are read by rules that say so: words on a page are not the model API's.
    fn fits_form(&self, form: Form) -> bool {
        let page = match form {
            Form::Html | Form::Text => true,
            Form::Json | Form::Empty => false,
        };
        match self.when.body.is_empty() {
            true => self.when.says.is_empty() || !page,
            false => self.when.body.iter().any(|body| body == form.name()),
        }
    }

    fn fits_headers(&self, headers: Option<&HeaderMap>) -> bool {
        self.when.header.iter().all(|(name, pattern)| {
            let value = headers.and_then(|headers| headers.get(name)?.to_str().ok());
            value.is_some_and(|value| fits(&pattern.to_lowercase(), &value.to_lowercase()))
        })
    }
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => BODIES[0],
            Self::Html => BODIES[1],
            Self::Text => BODIES[2],
            Self::Empty => BODIES[3],
        }
    }
}

/// The words for the ways in which an attempt ends without an answer.
pub(super) const CONNECT: &str = TRANSPORTS[0];
pub(super) const RESET: &str = TRANSPORTS[1];
pub(super) const CUT: &str = TRANSPORTS[2];
pub(super) const GARBLED: &str = TRANSPORTS[3];
pub(super) const TIMEOUT: &str = TRANSPORTS[4];
pub(super) const IDLE: &str = TRANSPORTS[5];
