//! What the engine says of the container, of its image and of itself.

use serde_json::{Value, json};

use super::Case;
use super::hardened::IMAGE;
use crate::collect::redact;
use crate::model::bundle::{Answer, Origin};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

impl Case {
    fn edit(mut self, source: Source, pointer: &str, value: Value) -> Self {
        let mut document = self.bundle.json(&source).unwrap().clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = value;
        self.put(source, Answer::Json(document));
        self
    }

    /// The engine's record of the container says this.
    pub(in crate::rules) fn declares(self, pointer: &str, value: Value) -> Self {
        let source = Source::container(&self.id());
        self.edit(source, pointer, value)
    }

    /// The engine says this of itself.
    pub(in crate::rules) fn engine_says(self, pointer: &str, value: Value) -> Self {
        self.edit(Source::engine_info(), pointer, value)
    }

    /// The engine starts every process with these variables, as `NAME=value`.
    pub(in crate::rules) fn engine_starts_with(self, variables: &[&str]) -> Self {
        let sealed: Vec<Value> = variables.iter().map(|it| json!(redact::variable(it))).collect();
        self.declares("/Config/Env", sealed.into())
    }

    /// The engine's record of the image says this.
    pub(in crate::rules) fn image_says(self, pointer: &str, value: Value) -> Self {
        self.edit(Source::image(IMAGE), pointer, value)
    }

    /// The engine does not tell of the image.
    pub(in crate::rules) fn image_denied(mut self) -> Self {
        let source = Source::image(IMAGE);
        self.bundle.record(source.clone(), Err(Gap::not_collected(source)));
        self
    }

    /// The engine made one of its networks otherwise.
    pub(in crate::rules) fn network(mut self, name: &str, change: &Value) -> Self {
        let mut networks = self.bundle.json(&Source::networks()).unwrap().clone();
        for network in networks.as_array_mut().unwrap().iter_mut().filter(|it| it["Name"] == name) {
            for (key, value) in change.as_object().unwrap() {
                network[key] = value.clone();
            }
        }
        self.put(Source::networks(), Answer::Json(networks));
        self
    }

    /// Another container, of which the engine says this.
    pub(in crate::rules) fn lender(mut self, id: &str, inspect: Value) -> Self {
        self.put(Source::container(id), Answer::Json(inspect));
        self
    }

    /// The container was made from this image.
    pub(in crate::rules) fn image(mut self, image: &str) -> Self {
        self.bundle.targets[0].image = Some(image.into());
        self
    }

    /// It was found without an engine.
    pub(in crate::rules) fn found_in_proc(mut self) -> Self {
        self.bundle.origin = Origin::Kernel;
        self.engine_denied()
    }

    /// No engine was asked.
    pub(in crate::rules) fn engine_denied(mut self) -> Self {
        let sources = [Source::container(&self.id()), Source::engine_info(), Source::networks()];
        for source in sources {
            let gap = Gap::new(Reason::NotCollected, source.clone(), "no engine was asked");
            self.bundle.record(source, Err(gap));
        }
        self
    }
}
