//! Which secrets a Dockerfile leaves in the layers and the history of what ships.

use std::ops::Range;

use crate::facts::Facts;
use crate::facts::build::Done;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Keyword, Place, Text, is_secret};
use crate::parse::holder::is_holder;
use crate::parse::secret::promise::{Promise, promise};
use crate::rules::build::{Faults, no_doubt};
use crate::rules::carried::{Carried, named};

pub(super) fn judge(facts: &Facts, is_accepted: &dyn Fn(&str) -> bool) -> Verdict {
    facts.build.shipped(no_doubt).judge(|layout| {
        let carried = Carried::new(layout, &|done| named(done, is_holder));
        let mut faults = Faults::default();
        for done in layout.shipped() {
            for (place, what) in left(done, &carried, is_accepted) {
                faults.add(layout, done, place, what);
            }
        }
        faults.or_else(|| Check::holds("nothing secret stays in what ships"))
    })
}

/// What an instruction of a stage that ships leaves of secrets.
fn left(
    done: Done<'_>,
    carried: &Carried<'_>,
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
        Some(Keyword::Copy | Keyword::Add) => carried.by(done),
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
