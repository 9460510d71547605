//! An image's own accounts and groups, as the uppermost layer that has them
//! tells them.

use std::collections::BTreeMap;

use super::contents::Content;
use crate::model::bundle::Answer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// `passwd(5)`.
pub(super) const PASSWD: &[u8] = b"/etc/passwd";

/// `group(5)`.
pub(super) const GROUP: &[u8] = b"/etc/group";

/// The folder of both.
pub(super) const FOLDER: &[u8] = b"/etc";

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
