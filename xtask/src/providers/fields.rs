//! What becomes of callers' fields, found by translating requests that have them.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use claviger_dialects::{Context, Protocol, Translation};
use claviger_providers::portraits;
use serde_json::{Map, Value};

use super::{head, row};

const PROBES: &str = include_str!("probes.json");

/// What became of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Carried,
    Dropped,
    Refused,
}

impl Fate {
    const fn sign(self) -> &'static str {
        match self {
            Self::Carried => "✓",
            Self::Dropped => "–",
            Self::Refused => "✗",
        }
    }
}

pub(super) fn write(out: &mut String) -> Result<()> {
    let probes: Value = serde_json::from_str(PROBES).context("probes.json")?;
    let spoken = spoken();
    for set in probes["callers"].as_array().context("callers")? {
        let caller = set["caller"].as_str().and_then(Protocol::from_name).context("caller")?;
        let base = set["base"].as_object().context("base")?;
        let others: Vec<_> = spoken.iter().copied().filter(|protocol| *protocol != caller).collect();
        let mut titles = vec![title(caller)];
        titles.extend(others.iter().map(|protocol| protocol.name()));
        out.push_str(&format!("\n### From {}\n\n", title(caller)));
        head(out, &titles);
        for (name, field) in set["fields"].as_object().context("fields")? {
            let field = field.as_object().context("a field")?;
            let signs: Result<Vec<_>> = others
                .iter()
                .map(|upstream| {
                    let model = probes["models"][upstream.name()].as_str().unwrap_or("m");
                    Ok(fate(caller, *upstream, model, base, field)?.sign().to_owned())
                })
                .collect();
            row(out, std::iter::once(label(name)).chain(signs?));
        }
    }
    Ok(())
}

/// Names are set as code, descriptions are not.
fn label(name: &str) -> String {
    if name.contains(' ') { name.to_owned() } else { format!("`{name}`") }
}

/// What any type speaks and is translated for.
fn spoken() -> BTreeSet<Protocol> {
    let ways = portraits().flat_map(|portrait| portrait.ways);
    ways.filter(|way| !way.translates.is_empty()).map(|way| way.speaks).collect()
}

fn fate(
    caller: Protocol,
    upstream: Protocol,
    model: &str,
    base: &Map<String, Value>,
    field: &Map<String, Value>,
) -> Result<Fate> {
    let mut body = base.clone();
    let plain = names(caller, upstream, model, &body);
    ensure!(plain.is_ok(), "{} refuses the least request of {}", upstream.name(), caller.name());
    body.extend(field.clone());
    Ok(match names(caller, upstream, model, &body) {
        Err(()) => Fate::Refused,
        Ok(names) if names.difference(&plain.unwrap_or_default()).next().is_some() => Fate::Dropped,
        Ok(_) => Fate::Carried,
    })
}

/// The names of what is dropped, or that the request is refused.
fn names(caller: Protocol, upstream: Protocol, model: &str, body: &Map<String, Value>) -> Result<BTreeSet<String>, ()> {
    let model = Some(model.to_owned());
    let context = Context { named_model: model.clone(), model, ..Context::default() };
    let Some(mut translation) = Translation::new(caller, upstream, context) else { return Err(()) };
    let body = Value::Object(body.clone()).to_string();
    let outgoing = translation.request(body.as_bytes()).map_err(drop)?;
    Ok(outgoing.dropped.names().map(str::to_owned).collect())
}

/// What the callers of a dialect ask for.
fn title(caller: Protocol) -> &'static str {
    match caller {
        Protocol::OpenAiChat => "chat completions",
        Protocol::OpenAiResponses => "responses",
        Protocol::Anthropic => "messages",
        Protocol::Gemini => "generateContent",
        other => other.name(),
    }
}
