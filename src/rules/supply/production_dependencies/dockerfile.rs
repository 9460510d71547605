//! Which packages for development a Dockerfile puts into what ships.

mod projects;

use crate::facts::Facts;
use crate::facts::build::{Carriage, Fate, Lies};
use crate::model::verdict::{Check, Verdict};
use crate::rules::Settings;
use crate::rules::supply::installed::{Finds, any, packages};
use projects::{Project, Told, project};

const HOLDS: &str = "the file puts no package for development into what ships; what its base has is the image's to tell";

/// The most installations of one file that are followed.
const MOST: usize = 1_024;

pub(super) fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let found = facts.build.in_what_ships(|layout, _| {
        let mut finds = Finds::default();
        let mut carriage = Carriage::new(layout);
        let mut told = Told::default();
        let mut installed = Vec::new();
        for started in layout.started() {
            let Some(project) = project(&started, &carriage, &mut told) else { continue };
            match project {
                Project::Clean(paths) => {
                    paths.into_iter().for_each(|path| carriage.clear(&started, path));
                }
                Project::Whole { what, paths } if installed.len() < MOST => {
                    let mounts = started.done.instruction.mounts();
                    let is_mounted = mounts
                        .filter(|it| matches!(it.kind.as_str(), "cache" | "tmpfs"))
                        .any(|it| paths.contains(&it.target));
                    if !is_mounted {
                        installed.push((started, what, None, paths));
                    }
                }
                Project::Untold { doubt, paths } if installed.len() < MOST => {
                    installed.push((started, String::new(), Some(doubt), paths));
                }
                Project::Whole { .. } | Project::Untold { .. } => {
                    let why = "more is installed than is followed".to_owned();
                    finds.doubt.get_or_insert((started.call.program.place, why));
                }
            }
        }
        packages(layout, &mut carriage, settings, &mut finds);
        for (started, what, doubt, paths) in installed {
            let (stage, turn) = (started.done.step.stage, started.turn);
            let lies = |path| Lies { stage, turn, path, is_folder: true };
            let fate = any(paths.into_iter().map(|path| carriage.fate(lies(path))));
            match doubt {
                None => {
                    finds.add(layout, (started.done, started.call.program.place), &what, fate);
                }
                Some(doubt) if fate != Fate::Stays => {
                    finds.doubt.get_or_insert(doubt);
                }
                Some(_) => {}
            }
        }
        let doubt = finds.doubt.take();
        (finds.check(HOLDS), doubt, None)
    });
    found.judge(Check::clone)
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::dockerfile;

    #[test]
    fn what_a_stage_that_ships_installs_is_asked_whether_it_is_for_production() {
        for (instructions, expected) in [
            ("RUN npm ci --omit=dev", "Pass"),
            ("RUN npm ci --omit dev", "Pass"),
            ("RUN npm ci --production", "Pass"),
            ("RUN npm install --only=prod", "Pass"),
            ("RUN NODE_ENV=production npm ci", "Pass"),
            ("ENV NODE_ENV=production\nRUN npm ci", "Pass"),
            ("ENV npm_config_omit=dev\nRUN npm ci", "Pass"),
            ("RUN npm config set omit dev && npm ci", "Pass"),
            ("RUN npm ci", "Fail"),
            ("RUN npm install", "Fail"),
            ("RUN npm ci\nENV NODE_ENV=production", "Fail"),
            ("ENV NODE_ENV=development\nRUN npm ci", "Fail"),
            ("ENV NODE_ENV=production\nRUN npm ci --include=dev", "Fail"),
            ("RUN npm ci --production=false", "Fail"),
            ("ARG E\nENV NODE_ENV=$E\nRUN npm ci", "Unknown"),
            ("RUN npm ci $FLAGS", "Unknown"),
            ("RUN npm ci && npm run build && npm prune --omit=dev", "Pass"),
            ("RUN npm ci && npm run build && rm -rf node_modules && npm ci --omit=dev", "Pass"),
            ("RUN npm ci\nRUN npm prune --production", "Fail(low)"),
            ("RUN npm install -g pm2@5", "Pass"),
            ("RUN npm install express", "Pass"),
            ("RUN npm install -D typescript", "Fail"),
            ("RUN npm i -g eslint", "Fail"),
            ("RUN --mount=type=tmpfs,target=/app/node_modules npm ci && npm run build", "Pass"),
            ("RUN yarn install --frozen-lockfile", "Fail"),
            ("RUN yarn --production", "Pass"),
            ("RUN yarn workspaces focus --production", "Pass"),
            ("RUN pnpm i --frozen-lockfile", "Fail"),
            ("RUN pnpm i -P", "Pass"),
            ("RUN pnpm fetch", "Pass"),
            ("RUN pnpm i && pnpm prune --prod", "Pass"),
            ("RUN bun install", "Fail"),
            ("RUN bun install --production", "Pass"),
            ("RUN pip install -r requirements.txt", "Pass"),
            ("RUN pip install -r requirements-dev.txt", "Fail"),
            ("RUN pip install -r requirements/test.txt", "Fail"),
            ("RUN pip install -r latest.txt -r /usr/local/requirements.txt", "Pass"),
            ("RUN pip install '.[dev]'", "Fail"),
            ("RUN pip install -e .[web,tests]", "Fail"),
            ("RUN pip install '.[web]'", "Pass"),
            ("RUN pip install --group dev", "Fail"),
            ("RUN pip install pytest", "Fail"),
            ("RUN uv sync --locked", "Fail"),
            ("RUN uv sync --locked --no-dev", "Pass"),
            ("ENV UV_NO_DEV=1\nRUN uv sync --locked", "Pass"),
            ("RUN poetry install", "Fail"),
            ("RUN poetry install --only main", "Pass"),
            ("RUN poetry install --without=dev,test", "Pass"),
            ("RUN poetry install --no-dev", "Pass"),
            ("RUN pipenv install --deploy", "Pass"),
            ("RUN pipenv sync --dev", "Fail"),
            ("RUN composer install", "Fail"),
            ("RUN composer install --no-dev", "Pass"),
            ("ENV COMPOSER_NO_DEV=1\nRUN composer install", "Pass"),
            ("RUN bundle install", "Fail"),
            ("ENV BUNDLE_WITHOUT=development:test\nRUN bundle install", "Pass"),
            ("RUN bundle config set --local without development && bundle install", "Pass"),
            ("RUN bundle install --without development", "Pass"),
            ("RUN cargo build && go mod download", "Pass"),
        ] {
            let text = format!("FROM a\nWORKDIR /app\n{instructions}\n");
            assert_eq!(dockerfile(&text).outcome(&RULE), expected, "{text}");
        }
    }

    #[test]
    fn of_a_builder_only_what_is_taken_over_counts() {
        for (builder, ships, expected) in [
            ("RUN npm ci && npm run build", "COPY --from=b /app/dist ./dist", "Pass"),
            ("RUN npm ci", "COPY --from=b /app/node_modules ./node_modules", "Fail"),
            ("RUN npm ci", "COPY --from=b /app ./", "Fail"),
            ("RUN npm ci", "COPY --from=b /app/* ./", "Fail"),
            ("RUN npm ci", "COPY --from=b /app/d* ./", "Pass"),
            ("RUN npm ci", "COPY --from=b /app/node_modules/express ./x", "Pass"),
            ("RUN npm ci\nRUN npm prune --omit=dev", "COPY --from=b /app ./", "Pass"),
            ("RUN npm ci\nRUN rm -rf node_modules", "COPY --from=b /app ./", "Pass"),
            ("RUN npm ci --omit=dev", "COPY --from=b /app ./", "Pass"),
            ("RUN npm ci --prefix web", "COPY --from=b /app/web ./", "Fail"),
            ("RUN cd web && npm ci", "COPY --from=b /app/web ./", "Fail"),
            ("RUN cd web && npm ci", "COPY --from=b /app/api ./", "Pass"),
            ("RUN npm ci", "ARG S\nCOPY --from=b $S ./", "Unknown"),
            (
                "RUN npm ci",
                "RUN --mount=from=b,source=/app,target=/b cp -r /b/node_modules .",
                "Unknown",
            ),
            ("RUN npm ci", "RUN --mount=from=b,source=/app/dist,target=/b cp -r /b .", "Pass"),
            ("RUN npm ci $F", "COPY --from=b /app/dist ./", "Pass"),
            ("RUN npm ci $F", "COPY --from=b /app ./", "Unknown"),
            (
                "RUN python -m venv /venv && /venv/bin/pip install -r requirements-dev.txt",
                "COPY --from=b /venv /venv",
                "Fail",
            ),
            (
                "RUN pip install -r requirements-dev.txt",
                "COPY --from=b /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages",
                "Fail",
            ),
            (
                "RUN pip install -r requirements-dev.txt && pytest",
                "COPY --from=b /app /app",
                "Pass",
            ),
            (
                "RUN pip install pytest && pipenv install",
                "COPY --from=b /usr/local /usr/local",
                "Fail",
            ),
            ("RUN uv sync && uv sync --no-dev", "COPY --from=b /app/.venv /app/.venv", "Pass"),
            ("RUN uv sync", "COPY --from=b /app/.venv /app/.venv", "Fail"),
            ("RUN poetry install", "COPY --from=b /app/.venv /app/.venv", "Fail"),
            ("RUN composer install", "COPY --from=b /app/vendor ./vendor", "Fail"),
            ("RUN bundle install", "COPY --from=b /usr/local/bundle /usr/local/bundle", "Fail"),
        ] {
            let text =
                format!("FROM a AS b\nWORKDIR /app\n{builder}\nFROM c\nWORKDIR /srv\n{ships}\n");
            assert_eq!(dockerfile(&text).outcome(&RULE), expected, "{text}");
        }
        // Through several stages, and cleaned on the way.
        let text = |last: &str| {
            format!(
                "FROM a AS d\nWORKDIR /app\nRUN npm ci\nFROM a AS b\nWORKDIR /app\nCOPY --from=d /app/node_modules ./node_modules\nRUN npm run build{last}\nFROM a\nCOPY --from=b /app /app\n"
            )
        };
        assert_eq!(dockerfile(&text("")).outcome(&RULE), "Fail");
        assert_eq!(dockerfile(&text(" && npm prune --omit=dev")).outcome(&RULE), "Pass");
    }
}
