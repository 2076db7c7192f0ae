//! Why each credential would or would not be chosen now, and when that changes.

use claviger_types::{Class, Moment};

use crate::breaker::{Outlook, Passage};
use crate::endpoint::Endpoint;
use crate::health::Checks;
use crate::ids::{CredentialId, ProviderId};
use crate::limits::Limits;
use crate::pool::Pool;
use crate::seat::{Seat, Whole};
use crate::standing::{Comeback, Outage, Standing};
use crate::strategy::Strategy;

/// One credential in the light of one kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Which.
    pub credential: CredentialId,
    /// Of which of the targets.
    pub target: usize,
    /// Whether it may be asked, and if not, why.
    pub say: Say,
    /// When that changes by itself, as far as is known.
    pub changes: Option<Moment>,
    /// Whether a probe must succeed then, if it is out; else time alone brings it back.
    pub by_probe: bool,
    /// How many times the rest was prolonged, if it is out.
    pub trips: u32,
    /// Its place in the order of choice among those that may be asked, from 1; `None` for the others.
    pub place: Option<usize>,
    /// Weight as configured.
    pub weight: u32,
    /// Share of the requests that it may expect, 0 to 1.
    pub share: f64,
    /// Success score, 0 to 1.
    pub score: f64,
    /// How many times longer than the others it takes to the first content.
    pub slowness: f64,
    /// Attempts without a first content.
    pub pending: u32,
    /// Attempts that have not ended.
    pub open: u32,
    /// Learned: attempts per second that it accepts.
    pub pace: Option<f64>,
    /// Learned: answers that it allows at once.
    pub window: Option<u32>,
    /// Stated by the operator.
    pub limits: Limits,
    /// Attempts and usage of the last minute, where limits are stated.
    pub last_minute: Option<(u64, u64)>,
}

/// Whether a credential may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// It may.
    Ready,
    /// As a probe: its rest is over.
    Due {
        /// What had put it out.
        cause: Class,
        /// Of what.
        scope: Extent,
    },
    /// It rests.
    Resting {
        /// Why.
        cause: Class,
        /// What rests.
        scope: Extent,
        /// Since when.
        since: Moment,
        /// Whether a probe is out whose answer decides.
        probing: bool,
    },
    /// A limit that was learned from refusals.
    Learned,
    /// A limit that the operator stated.
    Stated,
    /// The whole endpoint is down or overloaded.
    Endpoint,
}

/// How much of a credential is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One model on it.
    Model,
    /// All of it.
    Credential,
    /// It and all others of its account.
    Account,
}

/// An endpoint in the light of one kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointView {
    /// Index of the target.
    pub target: usize,
    /// How its credentials are chosen.
    pub strategy: Strategy,
    /// Which rests of its credentials the gateway ends by itself.
    pub checks: Checks,
    /// How its breaker sees it.
    pub breaker: Outlook,
    /// When the next probe of an open breaker may go.
    pub next_probe: Option<Moment>,
    /// Learned: attempts per second that the endpoint accepts.
    pub pace: Option<f64>,
    /// Requests that wait in line.
    pub waiting: usize,
    /// 99th percentile of the time to the first content of streams, and of whole answers, in milliseconds.
    pub usual_ms: [Option<u64>; 2],
}

impl Pool {
    /// Everybody who can serve these targets, in order of choice: first those that may be asked. Targets that were
    /// never asked are explained as if they had been.
    pub fn explain(&mut self, now: Moment, targets: &[(ProviderId, &str)]) -> (Vec<EndpointView>, Vec<Explanation>) {
        let (mut endpoints, mut all) = (Vec::new(), Vec::new());
        for (target, (provider, model)) in targets.iter().enumerate() {
            let id = self.endpoint(now, *provider, model, 0);
            let Some(endpoint) = self.endpoints.get(id) else { continue };
            let provider = self.providers.get(provider.0 as usize);
            let (strategy, health) = provider.map(|p| (p.strategy, p.health)).unwrap_or_default();
            endpoints.push(EndpointView { checks: health.checks, ..view(now, target, strategy, endpoint) });
            let scene = crate::block::Scene {
                now,
                slots: &self.slots,
                accounts: &self.accounts,
                strategy,
                clock: endpoint.clock,
                checks: Checks::Never,
            };
            for cell in &endpoint.cells {
                let whole = Whole::of(cell, &self.slots, &self.accounts);
                let turn = strategy.across(strategy.turn(&scene, cell), endpoint, target);
                all.push((turn, explain(now, target, &whole, endpoint)));
            }
        }
        rank(all, endpoints)
    }
}

