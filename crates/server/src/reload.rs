//! A new configuration on SIGHUP or when a file changes: whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use claviger_config::{Loaded, Plan, Severity, Source};
use claviger_net::NetError;

use crate::live::Live;
use crate::shared::Shared;

/// How often files are looked at. Polling, because mounted secrets and config maps are replaced by renaming folders,
/// which file events miss.
const LOOK: Duration = Duration::from_millis(500);

/// Reads a configuration from disk and the environment.
pub(crate) fn read(path: &Path) -> Result<(String, Loaded), std::io::Error> {
    let text = std::fs::read_to_string(path)?;
    let loaded = load(&path.display().to_string(), &text);
    Ok((text, loaded))
}

/// Loads a configuration text; secrets come from the environment and from files.
pub(crate) fn load(name: &str, text: &str) -> Loaded {
    let env = |variable: &str| std::env::var(variable).ok();
    let read_file = |path: &str| {
        std::fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|error| error.to_string())
    };
    claviger_config::load(&Source { name, text, env: &env, read_file: &read_file })
}

/// Watches and reloads until the process ends. `read`: what [`stamp`] said of the configuration before it was read.
pub(crate) async fn watch(shared: Arc<Shared>, path: PathBuf, mut files: Vec<String>, read: Stamp) {
    let mut hangup = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "cannot listen for SIGHUP: the configuration is not reloaded");
            return;
        }
    };
    let mut seen = stamp(&path, &files);
    // it may have changed between its first reading and now
    let mut again = read != stamp(&path, &[]);
    loop {
        if !again {
            tokio::select! {
                _ = hangup.recv() => {}
                () = tokio::time::sleep(LOOK) => {
                    if stamp(&path, &files) == seen {
                        continue;
                    }
                }
            }
        }
        // before they are read: what changes meanwhile is noticed the next time
        seen = stamp(&path, &files);
        let done = reload(&shared, &path);
        shared.telemetry.reloaded(done.is_some());
        // files that are new to us may have changed after they were read and before anybody looked at them
        again = done.as_ref().is_some_and(|now_read| *now_read != files);
        files = done.unwrap_or(files);
    }
}

/// Returns the files the new configuration reads secrets from, or `None` when the old one stays.
fn reload(shared: &Shared, path: &Path) -> Option<Vec<String>> {
    let loaded = match read(path) {
        Ok((_, loaded)) => loaded,
        Err(error) => {
            tracing::error!(file = %path.display(), %error, "cannot read the configuration; the old one stays");
            return None;
        }
    };
    for problem in &loaded.problems {
        match problem.severity {
            Severity::Error => tracing::error!("{problem}"),
            Severity::Warning => tracing::warn!("{problem}"),
        }
    }
    let Some(plan) = loaded.plan else {
        tracing::error!(file = %path.display(), "the configuration has errors; the old one stays in force");
        return None;
    };
    let old = shared.live();
    if plan.listen != old.plan.listen || plan.admin != old.plan.admin {
        tracing::warn!("`listen` and `admin` take effect at the next start");
    }
    if plan.state_file != old.plan.state_file {
        tracing::warn!("`stateFile` takes effect at the next start");
    }
    let live = match replace(shared, plan) {
        Ok(live) => live,
        Err(error) => {
            tracing::error!(%error, "the configuration cannot be used; the old one stays in force");
            return None;
        }
    };
    let (providers, credentials) = (live.plan.providers.len(), live.credentials());
    shared.net.retain(&|endpoint| live.supplies.iter().any(|supply| supply.egress == endpoint.egress));
    // who waits may find a new credential
    shared.waiting.wake();
    tracing::info!(providers, credentials, "configuration reloaded");
    Some(loaded.files)
}

/// Puts the plan in force. The pool stays locked meanwhile: nobody is given a credential of which nobody knows the key.
fn replace(shared: &Shared, plan: Plan) -> Result<Arc<Live>, NetError> {
    let old = shared.live();
    let mut pool = shared.pool.lock();
    let live = Arc::new(Live::build(plan, Some(&old), &mut pool, shared.clock.now())?);
    shared.live.store(Arc::clone(&live));
    Ok(live)
}

pub(crate) type Stamp = Vec<Option<(SystemTime, u64)>>;

/// When the files were last changed, and how long they are.
pub(crate) fn stamp(path: &Path, files: &[String]) -> Stamp {
    let of = |path: &Path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    std::iter::once(of(path)).chain(files.iter().map(|file| of(Path::new(file)))).collect()
}
