//! Why each credential would or would not be chosen for a request, now, and when that changes: as JSON, for the admin
//! port and for `claviger explain`.
//!
//! It asks the pool, changes nothing that is known, and shows no secret.

pub(crate) mod command;
mod say;
mod table;

use claviger_flow::{Route, Tier};
use claviger_pool::{Checks, EndpointView, Explanation, Extent, Limits, Outlook, Pool, ProviderId, Say, Strategy};
use claviger_telemetry::rfc3339;
use claviger_types::{Dialect, Moment, Operation};
use claviger_wire::{Ask, BodyForm, operation};
use serde_json::{Value, json};

use crate::clock::Now;
use crate::exchange::millis;
use crate::live::Live;

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// The client's model. Without one, and without a path, everything that is in use is explained.
    pub(crate) model: Option<String>,
    /// The client's path, without query; that of chat unless it is said.
    pub(crate) path: Option<String>,
    /// The client's host, for routes that go by it.
    pub(crate) host: Option<String>,
    /// Only this provider, past the routes.
    pub(crate) provider: Option<String>,
}

const CHAT: &str = "/v1/chat/completions";

impl Question {
    /// From the query of a URL.
    pub(crate) fn read(query: &str) -> Result<Self, String> {
        let mut question = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = Some(unescape(value)).filter(|value| !value.is_empty());
            match key {
                "model" => question.model = value,
                "path" => question.path = value,
                "host" => question.host = value,
                "provider" => question.provider = value,
                _ => return Err("the parameters are `model`, `path`, `host` and `provider`".to_owned()),
            }
        }
        Ok(question)
    }

    /// The query of a URL.
    fn query(&self) -> String {
        let all = [("model", &self.model), ("path", &self.path), ("host", &self.host), ("provider", &self.provider)];
        let set = all.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", escape(value.as_deref()?))));
        set.collect::<Vec<_>>().join("&")
    }

    fn ask(&self) -> Ask {
        let path = self.path.clone().unwrap_or_else(|| CHAT.to_owned());
        let (operation, dialect): (Operation, Dialect) = operation::recognise(&path);
        Ask {
            method: http::Method::POST,
            host: self.host.clone().unwrap_or_default(),
            path,
            query: None,
            operation,
            dialect,
            model: self.model.clone(),
            stream: false,
            wants_usage: false,
            headers: http::HeaderMap::new(),
            form: BodyForm::Empty,
            body: bytes::Bytes::new(),
            truncated: false,
            caller_key: None,
        }
    }
}

/// A provider (index into the plan) and the upstream model it would be asked for.
type Target = (usize, String);

/// The answer; or why there is none.
pub(crate) fn explain(live: &Live, pool: &mut Pool, now: Now, question: &Question) -> Result<Value, String> {
    let ask = question.ask();
    let only = match &question.provider {
        Some(id) => Some(provider_named(live, id)?),
        None => None,
    };
    let everything = question.model.is_none() && question.path.is_none();
    let mut route = None;
    let tiers: Vec<Vec<Target>> = if everything {
        in_use(live, pool, now.moment, only)
    } else if let Some(index) = only {
        vec![vec![(index, live.plan.providers[index].provider.model_for(ask.model.as_deref()).unwrap_or_default())]]
    } else {
        let found = live.plan.routes.find(&ask).ok_or_else(|| no_route(&ask))?;
        route = Some(found);
        found.tiers.iter().map(|tier| targets(live, tier, &ask)).collect()
    };
    let unable = route.map(|route| unable(live, route, &ask)).unwrap_or_default();
    let mut shown = Vec::with_capacity(tiers.len());
    // the first tier that has somebody serves; what is in use stands side by side
    let mut serves = true;
    for targets in &tiers {
        let (tier, ready) = tier(live, pool, now, targets, serves);
        serves = everything || (serves && !ready);
        shown.push(tier);
    }
    Ok(json!({
        "now": rfc3339(now.wall),
        "model": question.model,
        "path": (!everything).then_some(ask.path),
        "route": route.map(|route| &route.name),
        "deadline_ms": route.map(|route| millis(route.deadline)),
        "max_wait_ms": route.map(|route| millis(route.max_wait)),
        "tiers": shown,
        "unable": unable,
    }))
}

fn provider_named(live: &Live, id: &str) -> Result<usize, String> {
    let ids = || live.plan.providers.iter().map(|plan| plan.provider.id());
    ids().position(|known| known == id).ok_or_else(|| {
        let all: Vec<String> = ids().map(|id| format!("`{id}`")).collect();
        format!("there is no provider `{id}`, only {}", all.join(", "))
    })
}

fn no_route(ask: &Ask) -> String {
    match &ask.model {
        Some(model) => format!("no route serves the model `{model}` at {}", ask.path),
        None => format!("no route serves {} without a model", ask.path),
    }
}

/// One tier for each provider and model that was asked for lately.
fn in_use(live: &Live, pool: &Pool, now: Moment, only: Option<usize>) -> Vec<Vec<Target>> {
    let mut used: Vec<Target> = Vec::new();
    for view in pool.snapshot(now) {
        let Some(key) = live.key(view.id) else { continue };
        used.extend(view.models.into_iter().map(|model| (key.provider, model.model)));
    }
    used.sort();
    used.dedup();
    for index in 0..live.plan.providers.len() {
        if !used.iter().any(|(provider, _)| *provider == index) {
            used.push((index, String::new()));
        }
    }
    used.sort();
    used.into_iter().filter(|(index, _)| only.is_none_or(|only| only == *index)).map(|target| vec![target]).collect()
}

