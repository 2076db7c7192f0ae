//! How many LLM tokens a request is: Anthropic's `count_tokens` and Gemini's `countTokens`.
//!
//! Providers that speak the caller's protocol are asked like any. Of a route without one, those that count are asked in
//! their own protocol; if there are none, or none answers, the gateway answers with an estimate of its own, which errs on
//! the high side.

use std::sync::Arc;

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use claviger_flow::{Route, Target};
use claviger_providers::Counting;
use claviger_types::{Dialect, Operation};
use claviger_wire::Ask;
use http::{HeaderMap, HeaderValue, header};

use crate::drive::arrive::Form;
use crate::drive::{Served, drive};
use crate::exchange::Exchange;
use crate::ingress;
use crate::live::Live;
use crate::shared::Shared;

/// The protocol of a caller who asks this.
pub(crate) fn protocol(ask: &Ask) -> Option<Protocol> {
    let path = ask.path.as_str();
    match ask.dialect {
        _ if ask.operation != Operation::Other => None,
        Dialect::Anthropic if path.ends_with("/v1/messages/count_tokens") => Some(Protocol::Anthropic),
        Dialect::Gemini if path.ends_with(":countTokens") => Some(Protocol::Gemini),
        Dialect::Anthropic | Dialect::Gemini | Dialect::OpenAi => None,
    }
}

/// Status and body; `None` when it is not asked, or a provider of the route is asked like any.
pub(crate) async fn answer(shared: &Arc<Shared>, live: &Arc<Live>, ask: &Ask) -> Option<(u16, Bytes)> {
    let protocol = protocol(ask)?;
    let route = live.plan.routes.find(ask)?;
    let model = named(&ask.path).or_else(|| model_in(&ask.body));
    let mut targets = route.tiers.iter().flat_map(|tier| &tier.targets);
    let is_asked = |target: &Target| {
        let provider = &live.plan.providers[target.provider].provider;
        provider.speaks(protocol, provider.model_for(target.model.as_deref().or(model.as_deref())).as_deref())
    };
    if targets.any(is_asked) {
        return None;
    }
    if let Some(counted) = counted(shared, live, route, ask, protocol, model.as_deref()).await {
        return Some(counted);
    }
    let context = Context { named_model: named(&ask.path), ..Context::default() };
    let counter = Translation::new(protocol, Protocol::OpenAiChat, context)?;
    let reply = counter.token_count(&ask.body).unwrap_or_else(|refused| counter.refusal(&refused));
    Some((reply.status, reply.body))
}

/// What the first provider says that counts and can be reached.
async fn counted(
    shared: &Arc<Shared>,
    live: &Arc<Live>,
    route: &Route,
    ask: &Ask,
    protocol: Protocol,
    model: Option<&str>,
) -> Option<(u16, Bytes)> {
    for target in route.tiers.iter().flat_map(|tier| &tier.targets) {
        let provider = &live.plan.providers[target.provider].provider;
        let model = provider.model_for(target.model.as_deref().or(model));
        let Ok(Some(question)) = provider.counting(protocol, &ask.body, model.as_deref()) else { continue };
        let Some(body) = told(shared, live, ask, target.provider, &question).await else { continue };
        if let Some(reply) = question.answer(&body) {
            return Some((reply.status, reply.body));
        }
    }
    None
}

/// The provider's answer to the question.
async fn told(
    shared: &Arc<Shared>,
    live: &Arc<Live>,
    ask: &Ask,
    provider: usize,
    question: &Counting,
) -> Option<Bytes> {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let ask = Ask {
        path: question.path.clone(),
        query: None,
        operation: Operation::Other,
        dialect: question.dialect,
        model: None,
        body: question.body.clone(),
        headers,
        ..ask.clone()
    };
    let mut exchange = Exchange::internal(Arc::clone(shared), Arc::clone(live));
    let (call, flow) = ingress::straight(&exchange, ask, provider)?;
    exchange.routed("count", flow);
    let Served::Good(good) = drive(&mut exchange, &call).await else { return None };
    let Form::Whole { body, .. } = good.form else { return None };
    exchange.end(claviger_pool::End::Good, claviger_telemetry::End::Complete);
    Some(body)
}

/// The model that an Anthropic caller names.
fn model_in(body: &[u8]) -> Option<String> {
    let found = claviger_wire::json::scan(body, &["model"]).ok()?[0]?;
    serde_json::from_str(found).ok()
}

/// The model in Gemini's path.
fn named(path: &str) -> Option<String> {
    let (name, _) = path.rsplit_once('/')?.1.split_once(':')?;
    Some(name.to_owned())
}
