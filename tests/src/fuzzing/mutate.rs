//! A small mutator: the same inputs for the same seed, on every toolchain.

/// Makes inputs out of inputs.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    words: Vec<Vec<u8>>,
}

/// The most bytes that one step may add.
const MAX_GROWTH: usize = 512;

impl Mutator {
    /// A mutator whose choices follow from `seed`.
    #[must_use]
    pub fn new(seed: u64, words: Vec<Vec<u8>>) -> Self {
        Self { state: seed, words }
    }

    /// One to five steps away from `input`, some of them towards `other`.
    #[must_use]
    pub fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(5) {
            self.step(&mut bytes, other);
        }
        bytes
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from((mixed ^ (mixed >> 31)) % end).unwrap_or_default()
    }

    fn step(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        match self.below(9) {
            0 => self.change(bytes, at, |byte, random| byte ^ (1 << (random % 8))),
            1 => self.change(bytes, at, |_, random| random),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(self.range(bytes.len()))),
            4 => {
                let range = self.range(bytes.len());
                let copy = bytes.get(range).unwrap_or_default().to_vec();
                self.insert(bytes, at, &copy);
            }
            5 => {
                let range = self.range(other.len());
                self.insert(bytes, at, other.get(range).unwrap_or_default());
            }
            6 => {
                let word = self.word();
                let times = 1 << self.below(8);
                self.insert(bytes, at, &word.repeat(times));
            }
            7 => {
                let word = self.word();
                let range = self.range(bytes.len());
                bytes.splice(range, word);
            }
            _ => {
                let word = self.word();
                self.insert(bytes, at, &word);
            }
        }
    }

    fn change(&mut self, bytes: &mut [u8], at: usize, to: impl Fn(u8, u8) -> u8) {
        let random = u8::try_from(self.below(256)).unwrap_or_default();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to(*byte, random);
        }
    }

    fn insert(&mut self, bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
        let more = more.get(..more.len().min(MAX_GROWTH)).unwrap_or_default();
        bytes.splice(at..at, more.iter().copied());
    }

    /// Some bytes next to one another, mostly few.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let most = if self.below(4) == 0 { length } else { 16 };
        start..(start + self.below(most) + 1).min(length)
    }

    fn word(&mut self) -> Vec<u8> {
        let which = self.below(self.words.len());
        self.words.get(which).cloned().unwrap_or_default()
    }
}
