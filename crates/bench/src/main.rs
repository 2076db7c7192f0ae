//! `claviger-bench`: what stands before and behind a gateway while it is measured.
//!
//! `mock` is a provider that answers from memory, `load` sends requests and says what came back. Both are one thread
//! with little to do, so that a proxy between them is what costs. They know no gateway and judge nothing: CPU, memory
//! and ratios are the business of `bench/run`.

mod answers;
mod http1;
mod load;
mod mock;

use clap::Parser;

/// A thin mock provider and a load generator, for measuring gateways.
#[derive(Parser, Debug)]
enum Command {
    /// Answers every request from memory, as `/__set` says.
    Mock(mock::Options),
    /// Sends requests and prints one line of JSON about the answers.
    Load(load::Options),
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Command::parse() {
        Command::Mock(options) => runtime.block_on(mock::run(options)),
        Command::Load(options) => runtime.block_on(load::run(options)),
    }
}
