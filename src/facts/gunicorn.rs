//! How gunicorn is told to run its workers.
//!
//! It takes each setting from the first of these that has it: its command line,
//! `GUNICORN_CMD_ARGS`, a configuration file, and for the number of workers
//! `WEB_CONCURRENCY` ("Configuration Overview" and "Settings" of its documentation). The file
//! is Python: nobody knows what it sets without running it.

use std::fmt;
use std::str::FromStr;

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::parse::command::options::last;
use crate::parse::command::programs::{Role, bare, role};
use crate::parse::command::{calls, is_shell_form, program};

use super::build::Build;
use super::environment;
use super::files::Files;
use super::view::{Process, View};
use super::{Held, Holder, command};

/// The file that it reads from its working folder where it is told of no other.
const BY_ITSELF: &str = "gunicorn.conf.py";

/// Something that it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// After how many seconds without a word a worker is killed; 0: never.
    Timeout,
    /// For how many seconds a connection is kept for a further request.
    KeepAlive,
    /// How many processes there are that answer.
    Workers,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 3] = [Self::Timeout, Self::KeepAlive, Self::Workers];

    /// The option that sets it, and its short form.
    pub const fn options(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Timeout => ("--timeout", Some("-t")),
            Self::KeepAlive => ("--keep-alive", None),
            Self::Workers => ("--workers", Some("-w")),
        }
    }
}

/// As the option without its dashes.
impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found =
            Self::ALL.into_iter().find(|it| it.options().0.strip_prefix("--") == Some(text));
        found.ok_or_else(|| format!("{text:?} is not one of timeout, keep-alive and workers"))
    }
}

/// As the option.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.options().0)
    }
}

/// What gunicorn is told of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// What runs is not gunicorn.
    NotRun,
    /// Nothing: it takes its own default.
    Nothing,
    /// This number.
    Number {
        /// The number.
        value: u64,
        /// Who says it.
        by: &'static str,
    },
}

/// The gunicorn that a process is or that is declared, if any.
type Seen = Reading<Held<Option<Server>>>;

/// Every gunicorn of a target.
#[derive(Clone, Debug)]
pub struct Gunicorn {
    declared: Seen,
    /// Why what is known of a command does not tell what it starts.
    beyond: Option<Gap>,
    whose: Source,
    /// `None` where nothing runs yet.
    each: Option<Result<Vec<Seen>, Gap>>,
    /// Whether there will be a file that it reads by itself.
    given: Reading<bool>,
}

/// One gunicorn.
#[derive(Clone, Debug)]
struct Server {
    source: Source,
    /// What its program is told.
    words: Reading<Vec<String>>,
    /// Whether a shell has a hand in it.
    is_script: bool,
    arguments: Reading<Option<Variable>>,
    concurrency: Reading<Option<Variable>>,
}

pub(super) fn all(view: &View<'_>, build: &Build) -> Gunicorn {
    let (words, beyond) = match command::declared(view) {
        Reading::Missing(gap) if view.kind().is_to_come() => {
            // What stands before a program runs it.
            let part = command::in_part(view);
            let first = part.known().and_then(|words| words.first());
            let is_program = first.is_some_and(|word| program(word).is_some());
            (part, (!is_program).then_some(gap))
        }
        whole @ (Reading::Known(..) | Reading::Missing(_) | Reading::Inapplicable) => (whole, None),
    };
    Gunicorn {
        declared: words.map(|words| view.declared(Server::declared(view, &words))),
        beyond,
        whose: view.processes_source().clone(),
        each: (!view.kind().is_to_come()).then(|| in_force(view)),
        given: given(view, build),
    }
}

impl Gunicorn {
    /// What is said of a setting, where `patterns` are those of the files that gunicorn reads
    /// by itself.
    pub fn told(&self, setting: Setting, files: &Files, patterns: &[String]) -> Fact<Held<Told>> {
        let file =
            || if self.each.is_some() { files.are_there(patterns) } else { self.given.clone() };
        let told = |server: &Seen| {
            server.as_ref().and_then(|Held { by, value }| {
                let told = match value {
                    None => Reading::of(Told::NotRun),
                    Some(server) => server.told(setting, file),
                };
                told.map(|value| Held { by: by.clone(), value })
            })
        };
        let declared = told(&self.declared);
        match &self.each {
            None => Fact::declared_in_part(declared, self.beyond.clone()),
            Some(each) => {
                let each = each.as_ref().map(|all| all.iter().map(told).collect());
                Fact::of_each(declared, &self.whose, each.map_err(Clone::clone))
            }
        }
    }
}

