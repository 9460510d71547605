//! Which tools of development a Dockerfile puts into what ships.

use std::sync::Arc;

use crate::facts::Facts;
use crate::facts::build::{Carriage, Done, Layout, Lies, Started};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Argument, Keyword};
use crate::parse::known_image;
use crate::parse::path::clean;
use crate::rules::Settings;
use crate::rules::supply::installed::{Finds, packages};

const HOLDS: &str = "the file puts no tool of development into what ships; what its base has is the image's to tell";

pub(super) fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let found = facts.build.in_what_ships(|layout, _| {
        let mut finds = Finds::default();
        let mut carriage = Carriage::new(layout);
        packages(layout, &mut carriage, settings, &mut finds);
        for started in layout.started() {
            by_others(layout, &started, &carriage, settings, &mut finds);
        }
        for (turn, done) in layout.used().enumerate() {
            copied(layout, (turn, done), &carriage, settings, &mut finds);
        }
        let doubt = finds.doubt.take();
        (of_base(layout, settings, finds.check(HOLDS)), doubt, None)
    });
    found.judge(Check::clone)
}

/// Programs that others than package managers of systems install, each as one of its name.
fn by_others(
    layout: &Layout,
    started: &Started<'_>,
    carriage: &Carriage<'_>,
    settings: &Settings,
    finds: &mut Finds,
) {
    let words: Vec<&Argument> = started
        .call
        .arguments
        .iter()
        .filter(|it| it.told().is_some_and(|it| !it.starts_with('-')))
        .collect();
    let verbs: Vec<&str> = words.iter().take(2).filter_map(|it| it.told()).collect();
    let (folder, rest) = match (started.call.name(), verbs.as_slice()) {
        ("cargo", ["install", ..]) => ("/usr/local/cargo/bin", 1),
        ("go", ["install", ..]) => ("/go/bin", 1),
        ("pipx", ["install", ..]) => ("/root/.local/bin", 1),
        ("uv", ["tool", "install"]) => ("/root/.local/bin", 2),
        _ => return,
    };
    for word in words.into_iter().skip(rest) {
        let name = word.told().unwrap_or_default();
        let own = name.split(['@', '=', '[', '<', '>']).next().unwrap_or_default();
        let path = format!("{folder}/{}", own.rsplit('/').next().unwrap_or_default());
        if settings.is_sought(&path) {
            let what = format!("{} installs {}", started.call.name(), Untrusted::from(name));
            let (stage, turn) = (started.done.step.stage, started.turn);
            let fate = carriage.fate(Lies { stage, turn, path, is_folder: false });
            finds.add(layout, (started.done, word.place), &what, fate);
        }
    }
}

