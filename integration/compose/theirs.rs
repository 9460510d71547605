//! The reference prints some things in their short forms; here they become long.

use serde_json::{Map, Value, json};

use super::normal::text;

/// A key of a service, and how its short form becomes a long one.
type Short = (&'static str, fn(&Value) -> Value);

/// Where the reference may have written a short form.
const SHORT: &[Short] = &[
    ("ports", |it| each(it, port)),
    ("volumes", |it| each(it, volume)),
    ("devices", |it| each(it, device)),
    ("ulimits", |it| {
        let limits = it.as_object().into_iter().flatten();
        limits.map(|(name, limit)| (name.clone(), both(limit))).collect()
    }),
    ("extra_hosts", hosts),
    ("volumes_from", |it| each(it, origin)),
    ("build", |it| {
        let mut build = it.clone();
        if let Some(extra) = build.get_mut("extra_hosts") {
            *extra = hosts(extra);
        }
        build
    }),
    ("deploy", |it| {
        let mut deploy = it.clone();
        if let Some(labels) = deploy.get_mut("labels") {
            *labels = pairs(labels, '=');
        }
        deploy
    }),
];

/// The reference's model with nothing but long forms.
pub(crate) fn long(mut model: Value) -> Value {
    let services = model["services"].as_object_mut().into_iter().flatten();
    for (_, service) in services {
        for (key, expand) in SHORT {
            if let Some(value) = service.get_mut(*key) {
                *value = expand(value);
            }
        }
        // It prints octal numbers as decimal ones.
        for key in ["secrets", "configs"] {
            let items = service.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
            for mode in items.filter_map(|item| item.get_mut("mode")) {
                *mode = json!(format!("{:o}", mode.as_u64().expect("a mode is a number")));
            }
        }
    }
    model
}

fn each(list: &Value, expand: fn(&Value) -> Value) -> Value {
    list.as_array().into_iter().flatten().map(expand).collect()
}

/// `[[address]:[published]:]target/protocol`, as it prints ports with an address; the
/// address of version 6 without its brackets.
fn port(port: &Value) -> Value {
    let Some(short) = port.as_str() else { return port.clone() };
    let (numbers, protocol) = short.rsplit_once('/').expect("a port has a protocol");
    let mut parts = numbers.rsplitn(3, ':');
    let [target, published, address] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let mut long = Map::from_iter([
        ("target".to_owned(), json!(target)),
        ("protocol".to_owned(), json!(protocol)),
    ]);
    for (key, value) in [("published", published), ("host_ip", address)] {
        if !value.is_empty() {
            long.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(long)
}

/// `[source:]target[:modes]`, the source already absolute.
fn volume(volume: &Value) -> Value {
    let Some(short) = volume.as_str() else { return volume.clone() };
    let parts: Vec<&str> = short.split(':').collect();
    let (source, target, modes) = match parts.as_slice() {
        [target] => ("", *target, ""),
        [source, target] => (*source, *target, ""),
        [source, target, modes, ..] => (*source, *target, *modes),
        [] => ("", "", ""),
    };
    let kind = if source.starts_with(['/', '~', '.']) { "bind" } else { "volume" };
    let mut long = json!({ "type": kind, "target": target });
    if !source.is_empty() {
        long["source"] = json!(source);
    }
    for mode in modes.split(',') {
        match mode {
            "ro" => long["read_only"] = json!(true),
            "z" | "Z" => long["bind"]["selinux"] = json!(mode),
            "nocopy" => long["volume"]["nocopy"] = json!(true),
            "" | "rw" => {}
            propagation => long["bind"]["propagation"] = json!(propagation),
        }
    }
    long
}

/// `source[:target[:permissions]]`
fn device(device: &Value) -> Value {
    let Some(short) = device.as_str() else { return device.clone() };
    let mut parts = short.splitn(3, ':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or(source);
    json!({ "source": source, "target": target, "permissions": parts.next().unwrap_or("rwm") })
}

/// A limit that is one number is both the soft and the hard one.
fn both(limit: &Value) -> Value {
    if limit.is_object() { limit.clone() } else { json!({ "soft": limit, "hard": limit }) }
}

/// Each host with its addresses, of which the reference knows one.
fn hosts(hosts: &Value) -> Value {
    let hosts = pairs(hosts, ':');
    let hosts = hosts.as_object().into_iter().flatten();
    hosts.map(|(host, address)| (host.clone(), json!([address]))).collect()
}

/// `service:name:mode`, of which the name alone need be written.
fn origin(from: &Value) -> Value {
    let from = text(from).unwrap_or_default();
    let from = from.strip_prefix("service:").unwrap_or(&from);
    json!(from.strip_suffix(":rw").unwrap_or(from))
}

/// A list of pairs as a mapping; what has no value has an empty one.
fn pairs(list: &Value, between: char) -> Value {
    let Some(items) = list.as_array() else { return list.clone() };
    let pair = |item: &Value| {
        let item = text(item).unwrap_or_default();
        let (key, value) = item.split_once(between).unwrap_or((&item, ""));
        (key.to_owned(), json!(value))
    };
    items.iter().map(pair).collect()
}
