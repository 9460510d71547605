//! An engine that is not one: it answers from a script and remembers every
//! request, byte by byte.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};

/// What a fake engine does when it is asked for a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// This status and body.
    Body(u16, Vec<u8>),
    /// A header that promises a body, then blanks without end.
    Endless,
    /// A header that promises a body, then one byte and silence.
    Stalled,
    /// Something that is not HTTP.
    Garbage,
}

/// A listening socket with a script.
pub(crate) struct FakeEngine {
    _folder: tempfile::TempDir,
    pub(crate) socket: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeEngine {
    /// An engine with these answers; what is not in the script gets a 404.
    pub(crate) fn start(script: BTreeMap<String, Answer>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, log) = (script.clone(), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, &script, &log));
            }
        });
        Self { _folder: folder, socket, requests }
    }

    /// An ordinary engine that speaks up to this API version.
    pub(crate) fn ordinary(version: &str, containers: &[(&str, Value)]) -> Self {
        Self::start(script(version, containers))
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

fn serve(mut stream: UnixStream, script: &BTreeMap<String, Answer>, log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(line);
    let path = target.split('?').next().unwrap_or_default();
    // The script knows paths without their version.
    let bare = match path.strip_prefix("/v1.") {
        Some(rest) => rest.split_once('/').map_or("/", |(_, rest)| rest),
        None => path.trim_start_matches('/'),
    };
    let missing = Answer::Body(404, br#"{"message":"no such thing"}"#.to_vec());
    let _ = match script.get(bare).unwrap_or(&missing) {
        Answer::Body(status, body) => {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body))
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n[");
            while stream.write_all(&[b' '; 65536]).is_ok() {}
            Ok(())
        }
        Answer::Stalled => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n[");
            // Holds the line open until the other side gives up.
            stream.read(&mut byte).map(|_| ())
        }
        Answer::Garbage => stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n"),
    };
}

/// The script of an ordinary engine with these containers, by name.
pub(crate) fn script(version: &str, containers: &[(&str, Value)]) -> BTreeMap<String, Answer> {
    let mut script = BTreeMap::new();
    let mut put = |path: String, value: &Value| {
        script.insert(path, Answer::Body(200, value.to_string().into_bytes()));
    };
    put("version".into(), &json!({"ApiVersion": version, "MinAPIVersion": "1.12"}));
    put(
        "info".into(),
        &json!({"ServerVersion": "1.2.3", "KernelVersion": kernel(),
                "SecurityOptions": ["name=seccomp,profile=default"]}),
    );
    put(
        "networks".into(),
        &json!([{"Name": "bridge", "Id": "b".repeat(64), "Driver": "bridge", "Internal": false,
                 "Options": {"com.docker.network.bridge.default_bridge": "true"}}]),
    );
    let mut list = Vec::new();
    for (index, (name, inspect)) in containers.iter().enumerate() {
        let id = format!("{index:064x}");
        list.push(
            json!({"Id": id, "Names": [format!("/{name}")], "Image": "img", "State": "running"}),
        );
        put(format!("containers/{id}/json"), inspect);
        if let Some(image) = inspect.get("Image").and_then(Value::as_str) {
            put(format!("images/{image}/json"), &json!({"Id": image, "Config": null}));
        }
    }
    put("containers/json".into(), &Value::Array(list));
    script
}

/// What an engine says of a container that runs as nobody here: its process
/// number is one that no process can have.
pub(crate) fn inspect(image: char) -> Value {
    let image = format!("sha256:{}", image.to_string().repeat(64));
    json!({
        "State": {"Status": "running", "Pid": 4_294_967_295_u32}, "Image": image,
        "Config": {"User": "1000", "Env": null, "Healthcheck": null},
        "HostConfig": {"Privileged": false, "CapAdd": null, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"], "ReadonlyRootfs": true},
        "Mounts": [],
    })
}

/// This machine's kernel, as an engine on it would name it.
pub(crate) fn kernel() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap().trim().to_owned()
}

/// Runs the program in an environment that names no engine of this machine.
///
/// Whatever it prints as JSON must fit the committed schema, in every test.
pub(crate) fn secaudit(arguments: &[&str]) -> Output {
    let output = command(arguments).output().unwrap();
    if arguments.contains(&"json") && !output.stdout.is_empty() {
        let report = serde_json::from_slice(&output.stdout).unwrap();
        if let Err(error) = schema().validate(&report) {
            panic!("{arguments:?}: {error}");
        }
    }
    output
}

/// The committed schema of the scorecard.
pub(crate) fn schema() -> &'static jsonschema::Validator {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/scorecard.schema.json");
        let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    &SCHEMA
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secaudit"));
    command.args(arguments);
    for variable in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "NO_COLOR", "COLUMNS"] {
        command.env_remove(variable);
    }
    command.env("HOME", "/nonexistent");
    // The client library would log whole bodies, secrets and all, if it were let.
    command.env("RUST_LOG", "trace");
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
