//! One (provider, model): the cells that can serve it, and what they share.

use claviger_types::Moment;

use crate::breaker::Breaker;
use crate::cell::Cell;
use crate::evidence::Evidence;
use crate::ids::ProviderId;
use crate::latency::Latency;
use crate::limits::Pace;
use crate::line::Line;

/// All cells of one provider and model.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) provider: ProviderId,
    pub(crate) model: Box<str>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) evidence: Evidence,
    pub(crate) breaker: Breaker,
    pub(crate) latency: Latency,
    /// What the endpoint as a whole accepts while it says that it is overloaded.
    pub(crate) pace: Pace,
    pub(crate) line: Line,
    /// The virtual time that the least served cell has reached; a newcomer starts there.
    pub(crate) clock: f64,
    pub(crate) probe_credit: f64,
    pub(crate) used: Moment,
}

impl Endpoint {
    pub(crate) fn cell_of(&self, credential: u32) -> Option<usize> {
        // cells are sorted by slot
        self.cells.binary_search_by_key(&credential, |cell| cell.credential).ok()
    }

    /// The virtual time that one turn of the least weighted cell takes: the unit of debt. (A cell's own turn would be
    /// too small a unit: with weights 1 and 100 the heavy one would never fall behind the light one.)
    pub(crate) fn longest_turn(&self) -> f64 {
        self.cells.iter().map(|cell| 1.0 / cell.weight).fold(0.0, f64::max)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.cells.iter().all(|cell| cell.open == 0)
    }
}
