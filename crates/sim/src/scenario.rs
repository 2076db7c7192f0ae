//! A scenario file: what is true of the provider when, who calls, and what is expected. In comes JSON, out comes the
//! scenario with every default filled in and every counted token unfolded.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::span::Span;

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
pub struct Scenario {
    /// Its name, which begins with its number.
    #[serde(default)]
    pub name: String,
    /// Its own seed; runs add theirs.
    #[serde(default = "one")]
    pub seed: u64,
    /// What healthy means.
    #[serde(default)]
    pub defaults: Defaults,
    /// What is true of all tokens at once.
    #[serde(default)]
    pub endpoint: Place,
    /// As written; see `pool`.
    #[serde(default)]
    tokens: Vec<Token>,
    /// The tokens one by one.
    #[serde(skip)]
    pub pool: Vec<Token>,
    /// Who calls.
    pub traffic: Traffic,
    /// What the figures are compared with.
    #[serde(default)]
    pub expect: Expect,
}

/// Behaviour where no phase says otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// To the first byte.
    pub delay: Span,
    /// From first to last.
    pub stream: Span,
    /// Of an error, in seconds.
    pub error_delay: f64,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            delay: Span::LogNormal { median: 0.4, sigma: 0.35 },
            stream: Span::LogNormal { median: 1.2, sigma: 0.5 },
            error_delay: 0.06,
        }
    }
}

/// Where phases apply: the endpoint or a token, with exceptions by model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The first that applies.
    pub phases: Vec<Phase>,
    /// By model; they come before the place's own.
    models: Map<String, Value>,
    #[serde(skip)]
    by_model: Vec<(String, Vec<Phase>)>,
}

/// A token.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its secret; `sk-` and the name when left out.
    #[serde(default)]
    pub key: String,
    /// How many alike.
    #[serde(default)]
    count: Option<usize>,
    /// Its weight.
    #[serde(default = "one_weight")]
    pub weight: u32,
    /// As written; see `place`.
    #[serde(default)]
    phases: Vec<Phase>,
    #[serde(default)]
    models: Map<String, Value>,
    /// What happens to it.
    #[serde(skip)]
    pub place: Place,
}

/// What is true from `start` to `end`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Phase {
    /// Seconds from the start.
    pub start: f64,
    /// `None`: for ever.
    pub end: Option<f64>,
    /// 400 or more: the answer to everything.
    pub status: Option<u16>,
    /// With the status.
    pub headers: Map<String, Value>,
    /// With the status.
    pub body: Option<Value>,
    /// What breaks instead of an answer.
    pub fault: Option<Fault>,
    /// Seconds of stream before a cut.
    pub cut_after: Option<f64>,
    /// How many of the streams are cut.
    pub cut_probability: Option<f64>,
    /// To the first byte.
    pub delay: Option<Span>,
    /// From first to last byte.
    pub stream: Option<Span>,
    /// How many requests meet `error`.
    pub error_probability: f64,
    /// See above.
    pub error: Reject,
    /// So many requests per time.
    pub rate_limit: Option<RateLimit>,
    /// So many at once.
    pub concurrency_limit: Option<ConcurrencyLimit>,
    /// So many altogether.
    pub quota: Option<QuotaLimit>,
}

/// A broken connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// After the request.
    Reset,
    /// Before it.
    Refuse,
    /// No word at all.
    Stall,
    /// In the middle of the stream.
    Cut,
}

/// How a request is turned away.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reject {
    /// The answer's status.
    pub status: u16,
    /// Its headers; some values are templates.
    pub headers: Map<String, Value>,
    /// Its body.
    pub body: Option<Value>,
    /// Instead of an answer.
    pub fault: Option<Fault>,
    /// Until it.
    pub delay: Option<Span>,
}

/// A limit over time.
#[derive(Clone, Debug, Deserialize)]
pub struct RateLimit {
    /// How it counts.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// Requests per `per`.
    pub rate: f64,
    /// Seconds.
    #[serde(default = "one_float")]
    pub per: f64,
    /// Requests at once; the rate when left out.
    pub burst: Option<f64>,
    /// Shared by those who name the same.
    pub bucket: Option<String>,
    /// `token_model`: one for each model.
    pub scope: Option<String>,
    /// Whether refusals count.
    #[serde(default)]
    pub count_rejected: bool,
    /// The refusal.
    pub reject: Reject,
    /// Headers on good answers.
    #[serde(default)]
    pub advertise: Map<String, Value>,
}

/// How a rate limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// A leaky bucket.
    #[default]
    Gcra,
    /// So many in each window.
    FixedWindow,
}

/// A limit on open answers.
#[derive(Clone, Debug, Deserialize)]
pub struct ConcurrencyLimit {
    /// At once.
    pub max: u32,
    /// The refusal.
    pub reject: Reject,
}

