//! `/state`: the whole picture as JSON. Secrets masked; times as dates and as seconds from now.

use std::collections::HashMap;

use claviger_flow::Route;
use claviger_pool::{CredentialId, CredentialView, ModelView, State};
use claviger_telemetry::rfc3339;
use claviger_types::Moment;
use serde_json::{Value, json};

use super::Desk;
use crate::clock::Now;
use crate::live::Live;

pub(super) fn state(desk: &Desk) -> Value {
    let shared = &desk.shared;
    let live = shared.live();
    let now = shared.clock.both();
    let views: HashMap<CredentialId, CredentialView> =
        shared.pool.lock().snapshot(now.moment).into_iter().map(|view| (view.id, view)).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "now": rfc3339(now.wall),
        "uptime_seconds": now.moment.since(Moment::START).as_secs(),
        "configuration": desk.file,
        "connections": {"idle": shared.net.idle(), "open": shared.net.open()},
        "routes": live.plan.routes.routes.iter().map(|r| route(&live, r)).collect::<Vec<_>>(),
        "providers": (0..live.plan.providers.len()).map(|i| provider(&live, i, &views, now)).collect::<Vec<_>>(),
    })
}

fn route(live: &Live, route: &Route) -> Value {
    let tier = |tier: &claviger_flow::Tier| {
        let target = |t: &claviger_flow::Target| json!({"provider": live.plan.providers[t.provider].provider.id(), "model": t.model});
        tier.targets.iter().map(target).collect::<Vec<_>>()
    };
    json!({
        "name": route.name,
        "models": route.matcher.models,
        "hosts": route.matcher.hosts,
        "paths": route.matcher.paths,
        "tiers": route.tiers.iter().map(tier).collect::<Vec<_>>(),
        "deadline_ms": crate::exchange::millis(route.deadline),
        "max_wait_ms": crate::exchange::millis(route.max_wait),
    })
}

fn provider(live: &Live, index: usize, views: &HashMap<CredentialId, CredentialView>, now: Now) -> Value {
    let plan = &live.plan.providers[index];
    let credentials: Vec<Value> = live.roster.credentials[index]
        .iter()
        .filter_map(|id| {
            let (key, view) = (live.key(*id)?, views.get(id)?);
            let mut entry = standing(view.state, now);
            entry["credential"] = json!(key.shown);
            entry["fingerprint"] = json!(key.fingerprint);
            entry["in_flight"] = json!(view.in_flight);
            entry["attempts"] = json!(view.leases);
            entry["models"] = view.models.iter().map(|m| model(m, now)).collect();
            Some(entry)
        })
        .collect();
    json!({"id": plan.provider.id(), "type": plan.provider.kind(), "credentials": credentials})
}

fn model(view: &ModelView, now: Now) -> Value {
    let mut entry = standing(view.state, now);
    entry["model"] = json!(view.model);
    entry["share"] = json!((view.share * 1e4).round() / 1e4);
    entry["score"] = json!((view.score * 1e4).round() / 1e4);
    entry["good"] = json!(view.goods);
    entry["bad"] = json!(view.bads);
    entry["endpoint_open"] = json!(view.breaker_open);
    entry
}

fn standing(state: State, now: Now) -> Value {
    match state {
        State::Ready => json!({"state": state.name()}),
        State::Due { cause, since } | State::Probing { cause, since } => {
            json!({"state": state.name(), "reason": cause.name(), "since": date(now, since)})
        }
        State::Resting { cause, since, until } => json!({
            "state": state.name(),
            "reason": cause.name(),
            "since": date(now, since),
            "until": date(now, until),
            "seconds_left": until.since(now.moment).as_secs_f64().ceil(),
        }),
    }
}

pub(super) fn date(now: Now, moment: Moment) -> String {
    rfc3339(now.wall_of(moment))
}
