//! Pictures by way of InvokeModel: those of Amazon's models (Bedrock user guide, "Amazon Nova Canvas: image generation
//! access", "Amazon Titan Image Generator G1 models", 2026-11) and of Stability's ("Stability AI models", 2026-11).

use claviger_types::Operation;

use crate::codec::{Context, Refused, Unreadable};
use crate::images::{Answer, Drawn, Picture, Request, Shape, Sides, Task, Upstream};
use crate::json::{Object, record};
use crate::model::Dropped;
use crate::text::{Number, Text};

use super::Bedrock;

/// The side where the caller names none, as OpenAI's.
const SIDE: u64 = 1024;

/// Most pictures at once.
const MOST: u64 = 5;

/// The proportions that Stability's models know ("Stable Image Ultra: request and response", 2026-11).
const RATIOS: [&str; 9] = ["1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"];

record! {
    /// The answer. The filter may hold some pictures back, or all; Stability's models tell why for each, `null` for none.
    struct AnswerFields<'a> {
        images: Vec<Option<Text<'a>>> = "images",
        error: Text<'a> = "error",
        reasons: Vec<Option<Text<'a>>> = "finish_reasons",
    }
}

impl Upstream for Bedrock {
    fn operation(&self, _: Operation) -> Option<Operation> {
        Some(Operation::ImageGeneration)
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<Operation, Refused> {
        request.without_mask()?;
        let sides = Sides::read(request.size.as_deref())?;
        let model = context.model.as_deref().unwrap_or(&request.model);
        if model.contains("stability.") {
            stability(request, sides, dropped, out)?;
        } else {
            amazon(request, sides, dropped, out)?;
        }
        // Pictures come as data alone.
        request.note(dropped, true);
        Ok(Operation::ImageGeneration)
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let AnswerFields { images, error, reasons, .. } = serde_json::from_str(body)?;
        let mut reasons = reasons.unwrap_or_default().into_iter();
        let (mut drawn, mut held_back) = (Vec::new(), error);
        for image in images.unwrap_or_default() {
            let reason = reasons.next().flatten().filter(|reason| !matches!(reason.as_str(), "" | "SUCCESS"));
            match (image.filter(|image| !image.is_empty()), reason) {
                (Some(image), None) => drawn.push(Drawn { data: Some(image), ..Drawn::default() }),
                (_, reason) => held_back = held_back.or(reason),
            }
        }
        held_back = held_back.or_else(|| reasons.flatten().next());
        Ok(Answer { drawn, held_back, usage: None })
    }
}

/// The base64 of the caller's pictures; addresses are nothing these models look at.
fn data<'r>(request: &'r Request<'_>) -> Result<Vec<&'r str>, Refused> {
    let data = |picture: &'r Picture<'_>| match picture {
        Picture::Data { data, .. } => Ok(data.as_str()),
        Picture::Url(_) => Err(Refused::field("image", "this provider takes images as data, not as addresses")),
    };
    request.pictures.iter().map(data).collect()
}

fn amazon(
    request: &Request<'_>,
    sides: Option<Sides>,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let n = request.count(MOST)?;
    let pictures = data(request)?;
    let Sides { width, height } = sides.unwrap_or(Sides { width: SIDE, height: SIDE });
    let quality = quality(request.quality.as_deref(), dropped);
    dropped.note_if(request.format.is_some(), "output_format");
    dropped.note_if(request.compression.is_some(), "output_compression");
    let words = |params: &mut Object<'_>| {
        if !request.prompt.is_empty() {
            params.text("text", &request.prompt);
        }
        params.maybe_text("negativeText", request.negative.as_deref());
    };
    // A picture with words is one more like it, led by them: what there is without a mask.
    let is_new = request.task == Task::Generate && pictures.is_empty();
    // Nova takes up to five pictures, Titan as many ("IMAGE_VARIATION").
    dropped.note_if(pictures.len() > 5, "image");
    Object::write(out, |body| {
        body.text("taskType", if is_new { "TEXT_IMAGE" } else { "IMAGE_VARIATION" });
        match is_new {
            true => body.object("textToImageParams", words),
            false => body.object("imageVariationParams", |params| {
                params.list("images", |list| pictures.iter().take(5).for_each(|picture| list.text(picture)));
                words(params);
            }),
        }
        body.object("imageGenerationConfig", |config| {
            config.count("width", width);
            config.count("height", height);
            config.maybe_text("quality", quality);
            config.count("numberOfImages", n);
            config.number("cfgScale", request.guidance.as_ref());
            config.number("seed", request.seed.as_ref());
        });
    });
    Ok(())
}

fn stability(
    request: &Request<'_>,
    sides: Option<Sides>,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let pictures = data(request)?;
    let shape = sides.map(|sides| Shape::nearest(sides, &RATIOS));
    dropped.note_if(pictures.len() > 1, "image");
    // One picture at a time, in one quality, as closely as it comes.
    dropped.note_if(request.n.is_some_and(|n| n != 1), "n");
    dropped.note_if(request.quality.as_deref().is_some_and(|word| word != "auto"), "quality");
    dropped.note_if(request.compression.is_some(), "output_compression");
    dropped.note_if(request.guidance.is_some(), "cfg_scale");
    Object::write(out, |body| {
        body.text("prompt", &request.prompt);
        body.maybe_text("negative_prompt", request.negative.as_deref());
        match pictures.first() {
            Some(picture) => {
                body.text("mode", "image-to-image");
                body.text("image", picture);
                // required; the middle of what is documented
                body.raw("strength", "0.5");
            }
            None => {
                body.text("mode", "text-to-image");
                body.maybe_text("aspect_ratio", shape.map(|shape| shape.ratio));
            }
        }
        body.number("seed", request.seed.as_ref().filter(|seed| Number::count(seed) > 0));
        body.maybe_text("output_format", request.format.as_deref());
    });
    Ok(())
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
