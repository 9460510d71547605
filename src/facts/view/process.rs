//! One process's part of a bundle.

use std::sync::Arc;

use crate::facts::Holder;
use crate::model::bundle::{Answer, Bundle};
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::proc::idmap::IdMap;
use crate::parse::proc::status::Status;

/// One process's files.
pub(in crate::facts) struct Process<'a> {
    pub(super) bundle: &'a Bundle,
    pub(in crate::facts) pid: u32,
    /// Where one thread is meant whose credentials are its own.
    pub(in crate::facts) thread: Option<u32>,
}

impl<'a> Process<'a> {
    /// Who a reading of this process speaks of.
    pub(in crate::facts) fn holder(&self) -> Holder {
        let name = self.name().unwrap_or_else(|| "?".into());
        Holder::Process { pid: self.pid, name, thread: self.thread }
    }

    /// The command's name, where it is known.
    pub(in crate::facts) fn name(&self) -> Option<Untrusted> {
        self.bundle.text(&self.status_source()).ok().map(|text| Status::parse(text.raw()).name())
    }

    fn status_source(&self) -> Source {
        match self.thread {
            Some(thread) => Source::proc(self.pid, &format!("task/{thread}/status")),
            None => Source::proc(self.pid, "status"),
        }
    }

    /// One field of `status`, with its line as evidence.
    pub(in crate::facts) fn status<T>(
        &self,
        field: &str,
        read: impl FnOnce(&Status<'a>) -> Result<T, String>,
    ) -> Reading<T> {
        let source = self.status_source();
        let text = match self.bundle.text(&source) {
            Ok(text) => text.raw(),
            Err(gap) => return Reading::Missing(gap),
        };
        let status = Status::parse(text);
        match read(&status) {
            Ok(value) => {
                let shown = in_one_line(status.field(field).unwrap_or_default());
                Reading::Known(value, vec![Evidence::new(source, field, shown)])
            }
            Err(detail) => Reading::Missing(Gap::new(Reason::Malformed, source, detail)),
        }
    }

    /// How the process's user namespace maps user ids.
    pub(in crate::facts) fn uid_map(&self) -> Reading<IdMap> {
        self.id_map("uid_map")
    }

    /// How the process's user namespace maps group ids.
    pub(in crate::facts) fn gid_map(&self) -> Reading<IdMap> {
        self.id_map("gid_map")
    }

    fn id_map(&self, file: &str) -> Reading<IdMap> {
        let source = Source::proc(self.pid, file);
        text(self.bundle, source.clone()).and_then(|map| match IdMap::parse(map) {
            // The text's own evidence is kept; the map adds none.
            Ok(map) => Reading::of(map),
            Err(detail) => Reading::Missing(Gap::new(Reason::Malformed, source, detail)),
        })
    }

    /// A file that may say that there is nothing: `None`.
    pub(in crate::facts) fn attribute(&self, file: &str) -> Reading<Option<&'a str>> {
        optional(self.bundle, Source::proc(self.pid, file))
    }

    /// An environment, its values sealed.
    pub(in crate::facts) fn variables(&self, name: &str) -> Reading<&'a Arc<[Variable]>> {
        self.bundle.variables(&Source::proc(self.pid, name)).into()
    }

    /// The skeleton of the command that the process runs, word by word.
    pub(in crate::facts) fn command(&self) -> Reading<Vec<&'a str>> {
        self.text("cmdline").map(|text| text.lines().collect())
    }

    /// A file's text, or what a link such as `ns/net` points to.
    pub(in crate::facts) fn text(&self, name: &str) -> Reading<&'a str> {
        text(self.bundle, Source::proc(self.pid, name))
    }
}

/// A text, or the word of who was asked that there is none.
pub(super) fn optional(bundle: &Bundle, source: Source) -> Reading<Option<&str>> {
    match bundle.ask(&source) {
        Ok(Answer::Nothing) => {
            Reading::Known(None, vec![Evidence::new(source, "", "there is none")])
        }
        Ok(_) => text(bundle, source).map(Some),
        Err(gap) => Reading::Missing(gap),
    }
}

pub(super) fn text(bundle: &Bundle, source: Source) -> Reading<&str> {
    match bundle.text(&source) {
        Ok(text) => {
            let text = text.raw();
            Reading::Known(text, vec![Evidence::new(source, "", in_one_line(text))])
        }
        Err(gap) => Reading::Missing(gap),
    }
}

/// The kernel aligns its columns with tabs and blanks; evidence needs one blank.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
