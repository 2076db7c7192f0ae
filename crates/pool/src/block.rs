//! Cells in blocks, each with a summary that holds until one of them changes: a choice looks at the summaries, so that
//! ten thousand credentials cost little more than a hundred.
//!
//! A summary answers for whoever asks; what depends on the request (whom it tried, what it costs) makes it count the
//! block anew, for itself alone.

use claviger_types::{Class, Moment};

use crate::cell::Cell;
use crate::ids::CredentialId;
use crate::lease::Census;
use crate::pool::{Account, Slot};
use crate::seat::{Seat, Whole};
use crate::strategy::Strategy;

/// How good a cell is for a retry; smaller is better, compared in this order: not proven, less than perfect, when it
/// failed last, turn.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Rank(u8, f64, u64, f64);

impl Rank {
    /// Of a first attempt: its turn decides.
    pub(crate) const fn of_turn(turn: f64) -> Self {
        Self(0, 0.0, 0, turn)
    }

    /// Of one that rests for its failures: after all others, the one that is back first.
    pub(crate) const fn ejected(until: Moment) -> Self {
        Self(2, 0.0, until.as_nanos(), 0.0)
    }

    pub(crate) const fn turn(self) -> f64 {
        self.3
    }

    pub(crate) const fn with_turn(self, turn: f64) -> Self {
        Self(self.0, self.1, self.2, turn)
    }
}

/// The best cell by some key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Best<K> {
    pub(crate) key: K,
    pub(crate) cell: u32,
}

/// Cells that may be asked alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Group {
    pub(crate) count: u32,
    /// For a first attempt.
    pub(crate) first: Option<Best<f64>>,
    /// For a retry.
    pub(crate) rescue: Option<Best<Rank>>,
}

/// Everything a pass over cells finds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) free: Group,
    /// Free, but with limited places: those who wait longer go first.
    pub(crate) scarce: Group,
    /// Free, and nothing is known about it.
    pub(crate) untested: Option<Best<f64>>,
    /// Due for a probe, whose last failure is the oldest.
    pub(crate) due: Option<Best<Moment>>,
    /// The same among those that the gateway asks by itself.
    pub(crate) due_checked: Option<Best<Moment>>,
    /// Ejected on a guess, least bad first: the panic rule's choice.
    pub(crate) ejected: Option<Best<Moment>>,
    /// Behind a limit that was merely learned, for those who cannot wait: the one that opens first.
    pub(crate) soft: Option<Best<Moment>>,
    /// Resting for a rate limit that may be over, for the same: the one whose learned pace opens first.
    pub(crate) perhaps: Option<Best<Moment>>,
    /// Who is out or held, by cause; `all` counts everybody.
    pub(crate) census: Census,
    /// When the first of those is back.
    pub(crate) back: Option<Moment>,
    /// Whether somebody is back as soon as an answer ends or a probe succeeds.
    pub(crate) full: bool,
    /// See `full`.
    pub(crate) probing: bool,
    /// The same for those that failed this request.
    pub(crate) tried_back: Option<Moment>,
    /// Least virtual time among those that may be asked.
    pub(crate) clock: Option<f64>,
    /// Learned paces added up, per second.
    pub(crate) rate: f64,
    /// Whether anybody ever did anything right.
    pub(crate) explored: bool,
}

/// Summaries of all cells of an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    size: usize,
    cached: Vec<(Moment, Summary)>,
}

/// What a pass over cells looks at beside them.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) now: Moment,
    pub(crate) slots: &'a [Slot],
    pub(crate) accounts: &'a [Account],
    pub(crate) strategy: Strategy,
    /// The endpoint's virtual time: nobody has credit for an absence.
    pub(crate) clock: f64,
    /// Which rests the gateway ends by requests of its own.
    pub(crate) checks: crate::Checks,
}

/// What makes a block be counted for one request alone.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) tried: &'a [CredentialId],
    pub(crate) pinned: Option<CredentialId>,
    pub(crate) cost: u64,
}

impl Blocks {
    /// Room for `cells`, nothing known yet.
    pub(crate) fn new(cells: usize) -> Self {
        // the square root balances counting one block anew against looking at all summaries
        let size = (cells as f64).sqrt().ceil().max(16.0) as usize;
        Self { size, cached: vec![(Moment::START, Summary::default()); cells.div_ceil(size)] }
    }

    pub(crate) const fn of(&self, cell: usize) -> usize {
        cell / self.size
    }

    /// Something about this cell changed.
    pub(crate) fn touch(&mut self, cell: usize) {
        if let Some((valid, _)) = self.cached.get_mut(cell / self.size) {
            *valid = Moment::START;
        }
    }

    /// Something about all cells changed.
    pub(crate) fn touch_all(&mut self) {
        for (valid, _) in &mut self.cached {
            *valid = Moment::START;
        }
    }

    /// The summary of all cells; those of `anew` (blocks, ascending) counted for `asker` alone.
    pub(crate) fn sum(&mut self, cells: &[Cell], scene: &Scene<'_>, asker: &Asker<'_>, anew: &[usize]) -> Summary {
        let mut all = Summary::default();
        let mut anew = anew.iter().copied().peekable();
        for (index, (valid, summary)) in self.cached.iter_mut().enumerate() {
            let from = index * self.size;
            let block = &cells[from..(from + self.size).min(cells.len())];
            if anew.next_if_eq(&index).is_some() {
                all.add(&count(block, from, scene, Some(asker)).1);
                continue;
            }
            if *valid <= scene.now {
                (*valid, *summary) = count(block, from, scene, None);
            }
            all.add(summary);
        }
        all
    }

