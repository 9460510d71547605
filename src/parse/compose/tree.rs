//! The values of compose files, each with the place where it was written.

/// Where something stands in one of a project's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which file, by its place in [`super::Project::files`].
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters of that line it takes, at least 1.
    pub length: u32,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written: of several files, the one that won.
    pub at: Place,
    /// What it took the place of, the nearest where there were several.
    pub overrode: Option<Place>,
    /// What a merge is to do with it; none is left once all files are one.
    pub tag: Option<Tag>,
}

/// What a compose file can hold.
///
/// A scalar stays text, with whether it was quoted: what `yes`, `0755` or `1e3`
/// mean depends on where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// A scalar, its variables filled in.
    Text {
        /// What it says.
        text: String,
        /// Whether it stood without quotes, so that `true` can be a truth value.
        plain: bool,
    },
    /// A scalar with variables that nobody set and that have no default; what
    /// it would be cannot be told.
    Unset {
        /// The variables.
        names: Vec<String>,
        /// What the file says of them, by `${NAME:?what}`.
        said: Option<String>,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of its keys in the file.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: Place,
    /// Its value.
    pub node: Node,
}

/// What a merge is to do with a value, by the Compose Specification's own tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!reset`: as if nobody had written it.
    Reset,
    /// `!override`: it takes the other's place instead of being merged.
    Override,
}

impl Node {
    /// A value that nothing else was merged with.
    pub const fn new(value: Value, at: Place) -> Self {
        Self { value, at, overrode: None, tag: None }
    }

    /// The value below a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|it| &it.node)
    }

    /// The key with its value, where this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|it| it.key == key)
    }

    /// The keys with their values; none where this is no mapping.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The items; none where this is no sequence.
    pub fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// Takes a key out of a mapping; none where this is no mapping that has it.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let Value::Map(entries) = &mut self.value else { return None };
        let place = entries.iter().position(|it| it.key == key)?;
        Some(entries.remove(place))
    }

    /// The value below a key, to be changed, where this is a mapping that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|it| it.key == key).map(|it| &mut it.node)
    }

    /// Whether nothing is said here.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// How many values there are here and below.
    pub fn count(&self) -> usize {
        let below: usize = match &self.value {
            Value::Null | Value::Text { .. } | Value::Unset { .. } => 0,
            Value::List(items) => items.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|it| it.node.count()).sum(),
        };
        below.saturating_add(1)
    }

    /// What a scalar says, where it can be told.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text { text, .. } = &self.value { Some(text) } else { None }
    }
}
