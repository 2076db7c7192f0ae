//! Claviger's own form.

use claviger_flow::Matcher;

use crate::plan::{Form, Plan};
use crate::problem::Code;
use crate::provider::{self, Entry, Ids};
use crate::reader::{Item, Reader};
use crate::routes::{self, Placed};
use crate::top::{self, Top};

/// Reads the document; problems go to its context.
pub(crate) fn read(root: &Item<'_>) -> Option<Plan> {
    let map = root.map()?;
    let top = top::read(Some(&map));
    let items = match map.need("providers", "write `providers: [{ id: main, type: openai, apiTokens: […] }]`") {
        Some(item) => {
            let items = item.list();
            if item.is_list() && items.is_empty() {
                item.error(Code::Missing, "this list is empty", "write a provider: `{ id: main, type: openai, … }`");
            }
            items
        }
        None => Vec::new(),
    };
    let entries = entries(&items, &top);
    let placed = match map.get("routes") {
        Some(item) => routes::read(&item, &entries),
        None => vec![default_route(root, &entries)],
    };
    map.finish();
    let built: Vec<_> = entries.iter().map(|entry| entry.plan.as_ref()).collect();
    let routes = routes::finish(placed, &built, &items);
    let providers: Option<Vec<_>> = entries.into_iter().map(|entry| entry.plan).collect();
    Some(top.into_plan(Form::Own, providers?, routes))
}

/// All providers. Ids that stand in the file are taken before any is made up.
fn entries(items: &[Item<'_>], top: &Top) -> Vec<Entry> {
    let mut ids = Ids::default();
    let written: Vec<Option<String>> = items.iter().map(|item| id(item, &mut ids)).collect();
    let made_up = |item: &Item<'_>, ids: &mut Ids| {
        let kind = (item.is_map().then(|| item.map()).flatten())
            .and_then(|map| map.peek("type").and_then(|item| item.verbatim()))
            .unwrap_or_else(|| "provider".to_owned());
        ids.take(&kind)
    };
    let read = |(item, written): (&Item<'_>, Option<String>)| {
        let id = written.unwrap_or_else(|| made_up(item, &mut ids));
        provider::read(item, &id, &top.egress)
    };
    items.iter().zip(written).map(read).collect()
}

fn id(item: &Item<'_>, ids: &mut Ids) -> Option<String> {
    let map: Reader<'_> = item.is_map().then(|| item.map()).flatten()?;
    let item = map.peek("id")?;
    let id = item.filled("write a name, or remove it")?;
    if !ids.reserve(&id) {
        item.error(Code::Duplicate, &format!("two providers have the id {id:?}"), "give each an id of its own");
    }
    Some(id)
}

/// Without `routes`, everything goes to one tier of all providers.
fn default_route<'a>(root: &Item<'a>, entries: &[Entry]) -> Placed<'a> {
    let hints = entries.first().map(|entry| entry.hints).unwrap_or_default();
    let tiers = vec![routes::tier(0..entries.len())];
    Placed { route: routes::plain("default".to_owned(), Matcher::default(), tiers, hints), item: root.clone() }
}