/// Those of a tier that can do it.
fn targets(live: &Live, tier: &Tier, ask: &Ask) -> Vec<Target> {
    let able = tier.targets.iter().filter(|t| live.plan.providers[t.provider].provider.supports(ask.operation));
    able.map(|target| {
        let asked = target.model.as_deref().or(ask.model.as_deref());
        (target.provider, live.plan.providers[target.provider].provider.model_for(asked).unwrap_or_default())
    })
    .collect()
}

/// Those of a route that cannot.
fn unable(live: &Live, route: &Route, ask: &Ask) -> Vec<Value> {
    let targets = route.tiers.iter().flat_map(|tier| &tier.targets);
    let providers = targets.map(|target| &live.plan.providers[target.provider].provider);
    let unable = providers.filter(|provider| !provider.supports(ask.operation));
    unable
        .map(|provider| {
            json!({"provider": provider.id(), "because": format!("it does not offer {}", ask.operation.name())})
        })
        .collect()
}

/// The tier, and whether anybody there may be asked.
fn tier(live: &Live, pool: &mut Pool, now: Now, targets: &[Target], serves: bool) -> (Value, bool) {
    let wanted: Vec<(ProviderId, &str)> =
        targets.iter().map(|(index, model)| (live.roster.providers[*index], model.as_str())).collect();
    let (endpoints, credentials) = pool.explain(now.moment, &wanted);
    let shown = endpoints.iter().map(|view| endpoint(live, targets, view, now)).collect::<Vec<_>>();
    let ready = credentials.iter().any(|one| one.place.is_some());
    let credentials = credentials.iter().filter_map(|one| {
        let view = endpoints.iter().find(|view| view.target == one.target)?;
        credential(live, targets, one, view, serves && one.place == Some(1), now)
    });
    (json!({"endpoints": shown, "credentials": credentials.collect::<Vec<_>>()}), ready)
}

fn endpoint(live: &Live, targets: &[Target], view: &EndpointView, now: Now) -> Value {
    let (index, model) = &targets[view.target];
    json!({
        "provider": live.plan.providers[*index].provider.id(),
        "model": model,
        "strategy": strategy(view.strategy),
        "checks": checks(view.checks),
        "breaker": match view.breaker {
            Outlook::Closed => "closed",
            Outlook::Suspect => "suspect",
            Outlook::Open => "open",
            Outlook::Promising => "promising",
        },
        "next_probe": view.next_probe.map(|at| rfc3339(now.wall_of(at))),
        "accepts_per_second": view.pace.map(rounded),
        "waiting": view.waiting,
        "usual_first_content_ms": view.usual_ms[0],
        "usual_answer_ms": view.usual_ms[1],
        "because": say::endpoint(view, now),
    })
}

fn credential(
    live: &Live,
    targets: &[Target],
    one: &Explanation,
    view: &EndpointView,
    next: bool,
    now: Now,
) -> Option<Value> {
    let key = live.key(one.credential)?;
    let (index, model) = &targets[one.target];
    let (say, reason, scope, since) = match one.say {
        Say::Ready => ("ready", None, None, None),
        Say::Due { cause, scope } => ("due", Some(cause), Some(scope), None),
        Say::Resting { cause, scope, since, probing: true } => ("probing", Some(cause), Some(scope), Some(since)),
        Say::Resting { cause, scope, since, probing: false } => ("resting", Some(cause), Some(scope), Some(since)),
        Say::Learned => ("learned_limit", None, None, None),
        Say::Stated => ("stated_limit", None, None, None),
        Say::Endpoint => ("endpoint", None, None, None),
    };
    Some(json!({
        "provider": live.plan.providers[*index].provider.id(),
        "model": model,
        "credential": key.shown,
        "fingerprint": key.fingerprint,
        "say": say,
        "reason": reason.map(claviger_types::Class::name),
        "scope": scope.map(extent),
        "since": since.map(|at| rfc3339(now.wall_of(at))),
        "until": one.changes.map(|at| rfc3339(now.wall_of(at))),
        "seconds_left": one.changes.map(|at| rounded(at.since(now.moment).as_secs_f64())),
        "by_probe": one.by_probe,
        "trips": one.trips,
        "place": one.place,
        "weight": one.weight,
        "share": rounded(one.share),
        "score": rounded(one.score),
        "slowness": rounded(one.slowness),
        "open": one.open,
        "pending": one.pending,
        "accepts_per_second": one.pace.map(rounded),
        "accepts_at_once": one.window,
        "limits": limits(one.limits),
        "last_minute": one.last_minute.map(|(attempts, usage)| json!({"attempts": attempts, "usage": usage})),
        "because": say::credential(one, view, next, now),
    }))
}

fn limits(limits: Limits) -> Value {
    let Limits { rpm, tpm, rpd, tpd, concurrency } = limits;
    let all = [("rpm", rpm), ("tpm", tpm), ("rpd", rpd), ("tpd", tpd), ("concurrency", concurrency.map(u64::from))];
    let set = all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), json!(limit?))));
    let set: serde_json::Map<String, Value> = set.collect();
    if set.is_empty() { Value::Null } else { Value::Object(set) }
}

const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Weighted => "weighted",
        Strategy::Priority => "priority",
        Strategy::LeastLatency => "least_latency",
        Strategy::RoundRobin => "round_robin",
        Strategy::Random => "random",
        Strategy::Sticky => "sticky",
    }
}

const fn checks(checks: Checks) -> &'static str {
    match checks {
        Checks::Never => "none",
        Checks::Keys => "listing",
        Checks::Everything => "prompt",
    }
}

const fn extent(scope: Extent) -> &'static str {
    match scope {
        Extent::Model => "model",
        Extent::Credential => "credential",
        Extent::Account => "account",
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// Percent escapes and `+` undone; what is no escape stays.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests;
