//! Which secrets a Dockerfile leaves in the layers and the history of what ships.

use std::ops::Range;

use crate::facts::Facts;
use crate::facts::build::{Done, Layout};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{From, Keyword, Place, Text, is_secret};
use crate::parse::holder::is_holder;
use crate::parse::path::{clean, is_within};
use crate::parse::secret::promise::{Promise, promise};
use crate::rules::build::{Faults, no_doubt};

/// A file of secrets that a stage that does not ship has: the stage, and its path.
type Held = (usize, String);

pub(super) fn judge(facts: &Facts, is_accepted: &dyn Fn(&str) -> bool) -> Verdict {
    facts.build.shipped(no_doubt).judge(|layout| {
        let held = held(layout);
        let mut faults = Faults::default();
        for done in layout.shipped() {
            for (place, what) in left(layout, done, &held, is_accepted) {
                faults.add(layout, done, place, what);
            }
        }
        faults.or_else(|| Check::holds("nothing secret stays in what ships"))
    })
}

/// What an instruction of a stage that ships leaves of secrets.
fn left(
    layout: &Layout,
    done: Done<'_>,
    held: &[Held],
    is_accepted: &dyn Fn(&str) -> bool,
) -> Vec<(Place, String)> {
    let it = done.instruction;
    match it.keyword {
        Some(Keyword::Arg | Keyword::Env) => {
            let is_arg = done.is(Keyword::Arg);
            let pairs = it.pairs().into_iter().filter(|it| !is_accepted(it.key.text));
            let pairs = pairs.filter_map(|pair| {
                let (name, value) = (pair.key.text, pair.value.map_or("", |it| it.text));
                let promises = promise(name) != Promise::Nothing;
                let shown = Untrusted::from(name);
                let what = if is_arg && promises {
                    format!("the build argument {shown} stays in the history")
                } else if !is_arg && promises && value.trim_matches('"').starts_with('$') {
                    format!("ENV {shown} keeps the secret that the build is given")
                } else if is_secret(name, value) || is_masked(value).is_some() {
                    format!("the value of {shown} is a secret, and stays in the image")
                } else {
                    return None;
                };
                Some((it.place_of(pair.key), what))
            });
            pairs.collect()
        }
        Some(Keyword::Run) => {
            let texts = std::iter::once(it.text()).chain(it.heredocs.iter().map(|it| &it.body));
            let masked = |it: &Text| is_masked(it.as_str()).map(|range| it.place(range));
            let what = "the command holds a secret, which stays in the history";
            texts.filter_map(masked).map(|place| (place, what.to_owned())).collect()
        }
        Some(Keyword::Copy | Keyword::Add) => copied(layout, done, held),
        _ => Vec::new(),
    }
}

/// Where letters stand that were masked: they may be a secret.
fn is_masked(text: &str) -> Option<Range<usize>> {
    let start = text.find("****")?;
    let rest = text.get(start..)?;
    let length = rest.find(|it| it != '*').unwrap_or(rest.len());
    Some(start..start + length)
}

/// The files of secrets that a `COPY` or `ADD` brings into what ships.
fn copied(layout: &Layout, done: Done<'_>, held: &[Held]) -> Vec<(Place, String)> {
    let it = done.instruction;
    let place = it.place_of_arguments();
    let sources = done.step.files.split_last().map(|(_, sources)| sources).unwrap_or_default();
    let known = sources.iter().filter_map(|it| it.as_deref().ok());
    let Some(from) = it.flag("from") else {
        return known
            .filter(|it| is_holder(it))
            .map(|it| (place, format!("{} is copied into the image", Untrusted::from(it))))
            .collect();
    };
    let stage = layout.stage_of(from.value.as_deref().unwrap_or_default());
    let mut found = Vec::new();
    for source in known.map(|it| clean(&format!("/{}", it.trim_end_matches('*')))) {
        let taken = held.iter().filter(|(at, path)| {
            Some(*at) == stage && (is_within(path, &source) || is_within(&source, path))
        });
        for (_, path) in taken {
            let what =
                format!("{} of a stage before is taken over", Untrusted::from(path.as_str()));
            found.push((place, what));
        }
    }
    found
}

