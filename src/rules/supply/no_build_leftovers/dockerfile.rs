//! What a Dockerfile leaves of its build in what ships.

use std::cell::RefCell;

use crate::facts::Facts;
use crate::facts::build::{Carriage, Done, Doubt, Fate, Given, Layout, Lies, Started, Untold};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Keyword, Manager, Place, act};
use crate::parse::path::clean;
use crate::rules::Settings;
use crate::rules::supply::installed::Finds;

const HOLDS: &str = "nothing is copied into what ships that only a build needs; what else is in it is the image's to tell";

/// A name that nothing else has: what fits every name in a folder fits it.
const ANY: &str = "?";

pub(super) fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let found = facts.build.in_what_ships(|layout, context| {
        let carriage = Carriage::new(layout);
        let mut look = Look { layout, carriage, settings, finds: Finds::default(), untold: None };
        let given = context.map(Given::new);
        for (turn, done) in layout.used().enumerate() {
            if done.is(Keyword::Copy) || done.is(Keyword::Add) {
                look.copied(turn, done, given.as_ref());
            }
        }
        for started in layout.started() {
            look.made(&started);
        }
        let Look { mut finds, untold, .. } = look;
        let doubt = finds.doubt.take();
        (finds.check(HOLDS), doubt, untold)
    });
    found.judge(Check::clone)
}

struct Look<'l> {
    layout: &'l Layout,
    carriage: Carriage<'l>,
    settings: &'l Settings,
    finds: Finds,
    untold: Untold,
}

