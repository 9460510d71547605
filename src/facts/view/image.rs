//! An image that is itself the target, by its engine or from an archive.

use crate::model::bundle::Origin;
use crate::model::layers::{Layers, Step};
use crate::model::reading::{Evidence, Reading};
use crate::model::source::Source;
use crate::parse::document::Document;

use super::View;

impl<'a> View<'a> {
    /// What the image that is itself the target says of itself.
    pub(in crate::facts) fn own_image(&self) -> Document<'a> {
        let source = match self.origin() {
            Origin::Archive => Source::archived_image,
            Origin::Engine | Origin::Kernel | Origin::Compose | Origin::Dockerfile => Source::image,
        };
        self.document(source(&self.target.id))
    }

    /// How the image that is itself the target was made.
    pub(in crate::facts) fn history(&self) -> Reading<&'a [Step]> {
        let source = match self.origin() {
            Origin::Archive => Source::archived_history(self.id()),
            Origin::Engine | Origin::Kernel | Origin::Compose | Origin::Dockerfile => {
                Source::history(self.id())
            }
        };
        match self.bundle.history(&source) {
            Ok(steps) => {
                let shown = format!("{} steps", steps.len());
                Reading::Known(steps, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }

    /// What the contents of the image's layers tell.
    pub(in crate::facts) fn layers(&self) -> Reading<&'a Layers> {
        let source = Source::Layers(self.target.id.as_str().into());
        match self.bundle.layers(&source) {
            Ok(layers) => {
                let shown = format!("{} files that may hold secrets", layers.holders.len());
                Reading::Known(layers, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }
}
