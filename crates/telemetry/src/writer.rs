//! The thread that writes log lines, so that no request waits for a slow reader of our output.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::counter::Counter;

/// Lines that may wait. At 20 000 requests a second this is 400 ms of a stalled reader.
const QUEUE: usize = 8192;
/// How long the thread gathers lines before it writes them: it then wakes 50 times a second at most, however many
/// requests there are, and requests do not pay for waking it.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes written at once at most, plus one line.
const BATCH: usize = 256 * 1024;

/// The queue to the writing thread.
#[derive(Debug)]
pub(crate) struct Writer {
    /// None when the thread could not be started: every line then counts as dropped.
    queue: Option<SyncSender<Vec<u8>>>,
    progress: Arc<Progress>,
    dropped: Counter,
}

/// How far the thread is behind.
#[derive(Debug, Default)]
struct Progress {
    /// Lines queued and not yet written. Negative for an instant when the thread is faster than the count.
    pending: Mutex<i64>,
    idle: Condvar,
}

impl Progress {
    fn add(&self, lines: i64) {
        let mut pending = self.pending.lock();
        *pending += lines;
        if *pending <= 0 {
            self.idle.notify_all();
        }
    }
}

impl Writer {
    /// Starts the thread. It ends when the writer is dropped and all lines are written.
    pub(crate) fn start(out: Box<dyn Write + Send>, dropped: Counter) -> Self {
        let (queue, lines) = sync_channel(QUEUE);
        let progress = Arc::new(Progress::default());
        let (shared, lost) = (Arc::clone(&progress), dropped.clone());
        let started = thread::Builder::new().name("log".to_owned()).spawn(move || write(lines, out, &shared, &lost));
        if let Err(error) = &started {
            tracing::error!(%error, "no thread for the log: receipts are not written");
        }
        Self { queue: started.is_ok().then_some(queue), progress, dropped }
    }

    /// Queues a line; drops and counts it when the queue is full. Never blocks on the output.
    pub(crate) fn put(&self, line: Vec<u8>) {
        if self.queue.as_ref().is_some_and(|queue| queue.try_send(line).is_ok()) {
            self.progress.add(1);
        } else {
            self.dropped.inc();
        }
    }

    /// Waits until the lines queued before the call are written, `within` at most. Whether they are.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let mut pending = self.progress.pending.lock();
        let waited = self.progress.idle.wait_while_for(&mut pending, |pending| *pending > 0, within);
        !waited.timed_out()
    }
}

fn write(lines: Receiver<Vec<u8>>, mut out: Box<dyn Write + Send>, progress: &Progress, dropped: &Counter) {
    let mut batch = Vec::new();
    while let Ok(first) = lines.recv() {
        thread::sleep(GATHER);
        batch.clear();
        batch.extend_from_slice(&first);
        let mut count = 1_i64;
        while batch.len() < BATCH {
            let Ok(line) = lines.try_recv() else { break };
            batch.extend_from_slice(&line);
            count += 1;
        }
        // A reader that is gone must not end the gateway: its lines are lost, and counted.
        if out.write_all(&batch).and_then(|()| out.flush()).is_err() {
            dropped.inc_by(count.unsigned_abs());
        }
        progress.add(-count);
    }
}
