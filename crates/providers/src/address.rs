//! Where a provider is: host, TLS, and the place of each operation, from row and settings.
//!
//! Worked out once per configuration. Knows no request.

use claviger_dialects::Protocol as Speaks;
use claviger_types::Operation;

use crate::check::{may_be_added, problem};
use crate::path::{self, Place};
use crate::row::Row;
use crate::settings::{BasePathHandling, Protocol, SettingProblem, Settings};
use crate::speech::converts;
use crate::url::{Url, has_parameter};

/// The option that says everything about an Azure provider.
const AZURE: &str = "azureServiceUrl";

/// The option that says in which of OpenAI's two protocols conversations are held.
pub(crate) const DIALECT: &str = "dialect";
/// Its values.
pub(crate) const DIALECTS: [&str; 2] = ["chat", RESPONSES];
const RESPONSES: &str = "responses";

/// A provider's whereabouts.
#[derive(Debug)]
pub(crate) struct Address {
    /// Whether TLS is spoken.
    pub(crate) tls: bool,
    /// Host and port, without the default one; empty: the client's host.
    pub(crate) authority: String,
    /// One entry per [`Operation`], in declaration order; `None`: not served.
    places: Vec<Option<Place>>,
    /// Other places for streams.
    stream_places: Vec<(Operation, Place)>,
    /// Added to every query.
    pub(crate) query: Option<String>,
}

impl Address {
    /// Works it out. The settings have been found valid.
    pub(crate) fn new(row: &Row, settings: &Settings) -> Self {
        let mut address = if row.azure { azure(row, settings) } else { plain(row, settings) };
        let domain = Url::parse(&settings.provider_domain).filter(|url| !url.authority.is_empty());
        if let Some(url) = domain {
            address.tls = url.tls(address.tls);
            address.authority = url.host(address.tls);
        }
        let strips = !settings.base_path.is_empty() && settings.base_path_handling == BasePathHandling::RemovePrefix;
        let original = settings.protocol == Protocol::Original;
        if original && (row.keeps_original_path || strips) {
            address.places.fill(Some(Place::Kept));
            address.stream_places.clear();
            address.query = None;
        } else if row.keeps_path {
            address.places.iter_mut().flatten().for_each(|place| *place = Place::Kept);
        }
        address
    }

    /// Where the operation is served, if it is.
    pub(crate) fn place(&self, operation: Operation) -> Option<&Place> {
        self.places.get(operation as usize)?.as_ref()
    }

    /// The same for a stream.
    pub(crate) fn stream_place(&self, operation: Operation) -> Option<&Place> {
        let own = self.stream_places.iter().find(|(known, _)| *known == operation);
        own.map(|(_, place)| place).or_else(|| self.place(operation))
    }
}

/// Whether conversations are to be held in OpenAI's responses: by `dialect`, else by a URL that names them.
pub(crate) fn asks_for_responses(row: &Row, settings: &Settings) -> bool {
    match settings.text(DIALECT).as_str() {
        RESPONSES => true,
        "" => {
            let custom = row.custom_url.as_ref().map(|custom| custom.option.as_str());
            let url = custom.or(row.azure.then_some(AZURE)).and_then(|option| Url::parse(&settings.text(option)));
            url.is_some_and(|url| names_responses(url.path.trim_end_matches('/')))
        }
        _ => false,
    }
}

fn names_responses(path: &str) -> bool {
    path.ends_with("/responses")
}

/// Who speaks responses is not asked for chat completions, and serves responses wherever the others are, if nothing says
/// where.
fn settle(row: &Row, below: Place, places: &mut [Option<Place>]) {
    if row.speaks != Speaks::OpenAiResponses.name() {
        return;
    }
    if let Some(place) = places.get_mut(Operation::ChatCompletions as usize) {
        *place = None;
    }
    let own = places.get_mut(Operation::Responses as usize);
    if let Some(place) = own.filter(|place| matches!(place, None | Some(Place::Kept))) {
        *place = Some(below);
    }
}

/// What is wrong with the options that hold a URL.
pub(crate) fn problems(row: &Row, settings: &Settings) -> Vec<SettingProblem> {
    if !row.azure {
        return Vec::new();
    }
    let text = settings.text(AZURE);
    let fix = "write the resource's URL, such as https://NAME.openai.azure.com?api-version=2024-10-21";
    let message = match Url::parse(&text) {
        _ if text.is_empty() => "azureServiceUrl is missing",
        None => "azureServiceUrl is not a URL",
        Some(url) if !url.query.as_deref().is_some_and(|query| has_parameter(query, "api-version")) => {
            "azureServiceUrl lacks the api-version query parameter"
        }
        Some(_) => return Vec::new(),
    };
    vec![problem(AZURE, message.to_owned(), fix)]
}

fn plain(row: &Row, settings: &Settings) -> Address {
    let mut address = unknown(row.tls);
    let custom = row.custom_url.as_ref().map(|custom| (custom, settings.text(&custom.option)));
    let custom =
        custom.filter(|(_, text)| !text.is_empty()).and_then(|(custom, text)| Some((custom, Url::parse(&text)?)));
    if let Some((custom, url)) = custom {
        address.tls = url.tls(true);
        address.authority = url.host(true);
        address.query.clone_from(&url.query);
        let base = url.path.trim_end_matches('/');
        match custom.endings.iter().find(|ending| base.ends_with(ending.as_str())) {
            Some(ending) => one_endpoint(base, ending, &mut address.places),
            None => serve(row, settings, &mut address, Some(base)),
        }
    } else {
        let text = filled(&row.host, row, settings);
        if let Some(url) = Url::parse(&text) {
            address.tls = url.tls(row.tls);
            address.authority = url.host(row.tls);
        }
        serve(row, settings, &mut address, None);
    }
    address
}

