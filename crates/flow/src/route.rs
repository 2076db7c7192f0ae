//! Which requests go to which ordered tiers of targets.

use std::sync::Arc;
use std::time::Duration;

use claviger_types::glob;
use claviger_wire::Ask;

/// All routes, in the order of the configuration. The first whose matcher fits serves the request.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// In order. Shared, because a request keeps its route while the configuration moves on.
    pub routes: Vec<Arc<Route>>,
}

impl Routes {
    /// The first route that fits, if any.
    pub fn find(&self, ask: &Ask) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.matcher.fits(ask))
    }
}

/// Where a request may go, and how long it may take.
#[derive(Clone, Debug)]
pub struct Route {
    /// A name for receipts and `explain`: the configured one, or `route-N`.
    pub name: String,
    /// Which requests.
    pub matcher: Matcher,
    /// Tried in order.
    pub tiers: Vec<Tier>,
    /// From arrival to the end of the answer's first content; after the commit only idle time counts.
    pub deadline: Duration,
    /// The longest a request is held when all credentials rest.
    pub max_wait: Duration,
    /// How near a better tier's return must be to wait for it rather than change the provider or model.
    pub patience: Duration,
    /// How long an attempt may take to its first content before a second one starts.
    pub first_token_timeout: Duration,
    /// The longest gap between two events of a stream.
    pub stream_idle_timeout: Duration,
    /// How many guesses (ambiguous failures) a request may meet.
    pub guess_budget: u32,
    /// The most attempts of one request; `None`: as many as there are credentials (Higress' `maxRetries` sets it).
    pub max_attempts: Option<u32>,
    /// Whether a retry may go back to a credential that failed this request (`reuseFailedCredentials`).
    pub reuse_failed: bool,
    /// Whether a request is refused when the provider's dialect has no place for some of its fields.
    pub strict_translation: bool,
}

/// Targets of equal rank, chosen from as one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// At least one.
    pub targets: Vec<Target>,
}

/// A provider, and the model to ask it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Index into the plan's providers.
    pub provider: usize,
    /// The model to send instead of the client's, before the provider's own `modelMapping`.
    pub model: Option<String>,
}

/// What a request must look like. Empty lists match everything; all non-empty ones must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Glob patterns (`*` anywhere) on the client's model; a request without a model matches only `*`.
    pub models: Vec<String>,
    /// Hosts: exact, `*suffix` or `prefix*`, without port, case-insensitive.
    pub hosts: Vec<String>,
    /// Path prefixes.
    pub paths: Vec<String>,
    /// Header name (lower case) and glob pattern of its value; all must hold.
    pub headers: Vec<(String, String)>,
}

impl Matcher {
    /// Whether the request fits.
    pub fn fits(&self, ask: &Ask) -> bool {
        let any = |patterns: &[String], text: &str| patterns.is_empty() || patterns.iter().any(|p| glob(p, text));
        any(&self.models, ask.model.as_deref().unwrap_or(""))
            && any(&self.hosts, &ask.host.to_ascii_lowercase())
            && (self.paths.is_empty() || self.paths.iter().any(|prefix| ask.path.starts_with(prefix.as_str())))
            && self.headers.iter().all(|(name, pattern)| {
                ask.headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| glob(pattern, value)))
            })
    }
}
