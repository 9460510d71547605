//! A service with everything in order, as its compose file would have it created.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Case;
use crate::collect::redact;
use crate::model::bundle::{Answer, Bundle, Observation, Origin};
use crate::model::demand::FilePolicy;
use crate::model::draft::{self, Draft, Idle, Written};
use crate::model::files::{self, Listing};
use crate::model::kept::{Ignore, Repository};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};

/// The service that is judged.
const WEB: &str = "compose.yaml#web";

/// What its file writes, one key a line. What is not here is a default.
fn hardened() -> Vec<(&'static str, Value)> {
    vec![
        ("/Config/User", json!("1000:1000")),
        ("/Config/Healthcheck/Test", json!(["CMD", "/bin/app", "--check"])),
        ("/Config/Healthcheck/Interval", json!(30_000_000_000_u64)),
        ("/Config/Env", json!([])),
        ("/Path", json!("/bin/app")),
        ("/Args", json!(["…"])),
        ("/HostConfig/CapDrop", json!(["ALL"])),
        ("/HostConfig/SecurityOpt", json!(["no-new-privileges:true"])),
        ("/HostConfig/ReadonlyRootfs", json!(true)),
        ("/HostConfig/Tmpfs", json!({"/tmp": "size=16m"})),
        ("/HostConfig/Memory", json!(67_108_864)),
        ("/HostConfig/PidsLimit", json!(100)),
        ("/HostConfig/NanoCpus", json!(500_000_000)),
        ("/HostConfig/Init", json!(true)),
        ("/HostConfig/LogConfig", json!({"Type": "local", "Config": {}})),
        ("/HostConfig/RestartPolicy", json!({"Name": "on-failure", "MaximumRetryCount": 5})),
        (
            "/NetworkSettings/Ports",
            json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}),
        ),
    ]
}

/// What nobody wrote, as the engine's documentation has it.
fn defaults() -> Value {
    json!({
        "Config": {"Healthcheck": {}, "Labels": {"com.docker.compose.service": "web"}},
        "HostConfig": {
            "Privileged": false, "CapAdd": null, "CapDrop": null, "NetworkMode": "shop_default",
            "IpcMode": "private", "CgroupnsMode": "private", "PidMode": "", "UTSMode": "",
            "UsernsMode": "",
        },
        "Mounts": [], "AppArmorProfile": "",
        "NetworkSettings": {"Networks": {"shop_default": {"NetworkID": ""}}},
    })
}

/// A service with everything in order.
pub(in crate::rules) fn service() -> Case {
    let mut case = Case {
        bundle: Bundle::new(Origin::Compose),
        settings: Vec::new(),
        tree: Vec::new(),
        unread: Vec::new(),
        policy: FilePolicy::default(),
        sought: Vec::new(),
    };
    let networks = json!([
        {"Name": "shop_default", "Id": "", "Driver": "bridge", "Internal": false, "Options": {}},
        {"Name": "bridge", "Id": "", "Driver": "bridge", "Internal": false, "Options": {}},
        {"Name": "none", "Id": "", "Driver": "null", "Internal": false, "Options": {}},
    ]);
    case.put(Source::networks(), Answer::Json(networks));
    case.put(Source::Clock, Answer::Text("2026-01-01T12:00:00Z".into()));
    case.add_service("web", WEB);
    hardened().into_iter().fold(case, |case, (pointer, value)| case.writes(pointer, value))
}

/// One of the service's keys and where it stands.
fn origin(pointer: &str, line: usize) -> Arc<draft::Origin> {
    let at = Written {
        file: "compose.yaml".into(),
        line: line.try_into().unwrap(),
        column: 5,
        length: 1,
        excerpt: format!("    {pointer}:").into(),
    };
    Arc::new(draft::Origin { key: pointer.into(), at, overrode: None })
}

impl Case {
    fn add_service(&mut self, name: &str, id: &str) {
        self.bundle.add_target(Target {
            kind: Kind::Service,
            id: id.to_owned(),
            name: name.into(),
            image: Some("shop/web:1.0".into()),
        });
        let origins = [(String::new(), origin("services.web", 2))].into();
        let draft = Draft { document: defaults(), origins, ..Draft::default() };
        self.put(Source::Compose(id.into()), Answer::Draft(draft.into()));
    }

    fn draft(&mut self, id: &str) -> &mut Draft {
        match self.bundle.observations.get_mut(&Source::Compose(id.into())) {
            Some(Observation::Answer(Answer::Draft(draft))) => Arc::make_mut(draft),
            _ => panic!("the case is a service"),
        }
    }

    /// The file says this.
    pub(in crate::rules) fn writes(mut self, pointer: &str, value: Value) -> Self {
        write(self.draft(WEB), pointer, value);
        self
    }

    /// Another service of the project says this.
    pub(in crate::rules) fn other_writes(
        mut self,
        name: &str,
        pointer: &str,
        value: Value,
    ) -> Self {
        let id = format!("compose.yaml#{name}");
        if !self.bundle.targets.iter().any(|target| target.id == id) {
            self.add_service(name, &id);
        }
        write(self.draft(&id), pointer, value);
        self
    }

