//! Pictures for callers of OpenAI's image generation, drawn by Amazon's models through InvokeModel (Bedrock user guide,
//! "Amazon Nova Canvas: image generation access", "Amazon Titan Image Generator G1 models", 2026-11).
//!
//! In: the caller's body, then the provider's answer. Out: the provider's body, then the caller's answer.

use claviger_types::Operation;

use crate::codec::{Context, Refused};
use crate::json::{Object, record};
use crate::model::{Dropped, Fault, FaultKind};
use crate::protocol::Protocol;
use crate::text::{Number, Text};
use crate::translation::{Outgoing, Reply, Translation, invalid_answer, utf8};

/// The size where the caller names none, as OpenAI's.
const SIDE: u64 = 1024;

/// Most pictures at once.
const MOST: u64 = 5;

record! {
    /// What is asked ("Create image", 2026-11), and what the models know beside.
    struct Asked<'a> {
        model: Text<'a> = "model",
        prompt: Text<'a> = "prompt",
        n: Number<'a> = "n",
        size: Text<'a> = "size",
        quality: Text<'a> = "quality",
        form: Text<'a> = "response_format",
        seed: Number<'a> = "seed",
        negative: Text<'a> = "negative_prompt",
        cfg_scale: Number<'a> = "cfg_scale",
    }
}

record! {
    /// The answer. The filter may hold some pictures back, or all.
    struct Drawn<'a> {
        images: Vec<Text<'a>> = "images",
        error: Text<'a> = "error",
    }
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct ImageTranslation {
    context: Context,
    /// Conversations, which know how failures are told.
    faults: Option<Translation>,
}

impl ImageTranslation {
    /// The translation with what is known beside the body.
    pub fn new(context: Context) -> Self {
        let faults = Translation::new(Protocol::OpenAiChat, Protocol::Bedrock, context.clone());
        Self { context, faults }
    }

    /// Translates the request.
    ///
    /// # Errors
    /// When the caller made a mistake; [`ImageTranslation::failure`] tells of it.
    pub fn request(&self, body: &[u8]) -> Result<Outgoing, Refused> {
        let asked: Asked<'_> = serde_json::from_str(utf8(body)?)?;
        let missing = |field| Refused::field(field, format!("{field} is missing"));
        if self.context.model.is_none() && asked.model.is_none() {
            return Err(missing("model"));
        }
        let prompt = asked.prompt.as_deref().filter(|prompt| !prompt.is_empty()).ok_or_else(|| missing("prompt"))?;
        let (width, height) = size(asked.size.as_deref())?;
        let n = asked.n.as_ref().map_or(1, Number::count);
        if !(1..=MOST).contains(&n) {
            return Err(Refused::field("n", format!("n must be between 1 and {MOST}")));
        }
        let mut dropped = Dropped::default();
        let quality = quality(asked.quality.as_deref(), &mut dropped);
        // Pictures come as data alone.
        dropped.note_if(asked.form.as_deref() == Some("url"), "response_format");
        asked.unknown.iter().for_each(|extra| dropped.note(&extra.name));
        let mut out = Vec::with_capacity(body.len() + 128);
        Object::write(&mut out, |body| {
            body.text("taskType", "TEXT_IMAGE");
            body.object("textToImageParams", |params| {
                params.text("text", prompt);
                params.maybe_text("negativeText", asked.negative.as_deref());
            });
            body.object("imageGenerationConfig", |config| {
                config.count("width", width);
                config.count("height", height);
                config.maybe_text("quality", quality);
                config.count("numberOfImages", n);
                config.number("cfgScale", asked.cfg_scale.as_ref());
                config.number("seed", asked.seed.as_ref());
            });
        });
        Ok(Outgoing { body: out.into(), operation: Operation::ImageGeneration, stream: false, dropped })
    }

    /// Translates the answer, good or failed. A good one that cannot be read becomes a 502.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if let (400.., Some(faults)) = (status, &self.faults) {
            return faults.answer(status, body);
        }
        let drawn = utf8(body).ok().and_then(|body| serde_json::from_str::<Drawn<'_>>(body).ok()).unwrap_or_default();
        match (drawn.images.filter(|images| !images.is_empty()), drawn.error) {
            (Some(images), _) => {
                let mut out = Vec::with_capacity(body.len() + 64);
                Object::write(&mut out, |answer| {
                    answer.count("created", self.context.now);
                    answer.list("data", |list| {
                        images.iter().for_each(|image| list.object(|item| item.text("b64_json", image)));
                    });
                });
                Reply { status, body: out.into() }
            }
            (None, Some(error)) => self.failure(&Fault {
                status: 400,
                kind: FaultKind::InvalidRequest,
                code: Some(Text::fixed("content_policy_violation")),
                message: error,
                param: None,
            }),
            (None, None) => self.failure(&invalid_answer()),
        }
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        let mut out = Vec::with_capacity(256);
        if let Some(client) = Protocol::OpenAiChat.client() {
            client.write_fault(fault, &mut out);
        }
        Reply { status: fault.status, body: out.into() }
    }
}

/// Width and height in pixels: `1024x768`, or the model's choice.
fn size(size: Option<&str>) -> Result<(u64, u64), Refused> {
    let Some(size) = size.filter(|size| !matches!(*size, "" | "auto")) else { return Ok((SIDE, SIDE)) };
    let sides = size.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sides.ok_or_else(|| Refused::field("size", "size must be WIDTHxHEIGHT"))
}

/// OpenAI's words and Amazon's: there are two steps.
fn quality(word: Option<&str>, dropped: &mut Dropped) -> Option<&'static str> {
    match word {
        None | Some("" | "auto") => None,
        Some("premium" | "hd" | "high") => Some("premium"),
        Some("standard" | "medium" | "low") => Some("standard"),
        Some(_) => {
            dropped.note("quality");
            None
        }
    }
}
