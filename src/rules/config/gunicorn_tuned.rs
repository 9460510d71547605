//! See [`RULE`].

use crate::facts::gunicorn::{Setting, Told};
use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_pattern;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Where gunicorn runs, its worker timeout, keep-alive and number of workers are set.
    ///
    /// They are read from its command line (behind an init, in a script or after `python -m` as
    /// well), from `GUNICORN_CMD_ARGS` and, for the workers, `WEB_CONCURRENCY`. A timeout of 0, which
    /// switches it off, and 0 workers fail. A configuration file (`-c`, or the `gunicorn.conf.py` that
    /// gunicorn reads unasked from its working folder) is Python: where there is one, or may be one,
    /// what the command line leaves to it is unknown. A container is looked through for that file, and
    /// the context of a Dockerfile too; for a service it shows only where that runs.
    ///
    /// ## Why it matters
    /// The defaults are one worker, of which a single slow request keeps everybody else waiting, and a
    /// timeout that kills it after 30 seconds in the middle of whatever takes longer.
    ///
    /// ## How to fix
    /// compose: `command: [gunicorn, --timeout, "60", --keep-alive, "5", --workers, "3", "app:app"]`
    /// run: `--env GUNICORN_CMD_ARGS="--timeout 60 --keep-alive 5 --workers 3"`
    /// Dockerfile: `CMD ["gunicorn", "--timeout", "60", "--keep-alive", "5", "--workers", "3", "app:app"]`
    pub static RULE = {
        id: "gunicorn-tuned",
        title: "gunicorn's timeout, keep-alive and workers are set",
        severity: Severity::Low,
        targets: [Container, Service, Dockerfile],
        references: &[],
        parameters: &[
            Parameter {
                name: "demands",
                about: "what must be set: timeout, keep-alive, workers",
                shape: Shape::List,
                default: &["timeout", "keep-alive", "workers"],
                check: |text| text.parse::<Setting>().map(|_| ()),
            },
            Parameter {
                name: "files",
                about: "the files that gunicorn reads unasked, as path patterns",
                shape: Shape::Patterns,
                default: &["/**/gunicorn.conf.py"],
                check: is_pattern,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let demands: Vec<Setting> = settings.all("demands");
    let each = demands.into_iter().map(|setting| {
        let told = facts.gunicorn.told(setting, &facts.files, settings.list("files"));
        told.judge(|held| check(setting, held))
    });
    let unasked = || facts.declaration.unasked("no policy demands anything of gunicorn");
    each.reduce(Verdict::and).unwrap_or_else(unasked)
}

fn check(setting: Setting, Held { by, value: told }: &Held<Told>) -> Check {
    match (setting, told) {
        (_, Told::NotRun) => Check::moot("what runs here is not gunicorn"),
        (_, Told::Nothing) => {
            let places = match setting {
                Setting::Timeout | Setting::KeepAlive => "its command line and GUNICORN_CMD_ARGS",
                Setting::Workers => "its command line, GUNICORN_CMD_ARGS and WEB_CONCURRENCY",
            };
            let what = format!(
                "{by}: {setting} is not set: {places} have none, and there is no gunicorn.conf.py"
            );
            Check::broken(what)
        }
        (Setting::Timeout, Told::Number { value: 0, by: place }) => {
            let what = format!("{by}: {setting} 0, by {place}, lets a worker hang for ever");
            pointing(setting, place, Check::broken(what))
        }
        (Setting::Workers, Told::Number { value: 0, by: place }) => {
            let what = format!("{by}: with {setting} 0, by {place}, nobody answers");
            pointing(setting, place, Check::broken(what))
        }
        (_, Told::Number { value, by: place }) => {
            Check::holds(format!("{by}: {setting} {value}, by {place}"))
        }
    }
}

/// Points at the option, or at the variable that holds it.
fn pointing(setting: Setting, place: &'static str, check: Check) -> Check {
    let (long, short) = setting.options();
    let names = [place, long].into_iter().chain(short);
    names.fold(check, Check::naming)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::model::verdict::Verdict;
    use crate::rules::testing::{Case, cases, container, dockerfile, service};
    use serde_json::json;

    const TUNED: &str = "--timeout\n60\n--keep-alive=5\n-w3\n…\n";
    const IN_VARIABLE: &str = "GUNICORN_CMD_ARGS=--timeout 60 --keep-alive 5 --workers 3";

    /// A container of gunicorn with one worker, whose files were looked through.
    fn gunicorn(words: &str) -> Case {
        let words = format!("/usr/bin/python3\n/usr/bin/gunicorn\n{words}");
        container()
            .looks_for("/**/gunicorn.conf.py")
            .command(&words)
            .add_process(101, &[("PPid", "100")])
            .kernel("/proc/101/cmdline", &words)
    }

    fn with(case: Case, variable: &str) -> Case {
        case.started_with(100, &["PATH=/bin", variable])
    }

    /// What a service or a Dockerfile is to start.
    fn starts(words: &[&str]) -> Case {
        let (path, arguments) = words.split_first().unwrap();
        service().writes("/Path", json!(path)).writes("/Args", json!(arguments))
    }

    fn built(text: &str) -> Case {
        dockerfile(&format!("FROM scratch\nCOPY . .\n{text}\n"))
    }

    cases! { RULE:
        what_is_set_on_the_command_line_passes: gunicorn(TUNED) => "Pass",
        also_below_an_init: gunicorn(TUNED).status(&[("Name", "tini")]).command("tini\n--\ngunicorn\n…\n") => "Pass",
        as_a_module_of_python_too: gunicorn("")
            .command("python3\n-m\ngunicorn\n--timeout=60\n--keep-alive\n5\n--workers=3\n") => "Pass",
        what_is_set_in_its_variable_passes: with(gunicorn("…\n"), IN_VARIABLE) => "Pass",
        the_number_of_workers_has_a_variable_of_its_own:
            with(gunicorn("-t\n60\n--keep-alive\n5\n"), "WEB_CONCURRENCY=3") => "Pass",
        nothing_set_fails: gunicorn("…\n") => "Fail",
        one_that_is_missing_fails: gunicorn("--timeout\n60\n-w\n3\n") => "Fail",
        a_policy_may_ask_for_less: gunicorn("--timeout\n60\n").set("demands", &["timeout"]) => "Pass",
        or_for_nothing: gunicorn("…\n").set("demands", &[]) => "NotApplicable",
        a_timeout_that_is_switched_off_fails: gunicorn("-t0\n--keep-alive\n5\n-w3\n") => "Fail",
        without_a_worker_it_fails: gunicorn("-t60\n--keep-alive\n5\n-w0\n") => "Fail",
        also_by_the_variable:
            with(gunicorn("-t60\n--keep-alive\n5\n"), "WEB_CONCURRENCY=0") => "Fail",
        the_command_line_outranks_the_variable: with(gunicorn("-t0\n"), IN_VARIABLE) => "Fail",
        the_last_of_two_options_counts: gunicorn(&format!("-t0\n{TUNED}")) => "Pass",
        what_a_file_may_set_is_unknown: gunicorn("-c\n…\n") => "Unknown",
        a_file_may_be_named_in_the_variable:
            with(gunicorn("…\n"), "GUNICORN_CMD_ARGS=--config=/app/conf.py") => "Unknown",
        what_the_command_line_says_outranks_the_file: gunicorn(&format!("-c\n…\n{TUNED}")) => "Pass",
        a_worker_by_its_variable_is_one_whatever_the_file_says: with(
            gunicorn("-c\n…\n-t60\n--keep-alive\n5\n"), "WEB_CONCURRENCY=3") => "Pass",
        but_none_may_be_some: with(
            gunicorn("-c\n…\n-t60\n--keep-alive\n5\n"), "WEB_CONCURRENCY=0") => "Unknown",
        a_file_does_not_mend_what_the_command_line_says: gunicorn("-c\n…\n-t0\n") => "Fail",
        a_file_that_is_read_unasked_may_set_it:
            gunicorn("…\n").file("/app/gunicorn.conf.py", 0o644, (0, 0)) => "Unknown",
        it_may_be_where_nobody_could_look: gunicorn("…\n").unread_below("/app") => "Unknown",
        and_where_nobody_looked: container().command("gunicorn\n…\n") => "Unknown",
        what_is_no_number_is_unknown: gunicorn(&format!("{TUNED}-t\n…\n")) => "Unknown",
        nor_is_it_in_the_variable: with(gunicorn("-t60\n--keep-alive\n5\n"), "WEB_CONCURRENCY=x") => "Unknown",
        a_title_over_its_command_line_hides_it:
            gunicorn("").status(&[("Name", "gunicorn: maste")]).command("…\n") => "Unknown",
        an_environment_that_nobody_read_may_set_it: gunicorn("…\n").denied("environ") => "Unknown",
        but_nothing_that_the_command_line_says: gunicorn(TUNED).denied("environ") => "Pass",
        another_program_is_not_meant: container() => "NotApplicable",
        nor_is_an_init_that_is_told_of_it: container().command("tini\n--\ngunicorn\n…\n") => "NotApplicable",
        a_command_that_nobody_read_may_be_it: container().denied("cmdline") => "Unknown",
        two_of_them_are_both_asked: gunicorn(TUNED)
            .add_process(102, &[]).kernel("/proc/102/cmdline", "gunicorn\n-t0\n") => "Fail",
        the_kernel_overrules_a_good_declaration: gunicorn("…\n")
            .declares("/Path", json!("gunicorn")).declares("/Args", json!(["-t60", "--keep-alive", "5", "-w3"])) => "Fail",
        the_kernel_overrules_a_bad_declaration: gunicorn(TUNED)
            .declares("/Path", json!("gunicorn")).declares("/Args", json!(["-t0"])) => "Pass",
        a_declaration_convicts_where_the_kernel_is_silent: container().kernel_denied()
            .declares("/Path", json!("gunicorn")).declares("/Args", json!(["-t0"])) => "Fail",
        and_cannot_acquit: container().kernel_denied().declares("/Path", json!("gunicorn"))
            .declares("/Args", json!(["-t60", "--keep-alive", "5", "-w3"])) => "Unknown",
        a_service_that_sets_it_passes:
            starts(&["gunicorn", "--timeout", "60", "--keep-alive", "5", "--workers", "3", "…"]) => "Pass",
        also_behind_an_init_in_a_script: starts(&[
            "dumb-init", "--", "sh", "-c", "cd … && exec gunicorn -t60 --keep-alive=5 --workers 3 …",
        ]) => "Pass",
        a_number_that_its_shell_has_is_unknown:
            starts(&["sh", "-c", "exec gunicorn -t60 --keep-alive=5 --workers … …"]) => "Unknown",
        a_services_variable_counts: starts(&["gunicorn", "…"]).sets(&[IN_VARIABLE]) => "Pass",
        a_service_that_leaves_it_open_is_unknown: starts(&["gunicorn", "…"]) => "Unknown",
        a_service_that_switches_the_timeout_off_fails: starts(&["gunicorn", "--timeout", "0"]) => "Fail",
        what_its_image_sets_may_do: starts(&["gunicorn", "…"]).without_the_image() => "Unknown",
        a_service_that_starts_something_else_is_not_meant: service() => "NotApplicable",
        a_services_number_that_nobody_set_is_unknown: starts(&["gunicorn", "--timeout", "x"])
            .unset("/Args/1", "TIMEOUT") => "Unknown",
        a_dockerfile_that_sets_it_passes:
            built("ENTRYPOINT [\"gunicorn\"]\nCMD [\"-t60\", \"--keep-alive\", \"5\", \"-w3\", \"app:app\"]") => "Pass",
        a_dockerfile_that_does_not_fails: built("CMD [\"gunicorn\", \"app:app\"]") => "Fail",
        unless_the_build_is_given_a_file: built("CMD [\"gunicorn\", \"app:app\"]")
            .given(&["Dockerfile", "src/gunicorn.conf.py"], None) => "Unknown",
        or_may_be: built("CMD [\"gunicorn\", \"app:app\"]").given_in_part(&["Dockerfile"], None) => "Unknown",
        or_makes_one: built("COPY <<EOF gunicorn.conf.py\nworkers = 3\nEOF\nCMD [\"gunicorn\", \"app:app\"]") => "Unknown",
        or_is_of_files_from_elsewhere: dockerfile("FROM scratch\nCMD [\"gunicorn\", \"app:app\"]\n") => "Unknown",
        in_the_shell_form_a_variable_may_say_it: built("CMD gunicorn --bind 0.0.0.0:$PORT app:app") => "Unknown",
        what_the_shell_form_says_passes:
            built("CMD exec gunicorn --bind :$PORT --timeout 60 --keep-alive 5 --workers 3 app:app") => "Pass",
        what_its_base_sets_may_do:
            dockerfile("FROM a\nCOPY . .\nENTRYPOINT [\"gunicorn\"]\nCMD [\"app:app\"]\n") => "Unknown",
        what_stands_before_it_in_its_base_runs_it:
            dockerfile("FROM a\nCMD [\"gunicorn\", \"-t60\", \"--keep-alive\", \"5\", \"-w3\"]\n") => "Pass",
        or_another_program: dockerfile("FROM a\nCMD [\"node\", \"server.js\"]\n") => "NotApplicable",
        a_base_may_start_gunicorn_by_itself: dockerfile("FROM a\n") => "Unknown",
        or_with_what_the_dockerfile_adds: dockerfile("FROM a\nCMD [\"app:app\"]\n") => "Unknown",
    }

    #[test]
    fn of_a_master_and_its_workers_the_master_is_told() {
        let Verdict::Pass(proof) = gunicorn(TUNED).judge(&RULE) else { panic!("it passes") };
        assert!(proof.statements().iter().all(|it| it.starts_with("process 100 ")), "{proof:?}");
    }
}
