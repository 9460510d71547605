//! What each instruction does to the image that is being built.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::super::accounts::{Accounts, record, replaces, rewrites};
use super::super::heredoc::Heredoc;
use super::super::idle::{Setting, Watch};
use super::super::instruction::{Instruction, Keyword};
use super::super::shell::{Command, Said, commands};
use super::super::text::Text;
use super::super::variables::Known;
use super::super::words::{Exec, Word};
use super::super::{Place, check};
use super::config::Config;
use super::scope::{Scope, Told};
use super::values::{nanoseconds, path, ports, retries};
use super::{Base, Built};
use crate::parse::signal::Signal;

/// An image on its way through the stages of a chain.
pub(super) struct Building<'a> {
    scope: Scope<'a>,
    config: Config,
    accounts: Accounts,
    watch: Watch,
    /// What the shell form is run by.
    shell: Vec<String>,
    /// The working directory; none where the base image's is meant.
    folder: Option<String>,
    /// Whether this stage has set `CMD`.
    has_cmd: bool,
}

impl<'a> Building<'a> {
    pub(super) fn new(scope: Scope<'a>, is_scratch: bool) -> Self {
        Self {
            scope,
            config: Config::default(),
            accounts: Accounts::default(),
            watch: Watch::default(),
            shell: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            folder: is_scratch.then(|| "/".to_owned()),
            has_cmd: false,
        }
    }

    /// Begins a further stage of the chain.
    pub(super) const fn begin(&mut self) {
        self.has_cmd = false;
    }

    pub(super) fn finish(self, base: Option<Base>) -> Built {
        let idle = self.watch.finish(user(&self.config), &self.accounts);
        let done = self.config.finish();
        Built {
            base,
            config: Value::Object(done.config),
            places: done.places,
            unknown: done.unknown,
            accounts: self.accounts.into_list(),
            idle,
        }
    }

    /// Carries out one instruction.
    pub(super) fn apply(&mut self, it: &Instruction, global: &Scope<'_>) {
        let Some(keyword) = it.keyword else { return };
        let place = it.place_of_arguments();
        match keyword {
            Keyword::Arg => self.scope.arguments(it, Some(global)),
            Keyword::Env => self.environment(it),
            Keyword::Label => {
                for pair in it.pairs() {
                    let Some(value) = pair.value else { continue };
                    let place = it.text().place(pair.range());
                    let value = self.expand(it, value.text);
                    match self.expand(it, pair.key.text) {
                        Ok(name) => self.config.label(name, value, place),
                        Err(why) => self.config.leave_open("Labels", why, place),
                    }
                }
            }
            Keyword::User => {
                if let Some(value) = self.whole(it) {
                    self.config.set("User", value, place);
                }
            }
            Keyword::Stopsignal => {
                let value = self.whole(it).map(|value| {
                    let value = value?;
                    let is_signal = Signal::parse(&value).is_some();
                    is_signal.then_some(value).ok_or_else(|| {
                        format!("{} is no signal", check::short(it.arguments().text))
                    })
                });
                if let Some(value) = value {
                    self.config.set("StopSignal", value, place);
                }
            }
            Keyword::Workdir => self.workdir(it, place),
            Keyword::Expose => self.expose(it),
            Keyword::Volume => {
                for item in it.list() {
                    match self.expand(it, &item) {
                        Ok(volume) => self.config.volume(volume, place),
                        Err(why) => self.config.leave_open("Volumes", why, place),
                    }
                }
            }
            Keyword::Shell => {
                if let Exec::Array(shell) = it.exec() {
                    self.config.set("Shell", Ok(json!(shell)), place);
                    self.shell = shell;
                }
            }
            Keyword::Cmd => {
                self.config.set("Cmd", self.command(it), place);
                self.has_cmd = true;
            }
            Keyword::Entrypoint => {
                self.config.set("Entrypoint", self.command(it), place);
                if !self.has_cmd {
                    self.config.set("Cmd", Ok(Value::Null), place);
                }
            }
            Keyword::Healthcheck => self.health(it, place),
            Keyword::Run => self.run(it),
            Keyword::Add | Keyword::Copy => self.copy(it),
            // They change nothing here, or what images built from this one do.
            Keyword::From | Keyword::Maintainer | Keyword::Onbuild => {}
        }
    }

    fn expand(&self, it: &Instruction, word: &str) -> Told {
        self.scope.expand(word, it.escape)
    }

