//! Where an image comes from, and what its making left in it.

use std::time::Duration;

use crate::model::fact::Fact;
use crate::model::layers::{Base, Holder, Layers, Project, Step};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::pattern::Patterns;
use crate::parse::time::Instant;

use super::view::View;

/// Where an image comes from, and what its making left in it. None of it is told
/// of anything but an image, save the labels of a Dockerfile.
#[derive(Clone, Debug)]
pub struct Supply {
    /// How old it is.
    pub age: Fact<Age>,
    /// How it was made, the oldest step first.
    pub history: Fact<Vec<Step>>,
    /// The system that it is built upon.
    pub base: Fact<Base>,
    /// The projects of npm whose development dependencies are installed.
    pub projects: Fact<Vec<Project>>,
    labels: Labels,
    layers: Reading<Layers>,
}

/// Whether a label that somebody asks for says anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Whether it is there and has a value.
    pub is_set: bool,
}

/// The labels that say where it comes from.
#[derive(Clone, Debug)]
struct Labels {
    /// By their names; a value is none where nobody can tell it.
    known: Reading<Vec<(String, Option<String>)>>,
    /// Why a value cannot be told.
    untold: Option<Gap>,
    /// Why there may be more: the base image's are not known.
    more: Option<Gap>,
}

/// How old an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Since it was built.
    pub own: Duration,
    /// Since the oldest of its steps that is dated: the age of what it is built upon.
    pub oldest: Option<Duration>,
}

/// Before there were images, nobody built one: what is dated so has no date.
const FIRST: &str = "2013-03-01T00:00:00Z";

/// How far a builder's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

pub(super) fn all(view: &View<'_>) -> Supply {
    if view.kind() != Kind::Image {
        return Supply {
            age: Fact::declared_only(Reading::Inapplicable),
            history: Fact::declared_only(Reading::Inapplicable),
            base: Fact::declared_only(Reading::Inapplicable),
            projects: Fact::declared_only(Reading::Inapplicable),
            labels: labels(view),
            layers: Reading::Inapplicable,
        };
    }
    let layers = view.layers().map(Layers::clone);
    Supply {
        age: Fact::declared_only(age(view)),
        history: history(view),
        base: base(&layers),
        projects: of(&layers, |layers| layers.projects.clone(), |_| None),
        labels: labels(view),
        layers,
    }
}

impl Supply {
    /// Which of these labels are set. What may be the base image's, or has a value that
    /// nobody can tell, is not among them, and keeps the others from being all.
    pub fn labels(&self, wanted: &[String]) -> Fact<Vec<Label>> {
        let Labels { known, untold, more } = &self.labels;
        let mut gap = None;
        let found = known.as_ref().map(|all| {
            let decide = |name: &String| {
                let own = all.iter().find(|(it, _)| it == name).map(|(_, value)| value);
                let why = match own {
                    None => more,
                    Some(None) => untold,
                    Some(Some(_)) => &None,
                };
                if why.is_some() {
                    gap = gap.take().or_else(|| why.clone());
                    return None;
                }
                let value = own.and_then(Option::as_deref).unwrap_or_default();
                Some(Label { name: name.clone(), is_set: !value.trim().is_empty() })
            };
            wanted.iter().filter_map(decide).collect()
        });
        Fact::declared_in_part(found, gap)
    }

    /// The files of all layers that hold what may be secret, but for those that fit
    /// some patterns.
    pub fn holders(&self, except: &[String]) -> Fact<Vec<Holder>> {
        let patterns = match Patterns::new(except) {
            Ok(patterns) => patterns,
            Err(detail) => {
                let source = Source::Default("path patterns".into());
                let gap = Gap::new(Reason::Malformed, source, detail);
                return Fact::declared_only(Reading::Missing(gap));
            }
        };
        of(
            &self.layers,
            |layers| {
                let holders = layers.holders.iter();
                holders.filter(|it| !patterns.fit(it.path.raw().as_bytes())).cloned().collect()
            },
            |_| None,
        )
    }
}

/// A part of what the layers tell: what is there convicts, and as long as some of
/// it is unread, nothing acquits.
fn of<T>(
    layers: &Reading<Layers>,
    part: impl Fn(&Layers) -> T,
    unread: impl Fn(&Layers) -> Option<Gap>,
) -> Fact<T> {
    let gap = match layers {
        Reading::Known(layers, _) => layers.unread.first().cloned().or_else(|| unread(layers)),
        Reading::Missing(_) | Reading::Inapplicable => None,
    };
    Fact::declared_in_part(layers.as_ref().map(part), gap)
}

