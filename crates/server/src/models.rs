//! `GET /v1/models`: what the routes offer.
//!
//! With one provider behind everything the request goes upstream like any other, since only the provider knows; unless
//! its lists are not of the caller's shape. With several, the names that routes spell out are listed, and for routes with
//! patterns the models that their providers list and the patterns admit; remembered for a minute. The answer has the
//! shape of the caller's protocol.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use claviger_dialects::models::{self, Shape};
use claviger_flow::Route;
use claviger_types::{Dialect, Moment, Operation, glob};
use claviger_wire::Ask;
use http::Method;
use serde_json::{Value, json};

use crate::drive::arrive::Form;
use crate::drive::{Served, drive};
use crate::exchange::Exchange;
use crate::ingress;
use crate::live::Live;
use crate::shared::Shared;

/// Id → the object that describes it.
type Catalogue = BTreeMap<String, Value>;

/// A catalogue of one configuration, and when it was made.
pub(crate) type Remembered = Option<(Moment, Arc<Live>, Arc<Catalogue>)>;

/// Whose models are that no provider names as its own.
const OWNER: &str = "claviger";

/// How long a catalogue is believed.
const FRESH: Duration = Duration::from_secs(60);

/// Where Gemini's callers look.
const GEMINIS: &str = "/v1beta/models";

/// What is asked for.
enum Wanted {
    All,
    One(Option<String>),
}

/// What is asked, and in which shape; `None`: something else.
fn wanted(ask: &Ask) -> Option<(Wanted, Shape)> {
    let v1 = || if ask.headers.contains_key("anthropic-version") { Shape::Anthropic } else { Shape::OpenAi };
    match ask.operation {
        Operation::Models => Some((Wanted::All, v1())),
        Operation::RetrieveModel => Some((Wanted::One(ask.model.clone()), v1())),
        Operation::Other if ask.dialect == Dialect::Gemini && ask.method == Method::GET => {
            let rest = ask.path.strip_prefix(GEMINIS)?;
            let id = rest.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains(['/', ':']));
            match rest {
                "" | "/" => Some((Wanted::All, Shape::Gemini)),
                _ => Some((Wanted::One(Some(id?.to_owned())), Shape::Gemini)),
            }
        }
        _ => None,
    }
}

/// Status and body, or `None` when it is not asked or the provider is to answer itself.
pub(crate) async fn answer(shared: &Arc<Shared>, live: &Arc<Live>, ask: &Ask) -> Option<(u16, Bytes)> {
    let (wanted, shape) = wanted(ask)?;
    let spelled_out = |model: &String| live.plan.routes.routes.iter().any(|r| r.matcher.models.contains(model));
    let ours = matches!(&wanted, Wanted::One(Some(model)) if spelled_out(model));
    let providers = providers(live);
    let is_foreign = |provider: &usize| live.plan.providers[*provider].provider.lists() != shape;
    if !ours && providers.len() < 2 && !providers.iter().any(is_foreign) && live.plan.routes.find(ask).is_some() {
        return None;
    }
    let catalogue = catalogue(shared, live, ask).await;
    let body = match wanted {
        Wanted::One(Some(wanted)) => {
            let found = catalogue.get(&wanted)?.to_string();
            if shape == Shape::OpenAi { found.into() } else { models::one(found.as_bytes(), shape, OWNER)? }
        }
        Wanted::One(None) | Wanted::All => {
            let all = json!({"object": "list", "data": catalogue.values().collect::<Vec<_>>()}).to_string();
            if shape == Shape::OpenAi { all.into() } else { models::list(all.as_bytes(), shape, OWNER)? }
        }
    };
    Some((200, Bytes::from(body)))
}

/// All providers that some route uses.
fn providers(live: &Live) -> BTreeSet<usize> {
    let tiers = live.plan.routes.routes.iter().flat_map(|route| &route.tiers);
    tiers.flat_map(|tier| &tier.targets).map(|target| target.provider).collect()
}

async fn catalogue(shared: &Arc<Shared>, live: &Arc<Live>, ask: &Ask) -> Arc<Catalogue> {
    let now = shared.clock.now();
    if let Some((at, of, known)) = &*shared.models.lock()
        && Arc::ptr_eq(of, live)
        && now.since(*at) < FRESH
    {
        return Arc::clone(known);
    }
    let mut listed: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    let mut catalogue = Catalogue::new();
    for route in &live.plan.routes.routes {
        for pattern in route.matcher.models.iter().filter(|pattern| !pattern.contains('*')) {
            catalogue.entry(pattern.clone()).or_insert_with(|| described(pattern, owner(live, route)));
        }
        if route.matcher.models.is_empty() || route.matcher.models.iter().any(|pattern| pattern.contains('*')) {
            let targets = route.tiers.iter().flat_map(|tier| &tier.targets).filter(|target| target.model.is_none());
            for target in targets {
                let models = match listed.entry(target.provider) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(list(shared, live, ask, target.provider).await),
                };
                add(&mut catalogue, route, models);
            }
        }
    }
    let catalogue = Arc::new(catalogue);
    *shared.models.lock() = Some((now, Arc::clone(live), Arc::clone(&catalogue)));
    catalogue
}

fn add(catalogue: &mut Catalogue, route: &Route, listed: &[Value]) {
    let patterns = &route.matcher.models;
    for model in listed {
        if let Some(id) = model["id"].as_str()
            && (patterns.is_empty() || patterns.iter().any(|pattern| glob(pattern, id)))
        {
            catalogue.entry(id.to_owned()).or_insert_with(|| model.clone());
        }
    }
}

/// What one provider lists; nothing when it cannot be asked, which is no reason to hide the others.
async fn list(shared: &Arc<Shared>, live: &Arc<Live>, ask: &Ask, provider: usize) -> Vec<Value> {
    let asked = &live.plan.providers[provider].provider;
    let all = match asked.lists() {
        Shape::OpenAi => None,
        // both cut their lists into pages
        Shape::Anthropic => Some("limit=1000"),
        Shape::Gemini => Some("pageSize=1000"),
    };
    let ask = Ask {
        path: "/v1/models".to_owned(),
        query: all.map(str::to_owned),
        operation: Operation::Models,
        dialect: Dialect::OpenAi,
        model: None,
        ..ask.clone()
    };
    let mut exchange = Exchange::internal(Arc::clone(shared), Arc::clone(live));
    let Some((call, flow)) = ingress::straight(&exchange, ask, provider) else { return Vec::new() };
    exchange.routed("models", flow);
    let Served::Good(good) = drive(&mut exchange, &call).await else { return Vec::new() };
    let Form::Whole { body, .. } = good.form else { return Vec::new() };
    exchange.end(claviger_pool::End::Good, claviger_telemetry::End::Complete);
    let owner = asked.id();
    let list = models::list(&body, Shape::OpenAi, owner).map(|list| serde_json::from_slice::<Value>(&list));
    match list {
        Some(Ok(mut list)) => match list["data"].take() {
            Value::Array(models) => models,
            _ => Vec::new(),
        },
        Some(Err(_)) | None => Vec::new(),
    }
}

fn owner<'l>(live: &'l Live, route: &Route) -> &'l str {
    let first = route.tiers.iter().flat_map(|tier| &tier.targets).next();
    first.map_or(OWNER, |target| live.plan.providers[target.provider].provider.id())
}

fn described(id: &str, owner: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": owner})
}
