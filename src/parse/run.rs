//! What an engine creates of an image of which nothing else is said, as by
//! `docker run IMAGE`: its own defaults, and what the image brings along.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::model::draft::{Draft, Shipped};
use crate::model::reading::Gap;

/// What an image decides alone.
const DECIDED: [&str; 6] = ["User", "Entrypoint", "Cmd", "Healthcheck", "StopSignal", "WorkingDir"];

/// What others may add to.
const ADDED: [&str; 4] = ["Env", "Labels", "ExposedPorts", "Volumes"];

/// The container that a bare run of an image would be, in the words in which an
/// engine would describe it.
pub fn bare(id: &str, shipped: &Shipped) -> Draft {
    let mut draft = Draft::default();
    let (mut config, mut image) = (CONFIG.clone(), Json::Null);
    match shipped {
        Shipped::Unknown(gap) => {
            let decided = DECIDED.iter().map(|key| format!("/Config/{key}"));
            let added = ADDED.iter().map(|key| format!("/Config/{key}/-"));
            let all = decided.chain(added).chain(["/Image".to_owned()]);
            draft.gaps = all.map(|pointer| (pointer, gap.clone())).collect();
        }
        Shipped::Known { config: own, origins, gaps, id } => {
            image = id.clone().map_or(Json::Null, Json::from);
            let fields = own.as_object().into_iter().flatten().filter(|(_, it)| !it.is_null());
            config.extend(fields.map(|(key, value)| (key.clone(), value.clone())));
            let here = |(pointer, origin)| (format!("/Config{pointer}"), origin);
            draft.origins = origins.clone().into_iter().map(here).collect();
            draft.gaps = gaps.iter().map(|(pointer, gap)| (placed(pointer), gap.clone())).collect();
        }
    }
    name_the_unknown(&mut config, &draft);
    let volumes = config.get("Volumes").and_then(Json::as_object).into_iter().flatten();
    let mounts = volumes.map(|(point, _)| {
        json!({"Type": "volume", "Name": "", "Source": "", "Destination": point, "RW": true})
    });
    let mounts: Json = mounts.collect();
    let mut host = HOST.clone();
    host.extend(object(json!({
        "NetworkMode": "bridge", "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "json-file", "Config": {}},
    })));
    draft.document = json!({
        "Id": id, "Name": "", "Image": image, "State": *CREATED, "RestartCount": 0,
        "AppArmorProfile": "", "Config": config, "HostConfig": host, "Mounts": mounts,
        "NetworkSettings": {"Ports": {}, "Networks": {"bridge": {"NetworkID": ""}}},
    });
    start(&mut draft);
    draft
}

/// Where a gap of the image's lies: of a list that others add to, at what is to come.
fn placed(pointer: &str) -> String {
    let is_list = pointer.strip_prefix('/').is_some_and(|key| ADDED.contains(&key));
    format!("/Config{pointer}{}", if is_list { "/-" } else { "" })
}

/// A variable whose value cannot be told stands by its name alone, which would
/// be taken for a value without a name.
fn name_the_unknown(config: &mut Map<String, Json>, draft: &Draft) {
    let Some(Json::Array(all)) = config.get_mut("Env") else { return };
    for (variable, place) in all.iter_mut().zip(0_usize..) {
        let is_unknown = draft.gaps.contains_key(&format!("/Config/Env/{place}"));
        if let Some(name) = variable.as_str().filter(|_| is_unknown) {
            let name = name.split('=').next().unwrap_or_default();
            *variable = json!({"name": name});
        }
    }
}

/// `Path` is the first word of entrypoint and command together, `Args` are the others.
fn start(draft: &mut Draft) {
    const PARTS: [&str; 2] = ["/Config/Entrypoint", "/Config/Cmd"];
    let unknown: Option<Gap> = PARTS.iter().find_map(|part| draft.gap(part).cloned());
    let mut words: Vec<(Json, &str)> = Vec::new();
    for part in PARTS.into_iter().filter(|part| draft.gap(part).is_none()) {
        match draft.value(part) {
            Some(Json::Array(all)) => words.extend(all.iter().cloned().map(|word| (word, part))),
            Some(word @ Json::String(_)) => words.push((word.clone(), part)),
            _ => {}
        }
    }
    // Of a command that is known something stands before it where the rest is not.
    let is_open = draft.gap("/Config/Entrypoint").is_some();
    for (place, (_, part)) in words.iter().enumerate() {
        let Some(origin) = draft.origin(part).cloned() else { continue };
        if place == 0 && !is_open {
            draft.origins.insert("/Path".to_owned(), origin);
        } else {
            draft.origins.insert("/Args".to_owned(), origin);
        }
    }
    let mut words = words.into_iter().map(|(word, _)| word);
    let path = if is_open { None } else { words.next() };
    let args: Json = words.collect();
    if let Some(gap) = unknown {
        if path.is_none() {
            draft.gaps.insert("/Path".to_owned(), gap.clone());
        }
        draft.gaps.insert("/Args".to_owned(), gap);
    }
    if let Some(document) = draft.document.as_object_mut() {
        document.insert("Path".to_owned(), path.unwrap_or_else(|| "".into()));
        document.insert("Args".to_owned(), args);
    }
}

/// The times that an engine writes for what never happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A container that was created and not yet started.
pub(super) static CREATED: LazyLock<Json> = LazyLock::new(|| {
    json!({
        "Status": "created", "Running": false, "Paused": false, "Restarting": false,
        "OOMKilled": false, "Dead": false, "Pid": 0, "ExitCode": 0, "Error": "",
        "StartedAt": NEVER, "FinishedAt": NEVER,
    })
});

fn object(value: Json) -> Map<String, Json> {
    if let Json::Object(fields) = value { fields } else { Map::new() }
}

/// What a container's own configuration says where nobody says anything.
pub(super) static CONFIG: LazyLock<Map<String, Json>> =
    LazyLock::new(|| object(json!({"Hostname": "", "Labels": {}, "User": "", "WorkingDir": ""})));

/// What an engine makes of a container of which nothing is asked: Docker 28 on
/// a host with cgroup version 2. What it would write as null says nothing and is
/// left out, as are fields that no question is about.
pub(super) static HOST: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    object(json!({
        "CgroupParent": "", "CgroupnsMode": "private", "CpuPeriod": 0, "CpuQuota": 0,
        "CpuShares": 0, "CpusetCpus": "", "IpcMode": "private", "Memory": 0,
        "MemoryReservation": 0, "MemorySwap": 0, "NanoCpus": 0, "PidMode": "",
        "PortBindings": {}, "Privileged": false, "PublishAllPorts": false,
        "ReadonlyRootfs": false, "Runtime": "runc", "ShmSize": 64 << 20, "UTSMode": "",
        "UsernsMode": "",
    }))
});