/// The system, of which some databases can be counted and others cannot.
fn base(layers: &Reading<Layers>) -> Fact<Base> {
    let unread = |layers: &Layers| {
        let closed = layers.base.packages.iter().find(|it| it.count.is_none())?;
        let detail = format!("how many packages {} tells of cannot be read", closed.path);
        let source = Source::Files(closed.path.raw().into());
        let gap = Gap::new(Reason::Unsupported, source, detail);
        Some(gap.mend("count them: docker run --rm --entrypoint rpm IMAGE -qa"))
    };
    of(layers, |layers| layers.base.clone(), unread)
}

fn labels(view: &View<'_>) -> Labels {
    const POINTER: &str = "/Config/Labels";
    let whole = |known| Labels { known, untold: None, more: None };
    let owned = |(name, value): (&str, &str)| (name.to_owned(), Some(value.to_owned()));
    match view.kind() {
        Kind::Container | Kind::Service => return whole(Reading::Inapplicable),
        Kind::Image => {
            let all = view.own_image().pairs(POINTER);
            return whole(all.map(|all| all.into_iter().map(owned).collect()));
        }
        Kind::Dockerfile => {}
    }
    let inspect = view.inspect();
    let (known, _) = inspect.known_fields(POINTER);
    let written = inspect.written_below(POINTER);
    let known = known.map(|fields| {
        let text = |name: &str| fields.iter().find(|(it, _)| *it == name)?.1.as_str();
        // One that comes to nothing for want of a build argument has its value at the build.
        let is_told = |excerpt: &Untrusted, value: &str| {
            !value.trim().is_empty() || !excerpt.raw().contains('$')
        };
        let own = written.iter().map(|(name, origin)| {
            let value = text(name).filter(|it| is_told(&origin.at.excerpt, it));
            (name.clone(), value.map(str::to_owned))
        });
        let is_own = |name: &str| written.iter().any(|(it, _)| it == name);
        let below = fields.iter().filter(|(name, _)| !is_own(name));
        let below = below.filter_map(|(name, value)| Some(owned((name, value.as_str()?))));
        own.chain(below).collect()
    });
    let names = |all: &Vec<(String, Option<String>)>| {
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        vec![inspect.told(POINTER, names.join(", "))]
    };
    let untold = Gap::new(
        Reason::Unset,
        inspect.source().clone(),
        "the value of a label is a build argument that has none",
    );
    Labels {
        known: known.shown_as(names),
        untold: Some(untold.mend("give it by --build-arg NAME=VALUE")),
        more: inspect.to_come(POINTER).cloned(),
    }
}

fn history(view: &View<'_>) -> Fact<Vec<Step>> {
    let history = view.history().map(<[Step]>::to_vec);
    let gap = match &history {
        Reading::Known(steps, evidence) => {
            let place = steps.iter().position(|it| it.more > 0);
            place.zip(evidence.first()).map(|(place, datum)| {
                let detail = format!("step {} gives more values than are looked at", place + 1);
                Gap::new(Reason::TooLarge, datum.source.clone(), detail)
            })
        }
        Reading::Missing(_) | Reading::Inapplicable => None,
    };
    Fact::declared_in_part(history, gap)
}

fn age(view: &View<'_>) -> Reading<Age> {
    let image = view.own_image();
    let source = image.source().clone();
    let undated = |detail: String| {
        let gap = Gap::new(Reason::Unsupported, source.clone(), detail);
        Reading::Missing(
            gap.mend("build the image with the time of its sources: SOURCE_DATE_EPOCH"),
        )
    };
    let dates = view.history().map(|steps| {
        let dates = steps.iter().filter_map(|it| it.created.as_ref());
        dates.filter_map(|it| dated(it.raw())).min()
    });
    let oldest = dates.known().copied().flatten();
    image.text("/Created").zip(view.clock().unshown()).and_then(|(created, now)| {
        let text = created.unwrap_or_default();
        let Some(created) = dated(text) else {
            let text = Untrusted::from(text);
            return undated(format!(
                "the image says {text} of when it was built, which is no date"
            ));
        };
        if created.since(now) > AHEAD {
            return undated("the image says that it will be built in the future".to_owned());
        }
        let oldest = oldest.map(|it| now.since(it));
        Reading::Known(
            Age { own: now.since(created), oldest },
            vec![Evidence::new(source.clone(), "/Created", text)],
        )
    })
}

/// A date at which an image can have been built.
fn dated(text: &str) -> Option<Instant> {
    Instant::parse(text).filter(|it| Some(*it) >= Instant::parse(FIRST))
}
