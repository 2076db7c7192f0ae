//! The choice: who is asked next. The endpoints' summaries are put together; nothing is changed here but what is
//! remembered of them.

use std::time::Duration;

use claviger_types::{Class, Moment};

use crate::block::{Asker, Best, Group, Rank, Scene, Summary, least};
use crate::breaker::Passage;
use crate::endpoint::Endpoint;
use crate::ids::{CredentialId, EndpointId};
use crate::lease::{Census, Need, Refusal, Turn};
use crate::pool::Pool;
use crate::ring;
use crate::rules;
use crate::seat::{Seat, Whole};
use crate::strategy::Strategy;

/// Who was chosen, and what that means for the books.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) target: usize,
    pub(crate) cell: usize,
    pub(crate) probe: bool,
    pub(crate) endpoint_probe: bool,
    pub(crate) spends_probe_credit: bool,
    /// Whether somebody else could have been chosen as well.
    pub(crate) rescuers: bool,
}

/// A candidate: the key by which it was found, its target and its cell.
#[derive(Clone, Copy, Debug)]
struct Found<K> {
    key: K,
    target: usize,
    cell: usize,
}

/// What the tier as a whole offers.
#[derive(Debug, Default)]
struct Tier {
    ready: Option<Found<Rank>>,
    ready_count: u32,
    gate_probe: Option<Found<Rank>>,
    due: Option<Found<Moment>>,
    due_checked: Option<Found<Moment>>,
    ejected: Option<Found<Moment>>,
    soft: Option<Found<Moment>>,
    census: Census,
    soonest: Option<Moment>,
    /// When the first of those that failed this request is back.
    tried_back: Option<Moment>,
}

/// One choice in a pool.
pub(crate) struct Pick<'a> {
    pub(crate) pool: &'a mut Pool,
    pub(crate) endpoints: &'a [EndpointId],
    pub(crate) need: &'a Need<'a>,
    pub(crate) now: Moment,
    pub(crate) dice: u64,
}

