//! Further inputs, made from others by variation: seeded, so that equal seeds give equal inputs.

mod claims;
mod settings;

use admit::release::Inspected;
use fastrand::Rng;
use serde_json::{Map, Value};

use super::input::{Input, Made};
use crate::args::DiffArgs;
use claims::Seen;

/// As many inputs as the arguments want, each with some claims of one of `from` replaced, dropped
/// or written otherwise, and perhaps with other facts and settings.
///
/// Half of them start at one of the places in `admitted`, so that enough of them is admitted too.
pub(super) fn inputs(
    args: &DiffArgs,
    from: &[Input],
    admitted: &[usize],
    policies: [&Inspected; 2],
) -> Vec<Input> {
    if args.generate == 0 || from.is_empty() {
        return Vec::new();
    }
    let mut random = Rng::with_seed(args.seed);
    let settings = settings::pool(&mut random, from, policies);
    let seen = Seen::of(from, policies);
    let mut generator = Generator { random, from, admitted, seen, settings };
    (1..=args.generate).map(|number| generator.input(number)).collect()
}

struct Generator<'a> {
    random: Rng,
    from: &'a [Input],
    admitted: &'a [usize],
    seen: Seen<'a>,
    settings: Vec<Map<String, Value>>,
}

impl Generator<'_> {
    fn input(&mut self, number: u32) -> Input {
        let start = self.start();
        let Input { origin, request, .. } = self.at(start);
        let (origin, mut request) = (origin.clone(), request.clone());
        self.seen.vary(&mut self.random, &mut request.claims);
        if self.random.u8(..4) == 0 {
            let other = self.place();
            request.facts = self.at(other).request.facts.clone();
        }
        if self.random.bool() {
            let settings = self.random.choice(&self.settings);
            request.settings = settings.unwrap_or(&request.settings).clone();
        }
        Input { origin, made: Some(Made { number, start }), request }
    }

    fn start(&mut self) -> usize {
        let any = self.place();
        let admitted = self.random.choice(self.admitted).filter(|_| self.random.bool());
        admitted.copied().unwrap_or(any)
    }

    fn place(&mut self) -> usize {
        self.random.usize(..self.from.len())
    }

    fn at(&self, place: usize) -> &Input {
        self.from.get(place).expect("a place among the inputs")
    }
}