/// Every process, of gunicorn's own only those that no other has started: workers are told
/// what their master is.
fn in_force(view: &View<'_>) -> Result<Vec<Seen>, Gap> {
    let all = view.of_each(|process| {
        Server::of(process).map(|server| {
            let parent = process.status("PPid", |status| status.number("PPid")).unshown();
            (server, parent.known().copied())
        })
    })?;
    let pid = |by: &Holder| match by {
        Holder::Process { pid, .. } => Some(*pid),
        Holder::Declaration | Holder::Service | Holder::Run => None,
    };
    let servers = all.iter().filter_map(Reading::known).filter(|it| it.value.0.is_some());
    let servers: Vec<u32> = servers.filter_map(|it| pid(&it.by)).collect();
    let is_worker = |held: &Held<(Option<Server>, Option<u32>)>| {
        held.value.0.is_some() && held.value.1.is_some_and(|parent| servers.contains(&parent))
    };
    let masters = all.into_iter().filter(|it| !it.known().is_some_and(is_worker));
    let server = |Held { by, value: (server, _) }| Held { by, value: server };
    Ok(masters.map(|reading| reading.map(server)).collect())
}

/// What a call of it is told, if it is one.
fn options(call: &[&str]) -> Option<Vec<String>> {
    let is_it = |word: &&str| program(word).is_some_and(|name| bare(name) == "gunicorn");
    let place = call.iter().position(is_it)?;
    Some(call.iter().skip(place + 1).map(|&word| word.to_owned()).collect())
}

impl Server {
    fn declared(view: &View<'_>, words: &[&str]) -> Option<Self> {
        // A script may check its configuration before it starts.
        let told = calls(words).iter().rev().find_map(|call| options(call))?;
        let given = environment::recorded(view);
        Some(Self {
            source: view.inspect().source().clone(),
            is_script: is_shell_form(words),
            words: Reading::of(told),
            arguments: given.variable("GUNICORN_CMD_ARGS"),
            concurrency: given.variable("WEB_CONCURRENCY"),
        })
    }

    /// The gunicorn that a process is. An init or a shell is told of it, and another process
    /// runs it.
    fn of(process: &Process<'_>) -> Reading<Option<Self>> {
        let name = process.status("Name", |status| Ok(status.name())).unshown();
        process.command().zip(name).and_then(|(words, name)| {
            let first = words.first().and_then(|word| program(word)).unwrap_or_default();
            if matches!(role(first), Role::Init | Role::Wrapper | Role::Shell) {
                return Reading::of(None);
            }
            let source = Source::proc(process.pid, "cmdline");
            let words = match options(&words) {
                Some(words) => Reading::of(words),
                None if name.raw().split(':').next() == Some("gunicorn") => {
                    let detail = "gunicorn wrote a title over its command line";
                    let gap = Gap::new(Reason::Unproved, source.clone(), detail);
                    Reading::Missing(gap.mend("leave setproctitle out of its image"))
                }
                None => return Reading::of(None),
            };
            let environment = environment::shown(process);
            let variable = |name| environment.as_ref().map(|it| it.get(name).cloned());
            let (arguments, concurrency) =
                (variable("GUNICORN_CMD_ARGS"), variable("WEB_CONCURRENCY"));
            Reading::of(Some(Self { source, words, is_script: false, arguments, concurrency }))
        })
    }

