//! Some patterns of a set.

use super::MOST;

/// Some patterns of a set, by their place in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks([u64; MOST / 64]);

impl Marks {
    /// No pattern.
    pub const NONE: Self = Self([0; MOST / 64]);

    pub(super) fn set(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Takes in others.
    pub const fn join(&mut self, other: Self) {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        self.0 = [a | e, b | f, c | g, d | h];
    }

    /// Those of them that are not among the others.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = others.0;
        Self([a & !e, b & !f, c & !g, d & !h])
    }

    /// Whether it is no pattern at all.
    pub const fn is_none(self) -> bool {
        matches!(self.0, [0, 0, 0, 0])
    }

    /// The places, in ascending order.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..MOST).filter(move |place| {
            self.0.get(place / 64).is_some_and(|it| it >> (place % 64) & 1 == 1)
        })
    }

    /// The words that they are kept in.
    pub const fn words(self) -> [u64; MOST / 64] {
        self.0
    }

    /// The patterns that these words hold.
    pub const fn from_words(words: [u64; MOST / 64]) -> Self {
        Self(words)
    }
}
