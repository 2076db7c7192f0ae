//! Match rules: which requests a part of the configuration is for.

use claviger_flow::Matcher;

use crate::problem::Code;
use crate::reader::{Item, Reader};

/// A rule.
pub(crate) struct Rule<'a> {
    pub(crate) item: Item<'a>,
    /// Its provider; `None` when it has no configuration.
    pub(crate) config: Option<Reader<'a>>,
    pub(crate) matches: Matches,
}

/// What a rule matches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    pub(crate) routes: Vec<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) prefixes: Vec<String>,
}

/// What this gateway stands for: rules on names that only Envoy has are decided by it when the file is loaded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StandsFor {
    route: Option<String>,
    service: Option<String>,
}

impl StandsFor {
    /// Reads our key `higress`.
    pub(crate) fn read(item: Option<&Item<'_>>) -> Self {
        let Some(map) = item.and_then(Item::map) else { return Self::default() };
        let text = |key| map.get(key).and_then(|item| item.filled("write the name that Envoy has for it"));
        let stands_for = Self { route: text("route"), service: text("service") };
        map.finish();
        stands_for
    }
}

/// A rule of the plugin object: its match keys stand beside its configuration.
pub(super) fn plugin_rule<'a>(item: &Item<'a>) -> Rule<'a> {
    let config = item.map();
    if config.is_none() {
        item.error(Code::Invalid, "a rule must be a map", "write match keys and a `provider`");
    }
    let texts = |key| config.as_ref().and_then(|map| map.get(key)).map(|item| item.texts()).unwrap_or_default();
    let matches = Matches {
        routes: texts("_match_route_"),
        domains: texts("_match_domain_"),
        services: texts("_match_service_"),
        prefixes: texts("_match_route_prefix_"),
    };
    let fix = "write `_match_domain_: […]`, or put the provider outside `_rules_`";
    let rule = Rule { item: item.clone(), config, matches };
    rule.check(fix);
    rule
}

impl Rule<'_> {
    /// A rule that matches nothing fails the whole configuration.
    pub(crate) fn check(&self, fix: &str) {
        if self.matches == Matches::default() && self.item.is_map() {
            self.item.error(Code::Missing, "this rule does not say what it matches", fix);
        }
    }

    /// What a request must look like; `None` when no request can match here, which is said unless it is meant so.
    pub(super) fn matcher(&self, stands_for: &StandsFor) -> Option<Matcher> {
        let Matches { routes, domains, services, prefixes } = &self.matches;
        let route = |name: &str| routes.iter().any(|route| route == name);
        let service = |cluster: &str| services.iter().any(|entry| is_service(entry, cluster));
        let prefix = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let by_route = stands_for.route.as_deref().map(route);
        let by_service = stands_for.service.as_deref().map(service);
        let holds = match (routes.is_empty(), domains.is_empty(), services.is_empty()) {
            (false, _, true) => by_route,
            // both must hold
            (false, _, false) => match (by_route, by_service) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                (None | Some(true), None) | (None, Some(true)) => None,
            },
            (true, false, _) => {
                let hosts = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
                return Some(Matcher { hosts, ..Matcher::default() });
            }
            (true, true, false) => by_service,
            (true, true, true) => stands_for.route.as_deref().map(prefix),
        };
        if holds.is_none() && self.matches != Matches::default() {
            let message = "this rule goes by names only Envoy has, so it never matches here";
            let fix = "match by domain, or say what this gateway stands for: `higress: { route: …, service: … }`";
            self.item.warn(Code::Unreachable, message, fix);
        }
        (holds == Some(true)).then(Matcher::default)
    }

    pub(super) fn finish(self) {
        if let Some(map) = self.config {
            map.finish();
        }
    }
}

/// Whether `fqdn` or `fqdn:port` is the cluster `outbound|port|subset|fqdn` (or `fqdn:port`).
fn is_service(entry: &str, cluster: &str) -> bool {
    let (host, port) = match cluster.split('|').collect::<Vec<_>>()[..] {
        [_, port, _, host] => (host, Some(port)),
        _ => match cluster.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (cluster, None),
        },
    };
    match entry.rsplit_once(':') {
        Some((name, wanted)) => name == host && Some(wanted) == port,
        None => entry == host,
    }
}
