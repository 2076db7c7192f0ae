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

/// The one `WasmPlugin`; of several the one that is named after ai-proxy, else the one that is configured like it.
/// All other documents are told to be left alone.
fn choose<'a>(context: &'a Context<'a>, roots: &[Item<'a>]) -> Option<Reader<'a>> {
    let kind = |map: &Reader<'_>| map.peek("kind").and_then(|item| item.verbatim());
    let mut plugins: Vec<Reader<'a>> =
        roots.iter().filter_map(Item::map).filter(|map| kind(map).as_deref() == Some("WasmPlugin")).collect();
    let telling = [is_named_so, is_configured_so].into_iter().find(|tells| plugins.iter().any(tells));
    if let Some(tells) = telling.filter(|_| plugins.len() > 1) {
        plugins.retain(tells);
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
    let is_plugin = |root: &&Item<'_>| plugins.iter().any(|map| std::ptr::eq(map.item.node, root.node));
    if !plugins.is_empty() {
        roots.iter().filter(|root| !is_plugin(root)).for_each(other);
    }
    plugins.into_iter().next()
}

/// A document that is not read: it may be for others, or hold keys that were meant for us.
fn other(root: &Item<'_>) {
    let kind = root.is_map().then(|| root.map()).flatten();
    let kind = kind.and_then(|map| map.peek("kind")).and_then(|item| item.verbatim());
    let (message, fix) = match &kind {
        Some(kind) => (format!("this document of the kind {kind} is not read"), "leave it to those it is for"),
        None => ("this document is not read".to_owned(), "put our own keys into the manifest's `spec.defaultConfig`"),
    };
    root.warn(Code::Ignored, &message, fix);
}

/// Whether the manifest's configuration has the keys of ai-proxy.
fn is_configured_so(map: &Reader<'_>) -> bool {
    let spec = map.peek("spec").and_then(|item| item.map());
    let configs = ["defaultConfig", "pluginConfig"].map(|key| spec.as_ref().and_then(|spec| spec.peek(key)));
    let keys = ["provider", "providers", "activeProviderId", "_rules_"];
    configs.iter().flatten().filter_map(Item::map).any(|config| keys.iter().any(|key| config.has(key)))
}

fn is_named_so(map: &Reader<'_>) -> bool {
    let text = |outer: &str, inner: &str| {
        let map = map.peek(outer).and_then(|item| item.map());
        map.and_then(|map| map.peek(inner)).and_then(|item| item.verbatim()).unwrap_or_default()
    };
    [("metadata", "name"), ("spec", "url"), ("spec", "image")]
        .iter()
        .any(|(outer, inner)| text(outer, inner).contains("ai-proxy"))
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