impl Look<'_> {
    /// What a `COPY` or `ADD` brings.
    fn copied(&mut self, turn: usize, done: Done<'_>, given: Result<&Option<Given<'_>>, &Untold>) {
        let it = done.instruction;
        let place = it.place_of_arguments();
        let Some((target, _)) = done.step.files.split_last() else { return };
        let is_own = self.layout.plan.ships.contains(&done.step.stage);
        let lies = |path: String, is_folder| Lies {
            stage: done.step.stage,
            turn: (turn, 0),
            path,
            is_folder,
        };
        if let Ok(target) = target.as_ref().map(|it| absolute(done.step.folder.as_deref(), it)) {
            // Everything in such a folder is a leftover, whatever it is.
            let is_left = self.settings.is_sought(&format!("{target}/{ANY}"));
            if is_own && (is_left || self.settings.is_sought(&target)) {
                let what = format!("{} is copied, which only a build needs", shown(&target));
                let fate = self.carriage.fate(lies(target, is_left));
                self.finds.add(self.layout, (done, place), &what, fate);
                return;
            }
            if keeps_history(done) {
                let path = format!("{target}/.git/HEAD");
                let what = format!("{} is fetched with its history", shown(&target));
                self.add(lies(path, false), (done, place), &what);
            }
        }
        if it.flag("from").is_some() || !it.heredocs.is_empty() {
            return;
        }
        let path = target.as_ref().map(|it| absolute(done.step.folder.as_deref(), it));
        if !self.carriage.may_ship(done.step.stage, path.as_deref().unwrap_or("/")) {
            return;
        }
        match given {
            Err(why) => {
                self.untold = self.untold.take().or_else(|| why.clone());
            }
            // Of a file that builders refuse another rule speaks.
            Ok(None) => {}
            Ok(Some(given)) => self.of_context(turn, done, given),
        }
    }

    /// What it brings of the names that the build is given.
    fn of_context(&mut self, turn: usize, done: Done<'_>, given: &Given<'_>) {
        let it = done.instruction;
        let place = it.place_of_arguments();
        let found: RefCell<(Option<(String, Fate)>, usize)> = RefCell::default();
        let doubt: RefCell<Option<Doubt>> = RefCell::default();
        let ends = RefCell::new(Fate::Stays);
        let matters = |path: &str| {
            let (stage, path) = (done.step.stage, path.to_owned());
            let fate = self.carriage.fate(Lies { stage, turn: (turn, 0), path, is_folder: false });
            let is_left = match &fate {
                Fate::Stays => false,
                Fate::Ships { paths, .. } => paths.iter().any(|it| self.settings.is_sought(it)),
                Fate::Untold(why) => {
                    doubt.borrow_mut().get_or_insert_with(|| why.clone());
                    false
                }
            };
            *ends.borrow_mut() = fate;
            is_left
        };
        let folder = done.step.folder.as_deref().or(Some("/?"));
        let is_whole = given.copied(done, folder, &matters, &mut |_, file| {
            let (first, count) = &mut *found.borrow_mut();
            first.get_or_insert_with(|| (file.to_owned(), ends.borrow().clone()));
            *count += 1;
        });
        let (first, count) = found.into_inner();
        if let Some((file, fate)) = first {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            let what = format!("{}{more} comes in, which only a build needs", shown(&file));
            self.finds.add(self.layout, (done, place), &what, fate);
        }
        if let Some(doubt) = doubt.into_inner() {
            self.finds.doubt.get_or_insert(doubt);
        }
        let why = match is_whole {
            Some(true) => None,
            Some(false) => given.untold(),
            None => self.not_followed(done),
        };
        self.untold = self.untold.take().or(why);
    }

    /// Why nobody works out what a copy takes; none where nothing of the context is.
    fn not_followed(&mut self, done: Done<'_>) -> Untold {
        let it = done.instruction;
        let place = it.place_of_arguments();
        if let Some(why) = done.step.files.iter().find_map(|it| it.as_ref().err()) {
            self.finds.doubt.get_or_insert((place, why.clone()));
            return None;
        }
        // What comes of addresses and archives is asked of the image.
        let flag = ["exclude", "parents"].iter().find(|flag| it.flag(flag).is_some())?;
        let why = format!("what is copied with --{flag} is not worked out");
        self.layout.untold(place, &why, "leave the rest out by a .dockerignore, or audit the image")
    }

    /// What a command leaves where it is certain: wheels, and the history of sources.
    fn made(&mut self, started: &Started<'_>) {
        let call = started.call;
        let (stage, turn) = (started.done.step.stage, started.turn);
        let folder = started.folder.as_deref();
        let at = (started.done, call.program.place);
        let lies = |path: String, is_folder| Lies { stage, turn, path, is_folder };
        if call.name() == "git" {
            let words: Vec<&str> = call.words().filter(|it| !it.starts_with('-')).collect();
            let Some(rest) = words.iter().position(|it| *it == "clone") else { return };
            let from = words.iter().skip(rest).find(|it| it.contains(['/', ':']));
            let is_told = call.arguments.iter().all(|it| it.text.is_ok());
            let Some(from) = from.filter(|_| is_told) else { return };
            let own = from.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
            let after = words.iter().skip_while(|it| *it != from).nth(1);
            let target = absolute(folder, after.unwrap_or(&own.trim_end_matches(".git")));
            let what = format!("git leaves the history of {}", shown(&target));
            self.add(lies(format!("{target}/.git/HEAD"), false), at, &what);
            return;
        }
        let Some(act) = act(call).filter(|it| it.manager == Manager::Pip) else { return };
        let is_made = call.words().any(|it| matches!(it, "wheel" | "download"));
        let to = act.values(&["-w", "--wheel-dir", "-d", "--dest"]).last();
        if let Some(to) = to.filter(|_| is_made && self.layout.plan.ships.contains(&stage)) {
            let path = absolute(folder, to);
            if self.settings.is_sought(&format!("{path}/{ANY}")) {
                let what = format!("pip leaves {}", shown(&path));
                let fate = self.carriage.fate(lies(path, true));
                self.finds.add(self.layout, at, &what, fate);
            }
        }
    }

    /// Adds a file if it is a leftover where it comes to lie.
    fn add(&mut self, lies: Lies, at: (Done<'_>, Place), what: &str) {
        let fate = self.carriage.fate(lies);
        let is_left = match &fate {
            Fate::Ships { paths, .. } => paths.iter().any(|it| self.settings.is_sought(it)),
            Fate::Untold(_) => true,
            Fate::Stays => false,
        };
        if is_left {
            self.finds.add(self.layout, at, what, fate);
        }
    }
}

/// Whether a repository is added with its history.
fn keeps_history(done: Done<'_>) -> bool {
    let kept = done.instruction.flag("keep-git-dir").map(|it| it.value.as_deref());
    done.is(Keyword::Add) && kept.is_some_and(|it| it != Some("false"))
}

fn absolute(folder: Option<&str>, path: &str) -> String {
    let begin = if path.starts_with('/') { "" } else { folder.unwrap_or("/?") };
    clean(&format!("{begin}/{path}"))
}

