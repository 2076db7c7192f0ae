//! Pictures: drawn by Gemini models in `generateContent`, and by Imagen in `predict` ("Image generation", "Imagen", Gemini
//! API; "Generate images", "Imagen API", Vertex AI, 2026-11).

use claviger_types::Operation;

use crate::codec::{Context, Refused, Unreadable};
use crate::images::{Answer, Counts, Drawn, Picture, Request, Shape, Sides, Task, Upstream};
use crate::json::{List, Loose, Object, record};
use crate::model::{Dropped, Usage};
use crate::text::{Number, Text};

use super::fields::{AnswerFields, CandidateFields, ModalityFields, UsageFields};
use super::parts_out::mime_of;
use super::{Gemini, GeminiSettings};

/// The proportions that Gemini models know.
const RATIOS: [&str; 10] = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/// Those that Imagen knows.
const IMAGEN_RATIOS: [&str; 5] = ["1:1", "3:4", "4:3", "9:16", "16:9"];

/// Most pictures of Imagen at once.
const MOST: u64 = 4;

/// What is asked of a picture where the caller has no words for it.
const VARY: &str = "Create variations of the provided image.";

record! {
    /// The answer of either: `predictions` are Imagen's.
    struct Drawing<'a> {
        predictions: Vec<Prediction<'a>> = "predictions",
    }
}

record! {
    /// One of Imagen's pictures, or why there is none.
    struct Prediction<'a> {
        data: Text<'a> = "bytesBase64Encoded",
        prompt: Text<'a> = "prompt",
        filtered: Text<'a> = "raiFilteredReason",
    }
}

impl Upstream for Gemini {
    fn operation(&self, asked: Operation) -> Option<Operation> {
        Some(match asked {
            Operation::ImageGeneration => asked,
            _ => Operation::GeminiGenerateContent,
        })
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
        let settings = GeminiSettings::of(context);
        let is_vertex = settings.is_some_and(|settings| settings.is_vertex);
        // Pictures come as data alone, and in the one quality of the model.
        request.note(dropped, true);
        dropped.note_if(request.quality.as_deref().is_some_and(|word| word != "auto"), "quality");
        let model = context.model.as_deref().unwrap_or(&request.model);
        if model.contains("imagen") {
            imagen(request, sides, is_vertex, dropped, out)?;
            return Ok(Operation::ImageGeneration);
        }
        // One picture at a time: these models know no number.
        dropped.note_if(request.n.is_some_and(|n| n != 1), "n");
        dropped.note_if(request.negative.is_some(), "negative_prompt");
        dropped.note_if(request.guidance.is_some(), "cfg_scale");
        dropped.note_if(!is_vertex && request.format.is_some(), "output_format");
        dropped.note_if(!is_vertex && request.compression.is_some(), "output_compression");
        Object::write(out, |body| {
            body.list("contents", |list| list.object(|turn| write_turn(turn, request)));
            if let Some(settings) = settings.filter(|settings| !settings.safety.is_empty()) {
                body.list("safetySettings", |list| write_safety(list, settings));
            }
            body.object("generationConfig", |config| write_config(config, request, sides, is_vertex));
        });
        Ok(Operation::GeminiGenerateContent)
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let Drawing { predictions, .. } = serde_json::from_str(body)?;
        if let Some(predictions) = predictions {
            return Ok(of_imagen(predictions));
        }
        let fields: AnswerFields<'a> = serde_json::from_str(body)?;
        let mut answer =
            Answer { usage: fields.usage.and_then(Loose::known).as_ref().and_then(counts), ..Answer::default() };
        for candidate in fields.candidates.unwrap_or_default() {
            read_candidate(candidate, &mut answer);
        }
        let blocked = fields.feedback.and_then(|feedback| feedback.reason);
        answer.held_back = blocked.or(answer.held_back);
        Ok(answer)
    }
}

/// The caller's pictures before its words.
fn write_turn(turn: &mut Object<'_>, request: &Request<'_>) {
    turn.text("role", "user");
    turn.list("parts", |list| {
        for picture in &request.pictures {
            list.object(|part| match picture {
                Picture::Data { mime, data } => part.object("inlineData", |blob| {
                    blob.text("mimeType", mime);
                    blob.text("data", data);
                }),
                Picture::Url(uri) => part.object("fileData", |file| {
                    file.text("mimeType", mime_of(uri, "image/png"));
                    file.text("fileUri", uri);
                }),
            });
        }
        let words = if request.task == Task::Vary && request.prompt.is_empty() { VARY } else { &request.prompt };
        list.object(|part| part.text("text", words));
    });
}

fn write_safety(list: &mut List<'_>, settings: &GeminiSettings) {
    for (category, threshold) in &settings.safety {
        list.object(|setting| {
            setting.text("category", category);
            setting.text("threshold", threshold);
        });
    }
}

