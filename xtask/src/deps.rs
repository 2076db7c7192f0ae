//! The architecture as a table: which crate may depend on which, and what the pure crates must not touch.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::size;

/// What a crate may depend on within the workspace.
struct Layer {
    name: &'static str,
    /// Decides without socket, clock, lock, log or dice; time and chance are arguments.
    pure: bool,
    uses: &'static [&'static str],
}

const fn pure(name: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, pure: true, uses }
}

const fn acting(name: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, pure: false, uses }
}

const TYPES: &str = "claviger-types";
const POOL: &str = "claviger-pool";
const WIRE: &str = "claviger-wire";
const DIALECTS: &str = "claviger-dialects";
const PROVIDERS: &str = "claviger-providers";
const FLOW: &str = "claviger-flow";
const CONFIG: &str = "claviger-config";
const NET: &str = "claviger-net";
const TELEMETRY: &str = "claviger-telemetry";
const TESTKIT: &str = "claviger-testkit";

/// Every crate of the workspace, in dependency order.
const LAYERS: [Layer; 14] = [
    pure(TYPES, &[]),
    pure(POOL, &[TYPES]),
    pure(WIRE, &[TYPES]),
    pure(DIALECTS, &[TYPES, WIRE]),
    pure(PROVIDERS, &[TYPES, WIRE, DIALECTS]),
    pure(FLOW, &[TYPES, POOL, WIRE, DIALECTS, PROVIDERS]),
    pure(CONFIG, &[TYPES, POOL, WIRE, PROVIDERS, FLOW]),
    acting(NET, &[TYPES]),
    acting(TELEMETRY, &[TYPES]),
    acting(TESTKIT, &[TYPES]),
    acting("claviger", &[TYPES, POOL, WIRE, DIALECTS, PROVIDERS, FLOW, CONFIG, NET, TELEMETRY, TESTKIT]),
    acting("claviger-sim", &[TYPES, POOL, WIRE, PROVIDERS, FLOW]),
    acting("claviger-bench", &[]),
    acting("xtask", &[TYPES, DIALECTS, PROVIDERS, CONFIG]),
];

/// What a pure crate must not depend on, tests aside.
const IMPURE_CRATES: [&str; 11] =
    ["tokio", "hyper", "hyper-util", "rand", "fastrand", "tracing", "log", "parking_lot", "arc-swap", "mio", "socket2"];

/// What a pure crate must not call.
const IMPURE_CALLS: [&str; 7] =
    ["Instant::now", "SystemTime::now", "thread::sleep", "thread::spawn", "TcpStream", "TcpListener", "UdpSocket"];

/// The packages of the workspace.
pub(crate) fn members(metadata: &Value) -> Vec<&Value> {
    metadata["packages"].as_array().map(|packages| packages.iter().collect()).unwrap_or_default()
}

/// Every dependency that the table does not allow.
pub(crate) fn arrows(metadata: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for package in members(metadata) {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == name) else {
            problems.push(format!("{name} has no layer: give it one in xtask/src/deps.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            problems.extend(refusal(layer, to, for_tests).map(|why| format!("{name} -> {to}: {why}")));
        }
    }
    problems
}

/// Why `layer` may not depend on `to`, if it may not.
fn refusal(layer: &Layer, to: &str, for_tests: bool) -> Option<&'static str> {
    let ours = LAYERS.iter().any(|other| other.name == to);
    if ours && !layer.uses.contains(&to) && !(for_tests && to == TESTKIT) {
        return Some("this arrow is not in the table of layers (xtask/src/deps.rs)");
    }
    let impure = layer.pure && !for_tests && IMPURE_CRATES.contains(&to);
    impure.then_some("a pure crate has no socket, clock, lock, log or dice")
}

/// Every line of a pure crate's source that reads a clock, opens a socket or starts a thread.
pub(crate) fn impurities(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for layer in LAYERS.iter().filter(|layer| layer.pure) {
        let folder = layer.name.strip_prefix("claviger-").unwrap_or(layer.name);
        for file in size::sources(&root.join("crates").join(folder).join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            for (number, call) in impure_lines(&text) {
                let path = file.strip_prefix(root).unwrap_or(&file).display();
                problems.push(format!("{path}:{number}: {call} in a pure crate: take it as an argument"));
            }
        }
    }
    Ok(problems)
}

fn impure_lines(text: &str) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(|(at, line)| IMPURE_CALLS.into_iter().find(|call| line.contains(call)).map(|call| (at + 1, call)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn depends(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        arrows(&json!({ "packages": [{ "name": from, "dependencies": [{ "name": to, "kind": kind }] }] }))
    }

    #[test]
    fn an_arrow_is_allowed_only_as_the_table_says() {
        assert!(depends("claviger-pool", "claviger-types", None).is_empty());
        assert_eq!(depends("claviger-types", "claviger-pool", None).len(), 1);
        assert_eq!(depends("claviger-pool", "claviger-wire", None).len(), 1);
        assert_eq!(depends("claviger-pool", "claviger-wire", Some("dev")).len(), 1);
        assert_eq!(depends("claviger-net", "claviger", None).len(), 1);
        assert!(depends("claviger", "claviger-net", None).is_empty());
    }

    #[test]
    fn the_testkit_is_for_tests() {
        assert!(depends("claviger-net", "claviger-testkit", Some("dev")).is_empty());
        assert_eq!(depends("claviger-net", "claviger-testkit", None).len(), 1);
    }

    #[test]
    fn a_pure_crate_may_use_a_runtime_in_its_tests_only() {
        assert_eq!(depends("claviger-flow", "tokio", None).len(), 1);
        assert_eq!(depends("claviger-flow", "tokio", Some("build")).len(), 1);
        assert!(depends("claviger-flow", "tokio", Some("dev")).is_empty());
        assert!(depends("claviger-net", "tokio", None).is_empty());
    }

    #[test]
    fn a_crate_without_a_layer_is_refused() {
        assert_eq!(depends("claviger-new", "serde", None).len(), 1);
    }

    #[test]
    fn each_layer_uses_only_those_above_it() {
        for (at, layer) in LAYERS.iter().enumerate() {
            for used in layer.uses {
                assert!(LAYERS[..at].iter().any(|above| above.name == *used), "{} -> {used}", layer.name);
            }
        }
    }

    #[test]
    fn a_clock_is_found_in_code_and_not_in_comments() {
        let text = "// never Instant::now\nlet now = Instant::now();\n";
        assert_eq!(impure_lines(text).collect::<Vec<_>>(), [(2, "Instant::now")]);
    }
}
