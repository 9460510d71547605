//! What the container's first process was started as.

use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::parse::command::is_shell_form;

use super::view::View;

/// The first process's command, as its skeleton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its words, those that may be secret withheld.
    pub words: Vec<String>,
    /// Whether it is a shell that is told a script: `sh -c …`.
    pub is_shell_form: bool,
}

impl Command {
    fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            is_shell_form: is_shell_form(words),
        }
    }
}

/// Which halves of a command are set: the engine joins `ENTRYPOINT` and `CMD`, and who
/// starts a container can put something else in the place of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves {
    /// Whether there is an entry point.
    pub has_entrypoint: bool,
    /// Whether there are arguments for it, or a command without one.
    pub has_command: bool,
}

pub(super) fn halves(view: &View<'_>) -> Fact<Halves> {
    let half = |pointer| view.inspect().texts(pointer).map(|words| !words.is_empty());
    let both = half("/Config/Entrypoint").zip(half("/Config/Cmd"));
    Fact::declared_only(
        both.map(|(has_entrypoint, has_command)| Halves { has_entrypoint, has_command }),
    )
}

/// A shell that executes the program in its own place is gone: the kernel shows it.
pub(super) fn fact(view: &View<'_>) -> Fact<Command> {
    let declared = declared(view).map(|words| Command::new(&words));
    if view.kind().is_to_come() {
        let Reading::Missing(gap) = &declared else { return Fact::declared_only(declared) };
        let known = in_part(view).map(|words| Command::new(&words));
        return Fact::declared_in_part(known, Some(gap.clone()));
    }
    let effective = Reading::from(view.init())
        .and_then(|init| init.command().map(|words| Command::new(&words)));
    Fact::new(declared, effective)
}

/// The engine starts `Path` with `Args`, what image and run amount to.
pub(super) fn declared<'a>(view: &View<'a>) -> Reading<Vec<&'a str>> {
    let command = view.inspect().text("/Path").zip(view.inspect().texts("/Args"));
    command.map(|(path, args)| path.into_iter().chain(args).collect())
}

/// As much of the command as is known: what stands before it runs it, and takes nothing
/// of it away.
pub(super) fn in_part<'a>(view: &View<'a>) -> Reading<Vec<&'a str>> {
    let parts = ["/Config/Entrypoint", "/Config/Cmd"].map(|part| view.inspect().texts(part));
    let known = parts.into_iter().filter(|it| it.known().is_some_and(|words| !words.is_empty()));
    known.last().unwrap_or(Reading::Inapplicable)
}