impl Pick<'_> {
    pub(crate) fn go(mut self) -> Result<Choice, Refusal> {
        self.level();
        let mut tier = Tier::default();
        for (target, id) in self.endpoints.iter().enumerate() {
            self.look(target, *id, &mut tier);
        }
        let choice = self.decide(&tier)?;
        Ok(self.preferred(choice))
    }

    /// Brings the tier's endpoints to one virtual time: nobody has credit for work that others did elsewhere.
    fn level(&mut self) {
        if self.endpoints.len() < 2 {
            return;
        }
        let clocks = self.endpoints.iter().filter_map(|id| self.pool.endpoints.get(*id));
        let latest = clocks.map(|endpoint| endpoint.ahead + endpoint.clock).fold(0.0, f64::max);
        for id in self.endpoints {
            if let Some(endpoint) = self.pool.endpoints.get_mut(*id) {
                endpoint.ahead = latest - endpoint.clock;
            }
        }
    }

    fn look(&mut self, target: usize, id: EndpointId, tier: &mut Tier) {
        let (now, need) = (self.now, self.need);
        let Pool { endpoints, slots, accounts, providers, .. } = &mut *self.pool;
        let Some(endpoint) = endpoints.get_mut(id) else { return };
        let provider = &providers[endpoint.provider.0 as usize];
        let scene = Scene {
            now,
            slots,
            accounts,
            strategy: provider.strategy,
            clock: endpoint.clock,
            checks: provider.health.checks,
        };
        let asker = Asker { tried: need.tried, pinned: need.pinned, cost: need.cost };
        let sum = match need.pinned {
            // the others do not count at all
            Some(pinned) => {
                let block = endpoint.cell_of(pinned.index).map(|cell| endpoint.blocks.of(cell));
                block
                    .map_or_else(Summary::default, |block| endpoint.blocks.only(block, &endpoint.cells, &scene, &asker))
            }
            None => sum(endpoint, &scene, &asker, need),
        };
        if let Some(clock) = sum.clock {
            endpoint.clock = endpoint.clock.max(clock);
        }
        tier.add(Part { target, id, endpoint, strategy: provider.strategy }, &sum, need, now);
    }

    fn decide(&self, tier: &Tier) -> Result<Choice, Refusal> {
        let choice = |target, cell| Choice {
            target,
            cell,
            probe: false,
            endpoint_probe: false,
            spends_probe_credit: false,
            rescuers: tier.ready_count > 1 || tier.gate_probe.is_some(),
        };
        let hedging = self.need.turn == Turn::Hedge;
        let healthy = tier.ready.is_some();
        // what the gateway checks by itself need not be probed by requests while anybody else is there
        let due = if healthy { tier.due } else { earlier(tier.due, tier.due_checked) };
        if let Some(due) = due.filter(|_| !hedging) {
            let endpoint = self.endpoints.get(due.target).and_then(|id| self.pool.endpoints.get(*id));
            let credit = endpoint.is_some_and(|endpoint| endpoint.probe_credit >= 1.0);
            if !healthy || (self.need.turn == Turn::First && credit) {
                let rescuers = healthy || tier.gate_probe.is_some();
                let probe =
                    Choice { probe: true, spends_probe_credit: healthy, rescuers, ..choice(due.target, due.cell) };
                return Ok(probe);
            }
        }
        if let Some(ready) = tier.ready {
            return Ok(choice(ready.target, ready.cell));
        }
        if let Some(probe) = tier.gate_probe.filter(|_| !hedging) {
            return Ok(Choice { endpoint_probe: true, ..choice(probe.target, probe.cell) });
        }
        if let Some(least_bad) = tier.ejected.or(tier.soft).filter(|_| !hedging) {
            return Ok(choice(least_bad.target, least_bad.cell));
        }
        match tier.soonest {
            Some(until) => Err(Refusal::Resting { until, census: tier.census }),
            None if tier.census.all == 0 => Err(Refusal::NoneServes),
            None => Err(Refusal::Tried { until: tier.tried_back, census: tier.census }),
        }
    }

    /// Strategies that do not go by a key have their say among those who are as free as the one that was chosen.
    fn preferred(&self, choice: Choice) -> Choice {
        if choice.probe || choice.endpoint_probe || !choice.rescuers {
            return choice;
        }
        let place = match self.part(choice.target).map(|(_, strategy)| strategy) {
            Some(Strategy::Random) => self.any(choice.target).map(|cell| (choice.target, cell)),
            Some(Strategy::Sticky) => self.need.affinity.and_then(|key| self.usual(key)),
            _ => None,
        };
        place.map_or(choice, |(target, cell)| Choice { target, cell, ..choice })
    }

    fn part(&self, target: usize) -> Option<(&Endpoint, Strategy)> {
        let endpoint = self.endpoints.get(target).and_then(|id| self.pool.endpoints.get(*id))?;
        Some((endpoint, self.pool.providers[endpoint.provider.0 as usize].strategy))
    }

    fn any(&self, target: usize) -> Option<usize> {
        let (endpoint, _) = self.part(target)?;
        let cells = endpoint.cells.len();
        let draw = |throw: u64| (rules::unit(self.dice, throw + 16) * cells as f64) as usize % cells.max(1);
        let drawn = (0..32).map(draw).find(|cell| self.may_have(endpoint, *cell));
        // few are left: the next from any place on
        drawn.or_else(|| {
            let from = draw(64);
            (from..cells).chain(0..from).find(|cell| self.may_have(endpoint, *cell))
        })
    }

    /// The one that this caller's requests go to, unless it has more than its share to do.
    fn usual(&self, key: u64) -> Option<(usize, usize)> {
        let mut targets: Vec<(f64, usize, &Endpoint)> = Vec::with_capacity(self.endpoints.len());
        for target in 0..self.endpoints.len() {
            if let Some((endpoint, Strategy::Sticky)) = self.part(target)
                && endpoint.breaker.passage(self.now) == Passage::Free
            {
                targets.push((ring::lot(key, endpoint.provider.0, endpoint.weights), target, endpoint));
            }
        }
        targets.sort_by(|a, b| b.0.total_cmp(&a.0));
        targets.into_iter().find_map(|(_, target, endpoint)| {
            let cell = endpoint.ring.as_ref()?.find(key, |cell| {
                let state = &endpoint.cells[cell];
                state.open < ring::bound(state, endpoint.open, endpoint.weights) && self.may_have(endpoint, cell)
            });
            cell.map(|cell| (target, cell))
        })
    }

    fn may_have(&self, endpoint: &Endpoint, cell: usize) -> bool {
        let whole = Whole::of(&endpoint.cells[cell], &self.pool.slots, &self.pool.accounts);
        let id = CredentialId { index: whole.cell.credential, generation: whole.slot.generation };
        let number = self.need.ticket.map(|ticket| ticket.number);
        let free = match whole.seat(self.now, Some(self.need.cost)) {
            Seat::Free { scarce } => !scarce || endpoint.line.ahead(number) == 0,
            Seat::Held { .. } | Seat::Due { .. } | Seat::Out { .. } => false,
        };
        free && !self.need.tried.contains(&id)
    }
}

