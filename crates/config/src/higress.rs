//! The Higress plugin object: `provider`, or `providers` with `activeProviderId`, and `_rules_`.
//!
//! Read as leniently as that plugin reads. Our own top-level keys may stand beside theirs and are read strictly.
//! What is not active is not looked at.

mod rules;

use claviger_flow::Matcher;

pub(crate) use rules::{Matches, Rule, StandsFor};

use crate::plan::{EgressPlan, Form, Plan, ProviderPlan};
use crate::problem::Code;
use crate::provider::{self, Entry, Ids};
use crate::reader::{Item, Reader};
use crate::routes::{self, Placed};
use crate::suggest;
use crate::top::{self, Top};

/// What a configuration amounts to, however it was written.
pub(crate) struct Parts<'a> {
    pub(crate) form: Form,
    pub(crate) top: Top,
    pub(crate) root: Item<'a>,
    /// The part for requests no rule takes.
    pub(crate) global: Option<Reader<'a>>,
    /// In order.
    pub(crate) rules: Vec<Rule<'a>>,
    pub(crate) stands_for: StandsFor,
}

/// Reads a plugin object.
pub(crate) fn read(root: &Item<'_>, form: Form) -> Option<Plan> {
    let map = root.map()?;
    let top = top::read(Some(&map));
    let stands_for = StandsFor::read(map.own("higress").as_ref());
    let listed = map.get("_rules_").map(|item| item.list());
    let rules = listed.as_deref().unwrap_or_default().iter().map(rules::plugin_rule).collect::<Vec<_>>();
    let nothing_else = !["provider", "providers", "activeProviderId"].iter().any(|key| map.has(key));
    if listed.is_some_and(|rules| rules.is_empty()) && nothing_else {
        let fix = "write a rule or a `provider`, or remove `_rules_`";
        map.problem(crate::Severity::Error, Code::Missing, "_rules_", "there is no rule and nothing else", fix);
    }
    map.knows(["_plugin_id_"]);
    assemble(Parts { form, top, root: root.clone(), global: Some(map), rules, stands_for })
}

/// Builds the plan: a route for each rule that can match here, then one for the global part.
pub(crate) fn assemble(parts: Parts<'_>) -> Option<Plan> {
    let Parts { form, top, root, global, rules, stands_for } = parts;
    let mut builder = Builder::new(&top.egress);
    let mut placed = Vec::new();
    let count = rules.len();
    for (index, rule) in rules.into_iter().enumerate() {
        placed.extend(builder.rule(rule, index, global.as_ref(), &stands_for));
    }
    let mark = root.context.mark();
    let before = builder.entries.len();
    if let Some(map) = global {
        match active(&map, None) {
            Some(item) => {
                let index = builder.provider(&item);
                placed.push(builder.route("default", Matcher::default(), Some(index), &root));
            }
            None if count == 0 && root.context.errors_since(0) == 0 => {
                let fix = "write `provider: { type: …, apiTokens: […] }`, or `activeProviderId` beside `providers`";
                root.warn(Code::Ignored, "no provider is active, so no request can be served", fix);
            }
            None => {}
        }
        map.finish();
    }
    if count > 0 && root.context.errors_since(mark) > 0 {
        // as Higress does: usable rules count, a broken global part is left out
        root.context.downgrade(mark, "; the part outside the rules is left out");
        builder.forget_after(before);
        placed.retain(|placed| placed.route.name != "default");
    }
    let built: Vec<Option<&ProviderPlan>> = builder.entries.iter().map(|entry| entry.plan.as_ref()).collect();
    let routes = routes::finish(placed, &built, &builder.places);
    let providers: Option<Vec<_>> = builder.entries.into_iter().map(|entry| entry.plan).collect();
    Some(top.into_plan(form, providers?, routes))
}

