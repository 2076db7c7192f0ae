//! OpenAI's images for callers ("Create image", "Create image edit", "Create image variation", 2026-11), with the fields
//! that its followers know beside.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_wire::multipart::{self, Field};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::{Answer, Counts, Picture, Request, Task, names};
use crate::codec::Refused;
use crate::json::{Object, TextOr, record};
use crate::text::{Number, Text};

record! {
    /// A request as JSON. Pictures stand under three names, one or several (Higress ai-proxy v2.2.1; OpenAI, 2026-11).
    struct Body<'a> {
        model: Text<'a> = "model",
        prompt: Text<'a> = "prompt",
        negative: Text<'a> = "negative_prompt",
        images: Pictures<'a> = "images",
        image: Pictures<'a> = "image",
        image_url: Pictures<'a> = "image_url",
        mask: &'a RawValue = "mask",
        n: Number<'a> = "n",
        size: Text<'a> = "size",
        quality: Text<'a> = "quality",
        form: Text<'a> = "response_format",
        format: Text<'a> = "output_format",
        compression: Number<'a> = "output_compression",
        seed: Number<'a> = "seed",
        guidance: Number<'a> = "cfg_scale" | "guidance_scale",
        user: Text<'a> = "user",
        stream: bool = "stream",
    }
}

record! {
    /// A picture as an object.
    struct Place<'a> {
        url: Text<'a> = "url",
        image_url: TextOr<'a, Inner<'a>> = "image_url",
        file: Text<'a> = "file_id",
    }
}

record! {
    /// The object within.
    struct Inner<'a> {
        url: Text<'a> = "url",
    }
}

/// One picture or several; `None` for one that lies where only OpenAI can see it.
#[derive(Debug)]
struct Pictures<'a>(Vec<Option<Text<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Pictures<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        let list: Result<Vec<TextOr<'a, Place<'a>>>, _> = match raw.get().as_bytes() {
            [b'[', ..] => serde_json::from_str(raw.get()),
            _ => serde_json::from_str(raw.get()).map(|one| vec![one]),
        };
        let place = |picture| match picture {
            TextOr::Text(url) => Some(url),
            TextOr::Other(Place { url, image_url, .. }) => url.or(match image_url {
                Some(TextOr::Text(url)) => Some(url),
                Some(TextOr::Other(inner)) => inner.url,
                None => None,
            }),
        };
        list.map(|list| Self(list.into_iter().map(place).collect())).map_err(D::Error::custom)
    }
}

/// A request before it is checked.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    request: Request<'a>,
    has_model: bool,
    pub(super) stream: bool,
}

impl<'a> Asked<'a> {
    /// The request, if nothing is missing.
    pub(super) fn checked(self, is_mapped: bool) -> Result<Request<'a>, Refused> {
        let Self { request, has_model, .. } = self;
        let missing = |field: &'static str| Err(Refused::field(field, format!("{field} is missing")));
        match request.task {
            _ if !has_model && !is_mapped => missing("model"),
            Task::Generate | Task::Edit if request.prompt.trim().is_empty() => missing("prompt"),
            Task::Edit | Task::Vary if request.pictures.is_empty() => missing("image"),
            Task::Generate | Task::Edit | Task::Vary => Ok(request),
        }
    }
}

pub(super) fn read_json(body: &str, task: Task) -> Result<Asked<'_>, Refused> {
    let body: Body<'_> = serde_json::from_str(body)?;
    let lists = [body.images, body.image, body.image_url];
    let mut pictures = Vec::new();
    for url in lists.into_iter().flatten().flat_map(|Pictures(list)| list) {
        let url =
            url.ok_or_else(|| Refused::field("image", "an image must be a URL or base64: no other is known here"))?;
        pictures.push(picture(url)?);
    }
    Ok(Asked {
        has_model: body.model.is_some(),
        stream: body.stream == Some(true),
        request: Request {
            task,
            model: body.model.unwrap_or_default(),
            prompt: body.prompt.unwrap_or_default(),
            negative: body.negative,
            pictures,
            has_mask: body.mask.is_some_and(|mask| !matches!(mask.get(), "\"\"" | "{}")),
            n: body.n.as_ref().map(Number::count),
            size: body.size,
            quality: body.quality,
            format: body.format,
            compression: body.compression,
            wants_urls: body.form.as_deref() == Some("url"),
            wants_data: body.form.as_deref() == Some("b64_json"),
            seed: body.seed,
            guidance: body.guidance,
            user: body.user,
            extras: names(body.unknown).collect(),
        },
    })
}

pub(super) fn read_form<'a>(body: &'a [u8], boundary: &str, task: Task) -> Result<Asked<'a>, Refused> {
    let fields = multipart::fields(body, boundary);
    let fields = fields.map_err(|wrong| Refused { message: wrong.to_string(), param: None })?;
    let mut asked = Asked { request: Request { task, ..Request::default() }, ..Asked::default() };
    for field in fields {
        read_field(field, &mut asked)?;
    }
    Ok(asked)
}

