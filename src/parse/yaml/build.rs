//! From the parser's events to a tree, without recursion.

use std::collections::BTreeMap;

use granit_parser::{Span, Tag as Name};

use super::{DEEPEST, Loaded, Written};
use crate::parse::compose::tree::{Entry, Node, Place, Tag, Value};
use crate::parse::compose::wrong::Wrong;

/// A scalar as the parser gives it.
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) is_plain: bool,
    pub(super) at: Place,
}

/// A tree with its measures.
#[derive(Clone)]
struct Grown {
    node: Node,
    /// How many values it has.
    size: usize,
    /// How many levels it has.
    height: usize,
}

/// A collection that is not closed yet.
struct Open {
    at: Place,
    anchor: usize,
    tag: Option<Tag>,
    size: usize,
    height: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Key>, merges: Vec<(Place, Node)> },
}

struct Key {
    text: String,
    at: Place,
    /// Whether it is `<<`.
    is_merge: bool,
}

/// What a tag asks for.
enum Asked {
    Nothing,
    Text,
    Plain,
    Null,
    Merge(Tag),
}

pub(super) struct Builder<'a> {
    pub(super) loaded: Loaded,
    file: u32,
    left: &'a mut usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Grown>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: u32, left: &'a mut usize) -> Self {
        Self { loaded: Loaded::default(), file, left, open: Vec::new(), anchors: BTreeMap::new() }
    }

    pub(super) fn scalar(
        &mut self,
        scalar: Scalar,
        anchor: usize,
        tag: Option<&Name>,
        span: &Span,
    ) -> Result<(), Wrong> {
        let Scalar { text, mut is_plain, mut at } = scalar;
        let is_key = self.awaits_key();
        let range = span.byte_range().unwrap_or_default();
        if range.is_empty() && is_plain {
            // Nothing was written: the key is the nearest that was.
            at = self.key_place().unwrap_or(at);
        } else {
            let (start, end) = (range.start, range.end);
            self.loaded.spans.push(Written { start, end, at, is_key });
        }
        let asked = self.asked(tag, at);
        let mut merge = None;
        match asked {
            Asked::Nothing => {}
            Asked::Text => is_plain = false,
            Asked::Plain => is_plain = true,
            Asked::Null => {}
            Asked::Merge(tag) => merge = Some(tag),
        }
        let is_null = matches!(asked, Asked::Null)
            || is_plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        if is_key && anchor == 0 && !is_null {
            return self.key(text, at, is_plain);
        }
        self.take(1, at)?;
        let value = if is_null { Value::Null } else { Value::Text { text, plain: is_plain } };
        let node = Node { tag: merge, ..Node::new(value, at) };
        let grown = Grown { node, size: 1, height: 1 };
        if anchor != 0 {
            self.remember(anchor, &grown, at)?;
        }
        self.put(grown)
    }

    pub(super) fn open(
        &mut self,
        is_map: bool,
        at: Place,
        anchor: usize,
        tag: Option<&Name>,
    ) -> Result<(), Wrong> {
        self.take(1, at)?;
        if self.open.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        if self.awaits_key() {
            return Err(no_key(at));
        }
        let tag = if let Asked::Merge(tag) = self.asked(tag, at) { Some(tag) } else { None };
        let content = if is_map {
            Content::Map { entries: Vec::new(), key: None, merges: Vec::new() }
        } else {
            Content::List(Vec::new())
        };
        self.open.push(Open { at, anchor, tag, size: 1, height: 1, content });
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result<(), Wrong> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        let Open { at, anchor, tag, size, height, content } = closed;
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map { mut entries, merges, .. } => {
                if let Some((first, second)) = twice(&entries) {
                    let what = format!("the key `{}` stands twice in one mapping", second.key);
                    let help =
                        format!("remove one of them: the other is in line {}", first.key_at.line);
                    return Err(Wrong::new(second.key_at, what, help));
                }
                if !merges.is_empty() {
                    merge(&mut entries, merges)?;
                }
                Value::Map(entries)
            }
        };
        let grown = Grown { node: Node { tag, ..Node::new(value, at) }, size, height };
        if anchor != 0 {
            self.remember(anchor, &grown, at)?;
        }
        self.put(grown)
    }

    pub(super) fn alias(&mut self, anchor: usize, at: Place) -> Result<(), Wrong> {
        let Some(grown) = self.anchors.get(&anchor) else {
            let what = "not YAML: an alias of a value that it is a part of";
            return Err(Wrong::new(at, what, "write the value out"));
        };
        if self.open.len().saturating_add(grown.height) > DEEPEST {
            return Err(too_deep(at));
        }
        let size = grown.size;
        if size > *self.left {
            return Err(too_many(at));
        }
        let grown = grown.clone();
        self.take(size, at)?;
        self.put(grown)
    }

    pub(super) fn end_document(&mut self) {
        // An alias sees only the anchors of its own document.
        self.anchors.clear();
    }

    fn take(&mut self, count: usize, at: Place) -> Result<(), Wrong> {
        *self.left = self.left.checked_sub(count).ok_or_else(|| too_many(at))?;
        Ok(())
    }

    fn remember(&mut self, anchor: usize, grown: &Grown, at: Place) -> Result<(), Wrong> {
        // The copy is paid for too, or nested anchors would multiply.
        self.take(grown.size, at)?;
        self.anchors.insert(anchor, grown.clone());
        Ok(())
    }

    /// Whether the next value is a mapping's key.
    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn key_place(&self) -> Option<Place> {
        match &self.open.last()?.content {
            Content::Map { key: Some(key), .. } => Some(key.at),
            Content::Map { .. } | Content::List(_) => None,
        }
    }

    fn key(&mut self, text: String, at: Place, is_plain: bool) -> Result<(), Wrong> {
        if is_plain && is_other_than_text(&text) {
            let what = format!(
                "the key {text} is no text for YAML, and compose refuses it; put it in quotes"
            );
            self.loaded.remarks.push((at, what));
        }
        let is_merge = is_plain && text == "<<";
        if let Some(Open { content: Content::Map { key, merges, .. }, .. }) = self.open.last_mut() {
            if is_merge && !merges.is_empty() {
                let what = "the key `<<` stands twice in one mapping";
                return Err(Wrong::new(at, what, "write one with a list: `<<: [*a, *b]`"));
            }
            *key = Some(Key { text, at, is_merge });
        }
        Ok(())
    }

    /// Puts a whole value where it belongs.
    fn put(&mut self, grown: Grown) -> Result<(), Wrong> {
        let Grown { node, size, height } = grown;
        let Some(parent) = self.open.last_mut() else {
            if !node.is_null() {
                self.loaded.documents.push(node);
            }
            return Ok(());
        };
        parent.size = parent.size.saturating_add(size);
        parent.height = parent.height.max(height.saturating_add(1));
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key, merges } => match key.take() {
                Some(key) if key.is_merge => merges.push((key.at, node)),
                Some(key) => entries.push(Entry { key: key.text, key_at: key.at, node }),
                None => {
                    return match node.value {
                        Value::Text { text, plain } => self.key(text, node.at, plain),
                        Value::Null | Value::Unset { .. } | Value::List(_) | Value::Map(_) => {
                            Err(no_key(node.at))
                        }
                    };
                }
            },
        }
        Ok(())
    }

    fn asked(&mut self, tag: Option<&Name>, at: Place) -> Asked {
        let Some(tag) = tag else { return Asked::Nothing };
        if let Some(core) = tag.core_suffix() {
            return match core {
                "str" => Asked::Text,
                "null" => Asked::Null,
                "bool" | "int" | "float" => Asked::Plain,
                _ => Asked::Nothing,
            };
        }
        match (tag.handle(), tag.suffix()) {
            ("!", "reset") => Asked::Merge(Tag::Reset),
            ("!", "override") => Asked::Merge(Tag::Override),
            ("!" | "", "" | "!") => Asked::Text,
            _ => {
                let what = format!(
                    "the tag {} is not known, and nothing is done about it",
                    tag.original()
                );
                let at = Place { file: self.file, ..at };
                self.loaded.remarks.push((at, what));
                Asked::Nothing
            }
        }
    }
}

