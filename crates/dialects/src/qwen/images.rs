//! Pictures by way of multimodal generation ("Qwen-Image", "Qwen-Image edit", DashScope API, 2026-11). They come as
//! addresses that hold for a day.

use claviger_types::Operation;

use crate::codec::{Context, Refused, Unreadable};
use crate::images::{Answer, Drawn, Picture, Request, Sides, Upstream};
use crate::json::{Object, record};
use crate::model::Dropped;
use crate::text::Text;

use super::Qwen;

/// Most pictures at once.
const MOST: u64 = 6;

record! {
    /// The answer.
    struct AnswerFields<'a> {
        output: OutputFields<'a> = "output",
    }
}

record! {
    /// `output`.
    struct OutputFields<'a> {
        choices: Vec<ChoiceFields<'a>> = "choices",
    }
}

record! {
    /// One picture.
    struct ChoiceFields<'a> {
        message: MessageFields<'a> = "message",
    }
}

record! {
    /// Its message.
    struct MessageFields<'a> {
        content: Vec<Piece<'a>> = "content",
    }
}

record! {
    /// A piece of it.
    struct Piece<'a> {
        image: Text<'a> = "image",
        text: Text<'a> = "text",
    }
}

impl Upstream for Qwen {
    fn operation(&self, asked: Operation) -> Option<Operation> {
        matches!(asked, Operation::ImageGeneration | Operation::ImageEdit).then_some(Operation::ImageGeneration)
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
        let n = request.count(MOST)?;
        // Pictures come as addresses alone.
        request.note(dropped, false);
        let lost = [
            (request.quality.as_deref().is_some_and(|word| word != "auto"), "quality"),
            (request.format.is_some(), "output_format"),
            (request.compression.is_some(), "output_compression"),
            (request.guidance.is_some(), "cfg_scale"),
        ];
        lost.into_iter().for_each(|(is_set, name)| dropped.note_if(is_set, name));
        Object::write(out, |body| {
            body.text("model", context.model.as_deref().unwrap_or(&request.model));
            body.object("input", |input| {
                input.list("messages", |list| {
                    list.object(|message| {
                        message.text("role", "user");
                        message.list("content", |list| {
                            for picture in &request.pictures {
                                list.object(|piece| match picture {
                                    Picture::Data { mime, data } => {
                                        piece.joined("image", &["data:", mime, ";base64,", data]);
                                    }
                                    Picture::Url(url) => piece.text("image", url),
                                });
                            }
                            list.object(|piece| piece.text("text", &request.prompt));
                        });
                    });
                });
            });
            body.object("parameters", |parameters| {
                parameters.count("n", n);
                if let Some(Sides { width, height }) = sides {
                    parameters.text("size", &format!("{width}*{height}"));
                }
                parameters.maybe_text("negative_prompt", request.negative.as_deref());
                parameters.number("seed", request.seed.as_ref());
            });
        });
        Ok(Operation::ImageGeneration)
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let fields: AnswerFields<'a> = serde_json::from_str(body)?;
        let choices = fields.output.and_then(|output| output.choices).unwrap_or_default();
        let messages = choices.into_iter().filter_map(|choice| choice.message);
        let mut answer = Answer::default();
        for piece in messages.flat_map(|message| message.content.unwrap_or_default()) {
            answer.drawn.extend(piece.image.map(|url| Drawn { url: Some(url), ..Drawn::default() }));
            answer.held_back = answer.held_back.or(piece.text);
        }
        Ok(answer)
    }
}
