//! One instruction with everything that belongs to it.

use std::ops::Range;

use super::Place;
use super::heredoc::Heredoc;
use super::text::Text;
use super::words::{self, Exec, Pair, Word};

/// The instructions of the Dockerfile reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// `ADD`
    Add,
    /// `ARG`
    Arg,
    /// `CMD`
    Cmd,
    /// `COPY`
    Copy,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `ENV`
    Env,
    /// `EXPOSE`
    Expose,
    /// `FROM`
    From,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `LABEL`
    Label,
    /// `MAINTAINER`
    Maintainer,
    /// `ONBUILD`
    Onbuild,
    /// `RUN`
    Run,
    /// `SHELL`
    Shell,
    /// `STOPSIGNAL`
    Stopsignal,
    /// `USER`
    User,
    /// `VOLUME`
    Volume,
    /// `WORKDIR`
    Workdir,
}

impl Keyword {
    /// All of them with their names.
    pub(super) const ALL: [(&'static str, Self); 18] = [
        ("ADD", Self::Add),
        ("ARG", Self::Arg),
        ("CMD", Self::Cmd),
        ("COPY", Self::Copy),
        ("ENTRYPOINT", Self::Entrypoint),
        ("ENV", Self::Env),
        ("EXPOSE", Self::Expose),
        ("FROM", Self::From),
        ("HEALTHCHECK", Self::Healthcheck),
        ("LABEL", Self::Label),
        ("MAINTAINER", Self::Maintainer),
        ("ONBUILD", Self::Onbuild),
        ("RUN", Self::Run),
        ("SHELL", Self::Shell),
        ("STOPSIGNAL", Self::Stopsignal),
        ("USER", Self::User),
        ("VOLUME", Self::Volume),
        ("WORKDIR", Self::Workdir),
    ];

    /// The keyword of a name, in whatever case it is written.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, it)| *it)
    }

    /// The flags that it takes.
    pub(super) const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::From => &["platform"],
            Self::Run => &["mount", "network", "security", "device"],
            Self::Copy => &["from", "chown", "chmod", "link", "parents", "exclude"],
            Self::Add => {
                &["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"]
            }
            Self::Healthcheck => {
                &["interval", "timeout", "start-period", "start-interval", "retries"]
            }
            Self::Arg
            | Self::Cmd
            | Self::Entrypoint
            | Self::Env
            | Self::Expose
            | Self::Label
            | Self::Maintainer
            | Self::Onbuild
            | Self::Shell
            | Self::Stopsignal
            | Self::User
            | Self::Volume
            | Self::Workdir => &[],
        }
    }
}

/// A flag of an instruction: `--from=build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name, without the dashes.
    pub name: String,
    /// What stands after the `=`, without quotes; none where there is no `=`.
    pub value: Option<String>,
    /// Where it stands, as a whole.
    pub place: Place,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it is; none where nobody knows it.
    pub keyword: Option<Keyword>,
    /// Where its keyword stands.
    pub place: Place,
    /// The last line that belongs to it, heredocs included.
    pub last_line: u32,
    /// Its flags, in their order.
    pub flags: Vec<Flag>,
    /// Its heredocs, in the order in which they are announced.
    pub heredocs: Vec<Heredoc>,
    /// What an `ONBUILD` is to do.
    pub trigger: Option<Box<Self>>,
    /// The logical line, from the keyword on.
    pub(super) text: Text,
    /// The keyword in the text.
    pub(super) name: Range<usize>,
    /// The arguments in the text: everything after the flags.
    pub(super) arguments: Range<usize>,
    /// The escape of the file.
    pub(super) escape: char,
}

impl Instruction {
    /// The keyword as it is written.
    pub fn name(&self) -> &str {
        self.text.get(self.name.clone())
    }

    /// The logical line: continuations joined, comments between them left out.
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Everything after the flags, without white space around it.
    pub fn arguments(&self) -> Word<'_> {
        Word::of(self.text.as_str(), self.arguments.clone())
    }

    /// The arguments between blanks.
    pub fn words(&self) -> Vec<Word<'_>> {
        words::plain(self.arguments())
    }

    /// The arguments of the exec form, where it is one.
    pub fn exec(&self) -> Exec {
        words::exec(self.command().text)
    }

    /// The arguments of `COPY`, `ADD` or `VOLUME`, which are words or a JSON array.
    pub fn list(&self) -> Vec<String> {
        match self.exec() {
            Exec::Array(items) => items,
            Exec::Mixed | Exec::Shell => self.words().iter().map(|it| it.text.to_owned()).collect(),
        }
    }

    /// The command of `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK CMD`, in either
    /// form; of another instruction its arguments.
    pub fn command(&self) -> Word<'_> {
        let whole = self.arguments();
        if self.keyword != Some(Keyword::Healthcheck) {
            return whole;
        }
        let verb = whole.text.find(char::is_whitespace).unwrap_or(whole.text.len());
        Word::of(self.text.as_str(), whole.start + verb..whole.range().end)
    }

    /// The pairs of `ENV`, `LABEL` and `ARG`.
    pub fn pairs(&self) -> Vec<Pair<'_>> {
        let pairs: Vec<_> = words::pairs(self.arguments(), self.escape).collect();
        let has_old_form = matches!(self.keyword, Some(Keyword::Env | Keyword::Label));
        match pairs.first() {
            Some(Pair { value: None, .. }) if has_old_form => {
                words::old_pair(self.arguments()).map_or(pairs, |it| vec![it])
            }
            _ => pairs,
        }
    }

    /// Where a word of it stands.
    pub fn place_of(&self, word: Word<'_>) -> Place {
        self.text.place(word.range())
    }

    /// Where its arguments stand; its keyword where it has none.
    pub fn place_of_arguments(&self) -> Place {
        let arguments = self.arguments();
        if arguments.text.is_empty() { self.place } else { self.place_of(arguments) }
    }

    /// The last flag of a name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|it| it.name == name)
    }

    /// Whether heredocs can be announced in it.
    pub(super) fn can_have_heredocs(&self) -> bool {
        let inner = self.trigger.as_deref().unwrap_or(self);
        matches!(inner.keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add))
            && !matches!(inner.exec(), Exec::Array(_))
            && inner.text.as_str().contains("<<")
    }
}
