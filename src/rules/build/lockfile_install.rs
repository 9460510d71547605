//! See [`RULE`].

mod exact;
mod given;
mod held;

use crate::facts::Facts;
use crate::facts::build::{Done, Doubt, Layout};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Act, Argument, Call, Manager, Place, Verb, act};
use crate::rules::build::Faults;
use crate::rules::{Settings, rule};
use exact::is_exact;
use held::{Held, held};

rule! {
    /// Each build gets the versions that somebody has looked at.
    ///
    /// `npm ci` and not `npm install`; yarn and pnpm with `--frozen-lockfile` or `--immutable`; pip
    /// by a file of requirements, with a constraint, or with `==`. pip, setuptools and wheel
    /// themselves are left out. Where the names in the build's context are known, the lock file
    /// has to be among them, not left out by a `.dockerignore`, and copied before it is needed. A
    /// stage into which files come in other ways is not asked for that. Asked of every stage that
    /// is built.
    ///
    /// ## Why it matters
    /// Without a lock a build takes whatever is newest, also a release that somebody took over an
    /// hour ago. The same file then makes another image tomorrow, and nobody can say what was in it.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY package.json package-lock.json ./`, and then `RUN npm ci --omit=dev`, `RUN yarn install --frozen-lockfile`, `RUN pip install --no-cache-dir -r requirements.txt`
    pub static RULE = {
        id: "lockfile-install",
        title: "dependencies are installed by a lock file",
        severity: Severity::Med,
        targets: [Dockerfile],
        references: &["hadolint DL3013", "hadolint DL3016", "KICS e36d8880"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let found = facts.build.used_of(doubt, |layout, context| {
        let mut faults = Faults::default();
        let (missing, untold) =
            context.map_or_else(Default::default, |it| given::missing(layout, it));
        for (done, place, what) in loose(layout).into_iter().chain(missing) {
            faults.add(layout, done, place, what);
        }
        let holds =
            || Check::holds("no package manager is told to take whatever version is the newest");
        (faults.or_else(holds), untold)
    });
    found.judge(Check::clone)
}

/// A package that nobody can tell may come with its version, or without one; and so
/// may all of them where nobody can tell the variable that says so.
fn doubt(layout: &Layout) -> Option<Doubt> {
    layout.used().flat_map(|done| done.step.calls.iter().map(move |it| (done, it))).find_map(
        |(done, call)| {
            let is_held = held(done, call);
            if let Held::Untold(why) = is_held {
                return Some((call.program.place, why.to_owned()));
            }
            let it = match act(call) {
                Some(act) => act.untold.filter(|_| {
                    let is_asked = act.verb == Verb::Install && !act.manager.is_of_the_system();
                    is_asked && is_held == Held::No
                }),
                None => exact::loose(call).into_iter().find(|it| it.told().is_none()),
            }?;
            Some((it.place, it.text.clone().err().unwrap_or_default()))
        },
    )
}

fn loose(layout: &Layout) -> Vec<(Done<'_>, Place, String)> {
    let mut found = Vec::new();
    for done in layout.used() {
        for call in done.step.calls.iter().filter(|it| held(done, it) == Held::No) {
            let Some(act) = act(call) else {
                found.extend(other(call).map(|what| (done, call.program.place, what.to_owned())));
                let loose = exact::loose(call).into_iter().filter(|it| it.told().is_some());
                found.extend(loose.map(|it| (done, it.place, unversioned(it))));
                continue;
            };
            let is_asked = act.verb == Verb::Install && !act.manager.is_of_the_system();
            if !is_asked {
                continue;
            }
            if act.packages.is_empty() {
                if let Some(instead) = instead(&act) {
                    let what =
                        format!("{} goes beyond its lock file; write {instead}", call.name());
                    found.push((done, call.program.place, what));
                }
                continue;
            }
            let loose = act
                .packages
                .iter()
                .filter(|it| it.told().is_some_and(|it| !is_exact(act.manager, it)));
            found.extend(loose.map(|it| (done, it.place, unversioned(it))));
        }
    }
    found
}

fn unversioned(package: &Argument) -> String {
    let name = Untrusted::from(package.told().unwrap_or_default());
    format!("{name} is installed in whatever version is the newest")
}

/// What to write instead of an installation without a lock.
fn instead(act: &Act<'_>) -> Option<&'static str> {
    match act.manager {
        // pip without packages has a file, or does nothing.
        Manager::Npm => Some("npm ci"),
        Manager::Yarn => Some("yarn install --frozen-lockfile"),
        Manager::Pnpm => Some("pnpm install --frozen-lockfile"),
        Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper | Manager::Pip => None,
    }
}

/// What other programs do without a lock.
fn other(call: &Call) -> Option<&'static str> {
    let has = |words: &[&str]| call.words().any(|it| words.contains(&it));
    let verb = call.words().find(|it| !it.starts_with('-'))?;
    let is_bare = call.words().filter(|it| !it.starts_with('-')).count() == 1;
    match (call.name(), verb) {
        ("uv", "sync") if !has(&["--locked", "--frozen"]) => {
            Some("uv may go beyond its lock file; write uv sync --locked")
        }
        ("bun", "install" | "i")
            if is_bare && !has(&["--frozen-lockfile", "--production", "-p"]) =>
        {
            Some("bun goes beyond its lock file; write bun install --frozen-lockfile")
        }
        ("composer", "update") => {
            Some("composer goes beyond its lock file; write composer install")
        }
        ("poetry", "update") => Some("poetry goes beyond its lock file; write poetry install"),
        ("bundle", "update") => Some("bundler goes beyond its lock file; write bundle install"),
        ("cargo", "install") if !has(&["--locked", "--frozen"]) => {
            Some("cargo goes beyond the lock file of what it installs; add --locked")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile};

    const LOCKED: [&str; 3] = ["package.json", "package-lock.json", "web/"];

    /// These instructions, and these names in the context.
    fn built(instructions: &str, names: &[&str]) -> Case {
        dockerfile(&format!("FROM a\nWORKDIR /app\n{instructions}\n")).given(names, None)
    }

    /// Patterns that no name fits before its end.
    fn hostile() -> String {
        (0..4_000).map(|it| format!("**/{}b{it}\n", "a*".repeat(20))).collect()
    }

    fn hostile_name() -> String {
        format!("{}package.json", format!("{}/", "a".repeat(200)).repeat(8))
    }

    cases! { RULE:
        a_lock_file_passes: dockerfile("FROM a\nRUN npm ci && yarn --frozen-lockfile && pnpm i --frozen-lockfile\n") => "Pass",
        npm_without_one_fails: dockerfile("FROM a\nRUN npm install --omit=dev\n") => "Fail",
        yarn_without_one_fails: dockerfile("FROM a\nRUN yarn\n") => "Fail",
        the_value_of_an_option_is_no_package: dockerfile("FROM a\nRUN pip install --root-user-action ignore -r r.txt && npm i -g --unsafe-perm true a@1.2.3 && yarn global add b@14.2.0\n") => "Pass",
        one_beside_it_is: dockerfile("FROM a\nRUN pnpm add -w a\n") => "Fail",
        as_a_way_out_as_well: dockerfile("FROM a\nRUN npm ci || npm install\n") => "Fail",
        a_package_with_its_version_passes: dockerfile("FROM a\nRUN npm i -g pm2@5.4.2 @a/b@1.0.0\n") => "Pass",
        a_package_without_one_fails: dockerfile("FROM a\nRUN npm i -g pm2\n") => "Fail",
        a_range_of_node_fails: dockerfile("FROM a\nRUN npm i -g npm@10\n") => "Fail",
        an_open_version_of_node_fails: dockerfile("FROM a\nRUN npm i express@4.x\n") => "Fail",
        a_repository_fails: dockerfile("FROM a\nRUN npm i a/b\n") => "Fail",
        and_one_of_python: dockerfile("FROM a\nRUN pip install git+https://a.b/c.git\n") => "Fail",
        their_commits_pass: dockerfile("FROM a\nRUN npm i a/b#0123abcd && pip install git+ssh://git@a.b/c.git@0123abcd#egg=c\n") => "Pass",
        a_lock_that_is_refused_is_none: dockerfile("FROM a\nRUN pnpm i --frozen-lockfile=false\n") => "Fail",
        and_of_yarn: dockerfile("FROM a\nRUN yarn install --immutable=false\n") => "Fail",
        without_dependencies_is_no_version: dockerfile("FROM a\nRUN pip install --no-deps flask\n") => "Fail",
        any_version_below_one_fails: dockerfile("FROM a\nRUN pip install flask==2.*\n") => "Fail",
        others_with_versions_pass: dockerfile("FROM a\nRUN bun i --frozen-lockfile && bun add a@1.2.3 && poetry add a@1.2.3 && uv add a==1 && uv tool install --python 3.12 a@1.2.3 && pipx install a==1 && gem install a:1.2 && gem install a -v 1.2 && go install a.b/c@v1.2.3 && go install ./... && composer require a/b:1.2.3\n") => "Pass",
        the_latest_is_no_version: dockerfile("FROM a\nRUN npm i -g npm@latest\n") => "Fail",
        a_file_of_requirements_passes: dockerfile("FROM a\nRUN pip install --no-cache-dir -r requirements.txt\n") => "Pass",
        exact_versions_pass: dockerfile("FROM a\nRUN pip install -U pip && pip install 'gunicorn[x]==22.0.0' ./dist/a.whl .\n") => "Pass",
        a_range_fails: dockerfile("FROM a\nRUN pip install 'flask>=3'\n") => "Fail",
        a_constraint_passes: dockerfile("FROM a\nRUN pip install -c c.txt flask\n") => "Pass",
        what_the_environment_locks_passes: dockerfile("FROM a\nENV UV_LOCKED=1 CI=true\nRUN uv sync && pnpm install\n") => "Pass",
        what_is_locked_for_one_call_passes: dockerfile("FROM a\nRUN PIP_REQUIRE_HASHES=1 pip install a && PIP_CONSTRAINT=c.txt pip install b\n") => "Pass",
        a_lock_that_is_off_is_none: dockerfile("FROM a\nENV UV_FROZEN=0\nRUN uv sync\n") => "Fail",
        one_that_is_off_for_this_call_is_none: dockerfile("FROM a\nENV UV_FROZEN=1\nRUN UV_FROZEN= uv sync\n") => "Fail",
        a_lock_holds_no_package_that_is_named: dockerfile("FROM a\nENV CI=true\nRUN pnpm add x\n") => "Fail",
        that_of_another_manager_is_none: dockerfile("FROM a\nENV UV_FROZEN=1 CI=1\nRUN npm install\n") => "Fail",
        what_may_be_locked_is_unknown: dockerfile("FROM a\nARG L\nENV UV_LOCKED=$L\nRUN uv sync\n") => "Unknown",
        a_builder_as_well: dockerfile("FROM a AS b\nRUN npm i\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        a_package_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nARG P\nRUN pip install $P\n") => "Unknown",
        and_so_is_that_of_another_program: dockerfile("FROM a\nARG P\nRUN gem install $P\n") => "Unknown",
        a_lock_file_that_is_copied_before_passes:
            built("COPY package*.json ./\nRUN npm ci", &LOCKED) => "Pass",
        one_that_is_not_in_the_context_fails:
            built("COPY package*.json ./\nRUN npm ci", &["package.json"]) => "Fail",
        one_of_another_manager_is_none:
            built("COPY . .\nRUN yarn --frozen-lockfile", &LOCKED) => "Fail",
        one_that_is_left_out_fails: built("COPY . .\nRUN npm ci", &LOCKED)
            .given(&LOCKED, Some("*lock*\n")) => "Fail",
        one_that_is_let_in_again_passes: built("COPY . .\nRUN npm ci", &LOCKED)
            .given(&LOCKED, Some("*\n!package*.json\n")) => "Pass",
        one_that_is_not_copied_fails: built("COPY package.json ./\nRUN npm ci", &LOCKED) => "Fail",
        one_that_is_copied_afterwards_fails:
            built("COPY package.json ./\nRUN npm ci\nCOPY . .", &LOCKED) => "Fail",
        one_that_is_mounted_is_there:
            built("COPY package.json ./\nRUN --mount=type=bind,source=package-lock.json,target=package-lock.json npm ci", &LOCKED) => "Pass",
        one_in_the_projects_own_folder_passes:
            built("COPY web web\nWORKDIR web\nRUN npm ci", &["web/", "web/package.json", "web/npm-shrinkwrap.json"]) => "Pass",
        one_beside_another_project_is_none:
            built("COPY web/ ./\nRUN npm ci", &["web/", "web/package.json", "package-lock.json"]) => "Fail",
        one_of_a_workspace_lies_above: built("COPY . .\nWORKDIR web\nRUN pnpm i --frozen-lockfile",
            &["pnpm-lock.yaml", "package.json", "web/", "web/package.json"]) => "Pass",
        one_that_a_stage_below_copied_counts: dockerfile(
            "FROM a AS b\nWORKDIR /app\nCOPY package*.json ./\nFROM b\nRUN npm ci\n").given(&LOCKED, None) => "Pass",
        one_under_another_name_counts: built("COPY package.json ./\nCOPY lock.json ./package-lock.json\nRUN npm ci",
            &["package.json", "lock.json"]) => "Pass",
        what_may_come_from_elsewhere_is_not_missed:
            built("COPY --from=b /x ./\nCOPY package.json ./\nRUN npm ci", &["package.json"]) => "Pass",
        what_a_command_may_have_made_is_not_missed:
            built("COPY package.json ./\nRUN ./lock.sh && npm ci", &["package.json"]) => "Pass",
        what_is_asked_for_first_is_not_missed:
            built("COPY . .\nRUN if [ -f yarn.lock ]; then yarn --frozen-lockfile; else npm ci; fi", &LOCKED) => "Pass",
        packages_of_the_system_make_none:
            built("COPY package.json ./\nRUN apt-get update && apt-get install -y x && npm ci", &["package.json"]) => "Fail",
        one_that_is_left_out_of_more_names_than_were_looked_at_is_unknown: built("COPY . .\nRUN npm ci", &LOCKED)
            .given_in_part(&LOCKED, Some("*lock*\n")) => "Unknown",
        one_among_them_passes: built("COPY . .\nRUN npm ci", &LOCKED)
            .given_in_part(&LOCKED, None) => "Pass",
        a_project_that_may_be_beyond_them_is_unknown: built("COPY . .\nRUN npm ci", &LOCKED)
            .given_in_part(&["a.js"], None) => "Unknown",
        what_copies_only_names_that_are_known_needs_no_others:
            built("COPY package.json ./\nRUN npm ci", &LOCKED).given_in_part(&LOCKED, None) => "Fail",
        what_copies_nothing_needs_none: built("RUN npm ci", &LOCKED).given_in_part(&[], None) => "Pass",
        what_may_come_from_elsewhere_needs_none: built("COPY --from=b /x ./\nCOPY . .\nRUN npm ci", &LOCKED)
            .given_in_part(&["package.json"], None) => "Pass",
        patterns_that_would_take_too_long_are_unknown: built("COPY . .\nRUN npm ci", &LOCKED)
            .given(&[&hostile_name()], Some(&hostile())) => "Unknown",
        harmless_commands_make_none:
            built("COPY package.json ./\nRUN cd /app && echo x > /etc/x && rm -rf /var/lib/apt/lists/* && export A=1 && node -v && npm -v && npm ci", &["package.json"]) => "Fail",
        a_lock_that_is_written_is_there:
            built("COPY package.json ./\nRUN echo x > package-lock.json && npm ci", &["package.json"]) => "Pass",
        one_that_is_listed_first_is_asked_for:
            built("COPY . .\nRUN ls yarn.lock && yarn --frozen-lockfile || npm ci", &LOCKED) => "Pass",
        a_folder_that_is_entered_counts:
            built("COPY . .\nRUN cd web && npm ci", &["web/", "web/package.json"]) => "Fail",
        one_that_is_left_again_is_no_longer_known:
            built("COPY . .\nRUN (cd /x && ls); npm ci", &["package.json"]) => "Pass",
        one_that_nobody_can_tell_is_not_asked:
            built("COPY . .\nRUN cd $D && npm ci", &["package.json"]) => "Pass",
        a_project_elsewhere_is_not_asked:
            built("COPY . .\nRUN env -C web npm ci", &["package.json"]) => "Pass",
        nor_behind_sudo: built("COPY . .\nRUN sudo -D web npm ci", &["package.json"]) => "Pass",
        nor_by_a_short_option:
            built("COPY . .\nRUN pnpm -Cweb i --frozen-lockfile", &["package.json"]) => "Pass",
        nor_with_its_lock_elsewhere:
            built("COPY . .\nRUN pnpm i --frozen-lockfile --lockfile-dir=web", &["package.json"]) => "Pass",
        nor_of_composer: built("COPY . .\nRUN composer install -d web", &["composer.json"]) => "Pass",
        nor_by_a_variable: built("COPY . .\nENV UV_PROJECT=web\nRUN uv sync --locked", &["pyproject.toml"]) => "Pass",
        nor_by_one_of_bundler: built("COPY . .\nRUN BUNDLE_GEMFILE=web/Gemfile bundle install", &["Gemfile"]) => "Pass",
        a_project_that_is_not_in_the_context_is_not_asked:
            built("COPY . .\nRUN npm ci", &["app.js"]) => "Pass",
        a_project_in_a_folder_that_nobody_knows_is_not_asked:
            dockerfile("FROM a\nCOPY package.json ./\nRUN npm ci\n").given(&["package.json"], None) => "Pass",
        a_project_of_python_needs_its_own: built("COPY . .\nRUN uv sync --locked", &["pyproject.toml"]) => "Fail",
        and_passes_with_it: built("COPY . .\nRUN uv sync --locked", &["pyproject.toml", "uv.lock"]) => "Pass",
        packages_of_the_distribution_are_not_asked: dockerfile("FROM a\nRUN apt-get install x\n") => "Pass",
    }

    #[test]
    fn other_programs_are_asked_for_versions() {
        for command in [
            "bun install",
            "bun add a",
            "poetry add a",
            "uv add 'a>=1'",
            "uv tool install a",
            "pipx install a",
            "gem install --no-document a",
            "go install a.b/c@latest",
            "composer global require a/b:^1",
        ] {
            let case = dockerfile(&format!("FROM a\nRUN {command}\n"));
            assert!(format!("{:?}", case.judge(&super::RULE)).contains("Fail"), "{command}");
        }
    }

    #[test]
    fn the_statement_says_what_is_the_matter_with_the_lock_file() {
        let said = |case: Case| format!("{:?}", case.judge(&super::RULE));
        let build = "COPY package.json ./\nRUN npm ci";
        for (names, ignore, told) in [
            (&["package.json"][..], None, "which is not in the build's context"),
            (&LOCKED, None, "which is not copied before"),
            (&LOCKED, Some("*lock*\n"), "which the .dockerignore leaves out"),
        ] {
            let text = said(built(build, &[]).given(names, ignore));
            let told = format!("line 4: npm needs package-lock.json, {told}");
            assert!(text.contains(&told), "{text}");
        }
    }
}
