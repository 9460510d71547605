//! An image's own accounts and groups, as the uppermost layer that has them
//! tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use super::Layer;
use super::contents::Content;
use crate::collect::archive::entries::Entry;
use crate::collect::archive::name::split;
use crate::model::bundle::Answer;
use crate::model::files::Kind;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// `passwd(5)`.
pub(super) const PASSWD: &[u8] = b"/etc/passwd";

/// `group(5)`.
pub(super) const GROUP: &[u8] = b"/etc/group";

/// The folder of both.
pub(super) const FOLDER: &[u8] = b"/etc";

/// What could change accounts and groups by another path than theirs: a layer is
/// laid over the others by its names, and a link among its folders is followed.
#[derive(Debug, Default)]
pub(super) struct Detours {
    /// Every link, by its path's number.
    links: BTreeSet<u64>,
    /// What has a name of theirs or takes one away, with its folder's path.
    named: Vec<Vec<u8>>,
}

impl Detours {
    /// Notes an entry; how much memory that takes.
    pub(super) fn meet(&mut self, path: &[u8], entry: &Entry, hasher: &RandomState) -> usize {
        let name = split(path).1;
        let name = name.strip_prefix(b".wh.").unwrap_or(name);
        let mut memory = 0;
        if entry.traits.kind == Kind::Link {
            self.links.insert(hasher.hash_one(path));
            memory += 32;
        }
        if matches!(name, b"passwd" | b"group" | b"etc" | b".wh..opq") {
            self.named.push(path.to_vec());
            memory += path.len() + 32;
        }
        memory
    }

    /// The first path of these layers, the lowest first, that may be one of theirs
    /// because a folder on its way is a link.
    pub(super) fn first<'l>(
        layers: impl Iterator<Item = &'l Layer>,
        hasher: &RandomState,
    ) -> Option<&'l [u8]> {
        let mut links = BTreeSet::<u64>::new();
        layers.map(|it| &it.detours).find_map(|layer| {
            links.extend(&layer.links);
            let is_detour = |path: &&[u8]| {
                let around = std::iter::successors(Some(*path), |it| Some(split(it).0));
                let mut folders = around.skip(1).take_while(|it| !it.is_empty());
                folders.any(|it| links.contains(&hasher.hash_one(it)))
            };
            layer.named.iter().map(Vec::as_slice).find(is_detour)
        })
    }
}

/// The accounts and groups of an image.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Its accounts, without passwords; nothing where there is no such file.
    pub users: Result<Answer, Gap>,
    /// Its groups, likewise.
    pub groups: Result<Answer, Gap>,
}

impl Accounts {
    /// The accounts by what is to be seen of an image. Where something of it could
    /// not be read, that may have been a later version of them.
    pub(super) fn of(contents: &BTreeMap<&[u8], &Content>, gaps: &[Gap], source: &Source) -> Self {
        let found = |path: &[u8]| {
            if let Some(gap) = gaps.first() {
                return Err(gap.clone());
            }
            match [FOLDER, path].iter().find_map(|it| Some((it, contents.get(*it)?))) {
                Some((_, Content::Names(Ok(text)))) => Ok(Answer::Text(text.as_str().into())),
                Some((path, Content::Names(Err(why)))) => {
                    let detail = format!("{} {why}", Untrusted::from_bytes(path));
                    Err(Gap::new(Reason::Unsupported, source.clone(), detail))
                }
                _ => Ok(Answer::Nothing),
            }
        };
        Self { users: found(PASSWD), groups: found(GROUP) }
    }
}
