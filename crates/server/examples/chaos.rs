//! Load on a gateway of which 99 of 100 tokens are broken: nobody may notice.
//!
//! ```sh
//! cargo build --release -p claviger
//! cargo run --release -p claviger --example chaos              # 10 000 requests, 50 at once, half of them streams
//! cargo run --release -p claviger --example chaos -- --reload  # meanwhile the configuration changes every second
//! cargo run --release -p claviger --example chaos -- --sigterm # SIGTERM half way: what was accepted is answered
//! cargo run --release -p claviger --example chaos -- --span    # four vendors behind one model, clients of four protocols
//! ```
//!
//! Further: `--requests N` (with `--span` of each client), `--concurrency N`, `--tokens N` (one of them works),
//! `--gateway PATH` (default: `claviger` beside this program's folder). Prints counts and times; exit code 1 when a request failed or an accepted one was
//! lost.

use std::path::PathBuf;
use std::process::ExitCode;

use claviger_testkit::ScriptedUpstream;

use question::Question;

#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/question.rs"]
mod question;
#[path = "chaos/report.rs"]
mod report;
#[path = "chaos/setting.rs"]
mod setting;
#[path = "chaos/span.rs"]
mod span;

/// What to do.
#[derive(Clone, Debug)]
struct Options {
    requests: usize,
    concurrency: usize,
    tokens: usize,
    reload: bool,
    sigterm: bool,
    span: bool,
    gateway: PathBuf,
}

impl Options {
    fn read() -> Result<Self, String> {
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        // target/PROFILE/examples/chaos → target/PROFILE/claviger
        let beside = here.parent().and_then(std::path::Path::parent).map(|folder| folder.join("claviger"));
        let gateway = beside.unwrap_or_else(|| PathBuf::from("claviger"));
        let (requests, concurrency, tokens) = (10_000, 50, 100);
        let mut options = Self { requests, concurrency, tokens, reload: false, sigterm: false, span: false, gateway };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || {
                let value = words.next().and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
                value.ok_or_else(|| format!("{word} needs a number"))
            };
            match word.as_str() {
                "--requests" => options.requests = number()?,
                "--concurrency" => options.concurrency = number()?,
                "--tokens" => options.tokens = number()?,
                "--reload" => options.reload = true,
                "--sigterm" => options.sigterm = true,
                "--span" => options.span = true,
                "--gateway" => options.gateway = words.next().ok_or("--gateway needs a path")?.into(),
                other => return Err(format!("unknown option {other}")),
            }
        }
        if options.span {
            if options.reload {
                return Err("--span does not go with --reload".to_owned());
            }
            options.requests *= question::Client::ALL.len();
        }
        Ok(options)
    }

    /// The `number`th request.
    fn question(&self, number: usize) -> Question {
        match self.span {
            true => span::question(number),
            false => Question::new(question::Client::OpenAiChat, "gpt-4o-mini", number, number % 2 == 1),
        }
    }
}

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(why) => return report::refuse(&why),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(&options)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => report::refuse(&why),
    }
}

/// Whether all went well.
async fn run(options: &Options) -> Result<bool, String> {
    let script = if options.span { span::script() } else { setting::script(options.tokens) };
    let provider = ScriptedUpstream::start(script).await.map_err(|error| format!("no provider: {error}"))?;
    let configuration = match options.span {
        true => span::configuration(&provider.addr().to_string()),
        false => setting::configuration(options.tokens, &provider.url()),
    };
    let gateway = setting::Gateway::start(options, &configuration).await?;
    let changing = options.reload.then(|| gateway.change_every_second(options, provider.url()));
    let results = load::run(options, &gateway, &provider).await;
    if let Some(changing) = changing {
        changing.abort();
    }
    let sent = provider.seen().len();
    Ok(report::print(options, &results, sent))
}
