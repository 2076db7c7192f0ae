//! Requests of the gateway's own: they find out whether a credential that is out works again, so that no caller's
//! request has to.
//!
//! The pool says which credential is due; what is asked is a listing of models, which costs nothing, or Higress'
//! prompt where `healthCheckModel` is set. They are counted and logged at debug level, and leave no receipt. One at a
//! time per provider, about every [`LOOK`]: many dead keys are no reason for many requests. While they succeed (somebody
//! has paid, say) they follow at once, [`MOST`] at a time.

mod ask;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use claviger_pool::{Check, Checks, CredentialId, End, ProviderId};
use claviger_types::{Moment, Verdict};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::live::Live;
use crate::shared::Shared;

/// How often the pool is asked who is due; up to as much again is added at random, so that replicas that started
/// together do not ask together.
const LOOK: Duration = Duration::from_secs(1);
/// The same after a check that succeeded.
const LOOK_ON: Duration = Duration::from_millis(50);
/// Checks start spread over this time.
const SPREAD: Duration = Duration::from_millis(250);
/// Looking may take this part of the pool's time at most: one in so many.
const LOCK_SHARE: u32 = 200;
/// At the same time per provider, while they succeed.
const MOST: usize = 4;
/// How long an answer may take, unless `healthCheckTimeout` says otherwise: the default of Higress.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A key that is refused so soon after a listing was given for it: the provider lists for everybody.
const CONTRADICTION: Duration = Duration::from_secs(600);

/// What a check found.
enum Finding {
    Good,
    Said(Verdict),
    /// The provider has no listing, or none that tells anything.
    NotOffered,
    /// Nothing: a reload came between.
    Nothing,
}

/// Looks for credentials that are due and checks them, until it is dropped.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let news = Arc::new(Mutex::new(News::default()));
    let mut permits: HashMap<ProviderId, Arc<Semaphore>> = HashMap::new();
    let mut pause = LOOK;
    loop {
        tokio::time::sleep(pause + spread(&shared, pause)).await;
        let lucky = std::mem::take(&mut news.lock().lucky);
        let live = shared.live();
        let began = shared.clock.now();
        for id in &live.roster.providers {
            let room = permits.entry(*id).or_insert_with(|| Arc::new(Semaphore::new(MOST)));
            let most = if lucky.contains(id) { MOST } else { 1 };
            let room_left = (room.available_permits() + most).saturating_sub(MOST);
            let due = shared.pool.lock().checks_of(began, *id, room_left);
            for check in due {
                // there is one for each: nobody else takes them
                let Ok(permit) = Arc::clone(room).try_acquire_owned() else { break };
                let errand = Errand { shared: Arc::clone(&shared), news: Arc::clone(&news), check, over: false };
                tokio::spawn(errand.run(Arc::clone(&live), permit));
            }
        }
        let now = shared.clock.now();
        let look = if news.lock().lucky.is_empty() { LOOK } else { LOOK_ON };
        pause = look.max(now.since(began) * LOCK_SHARE);
        news.lock().proven.retain(|_, at: &mut Moment| now.since(*at) < CONTRADICTION);
        permits.retain(|id, _| live.roster.providers.contains(id));
    }
}

fn spread(shared: &Shared, over: Duration) -> Duration {
    let millis = u64::try_from(over.as_millis()).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(shared.clock.dice() % millis)
}

/// What the checks of late have found.
#[derive(Default)]
struct News {
    /// Keys for which a listing was given, and when.
    proven: HashMap<CredentialId, Moment>,
    /// Providers of which a credential came back since the last look.
    lucky: HashSet<ProviderId>,
}

/// One check on its way. Dropped unfinished it gives the credential back to others.
struct Errand {
    shared: Arc<Shared>,
    news: Arc<Mutex<News>>,
    check: Check,
    over: bool,
}

impl Errand {
    async fn run(mut self, live: Arc<Live>, permit: OwnedSemaphorePermit) {
        let finding = if self.is_contradicted() {
            Finding::NotOffered
        } else {
            tokio::time::sleep(spread(&self.shared, SPREAD)).await;
            ask::ask(&self.shared, &live, &self.check).await
        };
        self.settle(&live, &finding);
        drop(permit);
    }

    /// Whether the key was refused after the provider had listed its models for it.
    fn is_contradicted(&self) -> bool {
        let at = self.news.lock().proven.get(&self.check.credential).copied();
        self.check.kind == Checks::Keys && at.is_some_and(|at| self.check.since > at)
    }

    fn settle(&mut self, live: &Live, finding: &Finding) {
        let (shared, check) = (&self.shared, &self.check);
        let (end, outcome) = match finding {
            Finding::Good => (End::Good, "good"),
            Finding::Said(verdict) => (End::Said(*verdict), verdict.class.name()),
            Finding::NotOffered => (End::Cancelled, "not_offered"),
            Finding::Nothing => (End::Cancelled, "cancelled"),
        };
        let (now, dice) = (shared.clock.now(), shared.clock.dice());
        let mut pool = shared.pool.lock();
        if matches!(finding, Finding::NotOffered) {
            pool.uncheckable(check.provider);
        }
        let improved = pool.checked(now, check, end, dice);
        drop(pool);
        if improved {
            let mut news = self.news.lock();
            news.lucky.insert(check.provider);
            if check.kind == Checks::Keys {
                news.proven.insert(check.credential, now);
            }
        }
        self.over = true;
        shared.wake(improved);
        let Some(key) = live.key(check.credential) else { return };
        let provider = live.plan.providers[key.provider].provider.id();
        let kind = ask::kind(check.kind);
        shared.telemetry.checked(provider, kind, outcome);
        tracing::debug!(provider, credential = %key.shown, kind, outcome, improved, "checked a credential");
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if !self.over {
            let (now, dice) = (self.shared.clock.now(), self.shared.clock.dice());
            self.shared.pool.lock().checked(now, &self.check, End::Cancelled, dice);
        }
    }
}
