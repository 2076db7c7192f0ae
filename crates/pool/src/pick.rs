//! The choice: who is asked next. Pure reading of the state; nothing is changed here.

use claviger_types::{Class, Moment};

use crate::breaker::Passage;
use crate::cell::Cell;
use crate::endpoint::Endpoint;
use crate::ids::{CredentialId, EndpointId};
use crate::lease::{Census, Need, Refusal, Turn};
use crate::pool::Pool;
use crate::rules;
use crate::standing::Admission;

/// What the choice looks at.
pub(crate) struct Scene<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) endpoints: &'a [EndpointId],
    pub(crate) need: &'a Need<'a>,
    pub(crate) now: Moment,
}

/// Who was chosen, and what that means for the books.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) target: usize,
    pub(crate) cell: usize,
    pub(crate) probe: bool,
    pub(crate) endpoint_probe: bool,
    pub(crate) spends_probe_credit: bool,
    /// The tier's virtual time, and how far ahead of it anybody may be.
    pub(crate) clock: f64,
    pub(crate) debt: f64,
    /// Whether somebody else could have been chosen as well.
    pub(crate) rescuers: bool,
}

/// How good a ready cell is; smaller is better, compared in this order.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Rank(u8, f64, u64, f64);

/// Where virtual times may lie: nobody has credit for an absence, nor more debt than this.
#[derive(Clone, Copy)]
struct Span {
    floor: f64,
    debt: f64,
}

/// Everything one pass over the cells finds.
#[derive(Default)]
struct Findings {
    census: Census,
    soonest: Option<Moment>,
    ready: Option<(Rank, usize, usize)>,
    ready_count: u32,
    due: Option<(Moment, usize, usize)>,
    /// Ejected on a guess, least bad first: the panic rule's choice.
    ejected: Option<(Moment, usize, usize)>,
    gate_probe: Option<(Rank, usize, usize)>,
    /// Behind a learned limit, for those who cannot wait: the soonest.
    soft: Option<(Moment, usize, usize)>,
    clock: Option<f64>,
    /// When the first of those that failed this request is back.
    tried_back: Option<Moment>,
}

pub(crate) fn pick(scene: &Scene<'_>) -> Result<Choice, Refusal> {
    let mut found = Findings::default();
    let mut span = Span { floor: 0.0, debt: 0.0 };
    for endpoint in scene.endpoints.iter().filter_map(|id| scene.pool.endpoints.get(id)) {
        span.floor = span.floor.max(endpoint.clock);
        span.debt = span.debt.max(rules::DEBT_CAP * endpoint.longest_turn());
    }
    for (target, id) in scene.endpoints.iter().enumerate() {
        if let Some(endpoint) = scene.pool.endpoints.get(id) {
            look(scene, (target, *id), endpoint, span, &mut found);
        }
    }
    decide(scene, &found, span)
}

fn decide(scene: &Scene<'_>, found: &Findings, span: Span) -> Result<Choice, Refusal> {
    let clock = found.clock.map_or(span.floor, |clock| clock.max(span.floor));
    let choice = |(target, cell): (usize, usize)| Choice {
        target,
        cell,
        probe: false,
        endpoint_probe: false,
        spends_probe_credit: false,
        clock,
        debt: span.debt,
        rescuers: found.ready_count > 1 || found.gate_probe.is_some(),
    };
    let hedging = scene.need.turn == Turn::Hedge;
    if let Some((_, target, cell)) = found.due
        && !hedging
    {
        let credit = scene.pool.endpoints.get(&scene.endpoints[target]).is_some_and(|e| e.probe_credit >= 1.0);
        let healthy = found.ready.is_some();
        if !healthy || (scene.need.turn == Turn::First && credit) {
            let rescuers = healthy || found.gate_probe.is_some();
            return Ok(Choice { probe: true, spends_probe_credit: healthy, rescuers, ..choice((target, cell)) });
        }
    }
    if let Some((_, target, cell)) = found.ready {
        return Ok(choice((target, cell)));
    }
    if let Some((_, target, cell)) = found.gate_probe
        && !hedging
    {
        return Ok(Choice { endpoint_probe: true, ..choice((target, cell)) });
    }
    if let Some((_, target, cell)) = found.ejected
        && !hedging
    {
        return Ok(choice((target, cell)));
    }
    if let Some((_, target, cell)) = found.soft
        && !hedging
    {
        return Ok(choice((target, cell)));
    }
    match found.soonest {
        Some(until) => Err(Refusal::Resting { until, census: found.census }),
        None if found.census.all == 0 => Err(Refusal::NoneServes),
        None => Err(Refusal::Tried { until: found.tried_back, census: found.census }),
    }
}