/// A limit on all requests there will ever be.
#[derive(Clone, Debug, Deserialize)]
pub struct QuotaLimit {
    /// Altogether.
    pub requests: u32,
    /// The refusal.
    pub reject: Reject,
}

/// Who calls.
#[derive(Clone, Debug, Deserialize)]
pub struct Traffic {
    /// Seconds.
    pub duration: f64,
    /// How many, when.
    pub arrivals: Vec<Stretch>,
    /// Which models, in which shares.
    #[serde(default)]
    models: Map<String, Value>,
    /// The same, read.
    #[serde(skip)]
    pub shares: Vec<(String, f64)>,
    /// How many ask for a stream.
    #[serde(default = "one_float")]
    pub stream_fraction: f64,
    /// How many are malformed.
    #[serde(default)]
    pub bad_request_fraction: f64,
    /// Seconds to the first content.
    #[serde(default = "twenty")]
    pub deadline: f64,
    /// Seconds that a request may be held.
    #[serde(default = "five")]
    pub max_wait: f64,
    /// The load generator's own limit.
    #[serde(default = "two_thousand")]
    pub max_in_flight: usize,
}

/// Arrivals of one rate.
#[derive(Clone, Debug, Deserialize)]
pub struct Stretch {
    /// Seconds.
    pub start: f64,
    /// Seconds.
    pub end: f64,
    /// Requests per second.
    pub rps: f64,
    /// `poisson` when left out; anything else: evenly.
    pub process: Option<String>,
}

/// What the figures are compared with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// Tokens whose shares are looked at.
    pub share_tokens: Vec<String>,
    /// From when to when.
    pub share_window: Option<(f64, f64)>,
}

const fn one() -> u64 {
    1
}
const fn one_weight() -> u32 {
    1
}
const fn one_float() -> f64 {
    1.0
}
const fn five() -> f64 {
    5.0
}
const fn twenty() -> f64 {
    20.0
}
const fn two_thousand() -> usize {
    2000
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// When there is none, or it is no scenario.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self::parse(&text, &name).with_context(|| format!("{} is no scenario", path.display()))
    }

    /// Reads the text of a file; `name` stands in where it has none.
    ///
    /// # Errors
    /// When it is no scenario.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let mut scenario: Self = serde_json::from_str(text)?;
        if scenario.name.is_empty() {
            name.clone_into(&mut scenario.name);
        }
        scenario.endpoint.unfold()?;
        for token in std::mem::take(&mut scenario.tokens) {
            token.unfold(&mut scenario.pool)?;
        }
        let traffic = &mut scenario.traffic;
        let share = |(model, share): (String, Value)| share.as_f64().map(|share| (model, share));
        traffic.shares = std::mem::take(&mut traffic.models).into_iter().filter_map(share).collect();
        if traffic.shares.is_empty() {
            traffic.shares.push(("m1".to_owned(), 1.0));
        }
        Ok(scenario)
    }
}

impl Token {
    fn unfold(mut self, pool: &mut Vec<Self>) -> Result<()> {
        let (phases, models) = (std::mem::take(&mut self.phases), std::mem::take(&mut self.models));
        self.place = Place { phases, models, ..Place::default() };
        self.place.unfold()?;
        if self.key.is_empty() {
            self.key = format!("sk-{}", self.name);
        }
        match self.count.take().unwrap_or(1) {
            1 => pool.push(self),
            count => pool.extend((1..=count).map(|number| Self {
                name: format!("{}-{number:03}", self.name),
                key: format!("{}-{number:03}", self.key),
                ..self.clone()
            })),
        }
        Ok(())
    }
}

impl Place {
    fn unfold(&mut self) -> Result<()> {
        for (model, place) in std::mem::take(&mut self.models) {
            self.by_model.push((model, Self::deserialize(place)?.phases));
        }
        Ok(())
    }

    /// The phases of this model alone.
    pub fn own(&self, model: &str) -> &[Phase] {
        self.by_model.iter().find(|(name, _)| name == model).map_or(&[], |(_, phases)| phases)
    }

    /// What applies to this model now; `None`: healthy.
    pub fn phase(&self, model: &str, now: f64) -> Option<&Phase> {
        let applies = |phase: &&Phase| phase.start <= now && phase.end.is_none_or(|end| now < end);
        self.own(model).iter().find(applies).or_else(|| self.phases.iter().find(applies))
    }
}

impl Phase {
    /// Whether it fails every request.
    pub fn is_broken(&self) -> bool {
        let dead = matches!(self.fault, Some(Fault::Reset | Fault::Refuse | Fault::Stall));
        dead || self.status.is_some_and(|status| status >= 400)
    }
}
