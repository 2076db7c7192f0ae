//! The provider with its broken tokens, and the gateway in front of it as a child process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use claviger_testkit::{Fault, FaultKind, Script, TokenScript};

use super::Options;

fn token(number: usize) -> String {
    let spread = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("sk-chaos-{spread:016x}{:016x}", spread.rotate_left(29))
}

/// The way the `number`th token is broken.
fn broken(number: usize) -> TokenScript {
    match number % 7 {
        0 => TokenScript::status(401),
        1 => TokenScript::status(402),
        2 => TokenScript::status(403),
        3 => TokenScript::healthy().fault(Fault::status(429).header("retry-after", "3600")),
        4 => TokenScript::status(500),
        5 => TokenScript::broken(FaultKind::Reset),
        _ => TokenScript::broken(FaultKind::StallHead),
    }
}

/// All tokens but the last are broken; two more, healthy, come and go with `--reload`.
pub(crate) fn script(tokens: usize) -> Script {
    let healthy = [token(tokens - 1), token(tokens)];
    (0..tokens - 1).fold(Script::new().healthy(healthy), |script, n| script.token(token(n), broken(n)))
}

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    file: PathBuf,
    pub(crate) data: SocketAddr,
}

pub(crate) fn configuration(tokens: usize, url: &str) -> String {
    let mut text = String::from("listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\nlog: { receipts: false }\n");
    text.push_str(&format!(
        "providers:\n  - id: main\n    type: openai\n    openaiCustomUrl: {url}/v1\n    apiTokens:\n"
    ));
    for number in 0..tokens {
        text.push_str(&format!("      - {}\n", token(number)));
    }
    text
}

impl Gateway {
    pub(crate) async fn start(options: &Options, configuration: &str) -> Result<Self, String> {
        let file = std::env::temp_dir().join(format!("claviger-chaos-{}.yaml", std::process::id()));
        std::fs::write(&file, configuration).map_err(|error| error.to_string())?;
        let mut child = Command::new(&options.gateway)
            .args(["serve", "--config"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", options.gateway.display()))?;
        let Some(pipe) = child.stderr.take() else { return Err("no standard error".to_owned()) };
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(pipe);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
                let found = line.trim_start().strip_prefix("data ").and_then(|rest| rest.split_once("://"));
                if let Some(data) = found.and_then(|(_, rest)| rest.split('/').next()?.parse().ok()) {
                    // what it says later is of no interest, but must not block it
                    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
                    return Some(data);
                }
                line.clear();
            }
            None
        });
        let found = tokio::time::timeout(Duration::from_secs(20), reading).await;
        match found {
            Ok(Ok(Some(data))) => Ok(Self { child, file, data }),
            Ok(_) | Err(_) => {
                let _ = child.kill();
                Err("the gateway did not say where it listens".to_owned())
            }
        }
    }

    /// Adds a healthy token and takes it away again, second by second.
    pub(crate) fn change_every_second(&self, options: &Options, url: String) -> tokio::task::JoinHandle<()> {
        let (file, tokens) = (self.file.clone(), options.tokens);
        tokio::spawn(async move {
            for round in 1.. {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let new = file.with_extension("new");
                let _ = std::fs::write(&new, configuration(tokens + round % 2, &url));
                let _ = std::fs::rename(&new, &file);
            }
        })
    }

    pub(crate) fn terminate(&self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.file);
    }
}
