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

/// The engine starts `Path` with `Args`, what image and run amount to. A shell
/// that executes the program in its own place is gone: the kernel shows it.
pub(super) fn fact(view: &View<'_>) -> Fact<Command> {
    let inspect = view.inspect();
    let declared = inspect
        .text("/Path")
        .zip(inspect.texts("/Args"))
        .map(|(path, args)| Command::new(&path.into_iter().chain(args).collect::<Vec<_>>()));
    if view.kind().is_to_come() {
        let Reading::Missing(gap) = &declared else { return Fact::declared_only(declared) };
        return Fact::declared_in_part(in_part(view), Some(gap.clone()));
    }
    let effective = Reading::from(view.init())
        .and_then(|init| init.command().map(|words| Command::new(&words)));
    Fact::new(declared, effective)
}

/// As much of the command as is known: what stands before it runs it, and takes no
/// shell away.
fn in_part(view: &View<'_>) -> Reading<Command> {
    let parts = ["/Config/Entrypoint", "/Config/Cmd"].map(|part| view.inspect().texts(part));
    let known = parts.into_iter().filter(|it| it.known().is_some_and(|words| !words.is_empty()));
    let known = known.map(|it| it.map(|words| Command::new(&words)));
    known.last().unwrap_or(Reading::Inapplicable)
}
