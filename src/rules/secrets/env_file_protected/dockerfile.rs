//! Whether a build brings an environment file into what ships.

use std::cell::Cell;

use crate::facts::Facts;
use crate::facts::build::{Done, Found, Layout, in_context};
use crate::model::build::Context;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::Keyword;
use crate::parse::dockerignore::{self, Ignore};
use crate::parse::holder::is_env_file;
use crate::rules::build::{Faults, no_doubt};
use crate::rules::carried::{Brought, Carried, below, named, sources};

pub(super) fn judge(facts: &Facts) -> Verdict {
    let by_name = facts.build.shipped(no_doubt).judge(|layout| {
        if layout.takes_context() {
            faults(layout, &|done| named(done, is_env_file))
        } else {
            Check::moot("nothing of what the build is given is copied")
        }
    });
    let by_folder = facts.build.given(|layout, context| {
        if layout.takes_context() {
            of_context(layout, context)
        } else {
            (Check::moot("nothing of what the build is given is copied"), None)
        }
    });
    by_name.and(by_folder.judge(Check::clone))
}

fn faults(layout: &Layout, brings: &dyn Fn(Done<'_>) -> Vec<Brought>) -> Check {
    let carried = Carried::new(layout, brings);
    let mut faults = Faults::default();
    for done in layout.shipped().filter(|it| it.is(Keyword::Copy) || it.is(Keyword::Add)) {
        for (place, what) in carried.by(done) {
            faults.add(layout, done, place, what);
        }
    }
    faults.or_else(|| Check::holds("no environment file is copied into what ships"))
}

/// What comes along with a folder, of the files that are there and not left out.
fn of_context(layout: &Layout, context: &Context) -> Found {
    let ignore = context.ignore.as_ref().map(|(_, text)| dockerignore::parse(text.raw()));
    // Of a file that builders refuse another rule speaks: nothing is built then.
    let Ok(ignore) = ignore.unwrap_or_else(|| Ok(Ignore::default())) else {
        return (Check::holds("builders refuse the .dockerignore, and build nothing"), None);
    };
    let files = context.names.iter().map(Untrusted::raw).filter(|it| is_env_file(it));
    let given: Vec<&str> = files.filter(|it| ignore.excludes(it) == Some(false)).collect();
    // What was not looked at lies in folders, and not among the files that are named.
    let is_untold = Cell::new(false);
    let check = faults(layout, &|done| {
        if context.is_cut && !is_untold.get() {
            let is_file = |source: &str| context.names.iter().any(|it| it.raw() == source);
            is_untold.set(!sources(done).all(is_file));
        }
        let brought = below(done, &given, &ignore.effort).into_iter();
        brought.filter(|it| !is_named(done, &it.name)).collect()
    });
    let is_untold = is_untold.get() || ignore.effort.is_spent();
    (check, in_context(context, &ignore.effort).filter(|_| is_untold))
}

/// Whether a copy names this very file: that was told already.
fn is_named(done: Done<'_>, name: &str) -> bool {
    sources(done).any(|it| it.trim_start_matches("./").trim_start_matches('/') == name)
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::{Case, dockerfile};

    fn verdict(case: &Case) -> String {
        format!("{:?}", case.judge(&RULE)).split(['(', ' ']).next().unwrap().to_owned()
    }

    #[test]
    fn what_a_build_brings_along_is_found() {
        for (text, names, ignore, expected) in [
            ("COPY . .", &[".env", "a.js"] as &[&str], "x", "Fail"),
            ("COPY . .", &["web/.env.local"], ".env*", "Fail"),
            ("COPY . .", &["web/.env.local"], "**/.env*", "Pass"),
            ("COPY . .", &[".env.example", "a.js"], "x", "Pass"),
            ("COPY . .", &["config/prod.js"], "x", "Pass"),
            ("COPY web /srv/", &["web/", "web/.env"], "x", "Fail"),
            ("COPY api /srv/", &["web/", "web/.env", "api/"], "x", "Pass"),
            ("COPY .env* /srv/", &[".env.local"], "x", "Fail"),
            ("COPY package.json .", &[".env", "package.json"], "x", "Pass"),
            ("COPY --exclude=.env . .", &[".env"], "x", "Pass"),
            ("COPY --exclude=*.md . .", &[".env"], "x", "Fail"),
            ("COPY ./.env /srv/.env", &[], "x", "Fail"),
            ("ADD .env.local /srv/", &[".env.local"], "x", "Fail"),
            ("COPY .env.example /srv/.env", &[".env.example"], "x", "Pass"),
            ("COPY --from=b /x /x", &[".env"], "x", "NotApplicable"),
            ("COPY . .", &[".env"], "[", "Pass"),
        ] {
            let text = format!("FROM a\n{text}\n");
            let case = dockerfile(&text).given(names, Some(ignore));
            assert_eq!(verdict(&case), expected, "{text} {names:?}");
        }
    }

    #[test]
    fn a_stage_before_hands_it_on_or_keeps_it() {
        for (copy, expected) in [
            ("COPY --from=b /app /app", "Fail"),
            ("COPY --from=b /app/.env /x", "Fail"),
            ("COPY --from=b /app/dist /app", "Pass"),
        ] {
            let text = format!("FROM a AS b\nWORKDIR /app\nCOPY . .\nFROM a\n{copy}\n");
            let case = dockerfile(&text).given(&[".env"], Some("x"));
            assert_eq!(verdict(&case), expected, "{copy}");
        }
    }

    #[test]
    fn what_nobody_looked_at_may_be_one_unless_only_files_are_copied() {
        let of = |text: &str| verdict(&dockerfile(text).given_in_part(&["a.js"], Some("x")));
        assert_eq!(of("FROM a\nCOPY . .\n"), "Unknown");
        assert_eq!(of("FROM a\nCOPY a.js .\n"), "Pass");
        assert_eq!(of("FROM a\nCOPY . .\nCOPY .env .\n"), "Fail");
    }

    #[test]
    fn many_copies_of_many_files_are_told_in_time() {
        let names: Vec<String> = (0..2_000).map(|it| format!("{it}/.env")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = format!("FROM a\n{}", "COPY */src /a/\n".repeat(5_000));
        assert_eq!(verdict(&dockerfile(&text).given(&names, Some("x"))), "Unknown");
    }
}
