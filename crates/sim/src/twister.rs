//! The Mersenne Twister as Python's `random` seeds and reads it: the exam draws its arrivals from it, and the same
//! seed must give the same traffic here.
//!
//! MT19937 and `init_by_array`: Matsumoto and Nishimura (2002), `mt19937ar.c`.

const N: usize = 624;
const M: usize = 397;

/// `random.Random(seed)`.
#[derive(Clone, Debug)]
pub struct Twister {
    state: [u32; N],
    next: usize,
}

impl Twister {
    /// Seeded with a whole number, as Python does it.
    pub fn new(seed: u64) -> Self {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let both = [low, high];
        let key = if high == 0 { &both[..1] } else { &both[..] };
        let mut state = plain(19_650_218);
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let before = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ before).wrapping_add(key[j]).wrapping_add(j as u32);
            i = following(i, &mut state);
            j = (j + 1) % key.len();
        }
        for _ in 0..N - 1 {
            let before = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ before).wrapping_sub(i as u32);
            i = following(i, &mut state);
        }
        state[0] = 0x8000_0000;
        Self { state, next: N }
    }

    fn word(&mut self) -> u32 {
        if self.next >= N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for k in 0..N {
            let y = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[k] = self.state[(k + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }

    /// `random()`: in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// `expovariate(rate)`.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -(1.0 - self.unit()).ln() / rate
    }

    /// The index that `choices` picks by weight.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let at = self.unit() * total;
        let mut sum = 0.0;
        let found = weights.iter().position(|weight| {
            sum += weight;
            at < sum
        });
        found.unwrap_or(weights.len().saturating_sub(1))
    }
}

fn plain(seed: u32) -> [u32; N] {
    let mut state = [0; N];
    state[0] = seed;
    for i in 1..N {
        let before: u32 = state[i - 1];
        state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
    }
    state
}

fn following(i: usize, state: &mut [u32; N]) -> usize {
    if i + 1 < N {
        return i + 1;
    }
    state[0] = state[N - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_python() {
        let mut random = Twister::new(3 * 104_729 + 1005 * 31 + 5);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
        near(random.unit(), 0.186_041_471_115_264_7);
        near(random.unit(), 0.184_096_033_682_241_14);
        near(random.exponential(20.0), 0.069_748_874_624_819_85);
    }
}
