//! The scripted provider as a program: `scripted-upstream [--listen ADDR] [--script FILE | --demo | --recordings DIR]`.
//!
//! Prints `listening on http://ADDR` and serves until it is killed. Without a script every token is accepted.

use std::{error::Error, io::Write as _, net::SocketAddr, path::Path};

use claviger_testkit::{Script, ScriptedUpstream, demo_script, recordings};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut script = Script::accepting_all();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--listen" => listen = value()?.parse()?,
            "--script" => script = serde_json::from_slice(&std::fs::read(value()?)?)?,
            "--recordings" => script = script.playback(&recordings::load(Path::new(&value()?))?),
            "--demo" => script = demo_script(),
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        let running = ScriptedUpstream::start_with_controls(listen, script).await?;
        let mut out = std::io::stdout();
        writeln!(out, "listening on {}", running.url())?;
        out.flush()?;
        running.wait().await;
        Ok(())
    })
}
