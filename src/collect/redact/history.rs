//! An image's history, its values sealed.

use jiff::Timestamp;
use serde_json::Value;

use super::pairs;
use crate::model::layers::Step;
use crate::parse::history;

/// The most steps of one image.
const MOST: usize = 1024;

/// The longest step that is looked at.
const LONGEST: usize = 256 << 10;

/// The history that an image's configuration tells, the oldest step first.
pub(crate) fn of_config(told: &Value) -> Vec<Step> {
    let steps = told.as_array().into_iter().flatten().take(MOST);
    steps.map(|it| step(it.get("created_by"), it.get("created").and_then(Value::as_str))).collect()
}

/// The history that an engine tells, the newest step first.
pub(crate) fn of_engine(told: &Value) -> Vec<Step> {
    let steps = told.as_array().into_iter().flatten().take(MOST);
    let mut steps: Vec<Step> = steps
        .map(|it| {
            let seconds = it.get("Created").and_then(Value::as_i64);
            let created = seconds.and_then(|it| Timestamp::from_second(it).ok());
            step(it.get("CreatedBy"), created.map(|it| it.to_string()).as_deref())
        })
        .collect();
    steps.reverse();
    steps
}

fn step(created_by: Option<&Value>, created: Option<&str>) -> Step {
    let text = created_by.and_then(Value::as_str).unwrap_or_default();
    let is_short = text.len() <= LONGEST;
    let step = history::step(if is_short { text } else { "" });
    let found = step.given.len();
    let (variables, is_cut) = pairs(step.given);
    let is_time = |it: &&str| it.len() <= 40 && it.parse::<Timestamp>().is_ok();
    // Both ways tell of whole seconds, so that both give one answer.
    let whole = |it: &str| {
        let time: Timestamp = it.parse().ok()?;
        Timestamp::from_second(time.as_second()).ok().map(|it| it.to_string())
    };
    Step {
        instruction: step.instruction.into(),
        created: created.filter(is_time).and_then(whole).map(Into::into),
        variables,
        more: if is_cut { found } else { usize::from(!is_short) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_engine_and_a_configuration_tell_the_same_history() {
        let config = json!([
            {"created": "2026-01-02T03:04:05.678Z", "created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
            {"created": "2026-01-02T03:04:06Z", "created_by": "ENV DB_PASSWORD=kW7vPq29sLx"},
        ]);
        let engine = json!([
            {"Created": 1_767_323_046, "CreatedBy": "ENV DB_PASSWORD=kW7vPq29sLx"},
            {"Created": 1_767_323_045, "CreatedBy": "/bin/sh -c #(nop) ADD file:1 in / "},
        ]);
        let steps = of_config(&config);
        assert_eq!(steps, of_engine(&engine));
        assert_eq!(steps[0].created.as_ref().unwrap().raw(), "2026-01-02T03:04:05Z");
        assert_eq!(steps[1].variables[0].name.raw(), "DB_PASSWORD");
        assert!(!format!("{steps:?}").contains("kW7v"));
    }

    #[test]
    fn what_is_no_history_is_empty_and_what_is_too_long_is_said() {
        assert_eq!(of_engine(&json!({"x": 1})), []);
        let long = json!([{"created_by": "x".repeat(LONGEST + 1), "created": "never"}]);
        let steps = of_config(&long);
        assert_eq!((steps[0].more, &steps[0].created), (1, &None));
    }
}
