//! What survives a restart: the facts about credentials, in a small file.
//!
//! In go [`Pool::facts`], out come [`Pool::restore`]d ones with their times. The file names credentials by fingerprint
//! and holds no secret. It is looked after by a task of its own: a request never waits for it, and nothing that goes
//! wrong with it keeps the gateway from serving.

mod file;
mod form;
pub(crate) mod place;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use claviger_pool::{Fact, Pool};
use claviger_types::Moment;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Now;
use crate::shared::Shared;

/// How often the pool is asked whether it learned something, and the least time between two writes.
const LOOK: Duration = Duration::from_millis(500);
/// See [`LOOK`].
const GAP: Duration = Duration::from_secs(1);
/// A look at a large pool holds its lock for so small a part of the time at most: one in this.
const LOCK_SHARE: u32 = 200;
/// When to try again after a write that failed.
const AGAIN: Duration = Duration::from_secs(30);
/// The last write may take so long; a disk that hangs must not keep the process from ending.
const LAST: Duration = Duration::from_secs(5);

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    /// What the file says, and since when; `None` before the first write.
    written: Option<(Vec<Fact>, Moment)>,
    /// Whether the last write failed, which is told once.
    failing: bool,
}

impl Memory {
    /// Reads what an earlier run left into the pool. `None`, after a warning, when there can be no file at this path.
    pub(crate) fn open(path: PathBuf, pool: &mut Pool, now: Now) -> Option<Self> {
        let path = match file::settle(path) {
            Ok(path) => path,
            Err(problem) => {
                tracing::warn!("{problem}: nothing will survive a restart");
                return None;
            }
        };
        let shown = path.display();
        match file::read(&path).and_then(|text| text.map(|text| form::decode(&text, now)).transpose()) {
            Ok(None) => {}
            Ok(Some(facts)) => {
                let taken = pool.restore(now.moment, &facts);
                tracing::info!(file = %shown, facts = facts.len(), taken, "remembered what an earlier run had learned");
            }
            Err(problem) => {
                let aside = file::set_aside(&path, now.wall);
                let outcome = match &aside {
                    Ok(aside) => format!("set aside as {}", aside.display()),
                    Err(error) => format!("it cannot be set aside ({error}) and will be replaced"),
                };
                tracing::warn!(file = %shown, "the state file is not usable: {problem}; {outcome}; nothing is remembered");
            }
        }
        Some(Self { path, written: None, failing: false })
    }

    /// Looks after the file until [`Keeping::end`].
    pub(crate) fn keep(self, shared: Arc<Shared>) -> Keeping {
        let (end, ended) = oneshot::channel();
        Keeping { end, task: tokio::spawn(self.run(shared, ended)) }
    }

    async fn run(mut self, shared: Arc<Shared>, mut ended: oneshot::Receiver<()>) {
        let mut pause = LOOK;
        loop {
            // whoever drops the other end wants the last write as well
            let last = tokio::time::timeout(pause, &mut ended).await.is_ok();
            let began = shared.clock.now();
            let facts = shared.pool.lock().facts();
            pause = LOOK.max(shared.clock.now().since(began) * LOCK_SHARE);
            let due = match &self.written {
                Some((known, at)) => *known != facts && (last || began.since(*at) >= GAP),
                None => true,
            };
            if due && !self.write(shared.clock.both(), facts).await {
                pause = AGAIN;
            }
            if last {
                return;
            }
        }
    }

    /// Whether it worked.
    async fn write(&mut self, now: Now, facts: Vec<Fact>) -> bool {
        let path = self.path.clone();
        let work = move || file::replace(&path, &form::encode(&facts, now)).map(|()| facts);
        let done = match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(std::io::Error::other(error)),
        };
        let failed = done.is_err();
        match done {
            Ok(facts) => self.written = Some((facts, now.moment)),
            Err(error) if !self.failing => {
                let file = self.path.display();
                tracing::warn!(
                    "cannot write the state file {file}: {error}; nothing survives a restart until that works. \
                     Name another one with `stateFile: PATH`, or write `stateFile: off`"
                );
            }
            Err(_) => {}
        }
        self.failing = failed;
        !failed
    }
}

/// A file that is being looked after.
#[derive(Debug)]
pub(crate) struct Keeping {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeping {
    /// Writes what is known now, and stops.
    pub(crate) async fn end(self) {
        drop(self.end);
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            tracing::warn!("the state file could not be written in time");
        }
    }
}