fn rank(mut all: Vec<(f64, Explanation)>, endpoints: Vec<EndpointView>) -> (Vec<EndpointView>, Vec<Explanation>) {
    let key = |(turn, explanation): &(f64, Explanation)| {
        let out = match explanation.say {
            Say::Ready => 0_u8,
            Say::Due { .. } => 1,
            Say::Learned | Say::Stated | Say::Endpoint => 2,
            Say::Resting { .. } => 3,
        };
        (out, *turn)
    };
    all.sort_by(|a, b| {
        let ((a_out, a_turn), (b_out, b_turn)) = (key(a), key(b));
        a_out.cmp(&b_out).then(a_turn.total_cmp(&b_turn))
    });
    let sum: f64 = all.iter().map(|(_, explanation)| explanation.share).sum();
    let mut explanations: Vec<Explanation> = all.into_iter().map(|(_, explanation)| explanation).collect();
    for (place, explanation) in explanations.iter_mut().enumerate() {
        explanation.share /= sum.max(f64::MIN_POSITIVE);
        explanation.place = (explanation.say == Say::Ready).then_some(place + 1);
    }
    (endpoints, explanations)
}

fn view(now: Moment, target: usize, strategy: Strategy, endpoint: &Endpoint) -> EndpointView {
    let millis = |stream| endpoint.latency.p99(stream).map(|p99| u64::try_from(p99.as_millis()).unwrap_or(u64::MAX));
    let next_probe = match endpoint.breaker.passage(now) {
        Passage::Free => None,
        Passage::Probe => Some(now),
        Passage::Shut(until) => Some(until),
    };
    EndpointView {
        target,
        strategy,
        checks: Checks::Never,
        breaker: endpoint.breaker.outlook(now),
        next_probe,
        pace: endpoint.pace.rate(now),
        waiting: endpoint.line.ahead(None),
        usual_ms: [millis(true), millis(false)],
    }
}

fn explain(now: Moment, target: usize, whole: &Whole<'_>, endpoint: &Endpoint) -> Explanation {
    let (cell, slot) = (whole.cell, whole.slot);
    let seat = whole.seat(now, None);
    let shut = match endpoint.breaker.passage(now) {
        Passage::Free => endpoint.pace.closed_until(now),
        Passage::Probe => None,
        Passage::Shut(until) => Some(until),
    };
    let (say, changes) = match seat {
        Seat::Free { .. } => match shut {
            Some(until) => (Say::Endpoint, Some(until)),
            None => (Say::Ready, None),
        },
        Seat::Held { until, stated: true } => (Say::Stated, until),
        Seat::Held { until, stated: false } => (Say::Learned, until),
        Seat::Due { cause } => (Say::Due { cause, scope: extent(whole, cause) }, None),
        Seat::Out { until, cause } => {
            let (scope, since) = (extent(whole, cause), outage(whole, cause).map_or(now, |out| out.since));
            (Say::Resting { cause, scope, since, probing: until.is_none() }, until)
        }
    };
    let ready = say == Say::Ready;
    let out = match say {
        Say::Due { cause, .. } | Say::Resting { cause, .. } => outage(whole, cause),
        Say::Ready | Say::Learned | Say::Stated | Say::Endpoint => None,
    };
    Explanation {
        credential: CredentialId { index: cell.credential, generation: slot.generation },
        target,
        say,
        changes,
        by_probe: out.is_some_and(|out| matches!(out.comeback, Comeback::ByProbe(_))),
        trips: out.map_or(0, |out| out.trips),
        place: None,
        weight: slot.weight,
        share: if ready { cell.share(now) } else { 0.0 },
        score: cell.score(now),
        slowness: cell.pace_ratio(now),
        pending: cell.pending,
        open: cell.open,
        pace: cell.pace.rate(now),
        window: cell.window.size(now),
        limits: slot.quota.as_ref().map(|quota| quota.limits()).unwrap_or_default(),
        last_minute: slot.quota.as_ref().map(|quota| quota.last_minute(now)),
    }
}

/// Whose standing says so.
fn extent(whole: &Whole<'_>, cause: Class) -> Extent {
    let is = |standing: &Standing| matches!(standing, Standing::Out(out) if out.cause == cause);
    if whole.account.is_some_and(|account| is(&account.standing)) {
        Extent::Account
    } else if is(&whole.slot.standing) {
        Extent::Credential
    } else {
        Extent::Model
    }
}

fn outage<'w>(whole: &Whole<'w>, cause: Class) -> Option<&'w Outage> {
    whole.standings().find_map(|standing| match standing {
        Standing::Out(out) if out.cause == cause => Some(out),
        Standing::Ready | Standing::Out(_) => None,
    })
}
