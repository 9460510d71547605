//! The values that a Dockerfile sets, put into the shape of an image's `Config`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::pointer::escaped;

use super::super::Place;
use super::scope::Told;

/// The most ports that are exposed one by one: ranges are written out.
const PORTS: usize = 1 << 17;

/// `Config` while it is being filled.
#[derive(Default)]
pub(super) struct Config {
    /// What is no list and no set, by its key.
    single: BTreeMap<&'static str, (Result<Value, String>, Place)>,
    /// The environment, in the order in which its names first came.
    environment: Vec<(String, Told, Place)>,
    /// Where a name is in it.
    names: BTreeMap<String, usize>,
    labels: BTreeMap<String, (Told, Place)>,
    ports: BTreeMap<String, Place>,
    /// How many ports have been written out, those that came twice included.
    exposed: usize,
    volumes: BTreeMap<String, Place>,
    /// Why a list or set as a whole may have more than stands in it.
    open: BTreeMap<&'static str, (String, Place)>,
    /// Places inside of single values, by their pointers.
    inner: BTreeMap<String, Place>,
}

impl Config {
    /// Sets a value for good, whatever it was before.
    pub(super) fn set(
        &mut self,
        key: &'static str,
        value: Result<impl Into<Value>, String>,
        place: Place,
    ) {
        self.single.insert(key, (value.map(Into::into), place));
    }

    /// The value that a key has so far.
    pub(super) fn get(&self, key: &str) -> Option<&Result<Value, String>> {
        self.single.get(key).map(|(value, _)| value)
    }

    /// Says where the parts of the health check stand.
    pub(super) fn health_places(&mut self, places: BTreeMap<String, Place>) {
        self.inner = places;
    }

    /// Sets a variable of the environment.
    pub(super) fn variable(&mut self, name: &str, value: Told, place: Place) {
        let known = self.names.get(name).and_then(|at| self.environment.get_mut(*at));
        match known {
            Some(entry) => (entry.1, entry.2) = (value, place),
            None => {
                self.names.insert(name.to_owned(), self.environment.len());
                self.environment.push((name.to_owned(), value, place));
            }
        }
    }

    /// Sets a label.
    pub(super) fn label(&mut self, name: String, value: Told, place: Place) {
        self.labels.insert(name, (value, place));
    }

    /// Exposes the ports from the first to the last.
    pub(super) fn expose(&mut self, first: u16, last: u16, protocol: &str, place: Place) {
        for port in first..=last {
            if self.exposed == PORTS {
                let why = format!("more than {PORTS} ports are exposed");
                self.leave_open("ExposedPorts", why, place);
                return;
            }
            self.exposed += 1;
            self.ports.insert(format!("{port}/{protocol}"), place);
        }
    }

    /// Adds a volume.
    pub(super) fn volume(&mut self, path: String, place: Place) {
        self.volumes.insert(path, place);
    }

    /// Says why nobody can tell all of a list or set.
    pub(super) fn leave_open(&mut self, key: &'static str, why: String, place: Place) {
        self.open.insert(key, (why, place));
    }

    /// The whole of it, with the place of each value and what is not known.
    pub(super) fn finish(self) -> Finished {
        let mut out = Finished::default();
        for (key, (why, place)) in self.open {
            out.note(format!("/{key}"), place, Some(why));
        }
        for (key, (value, place)) in self.single {
            out.note(format!("/{key}"), place, value.as_ref().err().cloned());
            out.config.extend(value.ok().map(|it| (key.to_owned(), it)));
        }
        out.places.extend(self.inner);
        let mut environment = Vec::new();
        for (at, (name, value, place)) in self.environment.into_iter().enumerate() {
            let why = value.as_ref().err().cloned();
            environment.push(value.map_or_else(|_| name.clone(), |it| format!("{name}={it}")));
            out.note(format!("/Env/{at}"), place, why);
        }
        if !environment.is_empty() {
            out.config.insert("Env".to_owned(), json!(environment));
        }
        let mut labels = Map::new();
        for (name, (value, place)) in self.labels {
            let pointer = format!("/Labels/{}", escaped(&name));
            out.note(pointer, place, value.as_ref().err().cloned());
            labels.extend(value.ok().map(|it| (name, Value::String(it))));
        }
        if !labels.is_empty() {
            out.config.insert("Labels".to_owned(), Value::Object(labels));
        }
        for (key, set) in [("ExposedPorts", self.ports), ("Volumes", self.volumes)] {
            if set.is_empty() {
                continue;
            }
            let object = set.keys().map(|it| (it.clone(), json!({}))).collect();
            out.config.insert(key.to_owned(), Value::Object(object));
            for (name, place) in set {
                out.note(format!("/{key}/{}", escaped(&name)), place, None);
            }
        }
        out
    }
}

/// What [`Config::finish`] makes.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) config: Map<String, Value>,
    pub(super) places: BTreeMap<String, Place>,
    pub(super) unknown: BTreeMap<String, String>,
}

impl Finished {
    fn note(&mut self, pointer: String, place: Place, unknown: Option<String>) {
        if let Some(why) = unknown {
            self.unknown.insert(pointer.clone(), why);
        }
        self.places.insert(pointer, place);
    }
}