/// Programs that a `COPY` or `ADD` of a stage that ships brings, by where it puts them.
fn copied(
    layout: &Layout,
    (turn, done): (usize, Done<'_>),
    carriage: &Carriage<'_>,
    settings: &Settings,
    finds: &mut Finds,
) {
    let is_copy = done.is(Keyword::Copy) || done.is(Keyword::Add);
    if !is_copy || !layout.plan.ships.contains(&done.step.stage) {
        return;
    }
    let Some((Ok(target), sources)) = done.step.files.split_last() else { return };
    let folder = done.step.folder.as_deref().filter(|_| !target.starts_with('/'));
    let target = clean(&format!("{}/{target}", folder.unwrap_or_default()));
    for source in sources.iter().filter_map(|it| it.as_deref().ok()) {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let paths = [target.clone(), clean(&format!("{target}/{name}"))];
        let Some(path) = paths.into_iter().find(|it| settings.is_sought(it)) else { continue };
        let what = format!("{} is copied", Untrusted::from(path.as_str()));
        let lies = Lies { stage: done.step.stage, turn: (turn, 0), path, is_folder: false };
        let place = done.instruction.place_of_arguments();
        finds.add(layout, (done, place), &what, carriage.fate(lies));
    }
}

/// Adds what the base image is known by its name to have.
fn of_base(layout: &Layout, settings: &Settings, check: Check) -> Check {
    let Some(base) = layout.base() else { return check };
    let Some(name) = base.name else { return check };
    let programs = known_image::programs(name.raw()).iter();
    let programs: Vec<&str> =
        programs.copied().filter(|it| settings.is_sought(&format!("/usr/bin/{it}"))).collect();
    if programs.is_empty() {
        return check;
    }
    let line = base.origin.at.line;
    let what = format!("line {line}: it is built upon {name}, which has {}", programs.join(", "));
    // What is only hidden is no longer all that there is.
    let grave = match check {
        Check::Broken { severity: Some(_), .. } => Check::holds(HOLDS),
        other @ (Check::Broken { .. } | Check::Holds(_) | Check::Moot(_)) => other,
    };
    grave.also(&what).at(Arc::clone(&base.origin), name)
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::dockerfile;

    #[test]
    fn what_a_dockerfile_ships_of_tools_is_found() {
        for (text, expected) in [
            ("FROM a\nRUN apk add --no-cache tini\n", "Pass"),
            ("FROM a\nRUN apt-get install -y git=1:2.39 curl\n", "Fail"),
            ("FROM a\nRUN apk add build-base\n", "Fail"),
            ("FROM a\nRUN dnf install -y docker-ce-cli\n", "Fail"),
            ("FROM a\nRUN pip install pytest-cov==5\n", "Fail"),
            ("FROM a\nRUN go install github.com/go-delve/delve/cmd/dlv@v1.2.3\n", "Fail"),
            ("FROM a\nRUN sh -c 'apk add gdb'\n", "Fail"),
            // What the same instruction takes away again was only there to build.
            ("FROM a\nRUN apk add -t .b gcc make && make && apk del .b\n", "Pass"),
            (
                "FROM a\nRUN apt-get install -y gcc && x && apt-get purge -y --auto-remove gcc\n",
                "Pass",
            ),
            ("FROM a\nRUN B='gcc make'; apt-get install $B && x && apt-get purge -y $B\n", "Pass"),
            (
                "FROM a\nRUN m=\"$(apt-mark showmanual)\"; apt-get install -y gcc; apt-mark auto '.*'; apt-mark manual $m; apt-get purge -y --auto-remove\n",
                "Pass",
            ),
            ("FROM a\nRUN apk add gcc && x && apk del $B\n", "Unknown"),
            ("FROM a\nRUN apk del gcc && apk add gcc\n", "Fail"),
            ("FROM a\nRUN apk add git\nRUN apk del git\n", "Fail(low)"),
            ("FROM a AS b\nRUN apk add git\nFROM b\nRUN apk del git\n", "Fail(low)"),
            // A builder may have them, as long as nothing of them is copied.
            ("FROM golang AS b\nRUN apk add git\nFROM a\nCOPY --from=b /src/app /app\n", "Pass"),
            ("FROM a AS b\nRUN apk add git\nFROM b AS c\nUSER 1\n", "Fail"),
            (
                "FROM a AS b\nRUN apk add docker-cli\nFROM a\nCOPY --from=b /usr/bin/docker /usr/local/bin/\n",
                "Fail",
            ),
            ("FROM a\nCOPY --from=docker:27-cli /usr/local/bin/docker /usr/local/bin/\n", "Fail"),
            (
                "FROM a AS b\nRUN python -m venv /v && /v/bin/pip install black\nFROM a\nCOPY --from=b /v /v\n",
                "Fail",
            ),
            (
                "FROM a AS b\nRUN python -m venv /v && pip install black\nFROM a\nCOPY --from=b /v /v\n",
                "Fail",
            ),
            (
                "FROM a AS b\nRUN pip install --prefix=/i black\nFROM a\nCOPY --from=b /i /usr/local\n",
                "Fail",
            ),
            ("FROM a AS b\nRUN pip install black\nFROM a\nCOPY --from=b /app /app\n", "Pass"),
            ("FROM a AS b\nRUN apk add --root /r git\nFROM scratch\nCOPY --from=b /r /\n", "Fail"),
            (
                "FROM a AS b\nRUN apk add git\nFROM a\nRUN --mount=type=bind,from=b,target=/b cp -r /b/usr/bin /x\n",
                "Unknown",
            ),
            ("FROM a AS b\nRUN apk add git\nFROM a\nARG S\nCOPY --from=b $S /x\n", "Unknown"),
            ("FROM a\nARG P\nRUN apk add $P\n", "Unknown"),
            ("FROM a AS b\nARG P\nRUN apk add $P\nFROM a\nCOPY --from=b /app /app\n", "Pass"),
            // Some images are made to build with, and their names say so.
            ("FROM golang:1.23\n", "Fail"),
            ("FROM docker.io/library/python:3.11\n", "Fail"),
            ("FROM python:3.11-slim\n", "Pass"),
            ("FROM team/golang:1.23\n", "Pass"),
            ("FROM golang:1.23\nRUN apk add git\nRUN apk del git\n", "Fail"),
            ("FROM $BASE\n", "Unknown"),
        ] {
            assert_eq!(dockerfile(text).outcome(&RULE), expected, "{text}");
        }
    }

    #[test]
    fn what_the_policy_excepts_may_be_installed() {
        let text = "FROM golang:1.23\nRUN apk add git\n";
        let except = ["/usr/bin/git", "/**/bin/go"];
        assert_eq!(dockerfile(text).set("except", &except).outcome(&RULE), "Pass");
    }
}
