//! A fact that is derived when somebody first asks.
//!
//! Which facts matter depends on the rules, and most of what they ask ends at the
//! first facts. A rule that goes through many targets also derives the same fact of
//! one after the other, while its code is at hand.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::view::View;

/// A fact, or how it is derived.
pub struct Lazy<'a, T> {
    fact: OnceCell<T>,
    view: Rc<View<'a>>,
    derive: fn(&View<'a>) -> T,
}

impl<'a, T> Lazy<'a, T> {
    pub(super) fn new(view: &Rc<View<'a>>, derive: fn(&View<'a>) -> T) -> Self {
        Self { fact: OnceCell::new(), view: Rc::clone(view), derive }
    }
}

impl<T> Deref for Lazy<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.fact.get_or_init(|| (self.derive)(&self.view))
    }
}

impl<T: fmt::Debug> fmt::Debug for Lazy<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