    /// The arguments as one value; none where there are none.
    fn whole(&self, it: &Instruction) -> Option<Told> {
        let text = it.arguments().text;
        (!text.is_empty()).then(|| self.expand(it, text))
    }

    /// All pairs of one `ENV` see what was set before it, not one another.
    fn environment(&mut self, it: &Instruction) {
        let mut made = Vec::new();
        for pair in it.pairs() {
            let Some(value) = pair.value else { continue };
            let value = self.expand(it, value.text);
            made.push((self.expand(it, pair.key.text), value, it.text().place(pair.range())));
        }
        for (name, value, place) in made {
            match name {
                Ok(name) => {
                    self.scope.set(&name, value.clone(), true);
                    self.config.variable(&name, value, place);
                }
                Err(why) => self.config.leave_open("Env", why, place),
            }
        }
    }

    fn workdir(&mut self, it: &Instruction, place: Place) {
        let Some(value) = self.whole(it) else { return };
        let value = value.and_then(|to| match &self.folder {
            _ if to.starts_with('/') => Ok(path("/", &to)),
            Some(folder) => Ok(path(folder, &to)),
            None => match self.config.get("WorkingDir") {
                Some(Err(why)) => Err(why.clone()),
                _ => Err(format!("{} begins at the base image's folder", check::short(&to))),
            },
        });
        self.folder = value.as_ref().ok().cloned();
        self.config.set("WorkingDir", value, place);
    }

    fn expose(&mut self, it: &Instruction) {
        for word in it.words() {
            let place = it.place_of(word);
            let made = self
                .expand(it, word.text)
                .and_then(|made| made.split_whitespace().map(ports).collect::<Result<Vec<_>, _>>());
            match made {
                Err(why) => self.config.leave_open("ExposedPorts", why, place),
                Ok(ranges) => {
                    for (first, last, protocol) in ranges {
                        self.config.expose(first, last, protocol, place);
                    }
                }
            }
        }
    }

    /// A command in its exec form, the shell put before the shell form.
    fn command(&self, it: &Instruction) -> Result<Value, String> {
        match it.exec() {
            Exec::Array(words) => Ok(json!(words)),
            Exec::Mixed => Err(format!("the array of {} holds what is no text", it.name())),
            Exec::Shell => {
                let text = [it.command().text];
                Ok(self.shell.iter().map(String::as_str).chain(text).collect())
            }
        }
    }

    fn health(&mut self, it: &Instruction, place: Place) {
        let whole = it.arguments().text;
        let verb = whole.split(char::is_whitespace).next().unwrap_or_default();
        let command = it.command();
        let mut places = BTreeMap::new();
        places.insert("/Healthcheck/Test".to_owned(), place);
        let test = match it.exec() {
            _ if verb.eq_ignore_ascii_case("none") => Ok(json!(["NONE"])),
            _ if !verb.eq_ignore_ascii_case("cmd") || command.text.is_empty() => {
                Err("HEALTHCHECK has neither NONE nor CMD with a command".to_owned())
            }
            Exec::Array(words) => {
                Ok(["CMD"].into_iter().chain(words.iter().map(String::as_str)).collect())
            }
            Exec::Mixed => Err("the array of HEALTHCHECK holds what is no text".to_owned()),
            Exec::Shell => Ok(json!(["CMD-SHELL", command.text])),
        };
        let health = test.and_then(|test: Value| {
            let mut health = Map::new();
            health.insert("Test".to_owned(), test);
            for flag in &it.flags {
                let Some((_, key)) = TIMES.iter().find(|(name, _)| *name == flag.name) else {
                    continue;
                };
                let value = flag.value.as_deref().unwrap_or_default();
                let count = if *key == "Retries" {
                    retries(value).map(i64::from)
                } else {
                    nanoseconds(value)
                }?;
                // Nothing and zero both mean the default.
                if count != 0 {
                    health.insert((*key).to_owned(), json!(count));
                    places.insert(format!("/Healthcheck/{key}"), flag.place);
                }
            }
            Ok(health)
        });
        if health.is_err() {
            places.clear();
        }
        self.config.health_places(places);
        self.config.set("Healthcheck", health, place);
    }

    /// The working directory, of the base image's taken for `/`. One that nobody can
    /// tell may be that of the accounts.
    fn folder_or_worst(&self) -> &str {
        let is_told = !matches!(self.config.get("WorkingDir"), Some(Err(_)));
        self.folder.as_deref().unwrap_or(if is_told { "/" } else { "/etc" })
    }