fn shown(path: &str) -> Untrusted {
    path.into()
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::dockerfile;

    #[test]
    fn what_a_dockerfile_leaves_of_its_build_is_found() {
        for (text, expected) in [
            ("FROM a\nCOPY --from=b /wheels /wheels\n", "Fail"),
            (
                "FROM a\nCOPY --from=b /wheels /wheels\nRUN pip install /wheels/* && rm -rf /wheels\n",
                "Fail(low)",
            ),
            ("FROM a\nCOPY --from=b /wheels/*.whl /wheels/\n", "Fail"),
            (
                "FROM a\nRUN --mount=from=b,source=/wheels,target=/wheels pip install /wheels/*\n",
                "Pass",
            ),
            (
                "FROM a AS b\nCOPY --from=c /wheels /wheels\nFROM a\nCOPY --from=b /app /app\n",
                "Pass",
            ),
            ("FROM a\nCOPY --from=b /root/.cache/pip /root/.cache/pip\n", "Fail"),
            ("FROM a\nCOPY --from=b /app/dist /app/dist\n", "Pass"),
            ("FROM a\nRUN pip wheel -w /wheels -r r.txt && pip install /wheels/*\n", "Fail"),
            ("FROM a\nRUN pip wheel -w /wheels -r r.txt && rm -rf /wheels\n", "Pass"),
            (
                "FROM a AS b\nRUN pip wheel -w /wheels -r r.txt\nFROM a\nCOPY --from=b /x /x\n",
                "Pass",
            ),
            ("FROM a\nRUN git clone https://a.b/c.git /app\n", "Fail"),
            ("FROM a\nRUN git clone https://a.b/c.git && rm -rf c/.git\n", "Pass"),
            (
                "FROM a AS b\nWORKDIR /s\nRUN git clone https://a.b/c.git\nFROM a\nCOPY --from=b /s/c /app\n",
                "Fail",
            ),
            (
                "FROM a AS b\nWORKDIR /s\nRUN git clone https://a.b/c.git\nFROM a\nCOPY --from=b /s/c/out /app\n",
                "Pass",
            ),
            ("FROM a\nADD --keep-git-dir=true https://a.b/c.git /app\n", "Fail"),
            ("FROM a\nADD https://a.b/c.git /app\n", "Pass"),
            ("FROM $A\n", "Unknown"),
        ] {
            assert_eq!(dockerfile(text).outcome(&RULE), expected, "{text}");
        }
    }

    #[test]
    fn of_the_context_what_really_enters_counts() {
        let names =
            [".git/", "src/", "src/a.js", "src/a.test.js", "tests/", "tests/b.js", "dist/a.js.map"];
        for (instructions, ignore, expected) in [
            ("WORKDIR /app\nCOPY . .\n", None, "Fail"),
            ("WORKDIR /app\nCOPY . .\n", Some(".git\n**/*.test.js\ntests\n**/*.map\n"), "Pass"),
            ("WORKDIR /app\nCOPY . .\n", Some("**/*.test.js\ntests\n**/*.map\n"), "Fail"),
            ("COPY src/a.js /app/\n", None, "Pass"),
            ("COPY src /app\n", None, "Fail"),
            ("COPY src/*.js /app/\n", None, "Fail"),
            ("COPY tests /app/tests\n", None, "Fail"),
            ("COPY tests /srv/checks\n", None, "Pass"),
            ("COPY . /app\nRUN rm -rf /app\n", None, "Fail(low)"),
            ("COPY --exclude=*.map . /app\n", None, "Unknown"),
            ("ARG S\nCOPY $S /app\n", None, "Unknown"),
            ("COPY <<E /app/a\nx\nE\n", None, "Pass"),
        ] {
            let case = dockerfile(&format!("FROM a\n{instructions}")).given(&names, ignore);
            assert_eq!(case.outcome(&RULE), expected, "{instructions} {ignore:?}");
        }
        for (taken, expected) in
            [("/s/src", "Fail"), ("/s/dist/a.js", "Pass"), ("/s", "Fail"), ("/s/tests", "Pass")]
        {
            let text = format!("FROM a AS b\nCOPY . /s\nFROM a\nCOPY --from=b {taken} /x/\n");
            assert_eq!(dockerfile(&text).given(&names, None).outcome(&RULE), expected, "{text}");
        }
        let whole = dockerfile("FROM a\nCOPY . /app\n");
        assert_eq!(whole.clone().given_in_part(&["a.js"], None).outcome(&RULE), "Unknown");
        assert_eq!(whole.without_context().outcome(&RULE), "Unknown");
        let builder = dockerfile("FROM a AS b\nCOPY . /s\nFROM a\nCOPY --from=b /out /x\n");
        assert_eq!(builder.without_context().outcome(&RULE), "Pass");
    }
}
