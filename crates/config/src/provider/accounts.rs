//! `vertexAuthKey`: service accounts, which are credentials like any other. One JSON key or a list of them, each as
//! text, as a map, or (as tokens may be) as a map with `token` or `tokenFile`, weight, models and limits.

use claviger_providers::{ServiceAccount, Settings, is_known_type};
use claviger_types::Secret;
use serde_json::Value as Json;

use super::credentials::{full, plain};
use crate::plan::CredentialPlan;
use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};

const KEY: &str = "vertexAuthKey";

/// The accounts that could be read, each with its place. The settings learn that there are some, and no secret.
pub(super) fn read<'a>(map: &Reader<'a>, settings: &mut Settings) -> Vec<(Item<'a>, CredentialPlan)> {
    let Some(item) = map.get(KEY) else { return Vec::new() };
    let ignored = match settings.kind.as_str() {
        "vertex" if settings.tokens > 0 => Some("`apiTokens` are used, so this is not".to_owned()),
        "vertex" => None,
        kind => is_known_type(kind).then(|| format!("type {kind} does not read this, only vertex does")),
    };
    if let Some(message) = ignored {
        map.problem(Severity::Warning, Code::Ignored, KEY, &message, "remove it");
        return Vec::new();
    }
    let entries = if item.is_list() { item.list() } else { vec![item] };
    let accounts: Vec<_> = entries.into_iter().filter_map(|entry| one(&entry).map(|plan| (entry, plan))).collect();
    if !accounts.is_empty() {
        settings.options.insert(KEY.to_owned(), Json::Bool(true));
    }
    accounts
}

fn one(entry: &Item<'_>) -> Option<CredentialPlan> {
    let around = entry.is_map().then(|| entry.map()).flatten();
    let around = around.filter(|map| map.has("token") || map.has("tokenFile"));
    let mut plan = match around {
        Some(_) => full(&entry.clone().strict())?,
        None if entry.is_map() => plain(Secret::new(entry.json()?.to_string())),
        None if entry.lenient => plain(Secret::new(entry.text()?)),
        None => plain(Secret::new(entry.filled("write the service account's JSON key")?)),
    };
    match ServiceAccount::read(&plan.secret) {
        Ok(_) => {}
        // Higress does not look before it needs the key
        Err(why) if entry.lenient => {
            let message = format!("{why}, so this account cannot sign in");
            entry.warn(Code::Invalid, &message, "write the key as it was downloaded");
        }
        Err(why) => entry.error(Code::Invalid, why, "write the key as it was downloaded"),
    }
    // one key, however it is laid out, is one credential
    if let Ok(json) = serde_json::from_str::<Json>(plan.secret.expose()) {
        plan.secret = Secret::new(json.to_string());
    }
    Some(plan)
}
