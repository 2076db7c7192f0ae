//! A row with what the settings, and perhaps the model, change in it; and what follows from that.

use std::borrow::Cow;
use std::collections::BTreeMap;

use claviger_dialects::Protocol;
use claviger_types::{Dialect, Operation, glob};
use claviger_wire::Ask;

use crate::address::{self, Address};
use crate::check::holds_all;
use crate::headers::{self, Added};
use crate::path::Place;
use crate::row::{Auth, Row, Variant};
use crate::settings::{self, Settings};
use crate::speech::Speech;

/// One way to ask a provider. Most have one; some serve families of models in different ways.
#[derive(Debug)]
pub(crate) struct Arm {
    /// Patterns of the models it is for; none: for those that fit no other.
    fits: Vec<String>,
    pub(crate) address: Address,
    pub(crate) speech: Speech,
    pub(crate) headers: Vec<Added>,
    pub(crate) auth: Auth,
    /// Fields of every conversation.
    pub(crate) body: BTreeMap<String, String>,
    /// The model stands in the path alone.
    pub(crate) unnamed: bool,
    /// What stands there instead where LLM tokens are counted.
    pub(crate) counter: Option<String>,
}

impl Arm {
    /// The usual way, and those for some models.
    pub(crate) fn all(row: &Row, settings: &Settings) -> (Self, Vec<Self>) {
        let row = chosen(row, settings);
        let models = row.models.iter().filter(|model| holds_all(&model.then.r#if, settings));
        let arms = models.map(|model| Self::new(&with(row.clone(), &model.then), settings, model.fits.clone()));
        (Self::new(&row, settings, Vec::new()), arms.collect())
    }

    fn new(row: &Row, settings: &Settings, fits: Vec<String>) -> Self {
        Self {
            fits,
            address: Address::new(row, settings),
            speech: Speech::new(row, settings),
            headers: headers::added(row, settings),
            auth: row.auth.clone(),
            body: row.body.clone(),
            unnamed: row.unnamed,
            counter: row.counter.clone(),
        }
    }

    /// The patterns of the models it is for.
    pub(crate) fn patterns(&self) -> &[String] {
        &self.fits
    }

    /// Whether it is for this model.
    pub(crate) fn fits(&self, model: &str) -> bool {
        let model = model.to_ascii_lowercase();
        self.fits.iter().any(|pattern| glob(pattern, &model))
    }

    /// Whether the operation's bytes pass as they are.
    pub(crate) fn passes(&self, operation: Operation) -> bool {
        let served = self.served(operation);
        self.address.place(served).is_some() && self.speech.is_native(served)
    }

    /// The operation under which the provider serves this one: rankings have three names for one shape.
    pub(crate) fn served(&self, operation: Operation) -> Operation {
        if !matches!(operation, Operation::Rerank | Operation::RerankV2 | Operation::QwenRerank) {
            return operation;
        }
        let names = [operation, Operation::Rerank, Operation::QwenRerank];
        names.into_iter().find(|name| self.address.place(*name).is_some()).unwrap_or(operation)
    }

    /// What the caller speaks, if it has to be translated and can be.
    pub(crate) fn caller(&self, operation: Operation) -> Option<Protocol> {
        let caller = self.speech.caller(operation).filter(|_| !self.passes(operation))?;
        let theirs = self.speech.operation(operation, false)?;
        self.address.place(theirs).map(|_| caller)
    }

    /// What is asked for in translation, and what the caller speaks. Gemini's embeddings have no operation of their own.
    pub(crate) fn translated(&self, ask: &Ask) -> Option<(Operation, Protocol)> {
        if !embeds(ask) {
            return self.caller(ask.operation).map(|caller| (ask.operation, caller));
        }
        let theirs = self.speech.embeds_for(Protocol::Gemini)?;
        self.address.place(theirs).map(|_| (Operation::Embeddings, Protocol::Gemini))
    }

    /// The model's name as the provider tells it; some are configured escaped, as they stand in the path.
    pub(crate) fn name(&self, model: &str, operation: Operation) -> String {
        let place = self.speech.operation(operation, false).and_then(|theirs| self.address.place(theirs));
        let in_path = place.is_some_and(Place::names_model);
        let plain = || claviger_wire::operation::decode(model).map(Cow::into_owned);
        in_path.then(plain).flatten().unwrap_or_else(|| model.to_owned())
    }
}

/// Whether Gemini's embeddings are asked for, which have no operation of their own.
pub fn embeds(ask: &Ask) -> bool {
    ask.operation == Operation::Other
        && ask.dialect == Dialect::Gemini
        && [":embedContent", ":batchEmbedContents"].iter().any(|word| ask.path.ends_with(word))
}

/// The row with the variants that the settings choose.
pub(crate) fn chosen(row: &Row, settings: &Settings) -> Row {
    let mut chosen = varied(row, settings);
    if has_choice(&chosen, settings) && address::asks_for_responses(&chosen, settings) {
        Protocol::OpenAiResponses.name().clone_into(&mut chosen.speaks);
    }
    chosen
}

/// Whether an entry like this has the choice between OpenAI's two protocols.
pub(crate) fn chooses_dialect(row: &Row, settings: &Settings) -> bool {
    has_choice(&varied(row, settings), settings)
}

fn has_choice(varied: &Row, settings: &Settings) -> bool {
    let adapts = settings.protocol == settings::Protocol::OpenAi && !varied.untouched_body;
    varied.responses && adapts && varied.speaks == Protocol::OpenAiChat.name()
}

fn varied(row: &Row, settings: &Settings) -> Row {
    row.variants.iter().filter(|variant| holds_all(&variant.r#if, settings)).fold(row.clone(), with)
}

/// The row with a variant laid over it.
fn with(mut row: Row, variant: &Variant) -> Row {
    let Variant {
        r#if: _,
        host,
        speaks,
        apis,
        paths,
        adapted,
        only_paths,
        stream_paths,
        headers,
        stream_headers,
        auth,
        body,
        unnamed,
        counter,
    } = variant.clone();
    if adapted {
        (row.untouched_body, row.keeps_path, row.passes_others) = (false, false, false);
    }
    if only_paths {
        row.paths.clear();
        row.stream_paths.clear();
    }
    row.host = host.unwrap_or(row.host);
    row.speaks = speaks.unwrap_or(row.speaks);
    row.apis = apis.unwrap_or(row.apis);
    row.auth = auth.unwrap_or(row.auth);
    row.paths.extend(paths);
    row.stream_paths.extend(stream_paths);
    row.headers.extend(headers);
    row.stream_headers.extend(stream_headers);
    row.body.extend(body);
    row.unnamed |= unnamed;
    row.counter = counter.or(row.counter);
    row
}