    /// The same for one block, counted for `asker` alone.
    pub(crate) fn only(&self, block: usize, cells: &[Cell], scene: &Scene<'_>, asker: &Asker<'_>) -> Summary {
        let from = block * self.size;
        let cells = cells.get(from..(from + self.size).min(cells.len())).unwrap_or_default();
        count(cells, from, scene, Some(asker)).1
    }
}

/// Counts a block; also until when the summary holds.
fn count(block: &[Cell], from: usize, scene: &Scene<'_>, asker: Option<&Asker<'_>>) -> (Moment, Summary) {
    let (mut sum, mut valid) = (Summary::default(), Moment::NEVER);
    for (at, cell) in block.iter().enumerate() {
        let whole = Whole::of(cell, scene.slots, scene.accounts);
        let id = CredentialId { index: cell.credential, generation: whole.slot.generation };
        if asker.is_some_and(|asker| asker.pinned.is_some_and(|pinned| pinned != id)) {
            continue;
        }
        sum.explored |= cell.last_good.is_some();
        sum.census.all += 1;
        let seat = whole.seat(scene.now, asker.map(|asker| asker.cost));
        if asker.is_some_and(|asker| asker.tried.contains(&id)) {
            sum.census.tried += 1;
            if let Seat::Out { until, .. } = seat {
                sum.tried_back = least(sum.tried_back, until.or(Some(scene.now.plus(crate::rules::PROBE_PATIENCE))));
            }
            continue;
        }
        valid = valid.min(whole.changes(scene.now, seat).unwrap_or(Moment::NEVER));
        let index = u32::try_from(from + at).unwrap_or(u32::MAX);
        sum.take(scene, cell, seat, index);
        if let Some((over, opens)) = whole.perhaps(scene.now, seat)
            && over <= scene.now
        {
            better(&mut sum.perhaps, opens, index);
        }
    }
    (valid, sum)
}

impl Summary {
    fn take(&mut self, scene: &Scene<'_>, cell: &Cell, seat: Seat, index: u32) {
        match seat {
            Seat::Free { scarce } => {
                let turn = scene.strategy.turn(scene, cell);
                let group = if scarce { &mut self.scarce } else { &mut self.free };
                group.count += 1;
                better(&mut group.first, turn, index);
                better(&mut group.rescue, rank(scene.now, cell, turn), index);
                if cell.is_untested() && cell.pending == 0 {
                    better(&mut self.untested, turn, index);
                }
                let served = cell.served.max(scene.clock);
                self.clock = Some(self.clock.map_or(served, |clock| clock.min(served)));
            }
            Seat::Held { until, stated } => {
                self.census.count(Class::RateLimited);
                self.full |= until.is_none();
                self.back = least(self.back, until);
                if !stated {
                    better(&mut self.soft, until.unwrap_or_else(|| scene.now.plus(crate::rules::LOOK_AGAIN)), index);
                }
            }
            Seat::Due { cause } => {
                let since = cell.last_bad.unwrap_or(Moment::START);
                let best = if scene.checks.covers(cause) { &mut self.due_checked } else { &mut self.due };
                better(best, since, index);
            }
            Seat::Out { until, cause } => {
                self.census.count(cause);
                self.probing |= until.is_none();
                self.back = least(self.back, until);
                if cause.is_guess() {
                    better(&mut self.ejected, until.unwrap_or(Moment::NEVER), index);
                }
            }
        }
        self.rate += cell.pace.rate(scene.now).unwrap_or(0.0);
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.free, &other.free), (&mut self.scarce, &other.scarce)] {
            mine.count += theirs.count;
            best_of(&mut mine.first, theirs.first);
            best_of(&mut mine.rescue, theirs.rescue);
        }
        best_of(&mut self.untested, other.untested);
        best_of(&mut self.due, other.due);
        best_of(&mut self.due_checked, other.due_checked);
        best_of(&mut self.ejected, other.ejected);
        best_of(&mut self.soft, other.soft);
        best_of(&mut self.perhaps, other.perhaps);
        self.census = self.census.plus(other.census);
        self.back = least(self.back, other.back);
        self.full |= other.full;
        self.probing |= other.probing;
        self.tried_back = least(self.tried_back, other.tried_back);
        self.clock = match (self.clock, other.clock) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.rate += other.rate;
        self.explored |= other.explored;
    }
}

fn rank(now: Moment, cell: &Cell, turn: f64) -> Rank {
    if cell.is_proven() {
        return Rank(0, -(cell.score(now) * 10.0).round(), 0, turn);
    }
    // among those whose last word was bad, the one that failed longest ago; untested ones come first
    Rank(1, 0.0, cell.last_bad.map_or(0, Moment::as_nanos), turn)
}

fn better<K: PartialOrd>(best: &mut Option<Best<K>>, key: K, cell: u32) {
    if best.as_ref().is_none_or(|best| key < best.key) {
        *best = Some(Best { key, cell });
    }
}

fn best_of<K: PartialOrd + Copy>(best: &mut Option<Best<K>>, other: Option<Best<K>>) {
    if let Some(other) = other {
        better(best, other.key, other.cell);
    }
}

pub(crate) fn least(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).min()
}
