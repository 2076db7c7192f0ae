//! `routes` of our own form, and what is true of routes in every form.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use claviger_flow::{Matcher, Route, Routes, Target, Tier};

use crate::plan::ProviderPlan;
use crate::problem::Code;
use crate::provider::{Entry, Hints};
use crate::reader::{Item, Reader};
use crate::suggest;

/// A route, and where it stands.
pub(crate) struct Placed<'a> {
    pub(crate) route: Route,
    pub(crate) item: Item<'a>,
}

/// A route with everything as it comes.
pub(crate) fn plain(name: String, matcher: Matcher, tiers: Vec<Tier>, hints: Hints) -> Route {
    Route {
        name,
        matcher,
        tiers,
        deadline: Duration::from_secs(120),
        max_wait: Duration::from_secs(5),
        patience: Duration::from_millis(2500),
        first_token_timeout: hints.first_token_timeout.unwrap_or(Duration::from_secs(10)),
        stream_idle_timeout: Duration::from_secs(60),
        guess_budget: 4,
        max_attempts: hints.max_attempts,
        reuse_failed: hints.reuse_failed,
        strict_translation: false,
    }
}

/// One tier of these providers, each with the client's model.
pub(crate) fn tier(providers: impl IntoIterator<Item = usize>) -> Tier {
    Tier { targets: providers.into_iter().map(|provider| Target { provider, model: None }).collect() }
}

/// Reads `routes`.
pub(crate) fn read<'a>(item: &Item<'a>, providers: &[Entry]) -> Vec<Placed<'a>> {
    let mut routes: Vec<Placed<'a>> = Vec::new();
    for (index, item) in item.list().into_iter().enumerate() {
        let Some(map) = item.map() else { continue };
        let route = one(&map, index, providers);
        map.finish();
        if routes.iter().any(|other| other.route.name == route.name) {
            let message = format!("two routes are named {:?}", route.name);
            item.error(Code::Duplicate, &message, "give each a name of its own");
        }
        routes.push(Placed { route, item });
    }
    if item.is_list() && item.list().is_empty() {
        item.error(Code::Missing, "this list is empty", "remove `routes` to send everything to all providers");
    }
    routes
}

fn one(map: &Reader<'_>, index: usize, providers: &[Entry]) -> Route {
    let name = map.get("name").and_then(|item| item.filled("write a name, or remove it"));
    let matcher = map.get("match").map(|item| matcher(&item)).unwrap_or_default();
    let tiers = map.need("tiers", "write `tiers: [[{ provider: … }]]`").map(|item| tiers(&item, providers));
    let tiers = tiers.unwrap_or_default();
    let first = tiers.first().and_then(|tier| tier.targets.first()).and_then(|target| providers.get(target.provider));
    let hints = first.map(|entry| entry.hints).unwrap_or_default();
    let mut route = plain(name.unwrap_or_else(|| format!("route-{}", index + 1)), matcher, tiers, hints);
    let time = |key, default| map.get(key).and_then(|item| item.positive_duration()).unwrap_or(default);
    let wait = |key, default| map.get(key).and_then(|item| item.duration()).unwrap_or(default);
    route.deadline = time("deadline", route.deadline);
    route.max_wait = wait("maxWait", route.max_wait);
    route.patience = wait("patience", route.patience);
    route.first_token_timeout = time("firstTokenTimeout", route.first_token_timeout);
    route.stream_idle_timeout = time("streamIdleTimeout", route.stream_idle_timeout);
    if let Some(budget) = map.get("guessBudget").and_then(|item| item.whole32(1, 1000)) {
        route.guess_budget = budget;
    }
    route.strict_translation = map.get("strictTranslation").and_then(|item| item.flag()).unwrap_or(false);
    route
}

fn matcher(item: &Item<'_>) -> Matcher {
    let Some(map) = item.map() else { return Matcher::default() };
    let texts = |key| map.get(key).map(|item| item.texts()).unwrap_or_default();
    let matcher = Matcher {
        models: texts("models"),
        hosts: texts("hosts").iter().map(|host| host.to_ascii_lowercase()).collect(),
        paths: texts("paths"),
        headers: map.get("headers").map(|item| headers(&item)).unwrap_or_default(),
    };
    map.finish();
    matcher
}