    /// The file sets these variables, as `NAME=value`.
    pub(in crate::rules) fn sets(self, variables: &[&str]) -> Self {
        let sealed: Vec<Value> = variables.iter().map(|it| json!(redact::variable(it))).collect();
        self.writes("/Config/Env", sealed.into())
    }

    /// The file has a hook of these fields executed.
    pub(in crate::rules) fn hooks(self, hook: &Value) -> Self {
        let mut case = self.writes("/Hooks", json!([hook]));
        for field in hook.as_object().into_iter().flat_map(|it| it.keys()) {
            let pointer = format!("/Hooks/0/{field}");
            case.draft(WEB).origins.insert(pointer.clone(), origin(&pointer, 50));
        }
        case
    }

    /// The file does not say this.
    pub(in crate::rules) fn leaves_out(self, pointer: &str) -> Self {
        let mut case = self.writes(pointer, Value::Null);
        case.draft(WEB).origins.retain(|key, _| !key.starts_with(pointer));
        case
    }

    /// The file leaves this to a variable that is not set.
    pub(in crate::rules) fn unset(mut self, pointer: &str, variable: &str) -> Self {
        let gap = Gap::new(
            Reason::Unset,
            Source::Compose(WEB.into()),
            format!("the variable {variable} is not set"),
        );
        self.draft(WEB).gaps.insert(pointer.to_owned(), gap);
        self
    }

    /// The file has a key that does nothing.
    pub(in crate::rules) fn idles(mut self, key: &str) -> Self {
        let what = format!("{key} is no key of compose");
        let origin = origin(key, 99);
        let instead = "write read_only: true".to_owned();
        self.draft(WEB).idle.push(Idle { origin, what, instead });
        self
    }

    /// Compose reads an environment file of this mode.
    pub(in crate::rules) fn reads(mut self, name: &str, mode: u32) -> Self {
        let mut file = super::files::socket(name, (8, 1), 1);
        (file.kind, file.mode) = (files::Kind::File, mode);
        let listing = Listing { files: vec![file], unread: vec![] };
        self.put(Source::Disk(name.into()), Answer::Files(listing));
        self.names_a_file(name)
    }

    /// Compose reads an environment file that nobody could look at.
    pub(in crate::rules) fn reads_untold(mut self, name: &str) -> Self {
        let sources = [Source::Disk(name.into()), Source::Git(name.into())];
        for source in sources {
            let gap = Gap::new(Reason::Denied, source.clone(), "its folder was refused");
            self.bundle.record(source, Err(gap));
        }
        self.names_a_file(name)
    }

    fn names_a_file(self, name: &str) -> Self {
        let known = self.bundle.draft(&Source::Compose(WEB.into())).unwrap();
        let known = known.value("/EnvFiles").and_then(Value::as_array).cloned();
        let all: Vec<Value> = known.into_iter().flatten().chain([json!({"File": name})]).collect();
        self.writes("/EnvFiles", all.into())
    }

    /// The file lies in a repository that tracks it or not, and has these files that say
    /// what is left alone, each in its folder.
    pub(in crate::rules) fn in_git(
        mut self,
        name: &str,
        is_tracked: bool,
        ignores: &[(&str, &str)],
    ) -> Self {
        let ignore =
            |&(folder, text): &(&str, &str)| Ignore { folder: folder.into(), text: text.into() };
        let ignores = ignores.iter().map(ignore).collect();
        let repository = Repository { path: name.into(), is_tracked, ignores };
        self.put(Source::Git(name.into()), Answer::Repository(repository.into()));
        self
    }

    /// The file lies in no repository.
    pub(in crate::rules) fn in_no_repository(mut self, name: &str) -> Self {
        self.put(Source::Git(name.into()), Answer::Nothing);
        self
    }

    /// Nobody has the image: what it decides and the file does not is not known.
    pub(in crate::rules) fn without_the_image(mut self) -> Self {
        let source = Source::image("shop/web:1.0");
        let draft = self.draft(WEB);
        for pointer in ["/Config/User", "/Config/Healthcheck", "/Config/Env", "/Path", "/Args"] {
            let gap = Gap::new(Reason::NotCollected, source.clone(), "nobody has the image");
            if pointer == "/Config/Env" || !draft.origins.keys().any(|it| it.starts_with(pointer)) {
                draft.gaps.insert(pointer.to_owned(), gap);
            }
        }
        self
    }

    /// The project's network is made otherwise.
    pub(in crate::rules) fn project_network(mut self, network: &Value) -> Self {
        self.put(Source::networks(), Answer::Json(json!([network])));
        self
    }
}

fn write(draft: &mut Draft, pointer: &str, value: Value) {
    let line = draft.origins.len() + 2;
    let mut place = &mut draft.document;
    for name in pointer.split('/').skip(1) {
        if place.is_null() {
            *place = json!({});
        }
        place =
            place.as_object_mut().unwrap().entry(name.replace("~1", "/")).or_insert(Value::Null);
    }
    let items: Vec<String> = match &value {
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        Value::Object(fields) => fields.keys().map(|name| name.replace('/', "~1")).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    *place = value;
    let items = items.into_iter().map(|item| format!("{pointer}/{item}"));
    for (offset, key) in std::iter::once(pointer.to_owned()).chain(items).enumerate() {
        draft.origins.insert(key.clone(), origin(&key, line + offset));
    }
}
