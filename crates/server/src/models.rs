//! `GET /v1/models`: what the routes offer.
//!
//! With one provider behind everything the request goes upstream like any other, since only the provider knows. With
//! several, the names that routes spell out are listed, and for routes with patterns the models that their providers
//! list and the patterns admit; remembered for a minute.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use claviger_flow::Route;
use claviger_types::{Moment, Operation, glob};
use claviger_wire::Ask;
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

/// How long a catalogue is believed.
const FRESH: Duration = Duration::from_secs(60);

/// Status and body, or `None` when the provider is to answer itself.
pub(crate) async fn answer(shared: &Arc<Shared>, live: &Arc<Live>, ask: &Ask) -> Option<(u16, Bytes)> {
    let spelled_out = |model: &String| live.plan.routes.routes.iter().any(|r| r.matcher.models.contains(model));
    let ours = ask.operation == Operation::RetrieveModel && ask.model.as_ref().is_some_and(spelled_out);
    if !ours && providers(live).len() < 2 && live.plan.routes.find(ask).is_some() {
        return None;
    }
    let catalogue = catalogue(shared, live, ask).await;
    let body = match (ask.operation, &ask.model) {
        (Operation::RetrieveModel, Some(wanted)) => catalogue.get(wanted)?.clone(),
        _ => json!({"object": "list", "data": catalogue.values().collect::<Vec<_>>()}),
    };
    Some((200, Bytes::from(body.to_string())))
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
    let ask =
        Ask { path: "/v1/models".to_owned(), query: None, operation: Operation::Models, model: None, ..ask.clone() };
    let mut exchange = Exchange::internal(Arc::clone(shared), Arc::clone(live));
    let Some((call, flow)) = ingress::straight(&exchange, ask, provider) else { return Vec::new() };
    exchange.routed("models", flow);
    let Served::Good(good) = drive(&mut exchange, &call).await else { return Vec::new() };
    let Form::Whole { body, .. } = good.form else { return Vec::new() };
    exchange.end(claviger_pool::End::Good, claviger_telemetry::End::Complete);
    match serde_json::from_slice::<Value>(&body) {
        Ok(mut list) => match list["data"].take() {
            Value::Array(models) => models,
            _ => Vec::new(),
        },
        Err(_) => Vec::new(),
    }
}

fn owner<'l>(live: &'l Live, route: &Route) -> &'l str {
    let first = route.tiers.iter().flat_map(|tier| &tier.targets).next();
    first.map_or("claviger", |target| live.plan.providers[target.provider].provider.id())
}

fn described(id: &str, owner: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": owner})
}
