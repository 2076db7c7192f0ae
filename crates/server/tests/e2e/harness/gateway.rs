//! The gateway as a child process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::Value;

use super::{Answer, Config, Request, Stream, Wire, get, soon, until};

/// A running gateway. Dropping it kills it.
pub(crate) struct Gateway {
    child: Child,
    folder: Folder,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    data: SocketAddr,
    admin: SocketAddr,
}

/// A folder that goes with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("claviger-e2e-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a gateway with this configuration and waits until it says where it listens.
pub(crate) async fn launch(config: &Config) -> Gateway {
    Gateway::start(&config.yaml(), &[]).await
}

/// What `claviger check` says about a configuration: exit code and all output.
pub(crate) fn check(yaml: &str, flags: &[&str]) -> (Option<i32>, String) {
    let folder = Folder::new();
    let file = folder.path().join("claviger.yaml");
    std::fs::write(&file, yaml).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_claviger")).arg("check").args(flags).arg(&file).output().unwrap();
    let text = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8_lossy(&text).into_owned())
}

impl Gateway {
    /// Starts with this text as configuration file and these environment variables.
    pub(crate) async fn start(yaml: &str, env: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let file = folder.path().join("claviger.yaml");
        std::fs::write(&file, yaml).unwrap();
        let (child, out, err) = spawn(&folder, env);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut gateway = Self { child, folder, out, err, data: nowhere, admin: nowhere };
        (gateway.data, gateway.admin) = gateway.ports().await;
        gateway
    }

    /// Ends the process by this signal, lets `between` look at what it left, and starts it anew.
    pub(crate) async fn restart(&mut self, signal: &str, between: impl FnOnce(&Self)) {
        self.signal(signal);
        self.ended().await;
        between(self);
        (self.child, self.out, self.err) = spawn(&self.folder, &[]);
        (self.data, self.admin) = self.ports().await;
    }

    /// Everything in the folder of state files, by path.
    pub(crate) fn state_files(&self) -> Vec<PathBuf> {
        let listed = std::fs::read_dir(self.folder.path().join("state/claviger"));
        let mut files: Vec<_> = listed.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Data and admin port, from the banner.
    async fn ports(&mut self) -> (SocketAddr, SocketAddr) {
        let err = Arc::clone(&self.err);
        let child = &mut self.child;
        let find = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(name))?;
            let rest = line.split_once("://")?.1;
            rest.split(['/', ' ']).next()?.parse().ok()
        };
        let mut look = || {
            let text = err.lock().clone();
            let banner = text.contains("  routes ").then(|| (find(&text, "data "), find(&text, "admin ")));
            if let Some((Some(data), admin)) = banner {
                let none = SocketAddr::from(([0, 0, 0, 0], 0));
                return Some((data, admin.unwrap_or(none)));
            }
            assert!(child.try_wait().unwrap().is_none(), "the gateway did not start:\n{}", err.lock());
            None
        };
        until("the gateway says where it listens", || std::future::ready(look())).await
    }

    pub(crate) fn data(&self) -> SocketAddr {
        self.data
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("claviger.yaml")
    }

    /// Puts another configuration in the file's place at once, as editors and config maps do.
    pub(crate) fn rewrite(&self, yaml: &str) {
        let new = self.folder.path().join("new.yaml");
        std::fs::write(&new, yaml).unwrap();
        std::fs::rename(new, self.file()).unwrap();
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire::open(self.data).await
    }

    /// Asks on a connection of its own.
    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.wire().await.ask(request).await
    }

    /// Asks, and hands the answer over once its head is there.
    pub(crate) async fn open(&self, request: &Request) -> Stream {
        self.wire().await.stream(request).await
    }

    pub(crate) async fn admin_page(&self, request: &Request) -> Answer {
        Wire::open(self.admin).await.ask(request).await
    }

    /// `/state`.
    pub(crate) async fn state(&self) -> Value {
        self.admin_page(&get("/state")).await.json()
    }

    /// All credentials of `/state`.
    pub(crate) async fn credentials(&self) -> Vec<Value> {
        let state = self.state().await;
        let providers = state["providers"].as_array().unwrap();
        providers.iter().flat_map(|provider| provider["credentials"].as_array().unwrap().clone()).collect()
    }

    /// The state's name of every credential, in the order of the configuration.
    pub(crate) async fn standings(&self) -> Vec<String> {
        self.credentials().await.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    }

    /// How many attempts run.
    pub(crate) async fn in_flight(&self) -> u64 {
        self.credentials().await.iter().map(|one| one["in_flight"].as_u64().unwrap()).sum()
    }

    pub(crate) async fn idle(&self) {
        until("no attempt runs", || async { (self.in_flight().await == 0).then_some(()) }).await;
    }

    pub(crate) fn stdout(&self) -> String {
        self.out.lock().clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.err.lock().clone()
    }

    /// The receipts written so far.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        let text = self.stdout();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line.get("request_id").is_some()).collect()
    }

    /// The receipt of the request that was answered with this.
    pub(crate) async fn receipt(&self, answer: &Answer) -> Value {
        let id = answer.header("x-request-id").expect("every answer carries its id").to_owned();
        self.receipt_of(&id).await
    }

    pub(crate) async fn receipt_of(&self, id: &str) -> Value {
        let find = || self.receipts().into_iter().find(|receipt| receipt["request_id"] == *id);
        until("the receipt is written", || std::future::ready(find())).await
    }

    pub(crate) async fn says(&self, words: &str) {
        let said = || (self.stderr().contains(words) || self.stdout().contains(words)).then_some(());
        until(&format!("the gateway says `{words}`"), || std::future::ready(said())).await;
    }

    /// Sends a signal by its short name.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        until("the gateway ends", || std::future::ready(child.try_wait().unwrap())).await
    }

    /// Shows that it still serves, on a connection of its own.
    pub(crate) async fn still_serves(&self) {
        let answer = soon("an ordinary request is served", self.ask(&super::chat("are you there"))).await;
        assert_eq!(answer.status, 200, "an ordinary request: {}", answer.text());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let (out, err) = (self.stdout(), self.stderr());
            let last = out.lines().rev().take(20).collect::<Vec<_>>();
            println!(
                "--- the gateway's standard error:\n{err}\n--- its last receipts, newest first:\n{}",
                last.join("\n")
            );
        }
    }
}

type Output = Arc<Mutex<String>>;

/// A gateway with the configuration in this folder, which also takes its state file.
fn spawn(folder: &Folder, env: &[(&str, &str)]) -> (Child, Output, Output) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["serve", "--config"])
        .arg(folder.path().join("claviger.yaml"))
        .env_remove("STATE_DIRECTORY")
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = collect(child.stdout.take().unwrap());
    let err = collect(child.stderr.take().unwrap());
    (child, out, err)
}

/// Gathers what comes out of a pipe.
fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            sink.lock().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    text
}
