//! How many LLM tokens a request is: Anthropic's `count_tokens` and Gemini's `countTokens`.
//!
//! Providers that speak the caller's protocol are asked. Where none does, the gateway answers with an estimate of its own,
//! which errs on the high side.

use bytes::Bytes;
use claviger_config::Plan;
use claviger_dialects::{Context, Protocol, Translation};
use claviger_flow::Route;
use claviger_types::{Dialect, Operation};
use claviger_wire::Ask;

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

/// Status and body; `None` when it is not asked, or a provider of the route can answer.
pub(crate) fn answer(plan: &Plan, route: &Route, ask: &Ask) -> Option<(u16, Bytes)> {
    let protocol = protocol(ask)?;
    let mut targets = route.tiers.iter().flat_map(|tier| &tier.targets);
    if targets.any(|target| plan.providers[target.provider].provider.speaks(protocol)) {
        return None;
    }
    let context = Context { named_model: named(&ask.path), ..Context::default() };
    let counter = Translation::new(protocol, Protocol::OpenAiChat, context)?;
    let reply = counter.token_count(&ask.body).unwrap_or_else(|refused| counter.refusal(&refused));
    Some((reply.status, reply.body))
}

/// The model in Gemini's path.
fn named(path: &str) -> Option<String> {
    let (name, _) = path.rsplit_once('/')?.1.split_once(':')?;
    Some(name.to_owned())
}
