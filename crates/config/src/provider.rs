//! One provider entry, in any form: settings for its row, credentials, egress, health.
//!
//! The fields have Higress' names and meanings; ours (`selection`, `egress`, `connectTimeout`, credentials with
//! weights and limits) stand beside them in all forms and are read strictly.

mod accounts;
mod credentials;
mod errors;
mod health;
mod options;
mod shared;

pub use options::typed_fields;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use claviger_pool::Strategy;
use claviger_providers::{Provider, SettingProblem, Settings, StatusPatterns};

use crate::plan::{CredentialPlan, EgressPlan, ProviderPlan};
use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};
use crate::suggest;
use crate::top;

/// How long opening a connection may take, unless `connectTimeout` says otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// A provider entry as far as it could be read.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Unique in the plan.
    pub(crate) id: String,
    /// `None` when there are errors.
    pub(crate) plan: Option<ProviderPlan>,
    /// What the entry says about requests rather than about itself.
    pub(crate) hints: Hints,
}

/// What a provider entry says about the routes that begin with it; `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) reuse_failed: bool,
    pub(crate) first_token_timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
}

/// The ids given so far.
#[derive(Debug, Default)]
pub(crate) struct Ids(HashSet<String>);

impl Ids {
    /// The id itself when it is free, else `ID-2`, `ID-3`, ….
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let mut id = wanted.to_owned();
        let mut number = 2;
        while !self.0.insert(id.clone()) {
            id = format!("{wanted}-{number}");
            number += 1;
        }
        id
    }

    /// Whether the id was free; it no longer is.
    pub(crate) fn reserve(&mut self, id: &str) -> bool {
        self.0.insert(id.to_owned())
    }
}

/// Reads an entry and builds its provider. `id`: the one it has in the plan. `egress`: the default of the file.
pub(crate) fn read(item: &Item<'_>, id: &str, egress: &EgressPlan) -> Entry {
    let broken = |hints| Entry { id: id.to_owned(), plan: None, hints };
    let Some(map) = item.map() else { return broken(Hints::default()) };
    let mark = item.context.mark();
    let kind = map.get("type").and_then(|item| item.text()).unwrap_or_default();
    map.knows(["id"]);
    let (credentials, count) = credentials::read(&map);
    let own_form = !item.lenient;
    let mut settings = Settings { id: id.to_owned(), kind, tokens: count, own_form, ..Settings::default() };
    shared::read(&map, &mut settings);
    options::read(&map, &mut settings);
    let credentials = [credentials, accounts::read(&map, &mut settings)].concat();
    let failover = health::failover(&map);
    let (retry_on_status, hints) = health::retries(&map);
    settings.error_rules = errors::read(&map);
    settings.statuses = StatusPatterns::new(
        failover.failover_on_status.as_deref().unwrap_or_default(),
        retry_on_status.as_deref().unwrap_or_default(),
    );
    let egress = map.own("egress").map_or_else(|| egress.clone(), |item| top::egress(&item));
    let selection = map.own("selection").map(|item| selection(&item)).unwrap_or_default();
    let connect_timeout = map.own("connectTimeout").and_then(|item| item.positive_duration()).unwrap_or(CONNECT);
    let provider = build(&map, &settings, mark);
    options::dead_keys(&map);
    map.finish();
    // what could not be read whole is not built, so that nobody judges it by the rest
    let whole = item.context.errors_since(mark) == 0;
    let Some(provider) = provider.filter(|_| whole) else { return broken(hints) };
    let failover = crate::plan::FailoverPlan { retry_on_status, ..failover };
    let plan = ProviderPlan {
        provider: Arc::new(provider),
        settings,
        credentials: merge_duplicates(item, credentials),
        egress,
        failover,
        selection,
        connect_timeout,
        attempt_timeout: hints.attempt_timeout,
    };
    Entry { id: id.to_owned(), plan: Some(plan), hints }
}

/// Everything the providers' rows have to say.
fn build(map: &Reader<'_>, settings: &Settings, mark: usize) -> Option<Provider> {
    let invalid = claviger_providers::validate(settings);
    for found in &invalid {
        // a token that could not be read was reported already
        let unreadable = found.key == "apiTokens" && map.item.context.errors_since(mark) > 0;
        if !unreadable || map.peek("apiTokens").is_none() {
            let code = if map.peek(&found.key).is_some() { Code::Invalid } else { Code::Missing };
            setting(map, Severity::Error, code, &with_suggestion(found, &settings.kind));
        }
    }
    for found in claviger_providers::warnings(settings) {
        setting(map, Severity::Warning, Code::Ignored, &found);
    }
    Provider::build(settings).ok()
}

/// The rows know types that differ in case or dashes; here also those that differ in letters.
fn with_suggestion(found: &SettingProblem, kind: &str) -> SettingProblem {
    let near = suggest::nearest(kind, claviger_providers::supported_types());
    match near.filter(|_| found.key == "type" && !claviger_providers::is_known_type(kind)) {
        Some(near) => SettingProblem { fix: format!("did you mean `type: {near}`?"), ..found.clone() },
        None => found.clone(),
    }
}

fn setting(map: &Reader<'_>, severity: Severity, code: Code, found: &SettingProblem) {
    map.problem(severity, code, &found.key, &found.message, &found.fix);
}

fn selection(item: &Item<'_>) -> Strategy {
    let Some(map) = item.map() else { return Strategy::default() };
    let words = [
        ("weighted", Strategy::Weighted),
        ("priority", Strategy::Priority),
        ("least_latency", Strategy::LeastLatency),
        ("round_robin", Strategy::RoundRobin),
        ("random", Strategy::Random),
        ("sticky", Strategy::Sticky),
    ];
    let strategy = map.get("strategy").and_then(|item| item.choice(&words)).unwrap_or_default();
    map.finish();
    strategy
}

/// A token that stands twice is one credential with the weight of both.
fn merge_duplicates(item: &Item<'_>, credentials: Vec<(Item<'_>, CredentialPlan)>) -> Vec<CredentialPlan> {
    let mut all: Vec<CredentialPlan> = Vec::with_capacity(credentials.len());
    let mut known = std::collections::HashMap::new();
    for (at, credential) in credentials {
        match known.entry(credential.secret.fingerprint().as_u64()) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(all.len());
                all.push(credential);
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                if let Some(first) = all.get_mut(*first.get()) {
                    first.weight = first.weight.saturating_add(credential.weight);
                }
                let key = at.path.strip_prefix(&item.path_of("")).map_or("", |rest| rest.trim_start_matches('.'));
                let key = key.split('[').next().unwrap_or_default();
                let message = format!("this token stands before in {}, so it counts there", item.path_of(key));
                at.warn(Code::Duplicate, &message, "remove it, and give the other one a `weight`");
            }
        }
    }
    all
}
