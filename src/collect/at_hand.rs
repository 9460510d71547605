//! What an engine has of the images that files name, each asked for once.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::collect::connect::{NoEngine, Unasked, connect};
use crate::collect::engine::address::Choice;
use crate::collect::engine::{Engine, EngineError, Limits};
use crate::collect::images::{Listed, choose, listed};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::address;

/// An image as its engine knows it.
#[derive(Clone, Debug)]
pub(in crate::collect) struct Known {
    /// Its id.
    pub(in crate::collect) id: String,
    /// What the engine says of it, without what may be a secret.
    pub(in crate::collect) document: Value,
}

/// The images of an engine that is asked when the first is wanted.
#[derive(Debug)]
pub struct Images {
    choice: Result<Choice, NoEngine>,
    limits: Limits,
    engine: Option<Result<(Engine, Vec<Listed>), Gap>>,
    known: BTreeMap<String, Result<Known, Gap>>,
}

impl Images {
    /// Nothing is asked yet.
    pub const fn new(choice: Result<Choice, NoEngine>, limits: Limits) -> Self {
        Self { choice, limits, engine: None, known: BTreeMap::new() }
    }

    /// Whether nobody is to be asked: what an image brings along stays unknown.
    pub const fn is_nobody_asked(&self) -> bool {
        self.choice.is_err()
    }

    /// Asks for those of these images that nobody has asked for.
    ///
    /// # Errors
    /// Somebody named an engine, and it cannot be asked.
    pub async fn ask(&mut self, names: impl Iterator<Item = &str>) -> Result<(), EngineError> {
        if self.is_nobody_asked() {
            return Ok(());
        }
        for name in names {
            if self.known.contains_key(name) {
                continue;
            }
            let engine = match self.engine.take() {
                Some(engine) => engine,
                None => self.connect().await?,
            };
            let found = match &engine {
                Ok((engine, listed)) => found(engine, listed, name).await,
                Err(gap) => Err(gap.clone()),
            };
            self.engine = Some(engine);
            self.known.insert(name.to_owned(), found);
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Result<(Engine, Vec<Listed>), Gap>, EngineError> {
        let engine = match connect(&self.choice, self.limits).await {
            Ok(engine) => engine,
            Err(Unasked::Named(error)) => return Err(error),
            Err(Unasked::Absent(gap)) => return Ok(Err(gap)),
        };
        let list = engine.images().await?;
        Ok(Ok((engine, listed(&list))))
    }

    /// What is known of an image.
    pub(in crate::collect) fn get(&self, name: &str) -> Result<&Known, Gap> {
        match (self.known.get(name), &self.choice) {
            (Some(found), _) => found.as_ref().map_err(Clone::clone),
            (None, Err(nobody)) => Err(nobody.gap()),
            (None, Ok(_)) => Err(Gap::not_collected(Source::image(&address::image(name)))),
        }
    }
}

/// The running containers of a compose project, by their ids; a gap where nobody
/// named an engine and none is there.
///
/// # Errors
/// No engine can be asked.
pub async fn of_project(
    choice: &Result<Choice, NoEngine>,
    limits: Limits,
    project: &str,
) -> Result<Result<Vec<String>, Gap>, EngineError> {
    let engine = match connect(choice, limits).await {
        Ok(engine) => engine,
        Err(Unasked::Named(error)) => return Err(error),
        Err(Unasked::Absent(gap)) => return Ok(Err(gap)),
    };
    let list = engine.list().await?;
    let is_of = |row: &&Value| {
        let label = row.get("Labels").and_then(|it| it.get("com.docker.compose.project"));
        label.and_then(Value::as_str) == Some(project)
    };
    let rows = list.as_array().into_iter().flatten().filter(is_of);
    Ok(Ok(rows.filter_map(|row| Some(row.get("Id")?.as_str()?.to_owned())).collect()))
}

async fn found(engine: &Engine, listed: &[Listed], name: &str) -> Result<Known, Gap> {
    let image = choose(listed, name).map_err(|_| {
        let shown = Untrusted::from(address::image(name));
        let detail = format!("the engine does not have the image {shown}");
        let remedy =
            format!("pull or build {shown}, or name an engine that has it, then run again");
        let source = Source::image(&address::image(name));
        Gap::new(Reason::NotCollected, source, detail).mend(remedy)
    })?;
    let id = image.id.as_str();
    let document = engine.image(&image.id).await.map_err(|error| error.gap(Source::image(id)))?;
    Ok(Known { id: id.to_owned(), document })
}
