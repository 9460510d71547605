//! The evidence about one target, as it would be with something set otherwise.
//!
//! The engine's record is changed where it would say something else, and so is the
//! kernel's word on each process that the engine starts. What nobody can foretell stays
//! as it is. Each change can be taken back: one bundle serves all targets.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::model::bundle::{Answer, Bundle, Observation, Processes};
use crate::model::draft::{Draft, Idle, Origin};
use crate::model::pointer;
use crate::model::reading::Gap;
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::parse::proc::status::Status;

/// Evidence that is changed for a while.
pub(super) struct Changed<'a> {
    pub(super) bundle: &'a mut Bundle,
    pub(super) target: &'a Target,
    record: Source,
    /// What stood there before each change.
    before: Vec<Before>,
}

/// What stood somewhere before a change.
enum Before {
    /// Under a source.
    Whole(Source, Option<Observation>),
    /// In the record.
    Part(Part),
}

/// What stood at a pointer and below it.
struct Part {
    pointer: String,
    /// The pointer of what was replaced or made: it, or what leads to it.
    from: String,
    value: Option<Value>,
    origins: BTreeMap<String, Arc<Origin>>,
    gaps: BTreeMap<String, Gap>,
    /// All that does nothing, wherever it stands.
    idle: Vec<Idle>,
}

impl<'a> Changed<'a> {
    pub(super) fn new(bundle: &'a mut Bundle, target: &'a Target) -> Self {
        let record = match target.kind {
            Kind::Container => Source::container(&target.id),
            Kind::Service => Source::Compose(target.id.as_str().into()),
            Kind::Image | Kind::Dockerfile => Source::Run(target.id.as_str().into()),
        };
        Self { bundle, target, record, before: Vec::new() }
    }

    /// How many changes were made so far.
    pub(super) const fn mark(&self) -> usize {
        self.before.len()
    }

    /// Takes back what was changed since.
    pub(super) fn back_to(&mut self, mark: usize) {
        while self.before.len() > mark
            && let Some(before) = self.before.pop()
        {
            match before {
                Before::Whole(source, Some(observation)) => {
                    self.bundle.observations.insert(source, observation);
                }
                Before::Whole(source, None) => {
                    self.bundle.observations.remove(&source);
                }
                Before::Part(part) => self.put_back(part),
            }
        }
    }

    fn put_back(&mut self, Part { pointer, from, value, origins, gaps, idle }: Part) {
        let (document, mut notes) = match self.bundle.observations.get_mut(&self.record) {
            Some(Observation::Answer(Answer::Json(document))) => (document, None),
            Some(Observation::Answer(Answer::Draft(draft))) => {
                let Draft { document, origins, gaps, idle } = Arc::make_mut(draft);
                (document, Some((origins, gaps, idle)))
            }
            Some(_) | None => return,
        };
        if let Some((own_origins, own_gaps, own_idle)) = &mut notes {
            clear(own_origins, &pointer);
            clear(own_gaps, &pointer);
            own_origins.extend(origins);
            own_gaps.extend(gaps);
            **own_idle = idle;
        }
        let Some((around, name)) = from.rsplit_once('/') else { return };
        let Some(Value::Object(fields)) = pointer::get_mut(document, around) else { return };
        match value {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.remove(name),
        };
    }

    pub(super) fn put(&mut self, source: Source, answer: Answer) {
        let answer = Observation::Answer(answer);
        let before = self.bundle.observations.insert(source.clone(), answer);
        self.before.push(Before::Whole(source, before));
    }

    /// What the engine's record says, or would say.
    pub(super) fn document(&self) -> Option<&Value> {
        match self.target.kind {
            Kind::Container => self.bundle.json(&self.record).ok(),
            Kind::Service | Kind::Image | Kind::Dockerfile => Some(&self.draft()?.document),
        }
    }

    /// What files ask for.
    pub(super) fn draft(&self) -> Option<&Arc<Draft>> {
        self.bundle.draft(&self.record).ok()
    }

