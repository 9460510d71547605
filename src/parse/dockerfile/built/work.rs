//! Everything that is done for a target, stage by stage: the instructions with
//! what their words become, and the programs that they start.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::calls::{Call, of_script, of_words};
use super::super::graph::{From, Plan};
use super::super::instruction::{Instruction, Keyword};
use super::super::variables::Known;
use super::super::words::Exec;
use super::super::{Dockerfile, Place, Wrong};
use super::scope::{Scope, Told};
use super::stage::{is_script, is_shell};
use super::values::path;
use super::{Base, chain, find, joined};

/// The most stages that are carried out.
const STAGES: usize = 200;

/// The longest folder that is followed, as the kernel has it.
const LONGEST: usize = 4_096;

/// The most heredocs of an instruction that are looked at.
const HEREDOCS: usize = 64;

/// The most bytes of all words of all calls together.
const BYTES: usize = 16 << 20;

/// What is done for a target.
#[derive(Clone, Debug)]
pub struct Work {
    /// What becomes of the stages.
    pub plan: Plan,
    /// The instructions of the stages that are built, in the order of the file; what
    /// an `ONBUILD` put off comes before those of the stage that it is done in.
    pub steps: Vec<Step>,
}

/// An instruction as it is carried out.
#[derive(Clone, Debug)]
pub struct Step {
    /// The stage that it is carried out in.
    pub stage: usize,
    /// The stage that it is written in, and its place there.
    written: (usize, usize),
    /// The programs that a `RUN` starts.
    pub calls: Vec<Call>,
    /// The words of `COPY` and `ADD`, filled in, the target last.
    pub files: Vec<Told>,
    /// The working directory, where it can be told.
    pub folder: Option<String>,
    /// Variables that change what programs do, where they are set.
    pub environment: Rc<BTreeMap<&'static str, Told>>,
}

impl Step {
    /// The instruction in its file.
    pub fn instruction<'d>(&self, dockerfile: &'d Dockerfile) -> Option<&'d Instruction> {
        let (stage, place) = self.written;
        let it = dockerfile.stages.get(stage)?.instructions.get(place)?;
        if stage == self.stage { Some(it) } else { it.trigger.as_deref() }
    }
}

/// The variables that change what package managers and downloads do.
const WATCHED: &[&str] = &[
    "BUNDLE_GEMFILE",
    "BUNDLE_ONLY",
    "BUNDLE_PATH",
    "BUNDLE_WITHOUT",
    "CI",
    "COMPOSER",
    "COMPOSER_NO_DEV",
    "GIT_SSL_NO_VERIFY",
    "NODE_ENV",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NPM_CONFIG_CACHE",
    "NPM_CONFIG_OMIT",
    "NPM_CONFIG_PRODUCTION",
    "NPM_CONFIG_STRICT_SSL",
    "PIP_CACHE_DIR",
    "PIP_CONSTRAINT",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_INDEX",
    "PIP_REQUIRE_HASHES",
    "PIP_TRUSTED_HOST",
    "PYTHONHTTPSVERIFY",
    "UV_CONSTRAINT",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_CACHE",
    "UV_NO_DEFAULT_GROUPS",
    "UV_NO_DEV",
    "UV_PROJECT",
    "UV_REQUIRE_HASHES",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "YARN_CACHE_FOLDER",
    "YARN_ENABLE_IMMUTABLE_INSTALLS",
    "YARN_PRODUCTION",
    "npm_config_cache",
    "npm_config_dir",
    "npm_config_frozen_lockfile",
    "npm_config_lockfile_dir",
    "npm_config_omit",
    "npm_config_production",
    "npm_config_strict_ssl",
];

/// What is done for the final or a named stage, built with these arguments on a base
/// image with this environment, where that is known.
///
/// # Errors
/// As those of [`super::shipped`], or there are too many stages.
pub fn work(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, Option<String>>,
    environment: Option<&BTreeMap<String, String>>,
) -> Result<Work, Wrong> {
    let last = find(dockerfile, target)?;
    let mut global = Scope::global(args);
    for instruction in &dockerfile.preamble {
        if instruction.keyword == Some(Keyword::Arg) {
            global.arguments(instruction, None);
        }
    }
    let plan = joined(dockerfile, last, &global);
    let used = plan.parts.iter().enumerate().filter(|(at, _)| plan.is_used(*at));
    let used: Vec<usize> = used.map(|(at, _)| at).collect();
    if used.len() > STAGES {
        return Err(Wrong {
            place: Place { line: 1, column: 1, length: 1 },
            what: format!("more than {STAGES} stages are built"),
            help: "split the file".to_owned(),
        });
    }
    let mut steps = Vec::new();
    let bytes = Rc::new(Cell::new(0));
    let mut done: BTreeMap<usize, State<'_>> = BTreeMap::new();
    for at in used {
        let below = match plan.from.get(at) {
            Some(From::Stage(below)) => Some(*below),
            _ => None,
        };
        let mut state = match below.and_then(|it| done.get(&it)) {
            Some(state) => state.clone(),
            None => {
                let base = chain(dockerfile, at, &global).ok().and_then(|it| it.base);
                let is_own = plan.ships.contains(&at);
                State::new(&bytes, &global, base.as_ref(), environment.filter(|_| is_own))
            }
        };
        let own = dockerfile.stages.get(at).map(|it| it.instructions.as_slice());
        let lower = below.and_then(|it| dockerfile.stages.get(it).map(|stage| (it, stage)));
        if let Some((lower, stage)) = lower {
            for (place, it) in stage.instructions.iter().enumerate() {
                let trigger = it.trigger.as_deref();
                let step = trigger.map(|it| state.step(at, (lower, place), it, &global));
                steps.extend(step);
            }
        }
        for (place, it) in own.unwrap_or_default().iter().enumerate() {
            steps.push(state.step(at, (at, place), it, &global));
        }
        done.insert(at, state);
    }
    Ok(Work { plan, steps })
}

