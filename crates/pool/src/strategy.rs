//! How a credential is chosen among those that may be asked. Health, rests and limits are the same for all strategies.

use claviger_types::Moment;

use crate::block::Scene;
use crate::cell::Cell;
use crate::endpoint::Endpoint;
use crate::rules;

/// What the operator prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Shares by weight × health, corrected by what is in flight, slowness and remaining quota.
    #[default]
    Weighted,
    /// The first of the configuration that may be asked: one is used up before the next.
    Priority,
    /// Who speaks first, as far as is known, corrected by what is in flight.
    LeastLatency,
    /// In turn, whatever the weights.
    RoundRobin,
    /// Any, all alike (Higress).
    Random,
    /// The same caller or conversation goes to the same credential while it is healthy and not overloaded.
    Sticky,
}

impl Strategy {
    /// The key of a free cell for a first attempt: the least is chosen.
    pub(crate) fn turn(self, scene: &Scene<'_>, cell: &Cell) -> f64 {
        let served = cell.served.max(scene.clock);
        let pending = f64::from(cell.pending);
        match self {
            Self::Weighted | Self::Sticky => served + (1.0 + rules::PENDING_PENALTY * pending) / cell.share(scene.now),
            Self::Priority => f64::from(scene.slots[cell.credential as usize].order),
            Self::LeastLatency => {
                // somebody untested is tried at once: nothing else tells how fast it is
                let usual = if cell.last_good.is_none() { 0.0 } else { 1.0 };
                cell.pace_ratio(scene.now) * (usual + pending) / cell.health(scene.now)
            }
            Self::RoundRobin | Self::Random => served + 1.0,
        }
    }

    /// Whether turns go by weight.
    pub(crate) const fn weighs(self) -> bool {
        match self {
            Self::Weighted | Self::Sticky => true,
            Self::Priority | Self::LeastLatency | Self::RoundRobin | Self::Random => false,
        }
    }

    /// What one turn costs in virtual time.
    pub(crate) fn cost(self, cell: &Cell, now: Moment) -> f64 {
        if self.weighs() { 1.0 / cell.share(now) } else { 1.0 }
    }

    /// A key of one endpoint made comparable with those of the tier's others.
    pub(crate) fn across(self, key: f64, endpoint: &Endpoint, target: usize) -> f64 {
        match self {
            Self::Weighted | Self::Sticky | Self::RoundRobin | Self::Random => endpoint.ahead + key,
            Self::Priority => target as f64 * f64::from(u32::MAX) + key,
            Self::LeastLatency => key * endpoint.latency.usual(),
        }
    }
}
