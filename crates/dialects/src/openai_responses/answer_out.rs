//! A whole answer, written; and the response object around items, which streams tell too.

use crate::codec::Asked;
use crate::json::{List, Object};
use crate::model::{Answer, CallKind, Choice, Finish, Media, MediaKind, Part, Source, TextPart, Thinking, Usage};

use super::finish::{status, write_usage};
use super::item_out::{self, Annotation, Call, Ids, Status};

/// What is known of an answer before it has said anything.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    pub(super) service_tier: Option<String>,
}

impl Head {
    pub(super) fn new(asked: &Asked) -> Self {
        Self { id: asked.id("resp_"), model: asked.model.clone(), created: asked.now, service_tier: None }
    }

    /// Writes the response object. `state` is the finish, or `None` while it goes on. What the request said is not
    /// known here: its fields hold what the API sends for a request that says nothing.
    pub(super) fn write(
        &self,
        body: &mut Object<'_>,
        state: Option<Option<&Finish<'_>>>,
        output: impl FnOnce(&mut List<'_>),
        usage: Option<&Usage>,
    ) {
        let (status, reason) = state.map_or(("in_progress", None), status);
        body.text("id", &self.id);
        body.text("object", "response");
        body.count("created_at", self.created);
        body.text("status", status);
        body.flag("background", false);
        match status {
            "failed" => body.object("error", |error| {
                error.text("code", "server_error");
                error.text("message", "the model's answer broke off");
            }),
            _ => body.null("error"),
        }
        match reason {
            Some(reason) => body.object("incomplete_details", |details| details.text("reason", reason)),
            None => body.null("incomplete_details"),
        }
        for key in ["instructions", "max_output_tokens", "previous_response_id", "temperature", "top_p", "user"] {
            body.null(key);
        }
        body.text("model", &self.model);
        body.list("output", output);
        body.flag("parallel_tool_calls", true);
        body.object("reasoning", |reasoning| {
            reasoning.null("effort");
            reasoning.null("summary");
        });
        // Anthropic's word for OpenAI's.
        body.maybe_text(
            "service_tier",
            self.service_tier.as_deref().map(|tier| if tier == "standard" { "default" } else { tier }),
        );
        body.flag("store", false);
        body.object("text", |text| text.object("format", |format| format.text("type", "text")));
        body.text("tool_choice", "auto");
        body.list("tools", |_| {});
        body.text("truncation", "disabled");
        write_usage(body, usage);
        body.object("metadata", |_| {});
    }
}

pub(super) fn write(answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
    let mut head = Head::new(asked);
    if let Some(id) = answer.id.as_deref().filter(|id| !id.is_empty()) {
        id.clone_into(&mut head.id);
    }
    if let Some(model) = answer.model.as_deref().filter(|model| !model.is_empty()) {
        model.clone_into(&mut head.model);
    }
    head.created = answer.created.unwrap_or(head.created);
    head.service_tier = answer.service_tier.as_deref().map(str::to_owned);
    let nothing = Choice::default();
    let choice = answer.choices.first().unwrap_or(&nothing);
    Object::write(out, |body| {
        head.write(
            body,
            Some(choice.finish.as_ref()),
            |list| Output { list, ids: Ids { nonce: asked.nonce }, next: 0, choice }.write(),
            answer.usage.as_ref(),
        );
    });
}

/// The list of items.
struct Output<'l, 'o, 'c> {
    list: &'l mut List<'o>,
    ids: Ids,
    next: u32,
    choice: &'c Choice<'c>,
}