fn headers(item: &Item<'_>) -> Vec<(String, String)> {
    let Some(map) = item.map() else { return Vec::new() };
    let mut headers = Vec::new();
    for (key, item) in map.entries() {
        if http::HeaderName::from_bytes(key.text.as_bytes()).is_err() {
            item.error(Code::Invalid, "this is no name of a header", "write one such as `x-team`");
        }
        headers.extend(item.text().map(|pattern| (key.text.to_ascii_lowercase(), pattern)));
    }
    headers
}

fn tiers(item: &Item<'_>, providers: &[Entry]) -> Vec<Tier> {
    let mut tiers = Vec::new();
    for item in item.list() {
        if item.is_map() {
            let fix = "put the targets of a tier into a list of their own: `[[{ provider: … }]]`";
            item.error(Code::Invalid, "a tier is a list of targets", fix);
            continue;
        }
        let items = item.list();
        if item.is_list() && items.is_empty() {
            item.error(Code::Missing, "this tier has no target", "write `{ provider: … }`, or remove it");
        }
        tiers.push(Tier { targets: items.iter().filter_map(|item| target(item, providers)).collect() });
    }
    if item.is_list() && item.list().is_empty() {
        item.error(Code::Missing, "this route has no target", "write `tiers: [[{ provider: … }]]`");
    }
    tiers
}

fn target(item: &Item<'_>, providers: &[Entry]) -> Option<Target> {
    let map = item.map()?;
    let named = map.need("provider", "write the `id` of a provider");
    let model = map.get("model").and_then(|item| item.filled("write a model, or remove it"));
    map.finish();
    let named = named?;
    let id = named.text()?;
    let provider = providers.iter().position(|entry| entry.id == id);
    if provider.is_none() {
        let ids = || providers.iter().map(|entry| entry.id.as_str());
        let fix = match suggest::nearest(&id, ids()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", ids().collect::<Vec<_>>().join(", ")),
        };
        named.error(Code::Invalid, &format!("no provider has the id {id:?}"), &fix);
    }
    Some(Target { provider: provider?, model })
}

/// Warns of routes nothing can reach, and of those that cannot fail over; then the routes are complete.
pub(crate) fn finish(placed: Vec<Placed<'_>>, providers: &[Option<&ProviderPlan>], places: &[Item<'_>]) -> Routes {
    let mut catch_all: Option<&str> = None;
    let mut told = HashSet::new();
    for Placed { route, item } in &placed {
        if let Some(before) = catch_all {
            let message = format!("nothing reaches this route, for {before:?} before it takes everything");
            item.warn(Code::Unreachable, &message, "put it before that one");
        } else if takes_everything(&route.matcher) {
            catch_all = Some(&route.name);
        }
        if route.tiers.iter().any(|tier| is_mixed(tier, providers)) {
            let message =
                "the providers of a tier are chosen from as one set, but these choose by different strategies";
            item.error(Code::Invalid, message, "give them the same `selection`, or a tier of their own each");
        }
        let targets = || route.tiers.iter().flat_map(|tier| &tier.targets);
        let credentials = |target: &Target| match providers.get(target.provider) {
            Some(Some(plan)) => plan.credentials.len().max(1),
            // broken ones are errors anyway
            Some(None) | None => 2,
        };
        if targets().map(credentials).sum::<usize>() == 1
            && let Some(target) = targets().next()
            && let Some(place) = places.get(target.provider)
            && told.insert(target.provider)
        {
            let message =
                "this has one credential and nothing stands behind it, so nothing can take over when it fails";
            place.warn(Code::NoFailover, message, "add a second token, or a second tier with another provider");
        }
    }
    Routes { routes: placed.into_iter().map(|placed| Arc::new(placed.route)).collect() }
}

/// Whether the tier's providers have different strategies.
fn is_mixed(tier: &Tier, providers: &[Option<&ProviderPlan>]) -> bool {
    let plans = tier.targets.iter().filter_map(|target| providers.get(target.provider).copied().flatten());
    let mut strategies = plans.map(|plan| plan.selection);
    strategies.next().is_some_and(|first| strategies.any(|other| other != first))
}

/// Whether every request fits, however that is written.
fn takes_everything(matcher: &Matcher) -> bool {
    let Matcher { models, hosts, paths, headers } = matcher;
    let any = |patterns: &[String]| {
        let stars = |pattern: &String| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
        patterns.is_empty() || patterns.iter().any(stars)
    };
    let any_path = paths.is_empty() || paths.iter().any(|prefix| matches!(prefix.as_str(), "" | "/"));
    any(models) && any(hosts) && any_path && headers.is_empty()
}
