//! What runtimes hear of the variables that tell them how to run: by the environment, by
//! their command lines, and by what they do unasked.

use std::str::FromStr;

use std::rc::Rc;

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::parse::command::programs::{Role, bare, role};
use crate::parse::command::variables::{is_kept, is_name};
use crate::parse::command::{WITHHELD, calls, program};

use super::environment::{self, Environment, Given};
use super::view::{Process, View};
use super::{Held, Holder, command};

/// A variable that a runtime is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// The value that it must have; without one any will do that is not empty.
    pub value: Option<String>,
}

impl FromStr for Asked {
    type Err = String;

    /// `NAME` or `NAME=VALUE`. The error says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        is_name(name)?;
        match value {
            Some(value) if !is_kept(name, &value) => Err(format!(
                "a value of {name} such as {value:?} is in no evidence, since it may be secret: \
                 write {name} alone"
            )),
            value => Ok(Self { name: name.to_owned(), value }),
        }
    }
}

/// What a runtime hears of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nobody sets it, or to nothing.
    Nothing,
    /// It is set.
    Set(Variable),
    /// Whatever it is set to, the runtime does what is asked for; how that comes.
    Anyway(&'static str),
}

/// Who is told, and what.
#[derive(Clone, Debug)]
pub struct Runtimes {
    by: Holder,
    source: Source,
    given: Rc<Given>,
    words: Reading<Vec<String>>,
    whose: Source,
    /// `None` where nothing runs yet.
    each: Option<Result<Vec<Reading<Held<Running>>>, Gap>>,
}

/// A process, by what its runtime is told.
#[derive(Clone, Debug)]
struct Running {
    /// What it goes by, the program that it runs first.
    names: Reading<Vec<String>>,
    words: Reading<Vec<String>>,
    source: Source,
    environment: Reading<Environment>,
}

pub(super) fn all(view: &View<'_>) -> Runtimes {
    let each = || view.of_each(|process| Reading::of(Running::new(process)));
    Runtimes {
        by: view.declared(()).by,
        source: view.inspect().source().clone(),
        given: environment::recorded(view),
        words: command::declared(view).or_else(|| command::in_part(view)).map(owned),
        whose: view.processes_source().clone(),
        each: (!view.kind().is_to_come()).then(each),
    }
}

