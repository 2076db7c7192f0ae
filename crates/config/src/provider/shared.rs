//! The fields every type has: protocol, mapping, paths, message hygiene.

use claviger_providers::{BasePathHandling, ContextFile, CustomSetting, Protocol, SettingMode, Settings};

use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};

/// Fills in everything but the credentials and the type's own options.
pub(super) fn read(map: &Reader<'_>, settings: &mut Settings) {
    let text = |key| map.get(key).and_then(|item| item.text()).unwrap_or_default();
    let flag = |key| map.get(key).and_then(|item| item.flag()).unwrap_or(false);
    settings.protocol = map.get("protocol").and_then(|item| protocol(&item)).unwrap_or_default();
    settings.model_mapping = map.get("modelMapping").map(|item| pairs(&item)).unwrap_or_default();
    settings.capabilities = map.get("capabilities").map(|item| pairs(&item)).unwrap_or_default();
    settings.custom_settings =
        map.get("customSettings").map(|item| item.list().iter().filter_map(custom).collect()).unwrap_or_default();
    settings.base_path = text("basePath");
    settings.base_path_handling = map.get("basePathHandling").map(|item| handling(&item)).unwrap_or_default();
    settings.provider_base_path = text("providerBasePath");
    settings.provider_domain = text("providerDomain");
    let commands = map.get("contextCleanupCommands").map(|item| item.texts()).unwrap_or_default();
    settings.cleanup_commands = commands.into_iter().filter(|command| !command.is_empty()).collect();
    let both = flag("hiclawMode");
    settings.merge_messages = flag("mergeConsecutiveMessages") || both;
    settings.promote_thinking = flag("promoteThinkingOnEmpty") || both;
    settings.response_json_schema =
        map.get("responseJsonSchema").and_then(|item| item.map().and_then(|map| map.item.json()));
    settings.context = map.get("context").and_then(|item| context(&item));
}

fn protocol(item: &Item<'_>) -> Option<Protocol> {
    item.choice(&[("openai", Protocol::OpenAi), ("original", Protocol::Original)])
}

/// Texts as they are written: replacements of expressions have dollar signs of their own.
fn pairs(item: &Item<'_>) -> Vec<(String, String)> {
    let Some(map) = item.map() else { return Vec::new() };
    let pair = |(key, item): (&crate::node::Key, Item<'_>)| Some((key.text.clone(), item.verbatim()?));
    map.entries().filter_map(pair).collect()
}

fn handling(item: &Item<'_>) -> BasePathHandling {
    let words = [("removePrefix", BasePathHandling::RemovePrefix), ("prepend", BasePathHandling::Prepend)];
    if !item.lenient {
        return item.choice(&words).unwrap_or_default();
    }
    let Some(text) = item.text() else { return BasePathHandling::default() };
    let Some((_, handling)) = words.iter().find(|(word, _)| *word == text) else {
        let message = format!("{text:?} is not known, so `basePath` does nothing");
        item.warn(Code::Ignored, &message, "write `removePrefix` or `prepend`");
        return BasePathHandling::Ignore;
    };
    *handling
}

/// One of `customSettings`; Higress drops a bad one without a word, we with one.
fn custom(item: &Item<'_>) -> Option<CustomSetting> {
    let found = item.map().and_then(|map| {
        let name = map.get("name").and_then(|item| item.text()).filter(|name| !name.is_empty());
        let value = map.get("value").and_then(|item| item.json());
        let words = [("auto", SettingMode::Auto), ("raw", SettingMode::Raw)];
        let mode = match map.get("mode") {
            None => Some(SettingMode::Auto),
            Some(item) if item.lenient => {
                let text = item.text().unwrap_or_default();
                words.iter().find(|(word, _)| *word == text || text.is_empty()).map(|(_, mode)| *mode)
            }
            Some(item) => item.choice(&words),
        };
        let overwrite = map.get("overwrite").and_then(|item| item.flag()).unwrap_or(true);
        if !item.lenient {
            if name.is_none() {
                map.missing("name", "name the parameter");
            }
            if value.is_none() {
                map.missing("value", "write the value to send");
            }
        }
        map.finish();
        Some(CustomSetting { name: name?, value: value?, mode: mode?, overwrite })
    });
    if found.is_none() && item.lenient {
        item.warn(Code::Ignored, "this has no usable `name`, `value` or `mode`, so it is left out", "complete it");
    }
    found
}

/// A `context` file. The Higress forms must name the cluster that has it; here the URL does.
fn context(item: &Item<'_>) -> Option<ContextFile> {
    let map = item.map()?;
    let url = map.get("fileUrl").and_then(|item| item.text());
    if map.get("serviceName").and_then(|item| item.text()).is_none_or(|name| name.is_empty()) && item.lenient {
        map.missing("serviceName", "name the service that has the file");
    }
    let port = map.get("servicePort").and_then(|item| item.whole(1, 65535)).and_then(|port| u16::try_from(port).ok());
    if port.is_none() && item.lenient {
        map.missing("servicePort", "write the port of that service");
    }
    if map.has("url") {
        map.knows(["url"]);
        let message = "`url` is not read";
        map.problem(Severity::Warning, Code::Ignored, "url", message, "did you mean `fileUrl`?");
    }
    let found = url.as_deref().and_then(|url| ContextFile::new(url, port, !item.lenient));
    if url.is_none() {
        map.missing("fileUrl", "write the URL of the file");
    } else if found.is_none() {
        let fix = "write one such as `http://files.example/context.txt`";
        map.problem(Severity::Error, Code::Invalid, "fileUrl", "this is no URL", fix);
    }
    map.finish();
    found
}