fn read_field<'a>(field: Field<'a>, asked: &mut Asked<'a>) -> Result<(), Refused> {
    let request = &mut asked.request;
    // `image`, `image[]`, `image[0]`
    let name = field.name.split('[').next().unwrap_or_default();
    if matches!(name, "image" | "images" | "image_url") {
        request.pictures.push(sent(&field)?);
        return Ok(());
    }
    if name == "mask" {
        request.has_mask |= !field.content.is_empty();
        return Ok(());
    }
    let text = std::str::from_utf8(field.content)
        .map_err(|_| Refused { message: "a text field of the form is not valid UTF-8".to_owned(), param: None })?;
    let number = || {
        let number = serde_json::from_str::<Number<'a>>(text.trim());
        number.map_err(|_| Refused { message: "a field of the form must be a number".to_owned(), param: None })
    };
    match name {
        "model" => {
            asked.has_model = true;
            request.model = text.into();
        }
        "prompt" => request.prompt = text.into(),
        "negative_prompt" => request.negative = Some(text.into()),
        "n" => request.n = Some(number()?.count()),
        "size" => request.size = Some(text.into()),
        "quality" => request.quality = Some(text.into()),
        "response_format" => (request.wants_urls, request.wants_data) = (text == "url", text == "b64_json"),
        "output_format" => request.format = Some(text.into()),
        "output_compression" => request.compression = Some(number()?),
        "seed" => request.seed = Some(number()?),
        "cfg_scale" | "guidance_scale" => request.guidance = Some(number()?),
        "user" => request.user = Some(text.into()),
        "stream" => asked.stream = text == "true",
        _ => request.extras.push(Cow::Owned(field.name)),
    }
    Ok(())
}

/// A picture of a form: a file, or the text of an address.
fn sent<'a>(field: &Field<'a>) -> Result<Picture<'a>, Refused> {
    let text = std::str::from_utf8(field.content).ok().map(str::trim);
    if let Some(url) = text
        .filter(|text| !field.is_file || ["http://", "https://", "data:"].iter().any(|start| text.starts_with(start)))
    {
        return picture(url.into());
    }
    let told = field.media_type.filter(|kind| kind.starts_with("image/"));
    let mime = told.unwrap_or_else(|| kind_of(field.content));
    Ok(Picture::Data { mime: Cow::Borrowed(mime), data: STANDARD.encode(field.content).into() })
}

/// A picture of JSON: an address, a data URL, or bare base64.
fn picture(url: Text<'_>) -> Result<Picture<'_>, Refused> {
    let wrong = || Refused::field("image", "an image must be a URL or base64");
    if url.starts_with("http://") || url.starts_with("https://") || url.starts_with("gs://") {
        return Ok(Picture::Url(url));
    }
    if let Some(rest) = url.strip_prefix("data:") {
        let (head, _) = rest.split_once(',').ok_or_else(wrong)?;
        let mime = head.strip_suffix(";base64").ok_or_else(wrong)?;
        let mime = mime.split(';').next().filter(|mime| !mime.is_empty()).unwrap_or("image/png").to_owned();
        let data = url.slice(|url| url.split_once(',').map_or("", |(_, data)| data));
        return Ok(Picture::Data { mime: mime.into(), data });
    }
    let begin = url.get(..url.len().min(16) / 4 * 4).and_then(|begin| STANDARD.decode(begin).ok());
    let begin = begin.filter(|begin| !begin.is_empty()).ok_or_else(wrong)?;
    Ok(Picture::Data { mime: Cow::Borrowed(kind_of(&begin)), data: url })
}

/// The media type that a picture's first bytes tell.
fn kind_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "image/png",
    }
}

pub(super) fn write(answer: &Answer<'_>, now: u64, out: &mut Vec<u8>) {
    Object::write(out, |body| {
        body.count("created", now);
        body.list("data", |list| {
            for drawn in &answer.drawn {
                list.object(|item| {
                    item.maybe_text("b64_json", drawn.data.as_deref());
                    item.maybe_text("url", drawn.url.as_deref());
                    item.maybe_text("revised_prompt", drawn.prompt.as_deref());
                });
            }
        });
        write_usage(body, answer.usage);
    });
}

/// The event that ends OpenAI's stream of partial pictures, once for each picture ("Image streaming events", 2026-11).
pub(super) fn write_events(answer: &Answer<'_>, task: Task, now: u64, out: &mut Vec<u8>) {
    let kind = match task {
        Task::Generate | Task::Vary => "image_generation.completed",
        Task::Edit => "image_edit.completed",
    };
    let last = answer.drawn.len().saturating_sub(1);
    for (drawn, at) in answer.drawn.iter().zip(0..) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        Object::write(out, |event| {
            event.text("type", kind);
            event.maybe_text("b64_json", drawn.data.as_deref());
            event.maybe_text("url", drawn.url.as_deref());
            event.count("created_at", now);
            write_usage(event, answer.usage.filter(|_| at == last));
        });
        out.extend_from_slice(b"\n\n");
    }
}

/// Where the provider does not split the input, OpenAI's required parts are zero.
fn write_usage(body: &mut Object<'_>, counts: Option<Counts>) {
    let Some(Counts { usage, text, pictures }) = counts else { return };
    body.object("usage", |body| {
        body.count("total_tokens", usage.sum());
        body.count("input_tokens", usage.input.unwrap_or(0));
        body.count("output_tokens", usage.output.unwrap_or(0));
        body.object("input_tokens_details", |details| {
            details.count("text_tokens", text);
            details.count("image_tokens", pictures);
        });
    });
}
