//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::{Found, in_context};
use crate::model::build::Context;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerignore::{self, Ignore};
use crate::parse::holder::is_holder;
use crate::rules::build::copies_everything;
use crate::rules::{Settings, rule};

rule! {
    /// What does not belong into an image is kept out of its build.
    ///
    /// Of the names in the context those are looked for that would enter it: environment files,
    /// keys and credentials; folders of version control; dependencies that the build installs
    /// itself. The patterns are read as builders read them: from the context's root, the last one
    /// that fits decides, `!` lets in again, and a file `Dockerfile.dockerignore` goes before
    /// `.dockerignore`. Where only named files are copied it is milder.
    ///
    /// ## Why it matters
    /// `COPY . .` takes over all that the build was given, and nobody looks at what that is. A
    /// password in `.env` or the history of `.git` is then in every copy of the image.
    ///
    /// ## How to fix
    /// Dockerfile: beside it a `.dockerignore` with the lines `.git`, `**/.env*`, `**/node_modules`, `**/*.key`, before `COPY . .`
    pub static RULE = {
        id: "dockerignore",
        title: "secrets, history and dependencies stay out of the build",
        severity: Severity::Med,
        targets: [Dockerfile],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

/// The most names that are told.
const MOST: usize = 10;

/// Folders by what is the matter with them, each with names as they stand in them: a
/// pattern may fit what is inside and not the folder, or some of it.
const FOLDERS: [(&str, &[&str], &str); 7] = [
    (".git", &["HEAD", "config", "objects/pack/a.pack"], "version control"),
    (".hg", &["hgrc", "store/data/a.i"], "version control"),
    (".svn", &["wc.db", "pristine/00/a.svn-base"], "version control"),
    ("node_modules", &["a/package.json"], "dependencies"),
    (".venv", &["pyvenv.cfg", "bin/python"], "dependencies"),
    ("venv", &["pyvenv.cfg", "bin/python"], "dependencies"),
    ("__pycache__", &["a.pyc"], "dependencies"),
];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let found = facts.build.given(|layout, context| {
        if !layout.takes_context() {
            return (Check::moot("nothing of what the build is given is copied"), None);
        }
        let whole = layout.used().find(|it| copies_everything(*it));
        let (check, untold) = check(context, whole.is_some());
        let check = match whole {
            Some(copy) => check.at(layout.origin(copy.instruction, None), "everything"),
            None => check.only(Severity::Low),
        };
        (check, untold)
    });
    found.judge(Check::clone)
}

fn check(context: &Context, is_whole: bool) -> Found {
    let ignore = match &context.ignore {
        None => Ignore::default(),
        Some((file, text)) => match dockerignore::parse(text.raw()) {
            Ok(ignore) => ignore,
            Err(wrong) => {
                let (line, what) = (wrong.place.line, Untrusted::from(wrong.what));
                let what = format!("{file}:{line}: {what}; builders stop there");
                return (Check::broken(what), None);
            }
        },
    };
    let check = entering(context, &ignore, is_whole);
    (check, in_context(context, &ignore.effort))
}

fn entering(context: &Context, ignore: &Ignore, is_whole: bool) -> Check {
    let names = context.names.iter().map(Untrusted::raw);
    let entering: Vec<(&str, &str)> =
        names.filter_map(|it| Some((it, matter(it, ignore)?))).collect();
    if entering.is_empty() {
        return match &context.ignore {
            None if is_whole => {
                let what =
                    "there is no .dockerignore: whatever comes into the folder enters the image";
                Check::broken(what).only(Severity::Low)
            }
            _ => Check::holds("what the build is given has no secrets, history or dependencies"),
        };
    }
    let told = entering.iter().take(MOST);
    let told: Vec<_> =
        told.map(|(name, what)| format!("{} ({what})", Untrusted::from(*name))).collect();
    let more = match entering.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let without = if context.ignore.is_none() { ", without a .dockerignore" } else { "" };
    let what = format!("the build is given {}{more}{without}", told.join(", "));
    let check = entering
        .iter()
        .take(MOST)
        .fold(Check::broken(what), |check, (name, what)| check.showing(*name, *what));
    // A secret that is in an image is out; the others only make it larger.
    let is_grave = entering.iter().any(|(_, what)| *what == SECRETS);
    if is_grave { check } else { check.only(Severity::Low) }
}

const SECRETS: &str = "secrets";

/// What is the matter with a name that is known to enter the context.
fn matter(name: &str, ignore: &Ignore) -> Option<&'static str> {
    let bare = name.trim_end_matches('/');
    let enters = |path: &str| ignore.excludes(path) == Some(false);
    if name.ends_with('/') {
        let last = bare.rsplit('/').next().unwrap_or_default();
        if let Some((_, inside, what)) = FOLDERS.iter().find(|(folder, _, _)| *folder == last) {
            let is_in = inside.iter().any(|it| enters(&format!("{bare}/{it}")));
            return is_in.then_some(what);
        }
        return None;
    }
    (is_holder(bare) && enters(bare)).then_some(SECRETS)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile};

    const ALL: [&str; 6] =
        [".env", ".git/", "app.js", "node_modules/", "package.json", "tls/a.key"];

    fn given(names: &[&str], ignore: Option<&str>) -> Case {
        dockerfile("FROM a\nCOPY . .\n").given(names, ignore)
    }

    /// Patterns that no name fits before its end.
    fn hostile() -> String {
        (0..4_000).map(|it| format!("**/{}b{it}\n", "a*".repeat(20))).collect()
    }

    fn hostile_name() -> String {
        format!("{}.env", format!("{}/", "a".repeat(200)).repeat(8))
    }

    cases! { RULE:
        what_is_kept_out_passes:
            given(&ALL, Some(".git\n.env*\nnode_modules\n**/*.key\n")) => "Pass",
        everything_but_what_is_let_in_passes: given(&ALL, Some("*\n!app.js\n!package.json\n")) => "Pass",
        what_is_inside_may_be_kept_out_alone:
            given(&[".git/", "node_modules/"], Some(".git/**\n**/node_modules/**\n")) => "Pass",
        an_environment_file_fails: given(&[".env", "app.js"], Some(".git\n")) => "Fail",
        one_in_a_folder_fails: given(&["web/.env.production"], Some(".env*\n")) => "Fail",
        one_that_is_let_in_again_fails: given(&["web/.env"], Some("**/.env\n!web/.env\n")) => "Fail",
        one_of_dependencies_fails: given(&["vendor/", "vendor/foo/.env"], Some(".git\n")) => "Fail",
        one_that_is_named_the_other_way_round_fails: given(&["config/prod.env"], Some(".env\n")) => "Fail",
        credentials_of_a_registry_fail: given(&[".docker/config.json"], Some(".env\n")) => "Fail",
        history_without_its_head_is_there: given(&[".git/"], Some(".git/HEAD\n")) => "Fail(low)",
        so_is_some_of_it_that_is_let_in: given(&[".git/"], Some(".git\n!.git/config\n")) => "Fail(low)",
        an_example_passes: given(&[".env.example"], Some(".git\n")) => "Pass",
        a_key_fails: given(&["tls/a.key"], Some(".env\n")) => "Fail",
        version_control_alone_is_milder: given(&[".git/"], Some("x\n")) => "Fail(low)",
        dependencies_alone_are_milder: given(&["web/node_modules/"], Some("node_modules\n")) => "Fail(low)",
        no_file_at_all_is_milder: given(&["app.js"], None) => "Fail(low)",
        a_pattern_that_builders_refuse_fails: given(&["app.js"], Some("[\n")) => "Fail",
        named_files_are_milder: dockerfile("FROM a\nCOPY app.js .\n").given(&[".env"], None) => "Fail(low)",
        named_files_need_none: dockerfile("FROM a\nCOPY app.js .\n").given(&["app.js"], None) => "Pass",
        patterns_that_would_take_too_long_are_unknown: given(&[&hostile_name()], Some(&hostile())) => "Unknown",
        what_copies_nothing_is_not_asked:
            dockerfile("FROM a\nCOPY --from=b /x /x\n").given(&[".env"], None) => "NotApplicable",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\nCOPY . .\n").unread_dockerfile() => "Unknown",
    }
}