/// What instructions change for those that follow.
#[derive(Clone)]
struct State<'a> {
    scope: Scope<'a>,
    shell: Vec<String>,
    folder: Option<String>,
    environment: Rc<BTreeMap<&'static str, Told>>,
    /// How many bytes the words of calls have so far, in all stages.
    bytes: Rc<Cell<usize>>,
}

impl<'a> State<'a> {
    fn new(
        bytes: &Rc<Cell<usize>>,
        global: &Scope<'a>,
        base: Option<&Base>,
        environment: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        let mut state = Self {
            scope: Scope::stage(global, base, environment),
            shell: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            folder: base.is_none().then(|| "/".to_owned()),
            environment: Rc::default(),
            bytes: Rc::clone(bytes),
        };
        state.watch();
        state
    }

    fn watch(&mut self) {
        let told = |name: &str| match self.scope.look(name) {
            Known::Value(value) => Some(Ok(value.to_owned())),
            Known::Untold(why) => Some(Err(why.to_owned())),
            Known::Unset | Known::Below => None,
        };
        let all = WATCHED.iter().filter_map(|name| Some((*name, told(name)?)));
        self.environment = Rc::new(all.collect());
    }

    fn step(
        &mut self,
        stage: usize,
        written: (usize, usize),
        it: &Instruction,
        global: &Scope<'_>,
    ) -> Step {
        let mut step = Step {
            stage,
            written,
            calls: Vec::new(),
            files: Vec::new(),
            folder: self.folder.clone(),
            environment: Rc::clone(&self.environment),
        };
        match it.keyword {
            Some(Keyword::Arg) => {
                self.scope.arguments(it, Some(global));
                self.watch();
            }
            Some(Keyword::Env) => {
                self.environment(it);
                self.watch();
            }
            Some(Keyword::Shell) => {
                if let Exec::Array(shell) = it.exec() {
                    self.shell = shell;
                }
            }
            Some(Keyword::Workdir) => {
                let to = self.scope.expand(it.arguments().text, it.escape).ok();
                self.folder = match (to, self.folder.take()) {
                    (Some(to), _) if to.starts_with('/') => Some(path("/", &to)),
                    (Some(to), Some(folder)) => Some(path(&folder, &to)),
                    (None, _) | (_, None) => None,
                };
                self.folder = self.folder.take().filter(|it| it.len() <= LONGEST);
            }
            Some(Keyword::Run) => step.calls = self.calls_in_bounds(it),
            Some(Keyword::Add | Keyword::Copy) => {
                let list = it.list();
                step.files = list.iter().map(|word| self.scope.expand(word, it.escape)).collect();
            }
            _ => {}
        }
        step
    }

    /// All pairs of one `ENV` see what was set before it, not one another.
    fn environment(&mut self, it: &Instruction) {
        let pairs = it.pairs();
        let set = |text: &str| self.scope.expand(text, it.escape);
        let made: Vec<_> = pairs
            .iter()
            .filter_map(|pair| Some((set(pair.key.text).ok()?, set(pair.value?.text))))
            .collect();
        for (name, value) in made {
            self.scope.set(&name, value, true);
        }
    }

    /// The programs that a `RUN` starts; what nobody can tell where there are too many
    /// words in the file.
    fn calls_in_bounds(&self, it: &Instruction) -> Vec<Call> {
        if self.bytes.get() <= BYTES {
            let calls = self.calls(it);
            let made: usize = calls.iter().map(Call::size).sum();
            self.bytes.set(self.bytes.get() + made);
            if self.bytes.get() <= BYTES {
                return calls;
            }
        }
        vec![Call::untold("the commands of this file have too many bytes together", it.place)]
    }

    /// The programs that a `RUN` starts.
    fn calls(&self, it: &Instruction) -> Vec<Call> {
        let mut found = Vec::new();
        let look = |name: &str| self.scope.look(name);
        let line = it.arguments();
        if it.heredocs.len() > HEREDOCS {
            return vec![Call::untold("there are too many heredocs", it.place)];
        }
        if let Exec::Array(words) = it.exec() {
            of_words(words, &look, it.place_of_arguments(), &mut found);
            return found;
        }
        if !self.shell.first().is_some_and(|it| is_shell(it)) {
            return found;
        }
        let place =
            |range: Range<usize>| it.text().place(line.start + range.start..line.start + range.end);
        of_script(line.text, &look, &place, &mut found);
        let bodies = it.heredocs.iter().filter(|it| !it.body.as_str().is_empty());
        for heredoc in bodies.filter(|it| is_script(line.text, it)) {
            let place = |range: Range<usize>| heredoc.body.place(range);
            // What each script's calls print stays among them.
            let mut own = Vec::new();
            of_script(heredoc.body.as_str(), &look, &place, &mut own);
            let before = found.len();
            found.extend(own.into_iter().map(|call| {
                let into = call.into.map(|it| it + before);
                Call { into, ..call }
            }));
        }
        found
    }
}
