use super::*;
use crate::model::Finish;

fn call(part: u32) -> Event<'static> {
    let (id, name) = (format!("c{part}").into(), Text::fixed("f"));
    Event::Open { choice: 0, part, opening: Opening::ToolCall { id, name, kind: CallKind::Function, signature: None } }
}

fn arguments(part: u32, text: &'static str) -> Event<'static> {
    Event::Delta { choice: 0, part, delta: Delta::Arguments(Text::fixed(text)) }
}

fn text(part: u32, text: &'static str) -> [Event<'static>; 2] {
    let opening = Opening::Text;
    let delta = Delta::Text(Text::fixed(text));
    [Event::Open { choice: 0, part, opening }, Event::Delta { choice: 0, part, delta }]
}

fn close(part: u32) -> Event<'static> {
    Event::Close { choice: 0, part }
}

fn finish() -> Event<'static> {
    Event::Finish { choice: 0, finish: Finish::ToolCalls }
}

/// What comes out, in short: `(0` opens part 0, `)` closes, deltas are their text.
fn fed(events: impl IntoIterator<Item = Event<'static>>) -> String {
    let (mut sequencer, mut out) = (Sequencer::default(), String::new());
    for event in events {
        sequencer.feed(event, &mut |event| match event {
            Event::Open { part, .. } => out.push_str(&format!("({part}")),
            Event::Delta { delta: Delta::Text(text) | Delta::Arguments(text), .. } => out.push_str(&text),
            Event::Close { .. } => out.push(')'),
            Event::Finish { .. } => out.push('!'),
            Event::Delta { .. } | Event::Start(_) | Event::Usage(_) | Event::Ping => {}
            Event::Fault(_) | Event::End => out.push('.'),
        });
    }
    out
}

#[test]
fn calls_sent_in_turns_come_out_one_after_another() {
    let events =
        [call(0), call(1), arguments(1, "{1"), arguments(0, "{0"), arguments(1, "}"), arguments(0, "}"), finish()];
    assert_eq!(fed(events), "(0{0})(1{1})!");
}

#[test]
fn a_call_whose_arguments_are_whole_makes_way_at_once() {
    let events = [call(0), arguments(0, r#"{"a":"}{"}"#), call(1), arguments(1, "{")];
    assert_eq!(fed(events), r#"(0{"a":"}{"})(1{"#);
}

#[test]
fn a_call_without_arguments_keeps_its_place() {
    assert_eq!(fed([call(0), call(1), arguments(1, "{}"), finish()]), "(0)(1{})!");
}

#[test]
fn text_after_an_unfinished_call_waits_for_it() {
    let [open, words] = text(1, "hm");
    assert_eq!(fed([call(0), arguments(0, "{"), open, words, arguments(0, "}"), close(1), finish()]), "(0{})(1hm)!");
}

#[test]
fn a_part_that_was_not_closed_is_closed_by_the_next() {
    let [[a, b], [c, d]] = [text(0, "a"), text(1, "b")];
    assert_eq!(fed([a, b, c, d, finish()]), "(0a)(1b)!");
}

#[test]
fn only_the_first_of_several_answers_goes_through() {
    let other = Event::Open { choice: 1, part: 0, opening: Opening::Text };
    let [open, words] = text(0, "a");
    assert_eq!(fed([open, other, words, close(0), finish()]), "(0a)!");
}

#[test]
fn what_still_waits_at_the_end_comes_out_before_it() {
    assert_eq!(fed([call(0), call(1), arguments(1, "{}"), Event::End]), "(0)(1{}).");
}
