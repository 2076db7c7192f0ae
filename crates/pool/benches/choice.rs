//! What a choice costs, by the number of credentials; what two threads get done; how large a cell is.
//!
//! `cargo bench -p claviger-pool`. The budgets (DESIGN section 7): 1 µs at 100 credentials, 5 µs at 10 000, 20 µs at
//! 100 000.

#![expect(clippy::expect_used, reason = "a benchmark may stop at what cannot happen")]

use std::sync::Mutex;
use std::time::Duration;

use claviger_pool::{CredentialSpec, End, Lease, Need, Pool, ProviderId, ProviderSpec, Strategy, Turn};
use claviger_types::{Class, Moment, Secret, Verdict};

fn main() {
    divan::main();
}

const SIZES: [usize; 4] = [10, 100, 10_000, 100_000];

struct Bench {
    pool: Pool,
    provider: ProviderId,
    now: Moment,
    dice: u64,
}

impl Bench {
    fn new(credentials: usize, strategy: Strategy) -> Self {
        let spec = |i: usize| CredentialSpec {
            weight: 1 + (i % 7) as u32,
            ..CredentialSpec::new(Secret::new(format!("key-{i}")).fingerprint())
        };
        let credentials = (0..credentials).map(spec).collect();
        let mut pool = Pool::new();
        let spec = ProviderSpec { id: "p".to_owned(), strategy, credentials, ..ProviderSpec::default() };
        let provider = pool.reconcile(Moment::START, &[spec]).providers[0];
        let mut bench = Self { pool, provider, now: Moment::START.plus(Duration::from_secs(1)), dice: 1 };
        // a life before: everything has been asked, some in ten fails, a few are in flight
        for i in 0..20_000 {
            let lease = bench.lease();
            let failed = i % 10 == 0;
            let end = if failed { End::Said(Verdict::of(Class::ServerError, "bench")) } else { End::Good };
            bench.settle(lease, end);
        }
        bench
    }

    fn lease(&mut self) -> Lease {
        self.now = self.now.plus(Duration::from_micros(100));
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let targets = [(self.provider, "gpt-4o-mini")];
        let need = Need { affinity: Some(self.dice % 1000), cost: 100, ..Need::first(&targets) };
        self.pool.lease(self.now, &need, self.dice).expect("healthy")
    }

    fn settle(&mut self, lease: Lease, end: End) {
        self.now = self.now.plus(Duration::from_micros(100));
        self.pool.settle(self.now, lease, end, self.dice);
    }
}

/// A lease, its first content, its end: everything the pool does for one request.
#[divan::bench(args = SIZES)]
fn lease_and_settle(bencher: divan::Bencher<'_, '_>, credentials: usize) {
    let mut bench = Bench::new(credentials, Strategy::Weighted);
    bencher.bench_local(move || {
        let lease = bench.lease();
        bench.settle(lease, End::Good);
    });
}

/// The same with 64 requests in flight: as many blocks changed since the last look as are usual.
#[divan::bench(args = SIZES)]
fn busy_lease_and_settle(bencher: divan::Bencher<'_, '_>, credentials: usize) {
    let mut bench = Bench::new(credentials, Strategy::Weighted);
    let mut flying: std::collections::VecDeque<Lease> = (0..64).map(|_| bench.lease()).collect();
    bencher.bench_local(move || {
        flying.push_back(bench.lease());
        if let Some(lease) = flying.pop_front() {
            bench.settle(lease, End::Good);
        }
    });
}

/// A failure of one and a rescue by another.
#[divan::bench(args = SIZES)]
fn rescue(bencher: divan::Bencher<'_, '_>, credentials: usize) {
    let mut bench = Bench::new(credentials, Strategy::Weighted);
    bencher.bench_local(move || {
        let first = bench.lease();
        let tried = [first.credential()];
        bench.settle(first, End::Said(Verdict::of(Class::BadRequest, "bench")));
        let targets = [(bench.provider, "gpt-4o-mini")];
        let need = Need { tried: &tried, turn: Turn::Rescue, ..Need::first(&targets) };
        let lease = bench.pool.lease(bench.now, &need, 1).expect("healthy");
        bench.settle(lease, End::Good);
    });
}

/// The other strategies, at ten thousand.
#[divan::bench(args = [Strategy::Priority, Strategy::LeastLatency, Strategy::RoundRobin, Strategy::Random, Strategy::Sticky])]
fn strategies(bencher: divan::Bencher<'_, '_>, strategy: Strategy) {
    let mut bench = Bench::new(10_000, strategy);
    bencher.bench_local(move || {
        let lease = bench.lease();
        bench.settle(lease, End::Good);
    });
}

/// A thousand requests by one or two threads on one pool behind one lock.
#[divan::bench(args = [1, 2], sample_count = 20)]
fn threads(bencher: divan::Bencher<'_, '_>, threads: usize) {
    let bench = Mutex::new(Bench::new(100, Strategy::Weighted));
    bencher.counter(divan::counter::ItemsCount::new(20_000_usize)).bench(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..20_000 / threads {
                        let lease = bench.lock().expect("no panic").lease();
                        bench.lock().expect("no panic").settle(lease, End::Good);
                    }
                });
            }
        });
    });
}
