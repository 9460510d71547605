//! Waivers in labels of what they speak of.
//!
//! Whoever may start a container may label it, so that the policy says whether that
//! counts. What an image brings along was written by whoever made the image, and
//! never does.

use std::sync::Arc;

use serde_json::Value;

use crate::model::bundle::Bundle;
use crate::model::draft::{Draft, Origin};
use crate::model::pointer;
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::waiver::{Label, Place, Scope, Slip, Waiver};
use crate::parse::waiver::{self, MOST};
use crate::policy::Policy;

/// Where documents have their labels.
const LABELS: &str = "/Config/Labels";

/// A waiver, and why it does not count if it does not.
pub(super) type Found = (Arc<Waiver>, Option<Slip>);

/// The waivers in the labels of a bundle's targets, in their order.
pub(super) fn all(bundle: &Bundle, policy: &Policy) -> Vec<Found> {
    let of = |target| found(bundle, target, policy);
    bundle.targets.iter().flat_map(of).collect()
}

fn found(bundle: &Bundle, target: &Target, policy: &Policy) -> Vec<Found> {
    let Some(labels) = Labels::of(bundle, target) else { return Vec::new() };
    let mut brought = 0;
    let one = |(name, value): (&String, &Value)| {
        let text = value.as_str();
        let mut said = waiver::in_label(name, text.unwrap_or_default())?;
        if text.is_none() {
            said = Err(slip("what it says is unknown", "set the variable in it"));
        }
        let mut refused = labels.comes_with_the_image(name, value);
        if refused.is_some() {
            // Of those that nobody here wrote a few are enough to know.
            brought += 1;
        } else if !policy.waivers.labels {
            let what = "the policy does not accept labels";
            refused = Some(slip(what, "`labels = true` below [waivers] would"));
        }
        let own = || {
            Place::Label(Label {
                of: target.name.clone(),
                name: name.as_str().into(),
                value: text.unwrap_or_default().into(),
            })
        };
        let at = labels.line(name).map_or_else(own, |it| Place::File(it.at.clone()));
        let terms = said.map(|terms| (Scope::Whole(vec![target.id.clone()]), terms));
        (brought <= MOST).then(|| (Arc::new(Waiver { at, terms }), refused))
    };
    let entries = labels.document.pointer(LABELS).and_then(Value::as_object);
    entries.into_iter().flatten().filter_map(one).collect()
}

fn slip(what: &str, help: &str) -> Slip {
    Slip { what: what.to_owned(), help: help.to_owned() }
}

/// A target's labels, and who wrote them.
struct Labels<'a> {
    document: &'a Value,
    by: By<'a>,
}

/// Who may have written labels.
enum By<'a> {
    /// Whoever created a container; beside them stand those of its image, where they
    /// are known.
    Container(Option<&'a Value>),
    /// Whoever wrote a compose file, or the image that it names.
    Files(&'a Draft),
    /// Whoever made an image.
    Image,
}

impl<'a> Labels<'a> {
    fn of(bundle: &'a Bundle, target: &Target) -> Option<Self> {
        let json = |source: &Source| bundle.json(source).ok();
        match target.kind {
            Kind::Container => {
                let document = json(&Source::container(&target.id))?;
                let image = document.get("Image").and_then(Value::as_str);
                let image = image.and_then(|id| json(&Source::image(id)));
                Some(Self { document, by: By::Container(image) })
            }
            Kind::Service => {
                let draft = bundle.draft(&Source::Compose(target.id.as_str().into())).ok()?;
                Some(Self { document: &draft.document, by: By::Files(draft) })
            }
            Kind::Image => {
                let id = &target.id;
                let document =
                    json(&Source::image(id)).or_else(|| json(&Source::archived_image(id)))?;
                Some(Self { document, by: By::Image })
            }
            Kind::Dockerfile => {
                let draft = bundle.draft(&Source::Run(target.id.as_str().into())).ok()?;
                Some(Self { document: &draft.document, by: By::Image })
            }
        }
    }

    /// Why a label says nothing of what was made from the image, if it is the image's.
    fn comes_with_the_image(&self, name: &str, value: &Value) -> Option<Slip> {
        let is_brought = match &self.by {
            By::Image => true,
            By::Files(_) => self.line(name).is_none(),
            By::Container(Some(image)) => {
                let labels = image.pointer(LABELS).and_then(Value::as_object);
                labels.and_then(|it| it.get(name)) == Some(value)
            }
            By::Container(None) => {
                let what = "whether its image brings it along is unknown: nobody could ask for \
                    the image's labels";
                return Some(slip(what, "write the waiver into the policy"));
            }
        };
        let what = "it comes with the image, whose maker answers for nothing here";
        is_brought.then(|| slip(what, "write the waiver into the policy, or remove the label"))
    }

    /// Where a compose file has the label.
    fn line(&self, name: &str) -> Option<&'a Origin> {
        let By::Files(draft) = self.by else { return None };
        let origin = draft.origins.get(&format!("{LABELS}/{}", pointer::escaped(name)))?;
        origin.key.raw().starts_with("labels").then_some(origin)
    }
}