/// The active provider of a part; `inherited` lends its `providers` when the part has none of its own.
fn active<'a>(map: &Reader<'a>, inherited: Option<&Reader<'a>>) -> Option<Item<'a>> {
    map.knows(["provider", "providers", "activeProviderId"]);
    if let Some(single) = map.peek("provider").filter(Item::is_map) {
        return Some(single);
    }
    let chosen = map.peek("activeProviderId")?;
    let wanted = chosen.text()?;
    let list = map.peek("providers").or_else(|| inherited.and_then(|map| map.peek("providers")));
    let entries = list.map(|item| item.list()).unwrap_or_default();
    let id = |item: &Item<'a>| item.map().and_then(|map| map.peek("id")).and_then(|item| item.verbatim());
    let found = entries.iter().find(|item| id(item).as_deref() == Some(wanted.as_str()));
    if found.is_none() {
        let ids: Vec<String> = entries.iter().filter_map(id).collect();
        let fix = match suggest::nearest(&wanted, ids.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name the `id` of one of `providers`".to_owned(),
        };
        chosen.warn(Code::Ignored, &format!("no provider has the id {wanted:?}, so none is active here"), &fix);
    }
    found.cloned()
}

/// The providers and routes made so far.
struct Builder<'a> {
    egress: EgressPlan,
    ids: Ids,
    entries: Vec<Entry>,
    /// Where each entry stands.
    places: Vec<Item<'a>>,
}

impl<'a> Builder<'a> {
    fn new(egress: &EgressPlan) -> Self {
        Self { egress: egress.clone(), ids: Ids::default(), entries: Vec::new(), places: Vec::new() }
    }

    fn known(&self, item: &Item<'a>) -> Option<usize> {
        self.places.iter().position(|place| std::ptr::eq(place.node, item.node))
    }

    /// The index of the provider that stands there; two rules that name one share it.
    fn provider(&mut self, item: &Item<'a>) -> usize {
        if let Some(index) = self.known(item) {
            return index;
        }
        let map = item.map();
        let text = |key| map.as_ref().and_then(|map| map.peek(key)).and_then(|item| item.verbatim());
        let wanted = text("id").filter(|id| !id.is_empty()).or_else(|| text("type"));
        let id = self.ids.take(&wanted.unwrap_or_else(|| "provider".to_owned()));
        self.entries.push(provider::read(item, &id, &self.egress));
        self.places.push(item.clone());
        self.entries.len() - 1
    }

    /// Checks what is never asked.
    fn check(&self, item: &Item<'a>) {
        if self.known(item).is_none() {
            provider::read(item, "unused", &self.egress);
        }
    }

    /// The route of a rule; `None` when it cannot match here.
    fn rule(
        &mut self,
        rule: Rule<'a>,
        index: usize,
        global: Option<&Reader<'a>>,
        stands_for: &StandsFor,
    ) -> Option<Placed<'a>> {
        let matcher = rule.matcher(stands_for);
        let item = rule.config.as_ref().and_then(|map| active(map, global));
        let placed = match (matcher, &item) {
            (Some(matcher), item) => {
                let provider = item.as_ref().map(|item| self.provider(item));
                Some(self.route(&format!("rule-{}", index + 1), matcher, provider, &rule.item))
            }
            (None, Some(item)) => {
                self.check(item);
                None
            }
            (None, None) => None,
        };
        rule.finish();
        placed
    }

    /// A route to one provider, or, without, one that serves nothing.
    fn route(&self, name: &str, matcher: Matcher, provider: Option<usize>, at: &Item<'a>) -> Placed<'a> {
        let hints = provider.and_then(|index| self.entries.get(index)).map(|entry| entry.hints).unwrap_or_default();
        let tiers = provider.map(|index| routes::tier([index])).into_iter().collect();
        Placed { route: routes::plain(name.to_owned(), matcher, tiers, hints), item: at.clone() }
    }

    fn forget_after(&mut self, count: usize) {
        self.entries.truncate(count);
        self.places.truncate(count);
    }
}
