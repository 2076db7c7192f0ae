//! What one client counted, and what all of them together amount to.

use std::collections::BTreeMap;
use std::time::Duration;

use memchr::memmem;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Counts of finished requests.
#[derive(Default)]
pub(super) struct Tally {
    /// Microseconds to the end of each answer.
    latencies: Vec<u32>,
    /// Microseconds to the first byte of its body.
    firsts: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    /// Connections that could not be opened or broke.
    broken: u64,
    /// Streams with fewer events than they should have.
    cut: u64,
    chunks: u64,
    bytes: u64,
}

/// One answer being read.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    first: Option<Instant>,
    bytes: u64,
    events: u64,
    /// Whether the last byte was a line end that may begin an empty line.
    open_line: bool,
}

impl Answer {
    pub(super) fn of(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Takes a piece of the body; `stream`: its events count.
    pub(super) fn body(&mut self, piece: &[u8], stream: bool) {
        if piece.is_empty() {
            return;
        }
        self.first.get_or_insert_with(Instant::now);
        self.bytes += piece.len() as u64;
        if stream {
            let piece = match piece {
                [b'\n', rest @ ..] if self.open_line => {
                    self.events += 1;
                    rest
                }
                _ => piece,
            };
            self.events += memmem::find_iter(piece, b"\n\n").count() as u64;
            self.open_line = piece.ends_with(b"\n") && !piece.ends_with(b"\n\n");
        }
    }
}

impl Tally {
    /// Counts an answer that has ended now; `events`: how many it should have had.
    pub(super) fn answered(&mut self, answer: &Answer, since: Instant, events: Option<u64>) {
        let micros = |at: Instant| u32::try_from(at.duration_since(since).as_micros()).unwrap_or(u32::MAX);
        self.latencies.push(micros(Instant::now()));
        self.firsts.extend(answer.first.map(micros));
        *self.statuses.entry(answer.status).or_default() += 1;
        self.cut += u64::from(events.is_some_and(|events| answer.events < events));
        self.chunks += answer.events;
        self.bytes += answer.bytes;
    }

    /// Counts a connection that broke.
    pub(super) fn broke(&mut self) {
        self.broken += 1;
    }

    /// Takes another client's counts in.
    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.firsts.extend(other.firsts);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.broken += other.broken;
        self.cut += other.cut;
        self.chunks += other.chunks;
        self.bytes += other.bytes;
    }

    /// The report. Times are microseconds; `bad` is everything that was not a whole answer with status 200.
    pub(super) fn report(mut self, wall: Duration) -> Value {
        let requests: u64 = self.statuses.values().sum();
        let good = self.statuses.get(&200).copied().unwrap_or(0);
        json!({
            "requests": requests,
            "bad": requests - good + self.broken + self.cut,
            "broken": self.broken,
            "cut": self.cut,
            "statuses": self.statuses.iter().map(|(status, count)| (status.to_string(), json!(count)))
                .collect::<serde_json::Map<_, _>>(),
            "wall_s": wall.as_secs_f64(),
            "rps": requests as f64 / wall.as_secs_f64(),
            "chunks": self.chunks,
            "bytes": self.bytes,
            "latency": spread(&mut self.latencies),
            "first": spread(&mut self.firsts),
        })
    }
}

fn spread(micros: &mut [u32]) -> Value {
    if micros.is_empty() {
        return Value::Null;
    }
    micros.sort_unstable();
    let at = |share: f64| micros[(((micros.len() - 1) as f64) * share).round() as usize];
    let mean = micros.iter().map(|micros| f64::from(*micros)).sum::<f64>() / micros.len() as f64;
    json!({ "mean": mean, "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_count_the_same_wherever_they_are_cut() {
        let text = b"data: a\n\ndata: b\n\ndata: [DONE]\n\n";
        for cut in 0..text.len() {
            let mut answer = Answer::default();
            answer.body(&text[..cut], true);
            answer.body(&text[cut..], true);
            assert_eq!(answer.events, 3, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_not_a_whole_good_answer_is_bad() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        tally.answered(&Answer { status: 200, ..Answer::default() }, now, None);
        tally.answered(&Answer { status: 429, ..Answer::default() }, now, None);
        tally.answered(&Answer { status: 200, events: 2, ..Answer::default() }, now, Some(3));
        tally.broke();
        let report = tally.report(Duration::from_secs(1));
        assert_eq!((&report["requests"], &report["bad"]), (&json!(3), &json!(3)));
    }
}
