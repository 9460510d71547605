//! What the bundle tells of a target's files, its accounts among them.

use super::View;
use super::process::optional;
use crate::model::bundle::Answer;
use crate::model::files::{File, Listing};
use crate::model::nginx::Configuration;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::survey::Survey;
use crate::model::target::Kind;
use crate::parse::group::{self, Group};
use crate::parse::passwd::{self, Account};

impl<'a> View<'a> {
    /// Some of the container's files, as the bundle has them under this source.
    pub(in crate::facts) fn files(&self, source: Source) -> Reading<&'a Listing> {
        match self.bundle.files(&source) {
            Ok(listing) => {
                let shown = format!("{} files", listing.files.len());
                Reading::Known(listing, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }

    /// What a look at all of the container's files found.
    pub(in crate::facts) fn survey(&self) -> Reading<&'a Survey> {
        let source = self.files_source();
        match self.bundle.survey(&source) {
            Ok(survey) => {
                let shown = format!("{} files", survey.names);
                Reading::Known(survey, vec![Evidence::new(source, "", shown)])
            }
            Err(gap) => Reading::Missing(gap),
        }
    }

    /// The source that names the look at all of the container's files.
    pub(in crate::facts) fn files_source(&self) -> Source {
        Source::Files(self.target.id.as_str().into())
    }

    /// The container's or image's own accounts, as `passwd(5)`; none where there is no such file.
    pub(in crate::facts) fn accounts(&self) -> Reading<Vec<Account<'a>>> {
        self.own_file("/etc/passwd").map(|text| passwd::parse(text.unwrap_or_default()))
    }

    /// Whether this is an image in which there is no file of accounts.
    pub(in crate::facts) fn has_no_accounts(&self) -> bool {
        self.kind() == Kind::Image
            && matches!(self.own_file("/etc/passwd"), Reading::Known(None, _))
    }

    /// The container's or image's own groups, as `group(5)`; none where there is no such file.
    pub(in crate::facts) fn groups(&self) -> Reading<Vec<Group<'a>>> {
        self.own_file("/etc/group").map(|text| group::parse(text.unwrap_or_default()))
    }

    /// The host's groups.
    pub(in crate::facts) fn host_groups(&self) -> Reading<Vec<Group<'a>>> {
        optional(self.bundle, Source::proc(1, "root/etc/group"))
            .map(|text| group::parse(text.unwrap_or_default()))
    }

    /// The login shells of the container's accounts that are there.
    pub(in crate::facts) fn shells(&self) -> Reading<&'a Listing> {
        Reading::from(self.processes())
            .and_then(|processes| self.files(Source::shells(processes.viewer)))
    }

    /// How nginx is configured; nothing where there is no configuration.
    pub(in crate::facts) fn nginx(
        &self,
        source: &Source,
    ) -> Result<Option<&'a Configuration>, Gap> {
        self.bundle.nginx(source)
    }

    /// A file of an image's layers, or one of a container's, seen through the
    /// process that sees its mounts.
    fn own_file(&self, path: &str) -> Reading<Option<&'a str>> {
        if self.kind() == Kind::Image {
            return optional(self.bundle, Source::in_layers(self.id(), path));
        }
        Reading::from(self.processes())
            .and_then(|it| optional(self.bundle, Source::in_root(it.viewer, path)))
    }

    /// A file of the container by its path: whether it is there, and what it is.
    pub(in crate::facts) fn file(&self, path: &str) -> Reading<Option<&'a File>> {
        let source = match self.processes() {
            Ok(processes) => Source::in_root(processes.viewer, path),
            Err(gap) => return Reading::Missing(gap),
        };
        match self.bundle.ask(&source) {
            Ok(Answer::Nothing) => {
                Reading::Known(None, vec![Evidence::new(source, "", "there is no such file")])
            }
            Ok(_) => match self.bundle.files(&source).map(|listing| listing.files.first()) {
                Ok(Some(file)) => {
                    let shown = file.to_string();
                    Reading::Known(Some(file), vec![Evidence::new(source, "", shown)])
                }
                Ok(None) => {
                    Reading::Missing(Gap::new(Reason::Malformed, source, "it names no file"))
                }
                Err(gap) => Reading::Missing(gap),
            },
            Err(gap) => Reading::Missing(gap),
        }
    }
}