/// The summary of an endpoint for this request.
fn sum(endpoint: &mut Endpoint, scene: &Scene<'_>, asker: &Asker<'_>, need: &Need<'_>) -> Summary {
    let tried = need.tried.iter().filter_map(|credential| endpoint.cell_of(credential.index));
    let mut anew: Vec<usize> = tried.map(|cell| endpoint.blocks.of(cell)).collect();
    loop {
        anew.sort_unstable();
        anew.dedup();
        let sum = endpoint.blocks.sum(&endpoint.cells, scene, asker, &anew);
        // summaries know what a request usually costs; this one may cost more than the best has left
        let block = too_dear(endpoint, scene, &sum, need).map(|cell| endpoint.blocks.of(cell));
        match block.filter(|block| !anew.contains(block)) {
            Some(block) => anew.push(block),
            None => return sum,
        }
    }
}

/// The best of those with limits, when this request costs more than it has left.
fn too_dear(endpoint: &Endpoint, scene: &Scene<'_>, sum: &Summary, need: &Need<'_>) -> Option<usize> {
    let cell = rank_of(&sum.scarce, need.turn)?.cell as usize;
    let whole = Whole::of(&endpoint.cells[cell], scene.slots, scene.accounts);
    let held = whole.slot.quota.is_some() && matches!(whole.seat(scene.now, Some(need.cost)), Seat::Held { .. });
    held.then_some(cell)
}

/// One endpoint of a tier.
#[derive(Clone, Copy)]
struct Part<'a> {
    target: usize,
    id: EndpointId,
    endpoint: &'a Endpoint,
    strategy: Strategy,
}

impl Part<'_> {
    /// What the endpoint's breaker says to this request.
    fn passage(&self, need: &Need<'_>, now: Moment) -> Passage {
        // who may not wait at all is its own probe: one attempt a request is no more than there would be without trouble
        let own = !need.patient && matches!(need.turn, Turn::First | Turn::Careful);
        let spent = !need.patient && need.shaken;
        match self.endpoint.breaker.passage_again(now, need.tried.len(), need.shaken && !need.last) {
            // and it has had that attempt
            Passage::Probe if spent => Passage::Shut(now.plus(rules::BREAKER_GAP.1)),
            Passage::Shut(_) if own || (need.last && self.endpoint.breaker.is_promising(now)) => Passage::Probe,
            passage => passage,
        }
    }

    fn across(&self, best: Best<Rank>) -> Best<Rank> {
        let turn = self.strategy.across(best.key.turn(), self.endpoint, self.target);
        Best { key: best.key.with_turn(turn), cell: best.cell }
    }
}

/// Soonest look at a line that has to move first.
const LINE_MOVES: Duration = Duration::from_millis(10);

