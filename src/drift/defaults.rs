//! What files leave to the engine, as the engine that runs them does it.

use std::sync::Arc;

use serde_json::Value;

use crate::model::bundle::{Answer, Bundle, Observation};
use crate::model::draft::Draft;
use crate::model::source::Source;

const CGROUP: &str = "/HostConfig/CgroupnsMode";
const LOG: &str = "/HostConfig/LogConfig/Type";

/// Completes what files ask for with what the engine that was asked about the
/// running containers does by itself (`GET /info`): nobody can say of a container
/// that it has drifted from what no file says.
pub fn complete(files: &mut Bundle, running: &Bundle) {
    let Ok(info) = running.json(&Source::engine_info()) else { return };
    for observation in files.observations.values_mut() {
        if let Observation::Answer(Answer::Draft(draft)) = observation {
            fill(Arc::make_mut(draft), info);
        }
    }
    files.record(Source::engine_info(), Ok(Answer::Json(info.clone())));
}

fn fill(draft: &mut Draft, info: &Value) {
    // dockerd lists `name=cgroupns` where its default is a private namespace.
    let options = info.get("SecurityOptions").and_then(Value::as_array).into_iter().flatten();
    let is_private = options.filter_map(Value::as_str).any(|it| it == "name=cgroupns");
    let of_cgroups = if is_private { "private" } else { "host" };
    let driver = info.get("LoggingDriver").and_then(Value::as_str);
    for (pointer, default) in [(CGROUP, Some(of_cgroups)), (LOG, driver)] {
        if draft.origins.contains_key(pointer) {
            continue;
        }
        if let (Some(value), Some(default)) = (draft.document.pointer_mut(pointer), default) {
            *value = default.into();
        }
    }
}