fn look(scene: &Scene<'_>, (target, id): (usize, EndpointId), endpoint: &Endpoint, span: Span, found: &mut Findings) {
    let passage = endpoint.breaker.passage(scene.now);
    // before the first success nobody knows whether the endpoint or the credentials are ill: each may be asked once
    let unexplored = !endpoint.cells.iter().any(|cell| cell.last_good.is_some());
    let queue = Queue::of(scene, id, endpoint);
    for (index, cell) in endpoint.cells.iter().enumerate() {
        let slot = &scene.pool.slots[cell.credential as usize];
        let credential = CredentialId { index: cell.credential, generation: slot.generation };
        if scene.need.pinned.is_some_and(|pinned| pinned != credential) {
            continue;
        }
        found.census.all += 1;
        let account = slot.account.map(|account| &scene.pool.accounts[account as usize].standing);
        let standings = [account, Some(&slot.standing), Some(&cell.standing)];
        let admission = admission(scene.now, standings);
        if scene.need.tried.contains(&credential) {
            found.census.tried += 1;
            if let Admission::Resting { until, .. } = admission {
                found.tried_back = Some(found.tried_back.map_or(until, |back| back.min(until)));
            }
            continue;
        }
        match admission {
            Admission::Ready => {
                let rank = rank(scene, cell, span);
                if let Some(until) = queue.holds_back(scene.now, endpoint, cell) {
                    let own = cell.is_limited(scene.now);
                    resting(found, until, if own { Class::RateLimited } else { Class::Overloaded });
                    if !scene.need.patient {
                        better(&mut found.soft, until, target, index);
                    }
                    continue;
                }
                match passage {
                    Passage::Free => ready(found, rank, target, index, cell),
                    Passage::Probe | Passage::Shut(_) if unexplored && cell.is_untested() && cell.pending == 0 => {
                        ready(found, rank, target, index, cell);
                    }
                    Passage::Probe => better(&mut found.gate_probe, rank, target, index),
                    Passage::Shut(until) => resting(found, until, Class::Overloaded),
                }
            }
            Admission::Due => match passage {
                Passage::Free | Passage::Probe => {
                    let since = cell.last_bad.unwrap_or(Moment::START);
                    better(&mut found.due, since, target, index);
                }
                Passage::Shut(until) => resting(found, until, Class::Overloaded),
            },
            Admission::Resting { until, cause } => {
                resting(found, until, cause);
                if cause.is_guess() && passage == Passage::Free {
                    better(&mut found.ejected, until, target, index);
                }
            }
        }
    }
}

/// Who waits longer for this endpoint than the request that asks.
#[derive(Clone, Copy)]
struct Queue {
    ahead: usize,
    /// When the line will have come to this request, at the rates that were learned.
    turn: Moment,
}

impl Queue {
    fn of(scene: &Scene<'_>, id: EndpointId, endpoint: &Endpoint) -> Self {
        let number = scene.need.ticket.filter(|ticket| ticket.endpoint == id).map(|ticket| ticket.number);
        let ahead = endpoint.line.ahead(number);
        let mut turn = LINE_MOVES;
        if ahead > 0 {
            let rate: f64 = endpoint.cells.iter().filter_map(|cell| cell.pace.rate(scene.now)).sum();
            let wait = if rate > 0.0 { (ahead as f64 / rate).min(3600.0) } else { 0.0 };
            turn = turn.max(std::time::Duration::from_secs_f64(wait));
        }
        Self { ahead, turn: scene.now.plus(turn) }
    }

    /// When a learned limit, or those who wait longer, let this request have the place; `None`: now.
    fn holds_back(self, now: Moment, endpoint: &Endpoint, cell: &Cell) -> Option<Moment> {
        if let Some(until) = cell.limited_until(now).or_else(|| endpoint.pace.closed_until(now)) {
            return Some(until.max(self.turn));
        }
        let scarce = self.ahead > 0 && (cell.is_limited(now) || endpoint.pace.rate(now).is_some());
        scarce.then_some(self.turn)
    }
}

/// Soonest look at a line that has to move first.
const LINE_MOVES: std::time::Duration = std::time::Duration::from_millis(10);

fn ready(found: &mut Findings, rank: Rank, target: usize, index: usize, cell: &Cell) {
    found.ready_count += 1;
    found.clock = Some(found.clock.map_or(cell.served, |clock| clock.min(cell.served)));
    better(&mut found.ready, rank, target, index);
}

fn better<K: PartialOrd>(best: &mut Option<(K, usize, usize)>, key: K, target: usize, index: usize) {
    if best.as_ref().is_none_or(|(least, ..)| key < *least) {
        *best = Some((key, target, index));
    }
}

fn resting(found: &mut Findings, until: Moment, cause: Class) {
    found.census.count(cause);
    found.soonest = Some(found.soonest.map_or(until, |soonest| soonest.min(until)));
}

/// The strictest of several standings.
fn admission(now: Moment, standings: [Option<&crate::standing::Standing>; 3]) -> Admission {
    let mut strictest = Admission::Ready;
    for standing in standings.into_iter().flatten() {
        strictest = match (strictest, standing.admission(now)) {
            (Admission::Resting { until: a, cause: first }, Admission::Resting { until: b, cause: second }) => {
                if a >= b {
                    Admission::Resting { until: a, cause: first }
                } else {
                    Admission::Resting { until: b, cause: second }
                }
            }
            (resting @ Admission::Resting { .. }, _) | (_, resting @ Admission::Resting { .. }) => resting,
            (Admission::Due, _) | (_, Admission::Due) => Admission::Due,
            (Admission::Ready, Admission::Ready) => Admission::Ready,
        };
    }
    strictest
}

fn rank(scene: &Scene<'_>, cell: &Cell, span: Span) -> Rank {
    let share = cell.share(scene.now);
    let served = cell.served.clamp(span.floor, span.floor + span.debt);
    let turn = served + (1.0 + rules::PENDING_PENALTY * f64::from(cell.pending)) / share;
    match scene.need.turn {
        Turn::First | Turn::Careful => Rank(0, 0.0, 0, turn),
        Turn::Rescue | Turn::Hedge if cell.is_proven() => Rank(0, -(cell.score(scene.now) * 10.0).round(), 0, turn),
        // among those whose last word was bad, the one that failed longest ago; untested ones come first
        Turn::Rescue | Turn::Hedge => Rank(1, 0.0, cell.last_bad.map_or(0, Moment::as_nanos), turn),
    }
}
