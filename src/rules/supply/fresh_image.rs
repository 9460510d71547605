//! See [`RULE`].

use std::time::Duration;

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// The image was built lately, and upon a base that was.
    ///
    /// The base's age is that of the oldest dated step of the image's history. Builders that
    /// make every build alike write no date, or the year 1970: then nothing can be told.
    ///
    /// ## Why it matters
    /// What an image brings along is mended only by building it again upon a newer base. After
    /// some months every system has faults that the whole world knows.
    ///
    /// ## How to fix
    /// Dockerfile: `FROM debian:12.8-slim`, a base that is still maintained, and a build every week
    /// compose: `docker compose build --pull`
    /// run: `docker build --pull --no-cache .`
    pub static RULE = {
        id: "fresh-image",
        title: "the image and its base were built lately",
        severity: Severity::Low,
        targets: [Image],
        references: &["CIS Docker 1.6: 4.4"],
        parameters: &[
            Parameter {
                name: "days",
                about: "How many days old an image may be",
                shape: Shape::One,
                default: &["90"],
                check: settings::is_number,
            },
            Parameter {
                name: "base-days",
                about: "How many days old what it is built upon may be",
                shape: Shape::One,
                default: &["180"],
                check: settings::is_number,
            },
        ],
        judge: judge,
    }
}

const DAY: u64 = 24 * 3600;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let days = |age: Duration| age.as_secs() / DAY;
    let over = |name: &str, age: Duration| {
        settings.number::<u64>(name).is_some_and(|most| days(age) > most)
    };
    facts.supply.age.judge(|age| {
        if over("days", age.own) {
            return Check::broken(format!("it was built {} days ago", days(age.own)));
        }
        match age.oldest.filter(|it| over("base-days", *it)) {
            Some(oldest) => Check::broken(format!(
                "it was built {} days ago upon a base that is {} days old",
                days(age.own),
                days(oldest)
            )),
            None => Check::holds(format!("it was built {} days ago", days(age.own))),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, shipped};
    use serde_json::json;

    cases! { RULE:
        an_image_of_last_week_passes: shipped() => "Pass",
        an_old_one_fails: shipped().says("/Created", json!("2025-06-01T00:00:00Z")) => "Fail",
        a_new_one_upon_an_old_base_fails: shipped().made_by("ADD x /", "2024-01-01T00:00:00Z") => "Fail",
        the_policy_says_what_is_old:
            shipped().says("/Created", json!("2025-06-01T00:00:00Z")).set("days", &["400"]) => "Pass",
        steps_without_a_date_say_nothing: shipped().made_by("ADD x /", "1970-01-01T00:00:00Z") => "Pass",
        without_a_history_its_own_date_counts: shipped().without_history() => "Pass",
        the_year_1970_is_no_date: shipped().says("/Created", json!("1970-01-01T00:00:00Z")) => "Unknown",
        no_date_is_unknown: shipped().says("/Created", json!(null)) => "Unknown",
        a_date_to_come_is_unknown: shipped().says("/Created", json!("2027-01-01T00:00:00Z")) => "Unknown",
    }
}
