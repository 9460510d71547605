//! A draft while it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::draft::{Draft, Origin, Written};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::Project;
use crate::parse::compose::tree::{Entry, Node, Place, Value};
use crate::parse::compose::wrong::Wrong;
use crate::parse::run;

use super::image::Image;
use super::{LONGEST_LINE, Lowering, id_of, image_of, member};

/// What a scalar means as a number.
pub(super) type Read = fn(&Node) -> Result<Option<i64>, Wrong>;

/// A draft, its parts still apart.
pub(super) struct Sheet<'a> {
    pub(super) lowering: &'a Lowering<'a>,
    pub(super) service: &'a Entry,
    id: String,
    top: Map<String, Json>,
    config: Map<String, Json>,
    host: Map<String, Json>,
    origins: BTreeMap<String, Arc<Origin>>,
    gaps: BTreeMap<String, Gap>,
}

/// A value with the key that a person knows it by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    /// The keys from the service's own on, with points between them.
    pub(super) key: &'a str,
    /// The value.
    pub(super) node: &'a Node,
    /// Where it is pointed at: the value, or the key of a list or mapping.
    pub(super) at: Place,
}

impl<'a> Given<'a> {
    /// A value by the key that it stands under, if it says anything.
    pub(super) fn of(parent: Option<&'a Node>, key: &'a str) -> Option<Self> {
        let last = key.bytes().rposition(|it| it == b'.').and_then(|it| key.get(it + 1..));
        let entry = parent?.entry(last.unwrap_or(key))?;
        (entry.node.value != Value::Null).then(|| Self::entry(key, entry))
    }

    /// An entry of a mapping.
    pub(super) fn entry(key: &'a str, entry: &'a Entry) -> Self {
        let is_scalar = !matches!(entry.node.value, Value::List(_) | Value::Map(_));
        let at = if is_scalar { entry.node.at } else { entry.key_at };
        Self { key, node: &entry.node, at }
    }

    /// An item of a list, which goes by the list's key.
    pub(super) const fn item(key: &'a str, node: &'a Node) -> Self {
        Self { key, node, at: node.at }
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn new(lowering: &'a Lowering<'a>, service: &'a Entry) -> Self {
        let mut sheet = Self {
            lowering,
            service,
            id: id_of(lowering.project, &service.key),
            top: Map::new(),
            config: run::CONFIG.clone(),
            host: run::HOST.clone(),
            origins: BTreeMap::new(),
            gaps: BTreeMap::new(),
        };
        // The service as a whole has no key: nobody wrote one.
        let whole = sheet.origin("", service.key_at, service.node.overrode);
        sheet.origins.insert(String::new(), whole);
        sheet
    }

    pub(super) const fn project(&self) -> &'a Project {
        self.lowering.project
    }

    /// Its id, its name and its image.
    pub(super) fn identify(&mut self, image: Image<'_>) {
        let Entry { key, node, .. } = self.service;
        self.set("/Id", self.id.clone());
        self.set("/State", run::CREATED.clone());
        self.set("/RestartCount", 0);
        self.set("/AppArmorProfile", "");
        self.set("/Name", format!("/{}-{key}-1", self.project().name));
        if let Some(name) = Given::of(Some(node), "container_name") {
            self.read(name, "/Name", |node| Ok(node.text().map(|it| format!("/{it}"))));
        }
        match image.id() {
            Ok(id) => self.set("/Image", id.map_or(Json::Null, Json::from)),
            Err(gap) => self.gap("/Image", gap.clone()),
        }
        if let Some(name) = image_of(self.project(), self.service) {
            self.set("/Config/Image", name.into_owned());
        }
        if let Some(image) = Given::of(Some(node), "image") {
            self.read(image, "/Config/Image", text);
        } else if let Some(build) = Given::of(Some(node), "build") {
            self.wrote("/Config/Image", build);
        }
    }

    /// Writes a value at a pointer of at most two members.
    pub(super) fn set(&mut self, pointer: &str, value: impl Into<Json>) {
        let (section, name) = self.section(pointer);
        section.insert(name.to_owned(), value.into());
    }

    /// What stands at such a pointer.
    pub(super) fn get(&mut self, pointer: &str) -> Option<&mut Json> {
        let (section, name) = self.section(pointer);
        section.get_mut(name)
    }