    fn told(&self, setting: Setting, file: impl FnOnce() -> Reading<bool>) -> Reading<Told> {
        let (long, short) = setting.options();
        let is_file = |words: &[&str]| last(words, "--config", Some("-c")).is_some();
        self.words.as_ref().and_then(|words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if let Some(value) = last(&words, long, short) {
                return self.number(value, "its command line");
            }
            if is_file(&words) && self.arguments.known().is_none() {
                // Whatever the variable says, only the command line is sure to close it.
                return self.file(true, file).map(|()| Told::Nothing);
            }
            self.arguments.as_ref().and_then(|variable| {
                let kept = variable.as_ref().and_then(|it| it.kept.as_ref());
                let further: Vec<&str> = kept.map_or("", |it| it.raw()).split(' ').collect();
                if let Some(value) = last(&further, long, short) {
                    return self.number(value, "GUNICORN_CMD_ARGS");
                }
                let is_named = is_file(&words) || is_file(&further);
                self.unsaid(setting, || self.file(is_named, file))
            })
        })
    }

    /// What holds where no argument says it: what a file says, or before that a variable,
    /// which sets the number of workers whether a file does so again or not.
    fn unsaid(&self, setting: Setting, file: impl FnOnce() -> Reading<()>) -> Reading<Told> {
        if setting != Setting::Workers {
            return file().map(|()| Told::Nothing);
        }
        self.concurrency.as_ref().and_then(|variable| {
            let Some(variable) = variable else { return file().map(|()| Told::Nothing) };
            let value = variable.kept.as_ref().map_or("", |it| it.raw());
            let told = self.number(value, "WEB_CONCURRENCY");
            if value == "0" { file().and_then(|()| told) } else { told }
        })
    }

    fn number(&self, text: &str, by: &'static str) -> Reading<Told> {
        match text.parse() {
            Ok(value) => Reading::of(Told::Number { value, by }),
            Err(_) => {
                let detail = format!("what {by} sets is no plain number");
                let gap = Gap::new(Reason::Malformed, self.source.clone(), detail);
                Reading::Missing(gap.mend("write the number itself"))
            }
        }
    }

    /// That no file can set anything.
    fn file(&self, is_named: bool, by_itself: impl FnOnce() -> Reading<bool>) -> Reading<()> {
        let open = |reason, detail: String| {
            let gap = Gap::new(reason, self.source.clone(), detail);
            Reading::Missing(gap.mend(
                "say timeout, keep-alive and workers on its command line or in \
                 GUNICORN_CMD_ARGS: both outrank its files",
            ))
        };
        if is_named {
            let detail = "its configuration is Python, and nobody runs it to learn what it sets";
            return open(Reason::Unsupported, detail.to_owned());
        }
        if self.is_script {
            let detail = "what its shell adds to what it is told shows only where it runs";
            return open(Reason::NotRunning, detail.to_owned());
        }
        match by_itself() {
            Reading::Known(false, evidence) => Reading::Known((), evidence),
            Reading::Known(true, _) => {
                let detail = format!(
                    "there is a {BY_ITSELF}, which is Python, and nobody runs it to learn what it sets"
                );
                open(Reason::Unsupported, detail)
            }
            Reading::Missing(gap) => {
                let detail = format!("it reads a {BY_ITSELF} by itself: {}", gap.detail);
                if gap.remedy.is_empty() {
                    return open(gap.reason, detail);
                }
                Reading::Missing(Gap { detail: detail.into(), ..gap })
            }
            Reading::Inapplicable => Reading::Inapplicable,
        }
    }
}

/// Whether the file that it reads by itself will be there. What a build is given shows in
/// its context, if the program itself comes from there.
fn given(view: &View<'_>, build: &Build) -> Reading<bool> {
    let open = |detail| {
        Reading::Missing(Gap::new(Reason::NotRunning, view.inspect().source().clone(), detail))
    };
    if view.kind() != Kind::Dockerfile {
        return open("whether there is one shows only where it runs");
    }
    let layout = build.layout.declared().as_ref();
    let is_named = view.recipe().is_ok_and(|recipe| recipe.text.raw().contains(BY_ITSELF));
    layout.unshown().zip(build.context.declared().as_ref()).and_then(|(layout, context)| {
        let is_it = |name: &str| name.rsplit('/').next() == Some(BY_ITSELF);
        if is_named || context.names.iter().any(|name| is_it(name.raw())) {
            Reading::of(true)
        } else if context.is_cut || !layout.takes_context() {
            open("where the files come from that it works among does not show")
        } else {
            Reading::of(false)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_goes_by_its_options_name() {
        for setting in Setting::ALL {
            let name = setting.to_string();
            assert_eq!(name.trim_start_matches("--").parse(), Ok(setting));
        }
        assert!("--timeout".parse::<Setting>().is_err());
    }
}
