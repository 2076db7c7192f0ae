//! Text that comes in pieces, or as all that was said so far.
//!
//! Pieces are asked for (`incremental_output`), and without tools they come. With tools some models send the whole text
//! so far in each event. Which it is shows in the second and third event; what is not certain waits for the next.

/// One text of an answer.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    form: Form,
}

#[derive(Debug, Default)]
enum Form {
    /// Nothing was said.
    #[default]
    Empty,
    /// This was said; if something waits, it repeats the first and may be all so far, or a stutter.
    Unsure {
        first: String,
        waiting: Option<String>,
    },
    Pieces,
    /// So many bytes were said.
    SoFar(usize),
}

impl Pieces {
    /// A text that certainly comes in pieces.
    pub(super) const fn certain() -> Self {
        Self { form: Form::Pieces }
    }

    /// What an event adds, told in one or two texts.
    pub(super) fn add(&mut self, text: &str, mut say: impl FnMut(&str)) {
        match &mut self.form {
            Form::Pieces => say(text),
            Form::SoFar(said) => {
                say(text.get(*said..).unwrap_or_default());
                *said = text.len().max(*said);
            }
            Form::Empty => {
                if !text.is_empty() {
                    say(text);
                    self.form = Form::Unsure { first: text.to_owned(), waiting: None };
                }
            }
            Form::Unsure { first, waiting: None } => match text.starts_with(first.as_str()) {
                true => self.form = Form::Unsure { first: std::mem::take(first), waiting: Some(text.to_owned()) },
                false => {
                    say(text);
                    self.form = Form::Pieces;
                }
            },
            Form::Unsure { first, waiting: Some(waiting) } => match text.starts_with(waiting.as_str()) {
                true => {
                    say(text.get(first.len()..).unwrap_or_default());
                    self.form = Form::SoFar(text.len());
                }
                false => {
                    say(waiting);
                    say(text);
                    self.form = Form::Pieces;
                }
            },
        }
    }

    /// The text is complete: what still waits repeats all that was said.
    pub(super) fn finish(&mut self, mut say: impl FnMut(&str)) {
        if let Form::Unsure { first, waiting: Some(waiting) } = &self.form {
            say(waiting.get(first.len()..).unwrap_or_default());
            self.form = Form::SoFar(waiting.len());
        }
    }
}
