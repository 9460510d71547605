//! Collects the evidence about images into one bundle.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::archive::{self, Accounts, Laid};
use super::connect::{NoEngine, connect};
use super::containers::Progress;
use super::engine::address::Choice;
use super::engine::{Engine, EngineError, ImageId, Limits};
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::draft::Shipped;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::parse::run;

/// The fewest digits of an id that name an image.
pub(super) const SHORTEST_ID: usize = 4;

/// The most images that are named to somebody who asked for another one.
pub(super) const MOST_NAMED: usize = 12;

/// What is to be collected.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The engine to ask.
    pub engine: Choice,
    /// Names or id prefixes of the images.
    pub names: Vec<String>,
    /// The path patterns of the files that are looked for in each.
    pub sought: Vec<String>,
    /// What one question to the engine may cost.
    pub limits: Limits,
}

/// Collects the evidence of a plan.
///
/// # Errors
/// The engine cannot be asked.
pub async fn collect(plan: &Plan, progress: Progress<'_>) -> Result<Bundle, EngineError> {
    let mut bundle = Bundle::new(Origin::Engine);
    let choice: Result<Choice, NoEngine> = Ok(plan.engine.clone());
    let engine = match connect(&choice, plan.limits).await {
        Ok(engine) => engine,
        Err(unasked) => {
            bundle.missing.push(unasked.into_gap()?);
            return Ok(bundle);
        }
    };
    let info = engine.info().await;
    let source = Source::engine_info();
    bundle.record(source.clone(), info.map(Answer::Json).map_err(|error| error.gap(source)));
    let listed = listed(&engine.images().await?);
    let mut chosen: Vec<(&Listed, Untrusted)> = Vec::new();
    for wanted in &plan.names {
        match choose(&listed, wanted) {
            Ok(image) if chosen.iter().any(|(known, _)| known.id == image.id) => {}
            Ok(image) => chosen.push((image, wanted.as_str().into())),
            Err(gap) => bundle.missing.push(gap),
        }
    }
    let total = chosen.len();
    for (done, (image, name)) in chosen.into_iter().enumerate() {
        progress("reading images", done, total);
        observe(&engine, image, name, &plan.sought, &mut bundle).await;
    }
    progress("reading images", total, total);
    Ok(bundle)
}

/// What the engine says of one image, and its files.
async fn observe(
    engine: &Engine,
    image: &Listed,
    name: Untrusted,
    sought: &[String],
    bundle: &mut Bundle,
) {
    let id = image.id.as_str();
    let source = Source::image(id);
    let document = engine.image(&image.id).await.map_err(|error| error.gap(source.clone()));
    let draft = run::bare(id, &shipped(id, document.as_ref()));
    bundle.record(Source::Run(id.into()), Ok(Answer::Draft(draft.into())));
    bundle.record(source, document.map(Answer::Json));
    let source = Source::history(id);
    let history = engine.history(&image.id).await.map(Answer::History);
    bundle.record(source.clone(), history.map_err(|error| error.gap(source)));
    record(archive::of_image(engine, &image.id, sought).await, id, bundle);
    bundle.add_target(Target {
        kind: Kind::Image,
        id: id.to_owned(),
        image: Some(name.clone()),
        name,
    });
}

/// Records what an image's layers hold.
pub(super) fn record(told: Result<Laid, Gap>, id: &str, bundle: &mut Bundle) {
    let (survey, layers, users, groups, nginx) = match told {
        Ok(Laid { survey, layers, accounts: Accounts { users, groups }, nginx }) => {
            (Ok(Answer::Survey(survey)), Ok(Answer::Layers(layers)), users, groups, nginx)
        }
        Err(gap) => {
            let same = || Err(gap.clone());
            (same(), same(), same(), same(), same())
        }
    };
    bundle.record(Source::nginx_in_layers(id), nginx);
    bundle.record(Source::Files(id.into()), survey);
    bundle.record(Source::Layers(id.into()), layers);
    bundle.record(Source::in_layers(id, "/etc/passwd"), users);
    bundle.record(Source::in_layers(id, "/etc/group"), groups);
}

