//! What is fetched from elsewhere and shared by all requests that need it: an access token, a file.
//!
//! One fetch runs at a time; whoever needs it meanwhile waits for that one. It is a task of its own, so it does not end
//! with the request that began it. Before the value grows old the next one is fetched, as long as somebody asks for it.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use claviger_types::{Class, Moment, Verdict};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::side::Via;

/// After a fetch that failed while there is still something good, the next one begins this much later at the earliest.
const AGAIN: Duration = Duration::from_secs(5);

/// Something good, and for how long.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    pub(crate) value: T,
    /// From then on the next one is fetched.
    pub(crate) renew: Moment,
    /// From then on it is of no use.
    pub(crate) until: Moment,
}

type Found<T> = Result<Arc<Kept<T>>, Verdict>;
type Flight<T> = watch::Receiver<Option<Found<T>>>;

/// The shared place of one such thing.
#[derive(Debug)]
pub(crate) struct Fetched<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    kept: Option<Arc<Kept<T>>>,
    /// The fetch that runs.
    flight: Option<Flight<T>>,
    /// Whether anybody has asked since the last renewal began.
    wanted: bool,
    /// No renewal before.
    again: Moment,
    /// How and when the last fetch failed, as long as there is nothing better.
    failed: Option<(Moment, Verdict)>,
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self(Mutex::new(State { kept: None, flight: None, wanted: false, again: Moment::START, failed: None }))
    }
}

/// Who fetches, and where it is kept.
pub(crate) trait Source: Send + Sync + 'static {
    type Value: Send + Sync + 'static;
    /// For so long after a failure nobody fetches again who has nothing: all are told of that failure.
    const FAILED: Duration;

    fn place(&self) -> &Fetched<Self::Value>;

    /// Fetches once.
    fn fetch(&self, via: &Via) -> impl Future<Output = Result<Kept<Self::Value>, Verdict>> + Send;
}

/// The value; fetched if there is none that is good. `refused`: one that is not, whatever it says of itself.
pub(crate) async fn get<S: Source>(
    source: &Arc<S>,
    via: &Via,
    refused: Option<&Arc<Kept<S::Value>>>,
) -> Found<S::Value> {
    let mut flight = {
        let mut state = source.place().0.lock();
        state.wanted = true;
        if let (Some(kept), Some(refused)) = (&state.kept, refused)
            && Arc::ptr_eq(kept, refused)
        {
            state.kept = None;
        }
        let now = via.shared.clock.now();
        if let Some(kept) = state.kept.clone().filter(|kept| now < kept.until) {
            if now >= kept.renew && now >= state.again {
                run(source, via, &mut state);
            }
            return Ok(kept);
        }
        if let Some((at, verdict)) = state.failed
            && now.since(at) < S::FAILED
        {
            return Err(verdict);
        }
        run(source, via, &mut state)
    };
    let found = flight.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
    // a fetch that does not say how it ended has panicked
    found.unwrap_or(Err(Verdict::of(Class::ServerError, "fetch_broken")))
}

/// The fetch that runs, begun now if there is none.
fn run<S: Source>(source: &Arc<S>, via: &Via, state: &mut State<S::Value>) -> Flight<S::Value> {
    let running = state.flight.as_ref().filter(|flight| flight.has_changed().is_ok());
    if let Some(flight) = running {
        return flight.clone();
    }
    let (sender, flight) = watch::channel(None);
    state.flight = Some(flight.clone());
    let (source, via) = (Arc::clone(source), via.clone());
    tokio::spawn(async move {
        let found = source.fetch(&via).await.map(Arc::new);
        let mut state = source.place().0.lock();
        state.flight = None;
        match &found {
            Ok(kept) => {
                state.kept = Some(Arc::clone(kept));
                state.failed = None;
                tokio::spawn(renew(Arc::downgrade(&source), via, Arc::downgrade(kept), kept.renew));
            }
            Err(verdict) => {
                let now = via.shared.clock.now();
                state.again = now.plus(AGAIN);
                state.failed = Some((now, *verdict));
            }
        }
        drop(state);
        sender.send_replace(Some(found));
    });
    flight
}

/// Fetches the next one in time, if the last one was asked for.
async fn renew<S: Source>(source: Weak<S>, via: Via, kept: Weak<Kept<S::Value>>, at: Moment) {
    tokio::time::sleep_until(via.shared.clock.instant(at)).await;
    let (Some(source), Some(kept)) = (source.upgrade(), kept.upgrade()) else { return };
    let mut state = source.place().0.lock();
    let current = state.kept.as_ref().is_some_and(|now_kept| Arc::ptr_eq(now_kept, &kept));
    if current && std::mem::take(&mut state.wanted) {
        run(&source, &via, &mut state);
    }
}
