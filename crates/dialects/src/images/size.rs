//! The size of a picture, as its sides or as the shape that models know instead.

use crate::codec::Refused;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) width: u64,
    pub(crate) height: u64,
}

impl Sides {
    /// Reads `1024x768`. `None`: the choice is the model's.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn read(size: Option<&str>) -> Result<Option<Self>, Refused> {
        let Some(size) = size.filter(|size| !matches!(*size, "" | "auto")) else { return Ok(None) };
        let sides = size.split_once(['x', 'X', '*']);
        let sides = sides.and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)));
        match sides {
            Some((width @ 1..=65_536, height @ 1..=65_536)) => Ok(Some(Self { width, height })),
            Some(_) | None => Err(Refused::field("size", "size must be WIDTHxHEIGHT")),
        }
    }
}

/// A shape: the sides' proportion and a class of resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `16:9`.
    pub(crate) ratio: &'static str,
    /// `1K`, `2K` or `4K`.
    pub(crate) class: &'static str,
}

/// What OpenAI's and other usual sizes mean in shapes (Higress ai-proxy v2.2.1, Vertex).
const KNOWN: [(u64, u64, &str, &str); 17] = [
    (256, 256, "1:1", "1K"),
    (512, 512, "1:1", "1K"),
    (1024, 1024, "1:1", "1K"),
    (1024, 768, "4:3", "1K"),
    (1365, 1024, "4:3", "1K"),
    (2048, 2048, "1:1", "2K"),
    (768, 1024, "3:4", "1K"),
    (1024, 1365, "3:4", "1K"),
    (4096, 4096, "1:1", "4K"),
    (1280, 1024, "5:4", "1K"),
    (1024, 1280, "4:5", "1K"),
    (1792, 1024, "16:9", "2K"),
    (1024, 1792, "9:16", "2K"),
    (1536, 1024, "3:2", "2K"),
    (1024, 1536, "2:3", "2K"),
    (2560, 1080, "21:9", "2K"),
    (1080, 2560, "9:16", "2K"),
];

impl Shape {
    /// Where nothing is asked.
    pub(crate) const USUAL: Self = Self { ratio: "1:1", class: "1K" };

    /// The nearest shape among `ratios`, each as `W:H`.
    pub(crate) fn nearest(sides: Sides, ratios: &[&'static str]) -> Self {
        let known = KNOWN.iter().find(|(width, height, ..)| (*width, *height) == (sides.width, sides.height));
        if let Some((.., ratio, class)) = known.filter(|(.., ratio, _)| ratios.contains(ratio)) {
            return Self { ratio, class };
        }
        let distance = |ratio: &&&'static str| {
            let (width, height) = ratio.split_once(':').unwrap_or(("1", "1"));
            let part = |text: &str| text.parse::<u64>().unwrap_or(1);
            // the quotient of the two proportions, in thousandths: 1000 where they are the same
            let (one, other) = (sides.width * part(height), sides.height * part(width));
            one.max(other) * 1000 / one.min(other).max(1)
        };
        let ratio = ratios.iter().min_by_key(distance).copied().unwrap_or(Self::USUAL.ratio);
        let class = match sides.width.max(sides.height) {
            0..=1399 => "1K",
            1400..=2799 => "2K",
            _ => "4K",
        };
        Self { ratio, class }
    }
}
