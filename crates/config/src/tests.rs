//! Whole files in, plans and problems out.

mod accounts;
mod errors;
mod forms;
mod messages;
mod own;
mod samples;

use crate::{Loaded, Plan, Severity, Source, load};

/// Loads a text as `f.yaml`, with `KEY` in the environment and `/run/token` on disk.
pub(super) fn read(text: &str) -> Loaded {
    let env = |name: &str| (name == "KEY").then(|| "sk-from-env-0001".to_owned());
    let read_file = |path: &str| match path {
        "/run/token" => Ok("sk-from-file-01\n".to_owned()),
        "/run/empty" => Ok("\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    load(&Source { name: "f.yaml", text, env: &env, read_file: &read_file })
}

/// The plan of a text without errors.
pub(super) fn plan(text: &str) -> Plan {
    let loaded = read(text);
    loaded.plan.unwrap_or_else(|| panic!("{}", lines(&loaded.problems).join("\n")))
}

pub(super) fn lines(problems: &[crate::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// All problems as `LINE CODE PATH`, errors first letter `E`, warnings `W`.
pub(super) fn brief(text: &str) -> Vec<String> {
    let letter = |severity| match severity {
        Severity::Error => 'E',
        Severity::Warning => 'W',
    };
    let loaded = read(text);
    loaded.problems.iter().map(|p| format!("{} {} {} {}", letter(p.severity), p.line, p.code, p.path)).collect()
}

/// Who serves: each route's name, hosts and the ids in its tiers.
pub(super) fn routing(plan: &Plan) -> Vec<String> {
    let id = |index: usize| plan.providers[index].provider.id().to_owned();
    let route = |route: &std::sync::Arc<claviger_flow::Route>| {
        let tier = |tier: &claviger_flow::Tier| {
            tier.targets.iter().map(|target| id(target.provider)).collect::<Vec<_>>().join("+")
        };
        let tiers = route.tiers.iter().map(tier).collect::<Vec<_>>().join(" > ");
        format!("{} [{}] {tiers}", route.name, route.matcher.hosts.join(" ")).trim_end().to_owned()
    };
    plan.routes.routes.iter().map(route).collect()
}
