//! One (provider, model): the cells that can serve it, and what they share.

use claviger_types::Moment;

use crate::block::Blocks;
use crate::breaker::Breaker;
use crate::cell::Cell;
use crate::evidence::Evidence;
use crate::ids::ProviderId;
use crate::latency::Latency;
use crate::limits::Pace;
use crate::line::Line;
use crate::pool::Slot;
use crate::ring::Ring;
use crate::rules;
use crate::strategy::Strategy;

/// All cells of one provider and model.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) provider: ProviderId,
    pub(crate) model: Box<str>,
    /// By slot, ascending.
    pub(crate) cells: Vec<Cell>,
    pub(crate) blocks: Blocks,
    /// For the sticky strategy.
    pub(crate) ring: Option<Ring>,
    pub(crate) evidence: Evidence,
    pub(crate) breaker: Breaker,
    pub(crate) latency: Latency,
    /// What the endpoint as a whole accepts while it says that it is overloaded.
    pub(crate) pace: Pace,
    /// Whether a used up allowance comes back as a whole at its reset, as refusals before it have shown.
    pub(crate) resets_whole: bool,
    pub(crate) line: Line,
    /// The virtual time that the least served cell has reached; a newcomer starts there.
    pub(crate) clock: f64,
    /// What its virtual times lack to those of the other endpoints of its tier.
    pub(crate) ahead: f64,
    /// Attempts that have not ended.
    pub(crate) open: u32,
    /// Attempts without a first content.
    pub(crate) pending: u32,
    /// When somebody's first content came last.
    pub(crate) heard: Moment,
    /// Of all cells together.
    pub(crate) weights: f64,
    /// The virtual time that one turn of the least weighted cell takes: the unit of debt. (A cell's own turn would be
    /// too small a unit: with weights 1 and 100 the heavy one would never fall behind the light one.)
    pub(crate) longest_turn: f64,
    pub(crate) probe_credit: f64,
    pub(crate) used: Moment,
}

impl Endpoint {
    pub(crate) fn new(now: Moment, provider: ProviderId, model: &str) -> Self {
        Self {
            provider,
            model: model.into(),
            cells: Vec::new(),
            blocks: Blocks::default(),
            ring: None,
            evidence: Evidence::default(),
            breaker: Breaker::default(),
            latency: Latency::default(),
            pace: Pace::default(),
            resets_whole: false,
            line: Line::default(),
            clock: 0.0,
            ahead: 0.0,
            open: 0,
            pending: 0,
            heard: now,
            weights: 0.0,
            longest_turn: 0.0,
            probe_credit: 1.0,
            used: now,
        }
    }

    /// Other cells: what is derived from them is made anew.
    pub(crate) fn seat(&mut self, cells: Vec<Cell>, strategy: Strategy, slots: &[Slot]) {
        self.cells = cells;
        self.blocks = Blocks::new(self.cells.len());
        self.ring = (strategy == Strategy::Sticky).then(|| Ring::new(&self.cells, slots));
        self.open = self.cells.iter().map(|cell| cell.open).sum();
        self.pending = self.cells.iter().map(|cell| cell.pending).sum();
        self.weights = self.cells.iter().map(|cell| cell.weight).sum();
        let turns = self.cells.iter().map(|cell| if strategy.weighs() { 1.0 / cell.weight } else { 1.0 });
        self.longest_turn = turns.fold(0.0, f64::max);
    }

    pub(crate) fn cell_of(&self, credential: u32) -> Option<usize> {
        self.cells.binary_search_by_key(&credential, |cell| cell.credential).ok()
    }

    /// The state of a credential here changed.
    pub(crate) fn touch(&mut self, credential: u32) {
        if let Some(cell) = self.cell_of(credential) {
            self.blocks.touch(cell);
        }
    }

    /// Whether it is likely the endpoint that is silent rather than one of those it was asked with: several wait, and
    /// since `sent` nobody has heard anything.
    pub(crate) fn is_silent(&self, sent: Moment) -> bool {
        self.pending >= rules::SILENT_TOGETHER && self.heard < sent
    }

    /// Whether nobody would notice if it were forgotten.
    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0 && self.line.is_empty()
    }
}
