//! `claviger`: an AI gateway that never fails a request while one of your tokens still works.
//!
//! The binary reads the command line, loads the configuration, and runs. Everything it knows is in the crates below.

mod admin;
mod affinity;
mod banner;
mod checks;
mod classify;
mod cli;
mod clock;
mod context;
mod count;
mod demo;
mod drive;
mod exchange;
mod explain;
mod fetched;
mod ingress;
mod listen;
mod live;
mod memory;
mod models;
mod relay;
mod reload;
mod respond;
mod run;
mod shared;
mod side;
mod splice;
mod state;
mod tokens;
mod waiting;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