/// The files of secrets that were copied into stages that do not ship.
fn held(layout: &Layout) -> Vec<Held> {
    let mut found = Vec::new();
    for done in layout.used() {
        let is_copy = done.is(Keyword::Copy) || done.is(Keyword::Add);
        let is_own = done.instruction.flag("from").is_none();
        if !is_copy || !is_own || layout.plan.ships.contains(&done.step.stage) {
            continue;
        }
        let Some((target, sources)) = done.step.files.split_last() else { continue };
        let Ok(target) = target else { continue };
        for source in sources.iter().filter_map(|it| it.as_deref().ok()).filter(|it| is_holder(it))
        {
            let folder = done.step.folder.as_deref().unwrap_or("/");
            let into =
                if target.starts_with('/') { target.clone() } else { format!("{folder}/{target}") };
            let name = source.rsplit('/').next().unwrap_or_default();
            let is_folder = target.ends_with('/') || target.ends_with('.') || sources.len() > 1;
            let path = if is_folder { format!("{into}/{name}") } else { into };
            found.push((done.step.stage, clean(&path)));
        }
    }
    // A stage that rests on another has its files as well.
    let mut inherited = Vec::new();
    for (at, from) in layout.plan.from.iter().enumerate() {
        if let From::Stage(below) = from {
            let of_below: Vec<Held> =
                found.iter().chain(&inherited).filter(|(it, _)| it == below).cloned().collect();
            inherited.extend(of_below.into_iter().map(|(_, path)| (at, path)));
        }
        if inherited.len() > 1_000 {
            break;
        }
    }
    found.append(&mut inherited);
    found
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::{Case, dockerfile};

    fn verdict(case: &Case) -> String {
        format!("{:?}", case.judge(&RULE)).split(['(', ' ']).next().unwrap().to_owned()
    }

    #[test]
    fn what_a_dockerfile_leaves_of_secrets_is_found() {
        for (text, expected) in [
            ("FROM a\nARG VERSION=1\nENV TOKEN_URL=https://x.y\n", "Pass"),
            ("FROM a\nARG NPM_TOKEN\nRUN npm ci\n", "Fail"),
            ("FROM a\nARG T\nENV API_TOKEN=$T\n", "Fail"),
            ("FROM a\nENV DB_PASSWORD=kW7vPq29sLx\n", "Fail"),
            ("FROM a\nENV DB_PASSWORD=\n", "Pass"),
            ("FROM a\nRUN curl -u me:kW7vPq29sLx https://x.y\n", "Fail"),
            ("FROM a\nRUN <<EOF\nexport API_TOKEN=kW7vPq29sLx\nEOF\n", "Fail"),
            ("FROM a\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n", "Pass"),
            ("FROM a\nRUN NPM_TOKEN=$(cat /run/secrets/npm) npm ci\n", "Pass"),
            ("FROM a\nCOPY .npmrc /root/\nRUN npm ci && rm /root/.npmrc\n", "Fail"),
            ("FROM a\nCOPY .env.example /app/.env.example\n", "Pass"),
            ("FROM a\nADD [\"deploy/id_rsa\", \"/root/.ssh/\"]\n", "Fail"),
            // A builder may have them, as long as nothing of them ships.
            (
                "FROM a AS b\nARG NPM_TOKEN\nCOPY .npmrc /root/\nFROM a\nCOPY --from=b /app /app\n",
                "Pass",
            ),
            ("FROM a AS b\nWORKDIR /app\nCOPY .npmrc .\nFROM a\nCOPY --from=b /app /app\n", "Fail"),
            (
                "FROM a AS b\nCOPY .env /app/\nFROM b AS c\nFROM a\nCOPY --from=c /app/.env /x\n",
                "Fail",
            ),
            ("FROM a AS b\nARG NPM_TOKEN\nFROM b\nUSER 1\n", "Fail"),
            ("FROM $BASE\n", "Unknown"),
        ] {
            assert_eq!(verdict(&dockerfile(text)), expected, "{text}");
        }
        assert_eq!(verdict(&dockerfile("FROM a\n").unread_dockerfile()), "Unknown");
    }
}