/// A URL that names one API serves that API alone; one that names none we know serves everything, as in Higress.
fn one_endpoint(url: &str, ending: &str, places: &mut [Option<Place>]) {
    // `/completions` ends the URLs of two APIs.
    let ending = if url.ends_with("/chat/completions") { "/chat/completions" } else { ending };
    let known = Operation::ALL.iter().any(|operation| path::ends_in(*operation, ending));
    for (operation, place) in Operation::ALL.iter().zip(places) {
        if !known || path::ends_in(*operation, ending) {
            *place = Some(Place::Template(url.to_owned()));
        }
    }
}

/// Fills in the places of a row below its own base, or below `base`.
fn serve(row: &Row, settings: &Settings, address: &mut Address, base: Option<&str>) {
    let places = &mut address.places;
    let below = Place::Below(base.map_or_else(|| filled(&row.base, row, settings), str::to_owned));
    let template = |path: &str| {
        let path = filled(path, row, settings);
        Place::Template(match base {
            Some(base) => format!("{base}{}", path.strip_prefix("/v1").unwrap_or(&path)),
            None => path,
        })
    };
    let original = settings.protocol == Protocol::Original;
    let others = row.passes_others || original;
    for (operation, place) in Operation::ALL.iter().zip(places.iter_mut()) {
        let name = operation.name();
        let foreign = matches!(
            operation,
            Operation::AnthropicMessages
                | Operation::AnthropicComplete
                | Operation::GeminiGenerateContent
                | Operation::GeminiStreamGenerateContent
        );
        *place = if let Some(path) = row.paths.get(name) {
            Some(template(path))
        } else if row.apis.iter().any(|api| api == name) || *operation == Operation::Other && !original {
            Some(below.clone())
        } else if *operation == Operation::AnthropicMessages && converts(row, settings) {
            None
        } else if others && (!foreign || row.keeps_path || original) {
            Some(Place::Kept)
        } else {
            None
        };
    }
    let mut set = |name: &str, path: &str| {
        let place = Operation::from_name(name).and_then(|operation| places.get_mut(operation as usize));
        if let Some(place) = place.filter(|place| !matches!(place, Some(Place::Below(_) | Place::Template(_)))) {
            *place = Some(template(path));
        }
    };
    for (name, path) in &settings.capabilities {
        if Operation::from_name(name).is_some_and(may_be_added) && path.starts_with('/') {
            set(name, path);
        }
    }
    settle(row, below, places);
    let streams =
        row.stream_paths.iter().filter_map(|(name, path)| Some((Operation::from_name(name)?, template(path))));
    address.stream_places = streams.collect();
}

/// The three forms of `azureServiceUrl`: a whole endpoint, a deployment, or the resource.
fn azure(row: &Row, settings: &Settings) -> Address {
    let mut address = unknown(true);
    let Some(url) = Url::parse(&settings.text(AZURE)) else { return address };
    address.tls = url.tls(true);
    address.authority = url.host(true);
    let path = url.path.trim_end_matches('/');
    let deployment = path.strip_prefix("/openai/deployments/").filter(|name| !name.is_empty() && !name.contains('/'));
    let whole = !path.is_empty() && deployment.is_none();
    let responses_alone = whole && row.speaks == Speaks::OpenAiResponses.name();
    if !whole {
        address.query.clone_from(&url.query);
    }
    for (operation, place) in Operation::ALL.iter().zip(&mut address.places) {
        let listed = |names: &[String]| names.iter().any(|name| name == operation.name());
        *place = if responses_alone && *operation != Operation::Responses {
            None
        } else if whole && listed(&row.apis) {
            Some(Place::Fixed(path::with_query(path.to_owned(), url.query.as_deref())))
        } else if whole {
            None
        } else if listed(&row.without_deployment) || *operation == Operation::Other {
            Some(Place::Below("/openai".to_owned()))
        } else if listed(&row.apis) {
            Some(if deployment.is_some() { Place::Below(path.to_owned()) } else { Place::Deployment })
        } else {
            None
        };
    }
    settle(row, Place::Below("/openai".to_owned()), &mut address.places);
    address
}

fn unknown(tls: bool) -> Address {
    let places = vec![None; Operation::ALL.len()];
    Address { tls, authority: String::new(), places, stream_places: Vec::new(), query: None }
}

/// Whether the text is filled from an option that is set.
pub(crate) fn names_set_option(text: &str, settings: &Settings) -> bool {
    let keys = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    keys.flat_map(|keys| keys.split('|')).any(|key| !settings.text(key).is_empty())
}

/// `text` with every `{option}` replaced by its value or the row's default; other braces stay. Of `{one|other}` the
/// first that is set is taken, and the default is that of the first.
pub(crate) fn filled(text: &str, row: &Row, settings: &Settings) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((key, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let value = key.split('|').map(|key| settings.text(key)).find(|text| !text.is_empty()).unwrap_or_default();
        match row.defaults.get(key.split('|').next().unwrap_or_default()) {
            Some(default) if value.is_empty() => out.push_str(default),
            // Names of ids in paths; options have no underscore.
            _ if key.contains('_') || key == "model" => out.push_str(&format!("{{{key}}}")),
            Some(_) | None => out.push_str(value.trim()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