/// What an image brings along, by what its engine says of it.
pub(super) fn shipped(id: &str, document: Result<&Value, &Gap>) -> Shipped {
    match document {
        Err(gap) => Shipped::Unknown(gap.clone()),
        Ok(document) => Shipped::Known {
            config: document.get("Config").cloned().unwrap_or(json!({})),
            origins: BTreeMap::new(),
            gaps: BTreeMap::new(),
            id: Some(id.to_owned()),
        },
    }
}

/// One row of the engine's list, as far as it is needed.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: ImageId,
    /// Its names with tags, and with digests.
    names: Vec<String>,
}

pub(super) fn listed(list: &Value) -> Vec<Listed> {
    let texts = |row: &Value, key: &str| -> Vec<String> {
        let all = row.get(key).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|it| Some(it.as_str()?.to_owned())).collect()
    };
    let rows = list.as_array().into_iter().flatten();
    rows.filter_map(|row| {
        let id = ImageId::new(row.get("Id")?.as_str()?).ok()?;
        Some(Listed { id, names: [texts(row, "RepoTags"), texts(row, "RepoDigests")].concat() })
    })
    .collect()
}

/// A name with its tag, `latest` where it has none.
pub(super) fn with_tag(wanted: &str) -> String {
    let is_tagged = wanted.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if is_tagged { wanted.to_owned() } else { format!("{wanted}:latest") }
}

/// The image of this name, with `latest` where no tag is named; or the only one
/// whose id begins so, or whose name ends so below a registry.
pub(super) fn choose<'a>(listed: &'a [Listed], wanted: &str) -> Result<&'a Listed, Gap> {
    let full = with_tag(wanted);
    let is_called = |image: &&Listed| image.names.contains(&full);
    if let Some(image) = listed.iter().find(is_called) {
        return Ok(image);
    }
    let digits = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let below = format!("/{full}");
    let is_like = |image: &&Listed| {
        let id = image.id.as_str();
        let begins = id.strip_prefix("sha256:").unwrap_or(id).starts_with(digits);
        (digits.len() >= SHORTEST_ID && begins) || image.names.iter().any(|it| it.ends_with(&below))
    };
    let found: Vec<&Listed> = listed.iter().filter(is_like).collect();
    let wanted = Untrusted::from(wanted);
    let gap =
        |detail: String| Gap::new(Reason::Gone, Source::Engine("/images/json".into()), detail);
    match found.as_slice() {
        [image] => Ok(image),
        [] => {
            let mut names: Vec<&str> =
                listed.iter().filter_map(|it| it.names.first()).map(String::as_str).collect();
            names.sort_unstable();
            names.truncate(MOST_NAMED);
            let names: Vec<String> =
                names.into_iter().map(|it| Untrusted::from(it).to_string()).collect();
            let known = match names.as_slice() {
                [] => "the engine has no image".to_owned(),
                names => format!("the engine has {}", names.join(", ")),
            };
            Err(gap(format!("no image is called {wanted}")).mend(known))
        }
        [_, _, ..] => {
            let detail = format!("{wanted} may be one of {} images", found.len());
            Err(gap(detail).mend("name it with its registry, or by its id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Vec<Listed> {
        let row = |digit: char, names: &[&str]| Listed {
            id: ImageId::new(&format!("sha256:{}", digit.to_string().repeat(64))).unwrap(),
            names: names.iter().map(|&it| it.to_owned()).collect(),
        };
        vec![
            row('a', &["nginx:latest", "nginx:1.27"]),
            row('b', &["localhost/shop:latest"]),
            row('c', &["one.example/web:1"]),
            row('d', &["two.example/web:1"]),
        ]
    }

    #[test]
    fn an_image_is_found_by_its_name_as_the_engine_finds_it() {
        let images = images();
        for (wanted, found) in [
            ("nginx", Some('a')),
            ("nginx:1.27", Some('a')),
            ("nginx:2", None),
            ("shop", Some('b')),
            ("localhost/shop", Some('b')),
            ("bbbb", Some('b')),
            ("sha256:cccccc", Some('c')),
            ("web:1", None),
            ("one.example/web:1", Some('c')),
            ("bb", None),
            ("../info?", None),
        ] {
            let id = choose(&images, wanted).ok().map(|it| it.id.as_str().to_owned());
            let digit = id.and_then(|id| id.chars().last());
            assert_eq!(digit, found, "{wanted}");
        }
        let error = choose(&images, "web:1").err().unwrap();
        assert!(error.detail.contains("one of 2"), "{error:?}");
    }
}
