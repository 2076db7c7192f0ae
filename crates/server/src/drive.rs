//! The one loop: ask the flow what to do, do it, tell it what came of it.

pub(crate) mod arrive;
pub(crate) mod attempt;
pub(crate) mod translate;
pub(crate) mod unpack;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use claviger_flow::{AttemptId, Ending, Flow, Step};

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

type Attempt = Pin<Box<dyn Future<Output = Arrived> + Send>>;

/// The attempts under way. Few: one as a rule, so whoever wakes the request has all of them looked at.
#[derive(Default)]
struct Running(Vec<(AttemptId, Attempt)>);

impl Running {
    /// Takes out the first that has something to tell.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(AttemptId, Arrived)> {
        for at in 0..self.0.len() {
            let (id, attempt) = &mut self.0[at];
            if let Poll::Ready(arrived) = attempt.as_mut().poll(cx) {
                let id = *id;
                drop(self.0.swap_remove(at));
                return Poll::Ready((id, arrived));
            }
        }
        Poll::Pending
    }

    /// Ends an attempt that has nothing more to tell.
    fn stop(&mut self, attempt: AttemptId) {
        self.0.retain(|(id, _)| *id != attempt);
    }
}

/// Runs the request to its commit or its end. Dropping the future cancels everything.
pub(crate) async fn drive(exchange: &mut Exchange, call: &Arc<Call>) -> Served {
    let mut running = Running::default();
    let shared = Arc::clone(&exchange.shared);
    let mut place = Place::new(Arc::clone(&shared));
    loop {
        let Some(step) = exchange.step() else { return Served::Failed(Box::new(unrouted())) };
        let joined = place.take(exchange.flow().and_then(Flow::ticket));
        match step {
            Step::Send(start) => {
                if let Some(silent) = start.instead_of {
                    running.stop(silent);
                }
                let id = start.attempt;
                running.0.push((id, Box::pin(attempt::run(Arc::clone(&shared), Arc::clone(call), start))));
            }
            // whatever changed before it stood in the line, nobody has told it
            Step::Wait { held: true, .. } if joined => {}
            Step::Wait { until, held } => {
                let began = shared.clock.now();
                tokio::select! {
                    biased;
                    (id, arrived) = poll_fn(|cx| running.poll_next(cx)) => match arrived {
                        Arrived::Good(good) => {
                            for loser in exchange.commit(id, good.status, &good.headers) {
                                running.stop(loser);
                            }
                            return Served::Good(good);
                        }
                        Arrived::Failed(failed) => exchange.failed(id, failed),
                    },
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

/// Lets all that is ready now come as far as this, so that what they write is written in one go: a peer that the first of
/// it wakes is then awake for the rest, and each step of the way finds its code and data at hand. Without load there is
/// nobody to wait for ([why](../../../docs/decisions/011-threads-and-batches.md)).
pub(crate) async fn abreast() {
    tokio::task::yield_now().await;
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
