//! `GET /v1/models` where the gateway itself knows what it offers: routes that name their models.
//!
//! With one provider behind everything the request goes upstream like any other, since only the provider knows.

use bytes::Bytes;
use claviger_types::Operation;
use claviger_wire::Ask;
use serde_json::json;

use crate::live::Live;

/// Status and body, or `None` when a provider is to answer.
pub(crate) fn answer(live: &Live, ask: &Ask) -> Option<(u16, Bytes)> {
    let offered = offered(live)?;
    let object = |id: &str, owner: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": owner});
    let body = match (ask.operation, &ask.model) {
        (Operation::RetrieveModel, Some(wanted)) => match offered.iter().find(|(id, _)| id == wanted) {
            Some((id, owner)) => object(id, owner),
            None => return None,
        },
        _ => {
            let data: Vec<_> = offered.iter().map(|(id, owner)| object(id, owner)).collect();
            json!({"object": "list", "data": data})
        }
    };
    Some((200, Bytes::from(body.to_string())))
}

/// Model and first provider of every route that names models exactly; `None` unless all models are named so.
fn offered(live: &Live) -> Option<Vec<(String, String)>> {
    let mut models: Vec<(String, String)> = Vec::new();
    for route in &live.plan.routes.routes {
        let first = route.tiers.iter().flat_map(|tier| &tier.targets).next();
        let owner = first.map_or("claviger", |target| live.plan.providers[target.provider].provider.id());
        for pattern in &route.matcher.models {
            if !pattern.contains('*') && !models.iter().any(|(id, _)| id == pattern) {
                models.push((pattern.clone(), owner.to_owned()));
            }
        }
    }
    (!models.is_empty()).then_some(models)
}
