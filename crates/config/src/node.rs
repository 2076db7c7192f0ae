//! A YAML tree (JSON is YAML) in which every value and every key knows its line.
//!
//! Goes in: text. Comes out: one node per document, and what is wrong with the text. Duplicate keys are found here.
//! It must never recurse as deep as the text says: depth and the number of aliased nodes are capped.

use std::collections::HashMap;

use saphyr::{Scalar, ScalarStyle};
use saphyr_parser::{Event, Marker, Parser, Tag};
use serde_json::Number;

/// Deeper trees are no configuration.
const MAX_DEPTH: usize = 64;
/// Aliases may add this many nodes in all.
const MAX_ALIASED: usize = 10_000;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// A whole number, and how it is written.
    Int(i64, String),
    /// Any other number, and how it is written.
    Float(f64, String),
    Str(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Something wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The key that stands twice; `None` for everything else.
    pub(crate) duplicate: Option<String>,
    pub(crate) message: String,
}

/// All documents, and everything wrong with the text. After an error that is no duplicate key, the documents before
/// it are returned.
pub(crate) fn parse(text: &str) -> (Vec<Node>, Vec<TextError>) {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(next) = parser.next_event() {
        let done = match next {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => builder.take(event, span.start),
            Err(error) => Err(text_error(*error.marker(), error.info().to_owned())),
        };
        if let Err(error) = done {
            builder.errors.push(error);
            break;
        }
    }
    (builder.documents, builder.errors)
}

fn text_error(mark: Marker, message: String) -> TextError {
    TextError { line: mark.line().max(1), column: mark.col() + 1, duplicate: None, message }
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    errors: Vec<TextError>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
}

/// A list or map that is not complete.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<Key>,
    /// What `<<` brought in; the map's own keys win.
    merged: Vec<(Key, Node)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, mark: Marker) -> Result<(), TextError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                self.put(node(mark, value), anchor, mark)
            }
            Event::SequenceStart(anchor, _) => self.begin(node(mark, Value::List(Vec::new())), anchor, mark),
            Event::MappingStart(anchor, _) => self.begin(node(mark, Value::Map(Vec::new())), anchor, mark),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.put(complete(done.node, done.merged), done.anchor, mark),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(text_error(mark, "this alias names nothing that is complete".to_owned()));
                };
                self.aliased += size(&node);
                if self.aliased > MAX_ALIASED {
                    return Err(text_error(mark, format!("aliases stand for more than {MAX_ALIASED} values")));
                }
                self.put(node, 0, mark)
            }
        }
    }

    fn begin(&mut self, node: Node, anchor: usize, mark: Marker) -> Result<(), TextError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(text_error(mark, format!("more than {MAX_DEPTH} levels within each other")));
        }
        self.open.push(Open { node, anchor, key: None, merged: Vec::new() });
        Ok(())
    }

    /// A complete node: goes where it belongs.
    fn put(&mut self, node: Node, anchor: usize, mark: Marker) -> Result<(), TextError> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match (&mut parent.node.value, parent.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(_), Some(key)) if key.text == "<<" => return merge(&mut parent.merged, node, mark),
            (Value::Map(entries), Some(key)) => {
                if entries.iter().any(|(other, _)| other.text == key.text) {
                    self.errors.push(TextError {
                        line: key.line,
                        column: key.column,
                        message: format!("the key {:?} stands twice in this map", key.text),
                        duplicate: Some(key.text),
                    });
                } else {
                    entries.push((key, node));
                }
            }
            (Value::Map(_), None) => {
                let Some(text) = written(&node.value) else {
                    return Err(text_error(mark, "a key must be a text".to_owned()));
                };
                parent.key = Some(Key { text, line: node.line, column: node.column });
            }
            (Value::Null | Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_), _) => {}
        }
        Ok(())
    }
}

/// YAML's merge key: everything of one map or several; of equal keys the first counts.
fn merge(merged: &mut Vec<(Key, Node)>, from: Node, mark: Marker) -> Result<(), TextError> {
    let maps = match from.value {
        Value::List(items) => items,
        value => vec![Node { value, ..from }],
    };
    for map in maps {
        let Value::Map(more) = map.value else {
            return Err(text_error(mark, "`<<` takes a map or a list of maps".to_owned()));
        };
        add_missing(merged, more);
    }
    Ok(())
}

fn add_missing(entries: &mut Vec<(Key, Node)>, more: Vec<(Key, Node)>) {
    for (key, node) in more {
        if !entries.iter().any(|(other, _)| other.text == key.text) {
            entries.push((key, node));
        }
    }
}

fn node(mark: Marker, value: Value) -> Node {
    Node { line: mark.line().max(1), column: mark.col() + 1, value }
}

/// A list or map whose end was reached. A map in block style begins where its first entry does.
fn complete(mut node: Node, merged: Vec<(Key, Node)>) -> Node {
    let first = match &node.value {
        Value::Map(entries) => entries.first().map(|(key, _)| (key.line, key.column)),
        Value::Null | Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_) | Value::List(_) => None,
    };
    if let Some(first) = first
        && first > (node.line, node.column)
        && first.0 != node.line
    {
        (node.line, node.column) = first;
    }
    if let Value::Map(entries) = &mut node.value {
        add_missing(entries, merged);
    }
    node
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| size(node)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_) => 1,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let tag = tag.map(|tag| std::borrow::Cow::Owned(tag.clone()));
    match Scalar::parse_from_cow_and_metadata(text.into(), style, tag.as_ref()) {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Boolean(flag)) => Value::Bool(flag),
        Some(Scalar::Integer(number)) => Value::Int(number, text.to_owned()),
        Some(Scalar::FloatingPoint(number)) => Value::Float(number.into_inner(), text.to_owned()),
        Some(Scalar::String(_)) | None => Value::Str(text.to_owned()),
    }
}

/// The scalar as it is written; `None` for lists, maps and nothing.
pub(crate) fn written(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(_, text) | Value::Float(_, text) | Value::Str(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The number as JSON has it; `None` for what JSON has no word for (`.inf`).
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(number, _) => Some(Number::from(*number)),
        // digits beyond a float's are kept where JSON writes numbers the same way
        Value::Float(number, text) => text.parse().ok().or_else(|| Number::from_f64(*number)),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::List(_) | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests;
