//! `apiTokens`: plain texts, or maps with weights, models and limits.

use claviger_pool::Limits;
use claviger_types::Secret;

use crate::plan::CredentialPlan;
use crate::reader::{Item, Reader};
use crate::top::secret;

/// Weights beyond this are a mistake, and sums of them must not overflow.
const MAX_WEIGHT: u32 = 1_000_000;

/// The credentials that could be read, each with its place, and how many the entry has.
pub(super) fn read<'a>(map: &Reader<'a>) -> (Vec<(Item<'a>, CredentialPlan)>, usize) {
    let Some(item) = map.get("apiTokens") else { return (Vec::new(), 0) };
    let read: Vec<_> = item.list().into_iter().filter_map(|entry| one(&entry).map(|plan| (entry, plan))).collect();
    let count = read.len();
    (read, count)
}

fn one(entry: &Item<'_>) -> Option<CredentialPlan> {
    if entry.is_map() {
        return full(&entry.clone().strict());
    }
    let secret = if entry.lenient { entry.text() } else { entry.filled("write the token") }?;
    Some(plain(Secret::new(secret)))
}

/// A credential like any other.
pub(super) fn plain(secret: Secret) -> CredentialPlan {
    CredentialPlan { secret, name: None, weight: 1, models: Vec::new(), account: None, limits: Limits::default() }
}

/// A credential with what stands around it.
pub(super) fn full(entry: &Item<'_>) -> Option<CredentialPlan> {
    let map = entry.map()?;
    if map.peek("token").is_none() && map.peek("tokenFile").is_none() {
        map.missing("token", "write `token: \"${NAME}\"` or `tokenFile: PATH`");
    }
    let secret = secret(&map, "token", "tokenFile");
    let name = map.get("name").and_then(|item| item.filled("write a name, or remove it"));
    let weight = map.get("weight").and_then(|item| weight(&item)).unwrap_or(1);
    let models = map.get("models").map(|item| item.texts()).unwrap_or_default();
    let account = map.get("account").and_then(|item| item.filled("write a name, or remove it"));
    let limits = map.get("limits").map(|item| limits(&item)).unwrap_or_default();
    map.finish();
    Some(CredentialPlan { name, weight, models, account, limits, ..plain(secret?) })
}

fn weight(item: &Item<'_>) -> Option<u32> {
    if matches!(item.node.value, crate::node::Value::Int(0, _)) {
        let message = "a credential of weight 0 would never be used";
        item.error(crate::problem::Code::Invalid, message, "remove the credential, or give it a weight from 1");
        return None;
    }
    item.whole32(1, MAX_WEIGHT)
}

fn limits(item: &Item<'_>) -> Limits {
    let Some(map) = item.map() else { return Limits::default() };
    let count = |key| map.get(key).and_then(|item| item.whole(1, u64::MAX));
    let limits = Limits {
        rpm: count("rpm"),
        tpm: count("tpm"),
        rpd: count("rpd"),
        tpd: count("tpd"),
        concurrency: map.get("concurrency").and_then(|item| item.whole32(1, u32::MAX)),
    };
    map.finish();
    limits
}
