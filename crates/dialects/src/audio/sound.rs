//! Samples as providers send them, and the forms in which callers want them. Nothing is encoded anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Form;
use crate::text::Text;

/// Samples of one channel, 16 bits each, little-endian; or a file that is passed on as it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    bytes: Vec<u8>,
    /// Samples a second; `None`: a file.
    rate: Option<u32>,
}

impl Sound {
    /// What this media type and these pieces of base64 hold. `None`: one is not base64.
    pub(crate) fn read(mime: &str, pieces: &[Text<'_>]) -> Option<Self> {
        let length = pieces.iter().map(|piece| piece.len() / 4 * 3 + 3).sum();
        let mut bytes = Vec::with_capacity(length);
        for piece in pieces {
            STANDARD.decode_vec(piece.as_bytes(), &mut bytes).ok()?;
        }
        let mut words = mime.split(';').map(str::trim);
        // `audio/L16;codec=pcm;rate=24000` ("Speech generation", Gemini API, 2026-11)
        let kind = words.next().unwrap_or_default().to_ascii_lowercase();
        let rate = words.find_map(|word| word.strip_prefix("rate=")?.parse().ok()).unwrap_or(24_000);
        let is_raw = matches!(kind.as_str(), "audio/l16" | "audio/pcm");
        Some(Self { bytes, rate: is_raw.then_some(rate) })
    }

    /// The bytes in the form that the caller is told of.
    pub(crate) fn in_form(self, form: Form) -> Vec<u8> {
        match (form, self.rate) {
            (Form::Wav, Some(rate)) => wav(&self.bytes, rate),
            (Form::Wav, None) | (Form::Pcm | Form::Json | Form::Text, _) => self.bytes,
        }
    }
}

/// A WAV file: the header of RIFF with one chunk of format and one of data ("Multimedia programming interface and data
/// specifications", Microsoft and IBM, 1991).
fn wav(samples: &[u8], rate: u32) -> Vec<u8> {
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX - 36);
    let mut out = Vec::with_capacity(samples.len() + 44);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + length.min(u32::MAX - 36)).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    for word in [1_u16, 1] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for word in [rate, rate.saturating_mul(2)] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for word in [2_u16, 16] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(samples);
    out
}