/// At Vertex the shape is always told, with what its own examples send; elsewhere the model chooses where the caller
/// does not.
fn write_config(config: &mut Object<'_>, request: &Request<'_>, sides: Option<Sides>, is_vertex: bool) {
    let asked = sides.map(|sides| Shape::nearest(sides, &RATIOS));
    let shape = asked.or(is_vertex.then_some(Shape::USUAL));
    if is_vertex {
        config.count("temperature", 1);
        config.count("maxOutputTokens", 32768);
    }
    config.number("seed", request.seed.as_ref());
    config.list("responseModalities", |list| ["TEXT", "IMAGE"].iter().for_each(|kind| list.text(kind)));
    let Some(shape) = shape else { return };
    config.object("imageConfig", |image| {
        image.text("aspectRatio", shape.ratio);
        image.text("imageSize", shape.class);
        if is_vertex {
            image.object("imageOutputOptions", |options| write_output(options, request));
            image.text("personGeneration", "ALLOW_ALL");
        }
    });
}

fn write_output(options: &mut Object<'_>, request: &Request<'_>) {
    options.text("mimeType", mime(request.format.as_deref()));
    options.number("compressionQuality", request.compression.as_ref());
}

fn mime(format: Option<&str>) -> &'static str {
    match format {
        Some("jpeg" | "jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => "image/png",
    }
}

fn imagen(
    request: &Request<'_>,
    sides: Option<Sides>,
    is_vertex: bool,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let n = request.count(MOST)?;
    if !request.pictures.is_empty() && !is_vertex {
        return Err(Refused::field("image", "Imagen edits pictures at Vertex alone"));
    }
    if request.pictures.iter().any(|picture| matches!(picture, Picture::Url(uri) if !uri.starts_with("gs://"))) {
        return Err(Refused::field("image", "this provider takes images as data, not as addresses"));
    }
    let words = if request.task == Task::Vary && request.prompt.is_empty() { VARY } else { &request.prompt };
    dropped.note_if(!is_vertex && request.compression.is_some(), "output_compression");
    Object::write(out, |body| {
        body.list("instances", |list| {
            list.object(|instance| {
                instance.text("prompt", words);
                if !request.pictures.is_empty() {
                    instance.list("referenceImages", |list| write_references(list, request));
                }
            });
        });
        body.object("parameters", |parameters| {
            parameters.count("sampleCount", n);
            if let Some(sides) = sides {
                parameters.text("aspectRatio", Shape::nearest(sides, &IMAGEN_RATIOS).ratio);
            }
            parameters.maybe_text("negativePrompt", request.negative.as_deref());
            parameters.number("guidanceScale", request.guidance.as_ref());
            // a seed is refused beside a watermark, which is the default
            if let Some(seed) = &request.seed {
                parameters.number("seed", Some(seed));
                parameters.flag("addWatermark", false);
            }
            match (&request.format, is_vertex) {
                (Some(_), true) => parameters.object("outputOptions", |options| write_output(options, request)),
                (Some(format), false) => parameters.text("outputMimeType", mime(Some(format))),
                (None, _) => {}
            }
        });
    });
    Ok(())
}

fn write_references(list: &mut List<'_>, request: &Request<'_>) {
    for (picture, id) in request.pictures.iter().zip(1..) {
        list.object(|reference| {
            reference.text("referenceType", "REFERENCE_TYPE_RAW");
            reference.count("referenceId", id);
            reference.object("referenceImage", |image| match picture {
                Picture::Data { data, .. } => image.text("bytesBase64Encoded", data),
                Picture::Url(uri) => image.text("gcsUri", uri),
            });
        });
    }
}

fn of_imagen(predictions: Vec<Prediction<'_>>) -> Answer<'_> {
    let mut answer = Answer::default();
    for Prediction { data, prompt, filtered, .. } in predictions {
        match data {
            Some(data) => answer.drawn.push(Drawn { data: Some(data), prompt, url: None }),
            None => answer.held_back = answer.held_back.or(filtered),
        }
    }
    // Nothing at all is Imagen's way to refuse a prompt.
    if answer.drawn.is_empty() && answer.held_back.is_none() {
        answer.held_back = Some(Text::fixed("the provider's filter held all images back"));
    }
    answer
}

/// Pictures that are no thoughts; else what the model says instead of one, or why it stopped.
fn read_candidate<'a>(candidate: CandidateFields<'a>, answer: &mut Answer<'a>) {
    let mut said = None;
    for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
        if part.thought == Some(true) {
            continue;
        }
        let data = part.inline.and_then(|blob| blob.data);
        answer.drawn.extend(data.map(|data| Drawn { data: Some(data), ..Drawn::default() }));
        said = said.or(part.text);
    }
    let stopped = candidate.finish.filter(|word| word.as_str() != "STOP");
    answer.held_back = answer.held_back.take().or(said).or(stopped);
}

fn counts(fields: &UsageFields<'_>) -> Option<Counts> {
    let of = |kind: &str| {
        let is_it = |entry: &&ModalityFields<'_>| entry.modality.as_deref() == Some(kind);
        let entry = fields.prompt_details.iter().flatten().find(is_it);
        entry.and_then(|entry| entry.count.as_ref()).map_or(0, Number::count)
    };
    let usage = fields.usage();
    Usage::is_known(&usage).then(|| Counts { usage, text: of("TEXT"), pictures: of("IMAGE") })
}
