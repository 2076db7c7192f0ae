//! The one loop: ask the flow what to do, do it, tell it what came of it.

pub(crate) mod arrive;
pub(crate) mod attempt;
pub(crate) mod translate;
pub(crate) mod unpack;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use claviger_flow::{AttemptId, Ending, Flow, Step};
use futures_util::StreamExt;
use futures_util::stream::{AbortHandle, Abortable, FuturesUnordered};

use self::arrive::{Arrived, Good};
use self::attempt::Call;
use crate::exchange::Exchange;
use crate::waiting::Place;

/// What the client is to get.
pub(crate) enum Served {
    /// An upstream's good answer, committed to.
    Good(Box<Good>),
    /// Nobody could serve.
    Failed(Box<Ending>),
}

type Running = Pin<Box<dyn Future<Output = Result<(AttemptId, Arrived), futures_util::stream::Aborted>> + Send>>;

/// Runs the request to its commit or its end. Dropping the future cancels everything.
pub(crate) async fn drive(exchange: &mut Exchange, call: &Arc<Call>) -> Served {
    let mut running: FuturesUnordered<Running> = FuturesUnordered::new();
    let mut handles: Vec<(AttemptId, AbortHandle)> = Vec::new();
    let shared = Arc::clone(&exchange.shared);
    let mut place = Place::new(Arc::clone(&shared));
    loop {
        let Some(step) = exchange.step() else { return Served::Failed(Box::new(unrouted())) };
        let joined = place.take(exchange.flow().and_then(Flow::ticket));
        match step {
            Step::Send(start) => {
                if let Some(handle) = start.instead_of.and_then(|silent| handle_of(&handles, silent)) {
                    handle.abort();
                }
                let (id, attempt) = (start.attempt, attempt::run(Arc::clone(&shared), Arc::clone(call), start));
                let (handle, registration) = AbortHandle::new_pair();
                handles.push((id, handle));
                running.push(Box::pin(Abortable::new(async move { (id, attempt.await) }, registration)));
            }
            // whatever changed before it stood in the line, nobody has told it
            Step::Wait { held: true, .. } if joined => {}
            Step::Wait { until, held } => {
                let began = shared.clock.now();
                tokio::select! {
                    biased;
                    Some(done) = running.next() => {
                        // an aborted attempt was settled when it lost
                        if let Ok((id, arrived)) = done
                            && let Some(good) = take(exchange, id, arrived, &handles)
                        {
                            return Served::Good(Box::new(good));
                        }
                    }
                    () = place.woken(), if held => {}
                    () = tokio::time::sleep_until(shared.clock.instant(until)) => {}
                }
                if held {
                    exchange.add_wait(shared.clock.now().since(began));
                }
            }
            Step::Fail(ending) => return Served::Failed(ending),
        }
    }
}

fn take(
    exchange: &mut Exchange,
    id: AttemptId,
    arrived: Arrived,
    handles: &[(AttemptId, AbortHandle)],
) -> Option<Good> {
    match arrived {
        Arrived::Good(good) => {
            for loser in exchange.commit(id, good.status, &good.headers) {
                if let Some(handle) = handle_of(handles, loser) {
                    handle.abort();
                }
            }
            Some(*good)
        }
        Arrived::Failed(failed) => {
            exchange.failed(id, failed);
            None
        }
    }
}

fn handle_of(handles: &[(AttemptId, AbortHandle)], attempt: AttemptId) -> Option<&AbortHandle> {
    handles.iter().find(|(id, _)| *id == attempt).map(|(_, handle)| handle)
}

/// `drive` is called for routed requests only.
fn unrouted() -> Ending {
    Ending {
        reason: claviger_flow::Reason::NoneServes,
        message: "no route".to_owned(),
        retry_after: None,
        answer: None,
    }
}