impl Output<'_, '_, '_> {
    fn write(&mut self) {
        let choice = self.choice;
        let mut rest = choice.parts.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            if is_content(first) {
                let length = rest.iter().position(|part| !is_content(part)).unwrap_or(rest.len());
                let (message, behind) = rest.split_at(length);
                self.message(message, behind.is_empty());
                rest = behind;
            } else {
                self.item(first, self.state(behind.is_empty()));
                rest = behind;
            }
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        let id = self.ids.id(prefix, self.next);
        self.next += 1;
        id
    }

    /// Texts and refusals that follow each other are one message.
    fn message(&mut self, parts: &[Part<'_>], is_last: bool) {
        let id = self.id("msg");
        let state = self.state(is_last);
        let mut logprobs = self.choice.logprobs.and_then(item_out::probabilities);
        self.list.object(|item| {
            item_out::message(item, &id, state, |list| {
                for part in parts {
                    write_content(list, part, &mut logprobs);
                }
            });
        });
        for seal in parts.iter().filter_map(|part| match part {
            Part::Text(text) => text.signature.as_deref(),
            Part::Media(media) => media.signature.as_deref(),
            Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => None,
        }) {
            self.seal(&item_out::seal_of_last(seal));
        }
    }

    fn seal(&mut self, sealed: &str) {
        let id = self.id("rs");
        self.list.object(|item| item_out::reasoning(item, &id, Status::Completed, "", Some(sealed)));
    }

    /// Only the last item can have been cut.
    fn state(&self, is_last: bool) -> Status {
        let is_cut = is_last && status(self.choice.finish.as_ref()).0 == "incomplete";
        if is_cut { Status::Incomplete } else { Status::Completed }
    }

    fn item(&mut self, part: &Part<'_>, state: Status) {
        match part {
            Part::ToolCall(call) if call.kind == CallKind::Server => {
                if call.name.as_str() == "web_search" {
                    let id = self.id("ws");
                    self.list.object(|item| item_out::search(item, &id, Status::Completed, &call.arguments));
                }
            }
            Part::ToolCall(call) => {
                if let Some(signature) = &call.signature {
                    self.seal(&item_out::seal_of_next(signature));
                }
                let is_custom = Call::of_kind(call.kind);
                let id = self.id(if is_custom { "ctc" } else { "fc" });
                let arguments = item_out::arguments(&call.arguments, is_custom);
                let fields = Call { call_id: &call.id, name: &call.name, arguments, is_custom };
                self.list.object(|item| item_out::call(item, &id, state, &fields));
            }
            Part::Thinking(thinking) => self.thinking(thinking),
            Part::Media(Media { kind: MediaKind::Image, source: Source::Base64(data), mime, .. }) => {
                let id = self.id("ig");
                self.list.object(|item| item_out::picture(item, &id, data, mime.as_deref()));
            }
            // Other media have no item; what others' parts mean is not known.
            Part::Media(_) | Part::Text(_) | Part::Refusal(_) | Part::ToolResult(_) | Part::Opaque(_) => {}
        }
    }

    fn thinking(&mut self, thinking: &Thinking<'_>) {
        let own = self.id("rs");
        let id = thinking.id.as_deref().unwrap_or(&own);
        let sealed = item_out::sealed(thinking.vendor, thinking.signature.as_deref(), thinking.hidden.as_deref());
        self.list.object(|item| item_out::reasoning(item, id, Status::Completed, &thinking.text, sealed.as_deref()));
    }
}

/// Whether a part is content of a message. Of what is spoken there is at least the transcript.
fn is_content(part: &Part<'_>) -> bool {
    match part {
        Part::Text(_) | Part::Refusal(_) => true,
        Part::Media(media) => media.transcript.is_some(),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => false,
    }
}

fn write_content(list: &mut List<'_>, part: &Part<'_>, logprobs: &mut Option<&str>) {
    match part {
        Part::Text(TextPart { text, citations, .. }) => {
            let end = u64::try_from(text.chars().count()).unwrap_or(0);
            let sources: Vec<_> = citations.iter().filter_map(|source| Annotation::of(source, end)).collect();
            let logprobs = logprobs.take().unwrap_or_default();
            list.object(|part| item_out::output_text(part, text, &sources, logprobs));
        }
        Part::Refusal(text) => list.object(|part| item_out::refusal(part, text)),
        Part::Media(media) => {
            let text = media.transcript.as_deref().unwrap_or_default();
            list.object(|part| item_out::output_text(part, text, &[], ""));
        }
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
    }
}