/// The first key that stands twice, with its first.
fn twice(entries: &[Entry]) -> Option<(&Entry, &Entry)> {
    if entries.len() <= 8 {
        return entries.iter().enumerate().find_map(|(place, second)| {
            let first = entries.iter().take(place).find(|it| it.key == second.key)?;
            Some((first, second))
        });
    }
    let mut sorted: Vec<(usize, &Entry)> = entries.iter().enumerate().collect();
    sorted.sort_by(|(a, one), (b, other)| one.key.cmp(&other.key).then(a.cmp(b)));
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    let doubles = pairs.filter(|((_, one), (_, other))| one.key == other.key);
    doubles.min_by_key(|(_, (place, _))| *place).map(|((_, first), (_, second))| (*first, *second))
}

/// Adds the values of `<<` that are not written out; the earlier goes before the later.
fn merge(entries: &mut Vec<Entry>, merges: Vec<(Place, Node)>) -> Result<(), Wrong> {
    for (at, node) in merges {
        match node.value {
            Value::Map(more) => entries.extend(more),
            Value::List(items) => {
                for item in items {
                    let Value::Map(more) = item.value else { return Err(no_merge(at)) };
                    entries.extend(more);
                }
            }
            Value::Null | Value::Text { .. } | Value::Unset { .. } => return Err(no_merge(at)),
        }
    }
    let mut order: Vec<(usize, &str)> =
        entries.iter().enumerate().map(|(place, it)| (place, it.key.as_str())).collect();
    order.sort_by(|(a, one), (b, other)| one.cmp(other).then(a.cmp(b)));
    order.dedup_by(|(_, later), (_, first)| later == first);
    let mut kept = vec![false; entries.len()];
    for (place, _) in order {
        if let Some(it) = kept.get_mut(place) {
            *it = true;
        }
    }
    let mut kept = kept.into_iter();
    entries.retain(|_| kept.next().unwrap_or_default());
    Ok(())
}

/// Whether a plain scalar is a number or a truth value (YAML 1.2.2, section 10.3.2).
fn is_other_than_text(text: &str) -> bool {
    if matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
        return true;
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|it: char| it.is_ascii_digit())
        && (digits.parse::<f64>().is_ok() || digits.starts_with("0x") || digits.starts_with("0o"))
}

fn too_many(at: Place) -> Wrong {
    let what = "too many values once its aliases are filled in";
    Wrong::new(at, what, "split the project, or write fewer aliases of aliases")
}

fn too_deep(at: Place) -> Wrong {
    let what = format!("values lie more than {DEEPEST} deep in each other");
    Wrong::new(at, what, "compose needs about 12 levels; this is no compose file")
}

fn no_key(at: Place) -> Wrong {
    Wrong::new(at, "a key that is no text", "compose knows only texts as keys")
}

fn no_merge(at: Place) -> Wrong {
    let what = "`<<` has a value that is neither a mapping nor a list of mappings";
    Wrong::new(at, what, "give it an alias of a mapping")
}
