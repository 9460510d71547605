//! What the image rests on that the stages which ship begin with.

use std::sync::Arc;

use crate::model::draft::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::untrusted::Untrusted;
use crate::parse::compose::address;
use crate::parse::dockerfile::From;
use crate::parse::known_image::{self, Size};

use super::{Build, Layout, steps};

/// What the lowest stage that ships begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The image's name; none where it is nothing at all.
    pub name: Option<Untrusted>,
    /// Where it is asked for.
    pub origin: Arc<Origin>,
}

/// How much of a system the image rests on, as far as the base's name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foundation {
    /// What it begins with.
    pub base: Base,
    /// How large that is.
    pub size: Size,
}

impl Layout {
    /// What the lowest stage that ships begins with, where that can be told.
    pub fn base(&self) -> Option<Base> {
        let lowest = *self.plan.ships.first()?;
        let stage = self.dockerfile.stages.get(lowest)?;
        let name = match self.plan.from.get(lowest)? {
            From::Image(name) => Some(address::image(name).into()),
            From::Scratch => None,
            From::Stage(_) | From::Untold(_) => return None,
        };
        let place = stage.base().map(|it| stage.from.place_of(it));
        Some(Base { name, origin: self.origin(&stage.from, place) })
    }
}

impl Build {
    /// How much of a system the image rests on. Names that are told to be of small images
    /// are so whatever they tell themselves.
    pub fn foundation(&self, is_small: impl Fn(&str) -> bool) -> Fact<Foundation> {
        let mut gap = self.gap(steps::in_shipped_stages);
        let found = self.layout.declared().clone().and_then(|layout| {
            let Some(base) = layout.base() else { return Reading::Inapplicable };
            let Some(size) = size(base.name.as_ref(), &is_small) else {
                gap = self.without_size(&base);
                return Reading::Inapplicable;
            };
            Reading::of(Foundation { base, size })
        });
        Fact::declared_in_part(found, gap)
    }

    fn without_size(&self, base: &Base) -> Option<Gap> {
        let name = base.name.as_ref()?;
        let why = format!("the name {name} does not tell how large a system it is");
        let gap = self.gap_at(base.origin.at.line, &why, Reason::NotCollected)?;
        Some(gap.mend(format!("audit the image itself: secaudit image {name}")))
    }
}

fn size(name: Option<&Untrusted>, is_small: impl Fn(&str) -> bool) -> Option<Size> {
    let Some(name) = name else { return Some(Size::Small) };
    if is_small(name.raw()) { Some(Size::Small) } else { known_image::size(name.raw()) }
}
