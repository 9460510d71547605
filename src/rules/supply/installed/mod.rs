//! Which packages a Dockerfile installs that a rule looks for, and whether they are in
//! what ships.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::build::{Carriage, Done, Doubt, Fate, Layout, Lies, Started};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Check;
use crate::parse::dockerfile::{Act, Argument, Manager, Place, Verb, act, brings};
use crate::rules::Settings;
use crate::rules::build::Faults;

/// The most files of one Dockerfile's packages that are followed.
const MOST: usize = 4_096;

/// What is found in a Dockerfile, by what becomes of it.
#[derive(Default)]
pub(super) struct Finds {
    shipped: Faults,
    hidden: Faults,
    /// What nobody can tell, and decides.
    pub(super) doubt: Option<Doubt>,
}

impl Finds {
    /// Adds something that stands at a place.
    pub(super) fn add(
        &mut self,
        layout: &Layout,
        (done, place): (Done<'_>, Place),
        what: &str,
        fate: Fate,
    ) {
        let (by, hidden) = match fate {
            Fate::Stays => return,
            Fate::Untold(doubt) => {
                self.doubt.get_or_insert(doubt);
                return;
            }
            Fate::Ships { by, hidden, .. } => (by, hidden),
        };
        let by = by.filter(|line| *line != place.line);
        let by = by.map(|line| format!(", which line {line} copies into what ships"));
        let told = format!("{what}{}", by.unwrap_or_default());
        match hidden {
            None => self.shipped.add(layout, done, place, told),
            Some(line) => {
                let told = format!("{told}; line {line} only hides it, and its layer ships");
                self.hidden.add(layout, done, place, told);
            }
        }
    }

    /// What it comes to. What is only hidden is milder.
    pub(super) fn check(self, holds: &'static str) -> Check {
        let Self { shipped, hidden, .. } = self;
        shipped.or_else(|| hidden.or_else(|| Check::holds(holds)).only(Severity::Low))
    }
}

/// Finds the packages that bring what the rule's parameter `paths` names.
pub(super) fn packages(
    layout: &Layout,
    carriage: &mut Carriage<'_>,
    settings: &Settings,
    finds: &mut Finds,
) {
    let mut uninstalled = Uninstalled::default();
    for started in layout.started() {
        uninstalled.follow(layout, &started, carriage);
    }
    let mut left = MOST;
    for started in layout.started() {
        let Some(act) = act(started.call).filter(installs) else { continue };
        let mut roots = None;
        for package in &act.packages {
            let Some(name) = package.told() else {
                let word = layout.written(package.place).map(|it| (started.turn.0, it));
                if !word.is_some_and(|it| uninstalled.words.contains(&it)) && !is_of_project(&act) {
                    let roots = roots.get_or_insert_with(|| carriage.roots(&started, &act));
                    let place = if act.manager.is_of_the_system() { "usr/bin/?" } else { "bin/?" };
                    let fate = fate(carriage, &started, roots, place);
                    if !matches!(fate, Fate::Stays) {
                        let why = package.text.clone().err().unwrap_or_default();
                        finds.doubt.get_or_insert((package.place, why));
                    }
                }
                continue;
            };
            for file in brings(&act, name) {
                let roots = roots.get_or_insert_with(|| carriage.roots(&started, &act));
                let first = roots.first().map(String::as_str).unwrap_or_default();
                if !settings.is_sought(&format!("{first}/{file}")) {
                    continue;
                }
                left = left.saturating_sub(1);
                if left == 0 {
                    let why = "more packages are installed than are followed".to_owned();
                    finds.doubt.get_or_insert((package.place, why));
                    return;
                }
                let what = format!("{} installs {}", started.call.name(), Untrusted::from(name));
                let fate = fate(carriage, &started, roots, &file);
                finds.add(layout, (started.done, package.place), &what, fate);
                // One of its files tells enough.
                break;
            }
        }
    }
}

/// What becomes of a file that lies below one of these folders.
fn fate(carriage: &Carriage<'_>, started: &Started<'_>, roots: &[String], file: &str) -> Fate {
    let lies = |root: &String| Lies {
        stage: started.done.step.stage,
        turn: started.turn,
        path: format!("{root}/{file}"),
        is_folder: false,
    };
    any(roots.iter().map(|root| carriage.fate(lies(root))))
}

/// What becomes of something that is at one of several places: it ships from wherever
/// it is copied.
pub(super) fn any(fates: impl Iterator<Item = Fate>) -> Fate {
    let rank = |fate: &Fate| match fate {
        Fate::Stays => 0,
        Fate::Ships { hidden: Some(_), .. } => 1,
        Fate::Untold(_) => 2,
        Fate::Ships { hidden: None, .. } => 3,
    };
    fates.max_by_key(rank).unwrap_or(Fate::Stays)
}

fn installs(act: &Act<'_>) -> bool {
    matches!(act.verb, Verb::Install | Verb::InstallLocked)
}

/// Whether the packages come into a project of Node's, where no programs are looked for.
fn is_of_project(act: &Act<'_>) -> bool {
    act.manager.is_of_node() && !act.is_global()
}

/// What was installed, as far as it has to be known to be taken away again.
#[derive(Default)]
struct Uninstalled {
    /// The files of each virtual package of apk.
    groups: BTreeMap<String, Vec<String>>,
    /// Those that one instruction installed, and whether it gave them up for removal.
    own: (usize, Vec<String>, bool),
    /// What nobody can tell, and the same instruction installs and removes.
    words: BTreeSet<(usize, String)>,
}

impl Uninstalled {
    fn follow(&mut self, layout: &Layout, started: &Started<'_>, carriage: &mut Carriage<'_>) {
        if self.own.0 != started.turn.0 {
            self.own = (started.turn.0, Vec::new(), false);
        }
        if started.call.name() == "apt-mark" {
            self.own.2 |= started.call.words().any(|it| matches!(it, "auto" | "showmanual"));
            return;
        }
        let Some(act) = act(started.call) else { return };
        let removes = act.verb == Verb::Remove;
        if !(removes || act.manager.is_of_the_system() && installs(&act)) {
            return;
        }
        let roots = carriage.roots(started, &act);
        let paths = |argument: &Argument| -> Vec<String> {
            let files = argument.told().map(|name| brings(&act, name)).unwrap_or_default();
            let each = files.iter().flat_map(|file| roots.iter().map(move |root| (root, file)));
            each.map(|(root, file)| format!("{root}/{file}")).collect()
        };
        if !removes {
            let all: Vec<String> = act.packages.iter().flat_map(|it| paths(it)).collect();
            for group in act.values(&["-t", "--virtual"]).filter(|_| act.manager == Manager::Apk) {
                self.groups.entry(group.to_owned()).or_default().extend(all.iter().cloned());
            }
            self.own.1.extend(all);
            return;
        }
        for argument in &act.packages {
            match &argument.text {
                Err(why) => {
                    let word = layout.written(argument.place);
                    self.words.extend(word.map(|it| (started.turn.0, it)));
                    carriage.uninstall(started, Err((argument.place, why.clone())));
                }
                Ok(name) => {
                    let group = self.groups.remove(name).into_iter().flatten();
                    for path in paths(argument).into_iter().chain(group) {
                        carriage.uninstall(started, Ok(path));
                    }
                }
            }
        }
        let is_auto = act.has(&["--auto-remove", "--autoremove"])
            || act.call.words().any(|it| it.starts_with("auto"));
        if is_auto && self.own.2 {
            for path in std::mem::take(&mut self.own.1) {
                carriage.uninstall(started, Ok(path));
            }
        }
    }
}