impl Tier {
    fn add(&mut self, part: Part<'_>, sum: &Summary, need: &Need<'_>, now: Moment) {
        let Part { target, id, endpoint, .. } = part;
        self.census = self.census.plus(sum.census);
        self.soonest = least(self.soonest, sum.back);
        if sum.full {
            self.soonest = least(self.soonest, Some(now.plus(rules::LOOK_AGAIN)));
        }
        if sum.probing {
            self.soonest = least(self.soonest, Some(now.plus(rules::PROBE_PATIENCE)));
        }
        self.tried_back = least(self.tried_back, sum.tried_back);
        let patient = need.patient;
        if !patient {
            earliest(&mut self.soft, sum.soft, target);
            let hasty = need.tried.len() < rules::HASTY_TRIES;
            earliest(&mut self.soft, sum.perhaps.filter(|best| hasty || best.key <= now), target);
        }
        let number = need.ticket.filter(|ticket| ticket.endpoint == id).map(|ticket| ticket.number);
        let ahead = endpoint.line.ahead(number);
        let turn = now.plus(turn_comes(ahead, sum.rate));
        let paced = endpoint.pace.closed_until(now).map(|until| until.max(turn));
        let queued = (ahead > 0).then_some(turn);
        let shared = queued.filter(|_| endpoint.pace.rate(now).is_some());
        let by_endpoint = paced.or(shared).map(|until| (until, Class::Overloaded));
        let by_cell = by_endpoint.or(queued.map(|until| (until, Class::RateLimited)));
        for (group, held) in [(&sum.free, by_endpoint), (&sum.scarce, by_cell)] {
            let Some(best) = rank_of(group, need.turn).map(|best| part.across(best)) else { continue };
            match held {
                Some((until, cause)) => {
                    self.held(until, cause, group.count);
                    if !patient {
                        earliest(&mut self.soft, group.first.map(|best| Best { key: until, cell: best.cell }), target);
                    }
                }
                None => self.pass(part.passage(need, now), best, group.count, target),
            }
        }
        self.at_the_gate(part, sum, part.passage(need, now));
    }

    /// Those who may go unless the endpoint's breaker is open.
    fn pass(&mut self, passage: Passage, best: Best<Rank>, count: u32, target: usize) {
        match passage {
            Passage::Free => {
                self.ready_count += count;
                earliest(&mut self.ready, Some(best), target);
            }
            Passage::Probe => earliest(&mut self.gate_probe, Some(best), target),
            Passage::Shut(until) => self.held(until, Class::Overloaded, count),
        }
    }

    /// Those for whom the breaker means something else than for the healthy.
    fn at_the_gate(&mut self, part: Part<'_>, sum: &Summary, passage: Passage) {
        let target = part.target;
        if passage != Passage::Free
            && !sum.explored
            && let Some(best) = sum.untested
        {
            // before the first success nobody knows whether the endpoint or the credentials are ill: each may be
            // asked once
            self.ready_count += 1;
            let best = part.across(Best { key: Rank::of_turn(best.key), cell: best.cell });
            earliest(&mut self.ready, Some(best), target);
        }
        match passage {
            Passage::Free => {
                earliest(&mut self.ejected, sum.ejected, target);
                earliest(&mut self.due, sum.due, target);
                earliest(&mut self.due_checked, sum.due_checked, target);
            }
            Passage::Probe => {
                earliest(&mut self.due, sum.due, target);
                earliest(&mut self.due_checked, sum.due_checked, target);
                // the endpoint has failed all alike: one that rests for its failures may be its probe
                let ejected = sum.ejected.map(|best| Best { key: Rank::ejected(best.key), cell: best.cell });
                earliest(&mut self.gate_probe, ejected, target);
            }
            Passage::Shut(until) => {
                let due = u32::from(sum.due.is_some()) + u32::from(sum.due_checked.is_some());
                if due > 0 || sum.ejected.is_some() {
                    self.held(until, Class::Overloaded, due);
                }
            }
        }
    }

    fn held(&mut self, until: Moment, cause: Class, count: u32) {
        self.census.count_many(cause, count);
        self.soonest = least(self.soonest, Some(until));
    }
}

/// When the line will have come to somebody with so many ahead, at the rates that were learned.
fn turn_comes(ahead: usize, rate: f64) -> Duration {
    let wait = if ahead > 0 && rate > 0.0 { (ahead as f64 / rate).min(3600.0) } else { 0.0 };
    LINE_MOVES.max(Duration::from_secs_f64(wait))
}

fn rank_of(group: &Group, turn: Turn) -> Option<Best<Rank>> {
    match turn {
        Turn::First | Turn::Careful => group.first.map(|best| Best { key: Rank::of_turn(best.key), cell: best.cell }),
        Turn::Rescue | Turn::Hedge => group.rescue,
    }
}

fn earliest<K: PartialOrd>(best: &mut Option<Found<K>>, found: Option<Best<K>>, target: usize) {
    if let Some(found) = found
        && best.as_ref().is_none_or(|best| found.key < best.key)
    {
        *best = Some(Found { key: found.key, target, cell: found.cell as usize });
    }
}

fn earlier(a: Option<Found<Moment>>, b: Option<Found<Moment>>) -> Option<Found<Moment>> {
    match (a, b) {
        (Some(a), Some(b)) if b.key < a.key => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}
