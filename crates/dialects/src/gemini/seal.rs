//! Signatures of thoughts.
//!
//! Google's are opaque base64 and stand on the part that follows the thoughts. Clients check that the field is base64,
//! so another vendor's seal that travels in it is packed once more.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::model::{Thinking, Vendor, carried, carry};
use crate::text::Text;

/// What the base64 of a carried seal begins with: the mark's first four letters.
const PACKED: &str = "Y2x2MX";

/// For a call that Google's model did not make: it is not checked then ("Thought signatures: FAQ", 2026-11).
pub(super) const UNCHECKED: &str = "skip_thought_signature_validator";

/// The id under which Anthropic's hidden thoughts travel, to tell them from signatures.
const HIDDEN: &str = "hidden";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The field's text for thoughts: Google's own, another's that travels in it, or nothing.
pub(super) fn pack(thinking: &Thinking<'_>) -> Option<String> {
    let seal = thinking.signature.as_ref().or(thinking.hidden.as_ref())?;
    let vendor = thinking.vendor.unwrap_or(Vendor::Other);
    let id = match (vendor, &thinking.signature) {
        (Vendor::Anthropic, None) => Some(HIDDEN),
        _ => thinking.id.as_deref(),
    };
    Some(pack_seal(vendor, id, seal, thinking.hidden.is_some() && thinking.signature.is_none()))
}

/// The field's text for one seal.
pub(super) fn pack_seal(vendor: Vendor, id: Option<&str>, seal: &str, is_hidden: bool) -> String {
    let id = if is_hidden && vendor == Vendor::Anthropic { Some(HIDDEN) } else { id };
    match vendor {
        Vendor::Google => seal.to_owned(),
        vendor => GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(carry(vendor, id, seal)),
    }
}

/// Thoughts with what the field holds. Clients may write base64 in either alphabet.
pub(super) fn unpack<'a>(text: Text<'a>, signature: Option<Text<'a>>) -> Thinking<'a> {
    let Some(signature) = signature.filter(|signature| !signature.is_empty() && signature.as_str() != UNCHECKED) else {
        return Thinking { text, ..Thinking::default() };
    };
    let packed = signature.starts_with(PACKED).then(|| decode(&signature)).flatten();
    let Some((vendor, id, data)) = packed.as_deref().and_then(carried) else {
        return Thinking { text, signature: Some(signature), vendor: Some(Vendor::Google), ..Thinking::default() };
    };
    let is_hidden = vendor == Vendor::OpenAi || vendor == Vendor::Anthropic && id == Some(HIDDEN);
    let id = id.filter(|id| *id != HIDDEN).map(|id| Text::from(id.to_owned()));
    let data = Some(Text::from(data.to_owned()));
    let (signature, hidden) = if is_hidden { (None, data) } else { (data, None) };
    Thinking { text, signature, hidden, id, vendor: Some(vendor) }
}

fn decode(text: &str) -> Option<String> {
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    String::from_utf8(GeneralPurpose::new(&alphabet, LENIENT).decode(text).ok()?).ok()
}