    pub(super) fn value(&self, pointer: &str) -> Option<&Value> {
        pointer::get(self.document()?, pointer).filter(|it| !it.is_null())
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        self.value(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn flag(&self, pointer: &str) -> bool {
        self.value(pointer) == Some(&Value::Bool(true))
    }

    pub(super) fn number(&self, pointer: &str) -> u64 {
        self.value(pointer).and_then(Value::as_u64).unwrap_or_default()
    }

    pub(super) fn list(&self, pointer: &str) -> Vec<Value> {
        self.value(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// Whether all of a part is known, so that something else can stand in its place.
    pub(super) fn is_known(&self, pointer: &str) -> bool {
        self.document().is_some() && self.draft().is_none_or(|it| it.gap(pointer).is_none())
    }

    /// Whether `deploy` bounds what can be used: compose refuses a bound of the service's own
    /// beside those (compose-go, `loader/validate.go`).
    pub(super) fn is_bounded_by_deploy(&self) -> bool {
        let is_bound = |it: &Arc<Origin>| it.key.raw().starts_with("deploy.resources.limits");
        self.draft().is_some_and(|draft| draft.origins.values().any(is_bound))
    }

    /// Sets a part of two names that a key of compose says. Not where it says so already,
    /// nor where a key of `deploy` says it, which goes before the service's own.
    pub(super) fn set(&mut self, pointer: &str, key: &str, value: Value) -> bool {
        let is_deployed =
            |draft: &Arc<Draft>| draft.origin(pointer).is_some_and(|it| is_of_deploy(it));
        let is_said = self.value(pointer) == Some(&value) && self.is_known(pointer);
        if is_said || self.draft().is_some_and(is_deployed) {
            return false;
        }
        let is_one = !value.is_array();
        self.write(pointer, value, |draft| {
            clear(&mut draft.gaps, pointer);
            // What did nothing there stands there no more; of a list some may be left.
            draft.idle.retain(|it| !is_one || it.origin.key.raw() != key);
            clear(&mut draft.origins, pointer);
            originate(draft, pointer, key);
        })
    }

    /// Adds to a list; what of it is not known stays so.
    pub(super) fn push(&mut self, pointer: &str, key: &str, item: Value) -> bool {
        let mut all = self.list(pointer);
        let place = format!("{pointer}/{}", all.len());
        all.push(item);
        self.write(pointer, all.into(), |draft| {
            originate(draft, pointer, key);
            originate(draft, &place, key);
        })
    }

    /// Sets what is told beside it, and no key says by itself.
    pub(super) fn follow(&mut self, pointer: &str, value: Value) {
        self.write(pointer, value, |_| ());
    }

    /// Changes the record in its place: it is long, and what changes is little.
    fn write(&mut self, pointer: &str, value: Value, note: impl FnOnce(&mut Draft)) -> bool {
        let part = match self.bundle.observations.get_mut(&self.record) {
            Some(Observation::Answer(Answer::Json(document))) => {
                let part = Part::of(document, pointer);
                place(document, pointer, value);
                part
            }
            Some(Observation::Answer(Answer::Draft(draft))) => {
                let own = Arc::make_mut(draft);
                let (origins, gaps) = (within(&own.origins, pointer), within(&own.gaps, pointer));
                let idle = own.idle.clone();
                let part = Part { origins, gaps, idle, ..Part::of(&own.document, pointer) };
                place(&mut own.document, pointer, value);
                note(own);
                part
            }
            Some(_) | None => return false,
        };
        self.before.push(Before::Part(part));
        true
    }

    /// The processes that the engine started; none where they are not known.
    pub(super) fn processes(&self) -> Option<&Processes> {
        self.bundle.processes(&Source::Processes(self.target.id.as_str().into())).ok()
    }

    /// The kernel's text.
    pub(super) fn kernel(&self, path: &str) -> Option<&str> {
        self.bundle.text(&Source::Kernel(path.into())).ok().map(|it| it.raw())
    }

    /// Changes a text of the kernel, where it is known.
    pub(super) fn edit(&mut self, path: &str, edit: impl FnOnce(&str) -> String) {
        if let Some(text) = self.kernel(path).map(edit) {
            self.put(Source::Kernel(path.into()), Answer::Text(text.into()));
        }
    }

    /// Changes fields of the `status` of each process that the engine starts, and of
    /// its threads: who entered from outside is nobody that it speaks for.
    pub(super) fn statuses(&mut self, change: impl Fn(&Status<'_>) -> Vec<(&'static str, String)>) {
        let Some(processes) = self.processes() else { return };
        let own = |pid: &u32| processes.members.contains(pid);
        let whole = processes.members.iter().map(|pid| format!("/proc/{pid}/status"));
        let threads = processes.threads.iter().filter(|(pid, _)| own(pid));
        let threads = threads.map(|(pid, thread)| format!("/proc/{pid}/task/{thread}/status"));
        for path in whole.chain(threads).collect::<Vec<_>>() {
            self.edit(&path, |text| with_fields(text, &change(&Status::parse(text))));
        }
    }

    /// Changes what each process sees mounted.
    pub(super) fn mounts(&mut self, change: impl Fn(&str) -> String) {
        let Some(processes) = self.processes() else { return };
        for pid in processes.all() {
            self.edit(&format!("/proc/{pid}/mountinfo"), &change);
        }
    }

    /// Writes what the container's own cgroup says by a file of one of these names.
    pub(super) fn limit(&mut self, name: &str, text: String) {
        let Some(processes) = self.processes() else { return };
        let mut files = processes.limit_files.iter();
        let file = files.find(|it| it.rsplit('/').next() == Some(name));
        let source = file.map(|path| Source::Kernel(path.as_str().into()));
        // A file that is not there has no controller yet; one that was refused tells nothing.
        if let Some(source) = source.filter(|it| self.bundle.ask(it).is_ok()) {
            self.put(source, Answer::Text(text.into()));
        }
    }
}

impl Part {
    /// What stands there in a document.
    fn of(document: &Value, pointer: &str) -> Self {
        let ends = pointer.match_indices('/').skip(1).map(|(end, _)| end).chain([pointer.len()]);
        let mut all = ends.filter_map(|end| pointer.get(..end));
        let is_made = |it: &&str| !pointer::get(document, it).is_some_and(Value::is_object);
        let from = all.find(is_made).unwrap_or(pointer).to_owned();
        let value = pointer::get(document, &from).cloned();
        let (origins, gaps, idle) = Default::default();
        Self { pointer: pointer.to_owned(), from, value, origins, gaps, idle }
    }
}

/// What a map has at a pointer and below it.
fn within<V: Clone>(map: &BTreeMap<String, V>, pointer: &str) -> BTreeMap<String, V> {
    let near = map.range::<str, _>((Bound::Included(pointer), Bound::Unbounded));
    let near = near.take_while(|(it, _)| it.starts_with(pointer));
    near.filter(|(it, _)| is_within(it, pointer))
        .map(|(it, own)| (it.clone(), own.clone()))
        .collect()
}

/// Takes that out of it.
fn clear<V: Clone>(map: &mut BTreeMap<String, V>, pointer: &str) {
    for it in within(map, pointer).into_keys() {
        map.remove(&it);
    }
}

/// Whether a part is another, or stands in it.
fn is_within(part: &str, other: &str) -> bool {
    part.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_of_deploy(origin: &Origin) -> bool {
    origin.key.raw().starts_with("deploy.")
}

/// Says by which key a part stands there; the place is that of the service.
fn originate(draft: &mut Draft, pointer: &str, key: &str) {
    if let Some(whole) = draft.origins.get("").map(|it| it.at.clone()) {
        let origin = Origin { key: key.into(), at: whole, overrode: None };
        draft.origins.insert(pointer.to_owned(), Arc::new(origin));
    }
}

/// Puts a value where a pointer of plain names leads, and makes what it leads through.
fn place(document: &mut Value, pointer: &str, value: Value) {
    let mut here = document;
    for name in pointer.split('/').skip(1) {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(fields) = here else { return };
        here = fields.entry(name).or_insert(Value::Null);
    }
    *here = value;
}

/// The same `status` with other values in some of its fields.
pub(super) fn with_fields(text: &str, fields: &[(&'static str, String)]) -> String {
    let changed = |line: &str| {
        let name = line.split_once(':').map_or(line, |it| it.0);
        match fields.iter().find(|(field, _)| *field == name) {
            Some((_, value)) => format!("{name}:\t{value}\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(changed).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::testing::generated::evidence;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_taken_back_was_never_there(evidence in evidence()) {
            let before = evidence.whole();
            let mut after = before.clone();
            let target = before.targets[0].clone();
            let mut changed = Changed::new(&mut after, &target);
            for pointer in ["/HostConfig/Memory", "/HostConfig/LogConfig/Config/max-size", "/New/Part"] {
                changed.set(pointer, "key", json!({"a": [1]}));
                changed.push(pointer, "key", json!("one"));
                changed.set(pointer, "key", json!(2));
                changed.follow("/HostConfig/Init", json!(true));
            }
            changed.put(Source::Clock, Answer::Nothing);
            changed.back_to(0);
            prop_assert_eq!(after, before);
        }
    }
}
