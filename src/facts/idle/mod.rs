//! What was asked for and does nothing.
//!
//! Only what somebody wrote can be without effect, so the declaration decides,
//! and the kernel has no word: it shows what is in force, and not what was meant.

mod capabilities;
mod code;
mod privileged;
mod settings;

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::target::Kind;
use crate::parse::document::Document;

use super::view::View;

/// What becomes of what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// All of it does what it says.
    Whole,
    /// This does not.
    Without(Idle),
}

/// A setting without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// What is the matter with it, as a fragment without a full stop.
    pub what: String,
    /// The form that works.
    pub instead: String,
    /// The item of a list that is meant, by what it says; may be empty.
    pub item: String,
    /// Whether what it asks for is so anyway, without it.
    pub is_so_anyway: bool,
}

impl Idle {
    fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        let (what, instead) = (what.into(), instead.into());
        Self { what, instead, item: String::new(), is_so_anyway: false }
    }

    /// Points at an item of a list.
    fn item(self, item: impl Into<String>) -> Self {
        Self { item: item.into(), ..self }
    }
}

/// A question that arises for few: nothing where it does not.
type Question = fn(&View<'_>, &Document<'_>) -> Vec<Reading<Option<Idle>>>;

const QUESTIONS: [Question; 4] = [privileged::all, capabilities::all, code::all, settings::all];

/// Each setting without effect, and each of which that cannot be told; where
/// there is neither, that there is none.
pub(super) fn all(view: &View<'_>) -> Vec<Fact<Effect>> {
    let inspect = view.inspect();
    if let Some(gap) = inspect.unread() {
        return vec![Fact::declared_only(Reading::Missing(gap.clone()))];
    }
    let asked = QUESTIONS.iter().flat_map(|ask| ask(view, inspect)).filter_map(effect);
    let found: Vec<Fact<Effect>> = asked.chain(written(inspect)).map(Fact::declared_only).collect();
    if !found.is_empty() {
        return found;
    }
    let shown = match view.kind() {
        Kind::Service | Kind::Dockerfile => "its files were read",
        Kind::Container | Kind::Image => "its record was read",
    };
    let evidence = Evidence::new(inspect.source().clone(), "", shown);
    vec![Fact::declared_only(Reading::Known(Effect::Whole, vec![evidence]))]
}

fn effect(reading: Reading<Option<Idle>>) -> Option<Reading<Effect>> {
    match reading {
        Reading::Known(None, _) | Reading::Inapplicable => None,
        Reading::Known(Some(idle), evidence) => {
            Some(Reading::Known(Effect::Without(idle), evidence))
        }
        Reading::Missing(gap) => Some(Reading::Missing(gap)),
    }
}

/// What the files say and no container shows.
fn written(inspect: &Document<'_>) -> impl Iterator<Item = Reading<Effect>> {
    inspect.idle().iter().map(|idle| {
        let source = inspect.source().clone();
        let evidence = Evidence::new(source, idle.origin.key.clone(), "without effect");
        let evidence = evidence.with(|datum| datum.written = Some(idle.origin.clone()));
        let idle = Idle::new(idle.what.as_str(), idle.instead.as_str());
        Reading::Known(Effect::Without(idle), vec![evidence])
    })
}