    /// Looks at whose files a `COPY` or `ADD` makes.
    fn copy(&mut self, it: &Instruction) {
        let flag = |name: &str| {
            let flag = it.flag(name)?;
            Some((self.expand(it, flag.value.as_deref()?).ok()?, flag.place))
        };
        let (owner, mode) = (flag("chown"), flag("chmod"));
        let mut sources = it.list();
        let target = sources.pop().and_then(|to| self.expand(it, &to).ok());
        let Some(target) = target else { return };
        if replaces(&sources, &path(self.folder_or_worst(), &target)) {
            self.accounts.forget();
        }
        let place = mode.as_ref().map_or(it.place, |(_, place)| *place);
        let owner = owner.as_ref().map(|(owner, _)| owner.as_str());
        let mode = mode.as_ref().map(|(mode, _)| mode.as_str());
        let setting = Setting { folder: self.folder.as_deref(), user: user(&self.config) };
        self.watch.copied(&target, owner, mode, place, setting);
    }

    /// Looks for the accounts that a `RUN` makes, and for what it does to files
    /// for the sake of hardening.
    fn run(&mut self, it: &Instruction) {
        self.commands(it);
        // What a script makes before it writes the files may be gone as well.
        let bodies = it.heredocs.iter().map(|it| it.body.as_str());
        let folder = self.folder_or_worst().to_owned();
        if bodies.chain([it.arguments().text]).any(|script| rewrites(script, &folder)) {
            self.accounts.forget();
        }
    }

    fn commands(&mut self, it: &Instruction) {
        let makes = |text: &str| PROGRAMS.iter().any(|program| text.contains(program));
        if let Exec::Array(words) = it.exec() {
            let place = it.place_of_arguments();
            let said = words.into_iter().map(|it| Said { text: Ok(it), range: 0..0 });
            let command = Command { words: said.collect(), ..Command::default() };
            record(&mut self.accounts, &command, |_| place);
            let setting = Setting { folder: self.folder.as_deref(), user: user(&self.config) };
            self.watch.command(&command, setting, |_| place);
            return;
        }
        if !self.shell.first().is_some_and(|it| is_shell(it)) {
            return;
        }
        let line = it.arguments();
        if makes(line.text) {
            self.script(it.text(), line);
        }
        for heredoc in &it.heredocs {
            let body = heredoc.body.as_str();
            if makes(body) && is_script(line.text, heredoc) {
                self.script(&heredoc.body, Word { text: body, start: 0 });
            }
        }
    }

    fn script(&mut self, text: &Text, script: Word<'_>) {
        // bash sets them by itself.
        let is_bash = self.shell.first().is_some_and(|it| it.ends_with("bash"));
        let look = |name: &str| match name {
            "UID" | "EUID" if is_bash => Known::Untold("bash sets it by itself"),
            _ => self.scope.look(name),
        };
        let place =
            |range: Range<usize>| text.place(script.start + range.start..script.start + range.end);
        let setting = Setting { folder: self.folder.as_deref(), user: user(&self.config) };
        for command in commands(script.text, look) {
            record(&mut self.accounts, &command, place);
            self.watch.command(&command, setting, place);
        }
    }
}

/// The flags of `HEALTHCHECK` with their keys in `Config`.
const TIMES: [(&str, &str); 5] = [
    ("interval", "Interval"),
    ("timeout", "Timeout"),
    ("start-period", "StartPeriod"),
    ("start-interval", "StartInterval"),
    ("retries", "Retries"),
];

/// What the programs that are looked for have in their names.
const PROGRAMS: [&str; 5] = ["user", "group", "setcap", "chmod", "chown"];

/// As whom commands are run, where that is known.
fn user(config: &Config) -> Option<&str> {
    config.get("User")?.as_ref().ok()?.as_str()
}

pub(super) fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    ["sh", "bash", "ash", "dash", "ksh", "zsh"].contains(&name)
}

/// Whether a shell reads a heredoc as its script: nothing else stands in the
/// line, or a shell that is told no other script.
pub(super) fn is_script(line: &str, heredoc: &Heredoc) -> bool {
    if let Some(interpreter) = heredoc.body.as_str().strip_prefix("#!") {
        let line = interpreter.lines().next().unwrap_or_default();
        return line.split_whitespace().any(is_shell);
    }
    let mut others = line.split_whitespace().filter(|it| !it.contains("<<") && *it != heredoc.name);
    others.next().is_none_or(is_shell) && others.all(|it| it.starts_with('-'))
}
