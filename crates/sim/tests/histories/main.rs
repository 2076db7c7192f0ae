//! Thousands of random histories of the real pool and flow: faults, clock jumps, reloads, clients that leave; laws are
//! looked at after every step. A history that breaks one prints its seed; `CLAVIGER_SEED=n` plays just that one, and
//! `CLAVIGER_HISTORIES=n` says how many are played.

mod fate;
mod laws;
mod plan;
mod play;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::play::History;

const USUAL: u64 = 2000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_history_keeps_the_laws() {
    let play = |seed: u64| History::new(seed).play().err().map(|broken| format!("seed {seed}: {}", broken.0));
    if let Some(seed) = number("CLAVIGER_SEED") {
        assert_eq!(play(seed), None);
        return;
    }
    let (next, most) = (AtomicU64::new(0), number("CLAVIGER_HISTORIES").unwrap_or(USUAL));
    let work = || {
        let seeds = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < most));
        seeds.filter_map(play).collect::<Vec<String>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut broken: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a history panicked")).collect()
    });
    broken.sort();
    for line in &broken {
        println!("{line}");
    }
    assert!(broken.is_empty(), "{} of {most} histories broke a law; replay one with CLAVIGER_SEED=n", broken.len());
}