    fn section<'p>(&mut self, pointer: &'p str) -> (&mut Map<String, Json>, &'p str) {
        let bare = pointer.strip_prefix('/').unwrap_or(pointer);
        match bare.split_once('/') {
            Some(("HostConfig", name)) => (&mut self.host, name),
            Some(("Config", name)) => (&mut self.config, name),
            _ => (&mut self.top, bare),
        }
    }

    /// Says where a part was written.
    pub(super) fn wrote(&mut self, pointer: &str, given: Given<'_>) {
        let origin = self.origin(given.key, given.at, given.node.overrode);
        self.origins.insert(pointer.to_owned(), origin);
    }

    /// Says that a part was written where another one was.
    pub(super) fn copy_origin(&mut self, from: &str, to: &str) {
        if let Some(origin) = self.origins.get(from).map(Arc::clone) {
            self.origins.insert(to.to_owned(), origin);
        }
    }

    /// Says that a part was written where an image says so.
    pub(super) fn came_from(&mut self, pointer: String, origin: &Arc<Origin>) {
        self.origins.insert(pointer, Arc::clone(origin));
    }

    /// Says that what was written here took the place of what another key says.
    pub(super) fn overrode(&mut self, pointer: &str, other: Given<'_>) {
        let other = self.written(other.at);
        if let Some(origin) = self.origins.get_mut(pointer) {
            let mut whole = Origin::clone(origin);
            whole.overrode.get_or_insert(other);
            *origin = Arc::new(whole);
        }
    }

    /// Says that a part cannot be told.
    pub(super) fn gap(&mut self, pointer: &str, gap: Gap) {
        self.gaps.insert(pointer.to_owned(), gap);
    }

    /// Why a part cannot be told.
    pub(super) fn gap_of(&self, pointer: &str) -> Option<Gap> {
        self.gaps.get(pointer).cloned()
    }

    /// What a scalar means, with where it was written; none and a gap where that
    /// cannot be told.
    pub(super) fn meaning<T>(
        &mut self,
        given: Given<'_>,
        pointer: &str,
        cast: impl FnOnce(&Node) -> Result<Option<T>, Wrong>,
    ) -> Option<T> {
        self.wrote(pointer, given);
        let meaning = match self.unset(given.node) {
            Some(gap) => Err(gap),
            None => cast(given.node).map_err(|wrong| self.malformed(given.key, wrong)),
        };
        meaning.unwrap_or_else(|gap| {
            self.gap(pointer, gap);
            None
        })
    }

    /// Writes what a scalar means at a pointer of at most two members.
    pub(super) fn read<T: Into<Json>>(
        &mut self,
        given: Given<'_>,
        pointer: &str,
        cast: impl FnOnce(&Node) -> Result<Option<T>, Wrong>,
    ) {
        let meaning = self.meaning(given, pointer, cast);
        self.set(pointer, meaning.map_or(Json::Null, Into::into));
    }

    /// A list of texts, each item with where it was written; null where it
    /// cannot be told.
    pub(super) fn texts(&mut self, given: Given<'_>, pointer: &str) -> Json {
        self.wrote(pointer, given);
        if let Some(gap) = self.unset(given.node) {
            self.gap(pointer, gap);
            return Json::Null;
        }
        let items = given.node.items().iter().zip(0_usize..);
        let text = |(item, place): (&Node, usize)| {
            self.item(Given::item(given.key, item), &format!("{pointer}/{place}"))
        };
        items.map(text).collect()
    }

    /// A mapping of texts, each entry with where it was written; null where it
    /// cannot be told.
    pub(super) fn pairs(&mut self, given: Given<'_>, pointer: &str) -> Json {
        self.wrote(pointer, given);
        if let Some(gap) = self.unset(given.node) {
            self.gap(pointer, gap);
            return Json::Null;
        }
        let mut all = Map::new();
        for entry in given.node.entries() {
            let key = format!("{}.{}", given.key, entry.key);
            let place = format!("{pointer}/{}", member(&entry.key));
            let value = self.item(Given::entry(&key, entry), &place);
            // Nothing is the empty text here, and what cannot be told stays nothing.
            let is_told = !self.gaps.contains_key(&place);
            let value = if value.is_null() && is_told { "".into() } else { value };
            all.insert(entry.key.clone(), value);
        }
        Json::Object(all)
    }

    /// One text of a list or a mapping: null where it cannot be told.
    pub(super) fn item(&mut self, given: Given<'_>, pointer: &str) -> Json {
        self.wrote(pointer, given);
        if let Some(gap) = self.unset(given.node) {
            self.gap(pointer, gap);
        }
        given.node.text().map_or(Json::Null, Json::from)
    }

    /// Why a value cannot be told, if it is a variable that nobody set.
    pub(super) fn unset(&self, node: &Node) -> Option<Gap> {
        let Value::Unset { names, said } = &node.value else { return None };
        Some(self.not_set(names, said.as_deref(), node.at))
    }

    /// A gap for variables that nobody set.
    pub(super) fn not_set(&self, names: &[String], said: Option<&str>, at: Place) -> Gap {
        let names: Vec<String> =
            names.iter().map(|it| Untrusted::from(it.as_str()).to_string()).collect();
        let all = names.join(" and ");
        let verb = if names.len() == 1 { "is" } else { "are" };
        let said = said.filter(|it| !it.is_empty()).map(|it| format!(": {}", Untrusted::from(it)));
        let place = self.lowering.place(at);
        let detail = format!("{place}: {all} {verb} not set{}", said.unwrap_or_default());
        let first = names.first().map_or("NAME", String::as_str);
        Gap::new(Reason::Unset, self.source(), detail).mend(format!(
            "set {all} in the environment, in .env or by --env-file, or write a default: ${{{first}:-…}}"
        ))
    }

    /// A gap for a value that is not what its key takes.
    pub(super) fn malformed(&self, key: &str, wrong: Wrong) -> Gap {
        let place = self.lowering.place(wrong.at);
        Gap::new(Reason::Malformed, self.source(), format!("{place}: {key}: {}", wrong.what))
            .mend(wrong.help)
    }

    /// A gap for what compose itself cannot do.
    pub(super) fn unsupported(
        &self,
        detail: impl Into<Cow<'static, str>>,
        remedy: &'static str,
    ) -> Gap {
        Gap::new(Reason::Unsupported, self.source(), detail).mend(remedy)
    }

    pub(super) fn source(&self) -> Source {
        Source::Compose(self.id.as_str().into())
    }

    /// How a value came to stand somewhere.
    fn origin(&self, key: &str, at: Place, overrode: Option<Place>) -> Arc<Origin> {
        self.lowering.origin(key, at, overrode)
    }

    fn written(&self, at: Place) -> Written {
        self.lowering.written(at)
    }

    /// The draft, its parts together.
    pub(super) fn draft(self) -> Draft {
        let Self { mut top, config, host, origins, gaps, .. } = self;
        top.insert("Config".to_owned(), Json::Object(config));
        top.insert("HostConfig".to_owned(), Json::Object(host));
        Draft { document: Json::Object(top), origins, gaps, ..Draft::default() }
    }
}

impl Lowering<'_> {
    /// How a value came to stand somewhere.
    pub(in crate::parse::compose) fn origin(
        &self,
        key: &str,
        at: Place,
        overrode: Option<Place>,
    ) -> Arc<Origin> {
        let overrode = overrode.map(|it| self.written(it));
        Arc::new(Origin { key: key.into(), at: self.written(at), overrode })
    }

    fn written(&self, at: Place) -> Written {
        let Place { file, line, column, length } = at;
        let place = |number: u32| usize::try_from(number).ok();
        let name = place(file).and_then(|it| self.files.get(it));
        let lines = place(file).and_then(|it| self.lines.get(it));
        let text = line.checked_sub(1).and_then(place).and_then(|it| lines?.get(it));
        let text = text.filter(|it| it.len() <= LONGEST_LINE).copied().unwrap_or_default();
        let file = name.cloned().unwrap_or_default();
        Written { file, line, column, length, excerpt: text.into() }
    }
}

/// What a scalar says.
pub(super) fn text(node: &Node) -> Result<Option<String>, Wrong> {
    Ok(node.text().map(str::to_owned))
}
