//! Chance as a function of its arguments: hashes that the script draws its coins from, and a stream of numbers.
//!
//! Nothing here reads a source of chance; the same seeds give the same numbers on every machine.

/// splitmix64.
pub const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A number in (0, 1) that depends on its arguments alone.
pub fn coin(seed: u64, parts: &[u64]) -> f64 {
    let hash = parts.iter().fold(mix(seed), |hash, part| mix(hash ^ part));
    ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The next number.
    pub const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// The next number, in `[0, 1)`.
    pub const fn unit(&mut self) -> f64 {
        (self.throw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next number, below `end` (which must be positive).
    pub const fn below(&mut self, end: usize) -> usize {
        (self.throw() % end as u64) as usize
    }

    /// Whether an event of this probability happens.
    pub const fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// The inverse of the normal distribution function, for 0 < p < 1: algorithm AS 241 of Wichura (1988), Applied
/// Statistics 37(3), 477–484, which Python's `statistics.NormalDist` uses as well.
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return polynomial(&CENTRE.0, r) * q / polynomial(&CENTRE.1, r);
    }
    let r = if q <= 0.0 { p } else { 1.0 - p };
    let r = (-r.ln()).sqrt();
    let (r, (above, below)) = if r <= 5.0 { (r - 1.6, TAIL) } else { (r - 5.0, FAR_TAIL) };
    let x = polynomial(&above, r) / polynomial(&below, r);
    if q < 0.0 { -x } else { x }
}

fn polynomial(coefficients: &[f64; 8], r: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * r + coefficient)
}

type Ratio = ([f64; 8], [f64; 8]);

#[expect(clippy::excessive_precision, clippy::inconsistent_digit_grouping, reason = "the digits as published")]
const CENTRE: Ratio = (
    [
        2.509_080_928_730_122_6727e3,
        3.343_057_558_358_812_8105e4,
        6.726_577_092_700_870_0853e4,
        4.592_195_393_154_987_1457e4,
        1.373_169_376_550_946_1125e4,
        1.971_590_950_306_551_4427e3,
        1.331_416_678_917_843_7745e2,
        3.387_132_872_796_366_6080,
    ],
    [
        5.226_495_278_852_854_5610e3,
        2.872_908_573_572_194_2674e4,
        3.930_789_580_009_271_0610e4,
        2.121_379_430_158_659_5867e4,
        5.394_196_021_424_751_1077e3,
        6.871_870_074_920_579_0830e2,
        4.231_333_070_160_091_1252e1,
        1.0,
    ],
);
#[expect(clippy::excessive_precision, clippy::inconsistent_digit_grouping, reason = "the digits as published")]
const TAIL: Ratio = (
    [
        7.745_450_142_783_414_07640e-4,
        2.272_384_498_926_918_45833e-2,
        2.417_807_251_774_506_11770e-1,
        1.270_458_252_452_368_38258,
        3.647_848_324_763_204_60504,
        5.769_497_221_460_691_40550,
        4.630_337_846_156_545_29590,
        1.423_437_110_749_683_57734,
    ],
    [
        1.050_750_071_644_416_84324e-9,
        5.475_938_084_995_344_94600e-4,
        1.519_866_656_361_645_71966e-2,
        1.481_039_764_274_800_74590e-1,
        6.897_673_349_851_000_04550e-1,
        1.676_384_830_183_803_84940,
        2.053_191_626_637_758_82187,
        1.0,
    ],
);
#[expect(clippy::excessive_precision, clippy::inconsistent_digit_grouping, reason = "the digits as published")]
const FAR_TAIL: Ratio = (
    [
        2.010_334_399_292_288_13265e-7,
        2.711_555_568_743_487_57815e-5,
        1.242_660_947_388_078_43860e-3,
        2.653_218_952_657_612_30930e-2,
        2.965_605_718_285_048_91230e-1,
        1.784_826_539_917_291_33580,
        5.463_784_911_164_114_36990,
        6.657_904_643_501_103_77720,
    ],
    [
        2.044_263_103_389_939_78564e-15,
        1.421_511_758_316_445_88870e-7,
        1.846_318_317_510_054_68180e-5,
        7.868_691_311_456_132_59100e-4,
        1.487_536_129_085_061_48525e-2,
        1.369_298_809_227_358_05310e-1,
        5.998_322_065_558_879_37690e-1,
        1.0,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (1e-9, -5.997_807_015_007_686), (1e-15, -7.941_345)]
        {
            assert!((normal_quantile(p) - x).abs() < 1e-6, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn the_same_coin_falls_the_same_way() {
        assert!((coin(7, &[1, 2]) - coin(7, &[1, 2])).abs() < f64::EPSILON);
        assert!((coin(7, &[1, 2]) - coin(7, &[2, 1])).abs() > f64::EPSILON);
    }
}