fn owned(words: Vec<&str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

impl Runtimes {
    /// What each runtime hears of a variable, each answer once. Those are asked that the
    /// variable is made for; without one, all but inits and shells, which do not have what an
    /// entrypoint adds.
    pub fn asked(&self, asked: &Asked) -> Fact<Held<Said>> {
        let declared = self.declared(asked).map(|value| Held { by: self.by.clone(), value });
        match &self.each {
            None => Fact::declared_only(declared),
            Some(each) => {
                let each = each.as_ref().map(|all| heard(asked, all)).map_err(Clone::clone);
                Fact::of_each(declared, &self.whose, each)
            }
        }
    }

    /// A command that is not known as a whole does not make a variable useless.
    fn declared(&self, asked: &Asked) -> Reading<Said> {
        let words = asked.listens_to(&self.words).or_else(|| Reading::of(&[]));
        words.and_then(|words| match asked.on_command_line(words) {
            Some(said) => Reading::of(said),
            None => self
                .given
                .variable(&asked.name)
                .and_then(|variable| asked.in_environment(words, variable.as_ref(), &self.source)),
        })
    }
}

fn heard(asked: &Asked, all: &[Reading<Held<Running>>]) -> Vec<Reading<Held<Said>>> {
    let known = all.iter().filter_map(Reading::known);
    let names: Vec<&Vec<String>> = known.filter_map(|it| it.value.names.known()).collect();
    let is_any_its_own = names.iter().any(|it| asked.is_made_for(it));
    let is_any_at_work = names.iter().any(|it| is_at_work(it));
    let is_meant = |names: &[String]| match is_any_its_own {
        true => asked.is_made_for(names),
        false => is_at_work(names) || !is_any_at_work,
    };
    let mut seen: Vec<Said> = Vec::new();
    let said = all.iter().map(|reading| {
        reading.as_ref().and_then(|Held { by, value }| {
            let said = value.names.as_ref().unshown().and_then(|names| {
                if is_meant(names) { value.said(asked) } else { Reading::Inapplicable }
            });
            said.map(|value| Held { by: by.clone(), value })
        })
    });
    said.filter(|reading| match reading {
        Reading::Inapplicable => false,
        Reading::Known(held, _) if seen.contains(&held.value) => false,
        Reading::Known(held, _) => {
            seen.push(held.value.clone());
            true
        }
        Reading::Missing(_) => true,
    })
    .collect()
}

/// Whether a process of these names is no mere init or shell.
fn is_at_work(names: &[String]) -> bool {
    let first = names.first().map_or(Role::Other, |name| role(name));
    !matches!(first, Role::Init | Role::Wrapper | Role::Shell)
}

impl Running {
    fn new(process: &Process<'_>) -> Self {
        let words = process.command().map(owned);
        let name = process.status("Name", |status| Ok(status.name()));
        let names = name.zip(process.text("exe")).zip(words.as_ref()).unshown();
        let names = names.map(|((name, file), words)| {
            let title = name.raw().split(':').next();
            let first = words.first().and_then(|word| program(word)).or(title);
            first.into_iter().chain(title).chain(program(file)).map(str::to_owned).collect()
        });
        let source = Source::proc(process.pid, "environ");
        Self { names, words, source, environment: environment::shown(process) }
    }

    fn said(&self, asked: &Asked) -> Reading<Said> {
        asked.listens_to(&self.words).and_then(|words| match asked.on_command_line(words) {
            Some(said) => Reading::of(said),
            None => self.environment.as_ref().and_then(|environment| {
                asked.in_environment(words, environment.get(&asked.name), &self.source)
            }),
        })
    }
}

/// What Python does: `python(1)`, and "Command line and environment" of its documentation.
impl Asked {
    fn is_pythons(&self) -> bool {
        self.name.starts_with("PYTHON")
    }

    /// Whether the variable is made for the runtime of a process of these names.
    fn is_made_for(&self, names: &[String]) -> bool {
        let runtimes: &[&str] = match self.name.split('_').next() {
            Some("NODE") => &["node", "nodejs"],
            Some("RAILS" | "RACK") => &["ruby"],
            Some("FLASK") => &["python"],
            _ if self.is_pythons() => &["python"],
            _ => &[],
        };
        names.iter().any(|name| runtimes.contains(&bare(name)))
    }

    /// The words that can make a difference to it.
    fn listens_to<'w>(&self, words: &'w Reading<Vec<String>>) -> Reading<&'w [String]> {
        if self.is_pythons() { words.as_ref().map(Vec::as_slice) } else { Reading::of(&[]) }
    }

    /// What the command line says, whatever the variable is set to.
    fn on_command_line(&self, words: &[String]) -> Option<Said> {
        let letters = pythons_letters(words);
        match (self.name.as_str(), self.value.as_deref()) {
            ("PYTHONUNBUFFERED", _) if letters.contains('u') => {
                Some(Said::Anyway("python -u does the same"))
            }
            ("PYTHONHASHSEED", Some("random")) if letters.contains('R') => {
                Some(Said::Anyway("python -R does the same"))
            }
            _ => None,
        }
    }

    /// What is heard of the variable by who is started with these words. With `-E` and
    /// `-I` Python takes no notice of its variables.
    fn in_environment(
        &self,
        words: &[String],
        variable: Option<&Variable>,
        source: &Source,
    ) -> Reading<Said> {
        let is_deaf = pythons_letters(words).contains(['E', 'I']);
        let is_second = |word: &String| program(word).is_some_and(|it| it.starts_with("python2"));
        let draws_anyway = self.name == "PYTHONHASHSEED" && !words.iter().any(is_second);
        match (variable.filter(|it| it.has_value() && !is_deaf), self.value.as_deref()) {
            (None, Some("random")) if draws_anyway => {
                Reading::of(Said::Anyway("Python draws a seed of its own where none is set"))
            }
            (None, _) => Reading::of(Said::Nothing),
            // What is asked for would have been kept.
            (Some(variable), Some(_)) if variable.kept.is_none() => {
                Reading::Missing(Gap::not_collected(source.clone()))
            }
            (Some(variable), _) => Reading::of(Said::Set(variable.clone())),
        }
    }
}

/// The switches that are a letter, of every Python that a command starts.
fn pythons_letters(words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_python = |word: &&str| program(word).is_some_and(|name| bare(name) == "python");
    let is_option = |word: &&str| word.starts_with('-') || *word == WITHHELD;
    let of_call = |call: Vec<&str>| -> String {
        let after = call.into_iter().skip_while(|word| !is_python(word)).skip(1);
        after.take_while(is_option).filter(|word| !["-m", WITHHELD].contains(word)).collect()
    };
    calls(&words).into_iter().map(of_call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_a_name_or_a_name_with_a_value_that_evidence_holds() {
        let asked = |text: &str| text.parse::<Asked>().map(|it| (it.name, it.value));
        assert_eq!(asked("PORT"), Ok(("PORT".to_owned(), None)));
        let production = Some("production".to_owned());
        assert_eq!(asked("NODE_ENV=production"), Ok(("NODE_ENV".to_owned(), production)));
        for text in ["", "=x", "NODE_ENV=", "NODE_ENV=my own", "PASSWORD=s3cret"] {
            assert!(asked(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pythons_switches_are_found_behind_an_init_and_in_a_script() {
        for (words, expected) in [
            (&["python3", "-u", "-B", "…"] as &[&str], "-u-B"),
            (&["tini", "--", "/usr/bin/python3.12", "-Iu", "-m", "gunicorn", "-w4"], "-Iu"),
            (&["sh", "-c", "cd … && python -u …"], "-u"),
            (&["gunicorn", "-w4"], ""),
            (&[], ""),
        ] {
            let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
            assert_eq!(pythons_letters(&words), expected, "{words:?}");
        }
    }
}
