//! See [`RULE`].

mod dockerfile;

use crate::facts::Facts;
use crate::model::layers::{Holder, Step};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::secrets::given_away;
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// No layer and no step of the image's history holds a secret.
    ///
    /// Every step is taken apart: what `ENV` and `ARG` set, what a build was given, what a command
    /// was told. In every layer the files are read that hold secrets by their nature, such as
    /// private keys, `.env`, `.npmrc` and Docker's own `config.json`, also where a later layer
    /// deletes them.
    ///
    /// Of a Dockerfile the stages that ship are asked: build arguments and variables that are
    /// secrets by name or value, what commands are told, and files of secrets that are copied, also
    /// by way of a stage before. What a secret mount gives is in no layer.
    ///
    /// ## Why it matters
    /// Whoever may pull an image has every layer of it and its whole history. What a later layer
    /// deletes is hidden from the container, and from nobody else.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev`
    /// compose: `build: {secrets: [npmrc]}` with `secrets: {npmrc: {file: ~/.npmrc}}`
    /// run: `docker build --secret id=npmrc,src=$HOME/.npmrc .`, then change the secret: it is known
    pub static RULE = {
        id: "no-secrets-in-layers",
        title: "no secret is in a layer or in the history",
        severity: Severity::Crit,
        targets: [Image, Dockerfile],
        references: &["CIS Docker 1.6: 4.10", "Trivy DS-0031", "Dockle CIS-DI-0010", "hadolint DL3064"],
        parameters: &[
            Parameter {
                name: "accept",
                about: "Variables that may hold what looks like a secret",
                shape: Shape::List,
                default: &[],
                check: |_| Ok(()),
            },
            Parameter {
                name: "except",
                about: "Files that may hold what looks like a secret, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/**/node_modules/**", "/**/site-packages/**", "/**/dist-packages/**",
                    "/usr/share/**", "/etc/ssl/certs/**", "/etc/ssl/private/ssl-cert-snakeoil.key",
                ],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let is_accepted = |name: &str| settings.list("accept").iter().any(|it| it == name);
    let of_steps = facts.supply.history.judge(|steps| {
        let numbered = steps.iter().enumerate();
        numbered
            .fold(Check::holds("no step of its history holds a secret"), |check, (place, step)| {
                of_step(check, place + 1, step, &is_accepted)
            })
    });
    let of_files = facts.supply.holders(settings.list("except")).judge(|holders| {
        holders.iter().fold(Check::holds("no file of its layers holds a secret"), |check, it| {
            of_file(check, it, &is_accepted)
        })
    });
    of_steps.and(of_files).and(dockerfile::judge(facts, &is_accepted))
}

fn of_step(check: Check, number: usize, step: &Step, is_accepted: &impl Fn(&str) -> bool) -> Check {
    let variables = step.variables.iter().filter(|it| !is_accepted(it.name.raw()));
    variables.filter_map(|it| Some((it, given_away(it)?))).fold(check, |check, (it, what)| {
        let by = match step.instruction.raw() {
            "" => String::new(),
            instruction => format!(" ({})", Untrusted::from(instruction)),
        };
        let name = if it.name.raw().is_empty() { "a word".into() } else { it.name.clone() };
        check
            .also(&format!("step {number} of its history{by} holds {what} as {name}"))
            .showing(format!("step {number}: {}", it.name.raw()), it.value.to_string())
    })
}

fn of_file(check: Check, holder: &Holder, is_accepted: &impl Fn(&str) -> bool) -> Check {
    let variables = holder.variables.iter().filter(|it| !is_accepted(it.name.raw()));
    let found = variables.filter_map(|it| Some((it, given_away(it)?)));
    let but = if holder.hidden { ", though a later layer hides it" } else { "" };
    found.take(1).fold(check, |check, (it, what)| {
        let Holder { path, layer, .. } = holder;
        check
            .also(&format!("{path} of layer {layer} holds {what}{but}"))
            .showing(format!("layer {layer}: {}", path.raw()), it.to_string())
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, dockerfile, shipped};

    const KEY: &str = "-----BEGIN PRIVATE KEY-----";

    fn by(step: &str) -> Case {
        shipped().made_by(step, "2025-12-30T00:00:00Z")
    }

    cases! { RULE:
        an_image_without_secrets_passes: by("ENV NODE_VERSION=22.1.0 PATH=/usr/bin") => "Pass",
        a_password_in_the_environment_fails: by("ENV DB_PASSWORD=kW7vPq29sLx") => "Fail",
        a_builds_argument_fails: by("RUN |1 NPM_TOKEN=kW7vPq29sLx /bin/sh -c npm ci # buildkit") => "Fail",
        a_password_in_a_command_fails:
            by("RUN /bin/sh -c git clone https://me:kW7vPq29sLx@git.example.org/x # buildkit") => "Fail",
        what_a_secret_mount_gives_passes:
            by("RUN /bin/sh -c NPM_TOKEN=$(cat /run/secrets/npm) npm ci # buildkit") => "Pass",
        a_private_key_in_a_layer_fails: shipped().layer_holds("/root/.ssh/id_rsa", false, &[("", KEY)]) => "Fail",
        one_that_a_later_layer_deletes_fails:
            shipped().layer_holds("/root/.ssh/id_rsa", true, &[("", KEY)]) => "Fail",
        a_setting_in_a_file_passes: shipped().layer_holds("/app/.env", false, &[("LEVEL", "verbose")]) => "Pass",
        a_key_in_a_package_of_others_passes:
            shipped().layer_holds("/app/node_modules/x/test/key.pem", false, &[("", KEY)]) => "Pass",
        an_accepted_variable_passes: by("ENV DB_PASSWORD=kW7vPq29sLx").set("accept", &["DB_PASSWORD"]) => "Pass",
        a_history_that_nobody_tells_is_unknown: shipped().without_history() => "Unknown",
        a_layer_that_cannot_be_read_leaves_it_unknown: shipped().layer_unread() => "Unknown",
        what_is_there_convicts_whatever_is_unread:
            by("ENV DB_PASSWORD=kW7vPq29sLx").layer_unread() => "Fail",
        a_build_without_secrets_passes: dockerfile("FROM a\nENV NODE_ENV=production\n") => "Pass",
        a_build_argument_fails: dockerfile("FROM a\nARG NPM_TOKEN\n") => "Fail",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}
