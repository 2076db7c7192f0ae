//! The Kubernetes manifest around the plugin object, alone or among others in one file.

use crate::context::{Context, Place};
use crate::higress::{self, Matches, Parts, Rule, StandsFor};
use crate::node::Node;
use crate::plan::{Form, Plan};
use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};
use crate::top;

/// Reads the manifest among the documents.
pub(crate) fn read(context: &Context<'_>, documents: &[&Node]) -> Option<Plan> {
    let roots: Vec<Item<'_>> = documents.iter().map(|node| Item::root(context, node, true)).collect();
    let manifest = choose(context, &roots)?;
    let Some(spec) = manifest.peek("spec").and_then(|item| item.map()) else {
        manifest.missing("spec", "write `spec: { defaultConfig: … }`");
        return None;
    };
    if let Some(whole) = spec.peek("pluginConfig").filter(Item::is_map) {
        return higress::read(&whole, Form::WasmPlugin);
    }
    let default = spec.peek("defaultConfig").and_then(|item| item.map());
    let top = top::read(default.as_ref());
    let stands_for = StandsFor::read(default.as_ref().and_then(|map| map.own("higress")).as_ref());
    let disabled = flag(&spec, "defaultConfigDisable");
    let rules = spec.peek("matchRules").map(|item| item.list()).unwrap_or_default();
    let rules: Vec<Rule<'_>> = rules.iter().filter_map(rule).collect();
    let global = default.filter(|_| !disabled);
    let root = spec.item.clone();
    higress::assemble(Parts { form: Form::WasmPlugin, top, root, global, rules, stands_for })
}

/// The one `WasmPlugin`; of several the one that is named after ai-proxy.
fn choose<'a>(context: &'a Context<'a>, roots: &[Item<'a>]) -> Option<Reader<'a>> {
    let kind = |map: &Reader<'_>| map.peek("kind").and_then(|item| item.verbatim());
    let mut plugins: Vec<Reader<'a>> =
        roots.iter().filter_map(Item::map).filter(|map| kind(map).as_deref() == Some("WasmPlugin")).collect();
    if plugins.len() > 1 {
        let (named, others): (Vec<_>, Vec<_>) = plugins.into_iter().partition(is_ai_proxy);
        plugins = if named.is_empty() { others } else { named };
    }
    if let Some(second) = plugins.get(1) {
        let message = "this is the second plugin of its kind in this file";
        second.item.error(Code::Duplicate, message, "keep one of them");
    }
    if plugins.is_empty() {
        let place = roots.first().map_or(Place { line: 1, column: 1 }, Item::place);
        let message = "no document has the kind WasmPlugin";
        let fix = "add the manifest of ai-proxy, or remove `kind`";
        context.report(Severity::Error, Code::Missing, place, "kind", message, fix);
    }
    plugins.into_iter().next()
}

fn is_ai_proxy(map: &Reader<'_>) -> bool {
    let text = |outer: &str, inner: &str| {
        let map = map.peek(outer).and_then(|item| item.map());
        map.and_then(|map| map.peek(inner)).and_then(|item| item.verbatim()).unwrap_or_default()
    };
    text("metadata", "name").contains("ai-proxy") || text("spec", "url").contains("ai-proxy")
}

fn flag(map: &Reader<'_>, key: &'static str) -> bool {
    map.peek(key).and_then(|item| item.flag()).unwrap_or(false)
}

/// A rule; `None` when it is disabled.
fn rule<'a>(item: &Item<'a>) -> Option<Rule<'a>> {
    let map = item.map()?;
    let texts = |key| map.get(key).map(|item| item.texts()).unwrap_or_default();
    let matches = Matches {
        routes: texts("ingress"),
        domains: texts("domain"),
        services: texts("service"),
        prefixes: Vec::new(),
    };
    let config = map.get("config").and_then(|item| item.map());
    let disabled = map.get("configDisable").and_then(|item| item.flag()).unwrap_or(false);
    map.knows(["routeType"]);
    map.finish();
    let rule = Rule { item: item.clone(), config, matches };
    if !disabled {
        rule.check("write `domain`, `ingress` or `service`");
    }
    (!disabled).then_some(rule)
}
