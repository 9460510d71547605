//! The tests' own client of an engine: it can write, unlike the product's.

use std::io::Read;
use std::path::Path;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, ContainerUpdateBody, NetworkCreateRequest};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateContainerOptionsBuilder, CreateImageOptionsBuilder,
    ImportImageOptions, InspectContainerOptions, KillContainerOptions,
    ListContainersOptionsBuilder, ListImagesOptions, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptionsBuilder, RemoveVolumeOptions, StartContainerOptions, WaitContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, body_full, body_try_stream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::run;
use crate::testimony::Testimony;
use crate::wait;
use crate::witness::WITNESS;

#[expect(clippy::disallowed_types, reason = "the tests start and remove containers")]
type Docker = bollard::Docker;

/// The label of everything that the tests make: the run that made it.
pub(crate) const LABEL: &str = "secaudit-live";

/// An engine, on a runtime of its own.
pub(crate) struct Engine {
    runtime: Runtime,
    docker: Docker,
    /// As `--host` takes it.
    pub(crate) address: String,
}

type Answer<T> = Result<T, bollard::errors::Error>;

impl Engine {
    /// Connects to the engine behind a socket, or says why it cannot.
    pub(crate) fn connect(socket: &Path) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let path = socket.to_string_lossy();
        let docker = Docker::connect_with_unix(&path, 120, API_DEFAULT_VERSION)
            .map_err(|error| format!("no engine at {path}: {error}"))?;
        let docker = runtime
            .block_on(docker.negotiate_version())
            .map_err(|error| format!("no engine at {path}: {error}"))?;
        let address = format!("unix://{path}");
        Ok(Self { runtime, docker, address })
    }

    fn block<T>(&self, what: &str, future: impl Future<Output = Answer<T>>) -> T {
        self.runtime.block_on(future).unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Imports a tar archive, read as it is sent, as an image; without a change,
    /// a line as in a Dockerfile, it has no configuration at all.
    pub(crate) fn import(
        &self,
        mut tar: impl Read + Send + 'static,
        tag: &str,
        change: Option<&str>,
    ) {
        let pieces = std::iter::from_fn(move || {
            let mut piece = Vec::new();
            match tar.by_ref().take(1 << 20).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(piece.into())),
                Err(error) => Some(Err(error)),
            }
        });
        let body = body_try_stream(futures_util::stream::iter(pieces));
        // Podman takes the tag only as a part of the name.
        let mut options = CreateImageOptionsBuilder::new().from_src("-").repo(&image(tag));
        if let Some(change) = change {
            options = options.changes(vec![change.to_owned()]);
        }
        let options = options.build();
        let progress = self.docker.create_image(Some(options), Some(body), None);
        self.block("import the image", progress.try_collect::<Vec<_>>());
    }

    /// Takes in an image as `docker save` writes it.
    pub(crate) fn load(&self, saved: Vec<u8>) {
        let options = ImportImageOptions::default();
        let progress = self.docker.import_image(options, body_full(saved.into()), None);
        self.block("load the image", progress.try_collect::<Vec<_>>());
    }

    /// Builds an image from a Dockerfile alone, as `docker build -` does.
    pub(crate) fn build(&self, dockerfile: &str, tag: &str) {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(dockerfile.len() as u64);
        tar.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).expect("it fits");
        let tar = tar.into_inner().expect("an archive can be written to memory");
        let options = BuildImageOptionsBuilder::new().t(&image(tag)).build();
        let progress = self.docker.build_image(options, None, Some(body_full(tar.into())));
        let said = self.block("build the image", progress.try_collect::<Vec<_>>());
        let failed = said.iter().find(|it| it.error_detail.is_some());
        assert!(failed.is_none(), "{failed:?}");
    }

    /// Starts a container of this run; `config` is the engine's own document.
    pub(crate) fn start(&self, name: &str, config: &Value) -> Container<'_> {
        let name = format!("{LABEL}-{}-{name}", run::id());
        let mut config = config.clone();
        if config["Labels"].is_null() {
            config["Labels"] = serde_json::json!({});
        }
        config["Labels"][LABEL] = run::id().into();
        if config["Image"].is_null() {
            config["Image"] = image(&run::id()).into();
        }
        let config: ContainerCreateBody =
            serde_json::from_value(config).expect("a case's configuration fits the API");
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let made = self.block(&name, self.docker.create_container(Some(options), config));
        let container = Container { engine: self, id: made.id, name };
        // Engines beside each other choose the same ports of the host; who comes second is
        // told so, and chooses another when it is asked again.
        let start = || {
            let options = None::<StartContainerOptions>;
            self.runtime.block_on(self.docker.start_container(&container.id, options))
        };
        let is_taken = |it: &Answer<()>| {
            it.as_ref().is_err_and(|error| error.to_string().contains("address already in use"))
        };
        let started = std::iter::repeat_with(start).take(5).find(|it| !is_taken(it));
        let started = started.unwrap_or_else(start);
        self.block(&container.name, std::future::ready(started));
        container
    }

    /// Makes a network of this run; `config` is the engine's own document.
    pub(crate) fn network(&self, name: &str, config: &Value) -> Network<'_> {
        let name = format!("{LABEL}-{}-{name}", run::id());
        let mut config = config.clone();
        config["Name"] = name.as_str().into();
        config["Labels"] = serde_json::json!({ LABEL: run::id() });
        let config: NetworkCreateRequest =
            serde_json::from_value(config).expect("a case's network fits the API");
        self.block(&name, self.docker.create_network(config));
        Network { engine: self, name }
    }

    /// Removes the containers, volumes, networks and images that `doomed` says of their runs.
    pub(crate) fn clean(&self, doomed: impl Fn(&str) -> bool) {
        let filters = std::collections::HashMap::from([("label", vec![LABEL])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.runtime.block_on(self.docker.list_containers(Some(options)));
        for container in containers.unwrap_or_default() {
            let run = container.labels.as_ref().and_then(|labels| labels.get(LABEL));
            if let (Some(id), true) = (&container.id, run.is_some_and(|run| doomed(run))) {
                self.remove(id);
            }
        }
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = self.runtime.block_on(self.docker.list_volumes(Some(options)));
        for volume in volumes.ok().and_then(|it| it.volumes).unwrap_or_default() {
            if volume.labels.get(LABEL).is_some_and(|run| doomed(run)) {
                // What another run removed meanwhile is removed.
                let removal = self.docker.remove_volume(&volume.name, None::<RemoveVolumeOptions>);
                let _ = self.runtime.block_on(removal);
            }
        }
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let networks = self.runtime.block_on(self.docker.list_networks(Some(options)));
        for network in networks.unwrap_or_default() {
            let run = network.labels.as_ref().and_then(|labels| labels.get(LABEL));
            if let (Some(id), true) = (&network.id, run.is_some_and(|run| doomed(run))) {
                self.remove_network(id);
            }
        }
        let images = self.runtime.block_on(self.docker.list_images(None::<ListImagesOptions>));
        for tag in images.unwrap_or_default().iter().flat_map(|image| &image.repo_tags) {
            let run = |tag: &str| tag.split('.').next().is_some_and(&doomed);
            if tag.rsplit_once(':').is_some_and(|(name, tag)| name == IMAGE && run(tag)) {
                let options = RemoveImageOptionsBuilder::new().force(true).build();
                let removal = self.docker.remove_image(tag, Some(options), None);
                // What another run removed meanwhile is removed.
                let _ = self.runtime.block_on(removal);
            }
        }
    }

    /// Kills a container's first process; it stays as a stopped container.
    pub(crate) fn kill(&self, id: &str) {
        self.block("kill", self.docker.kill_container(id, None::<KillContainerOptions>));
    }

    /// Waits until the engine has noticed that a container stopped.
    pub(crate) fn wait(&self, id: &str) {
        let wait = self.docker.wait_container(id, None::<WaitContainerOptions>);
        // Its exit code is the signal's, which the client takes for an error.
        let _ = self.runtime.block_on(wait.collect::<Vec<_>>());
    }

    /// Starts a stopped container again.
    pub(crate) fn restart(&self, id: &str) {
        self.block("start", self.docker.start_container(id, None::<StartContainerOptions>));
    }

    fn remove_network(&self, id: &str) {
        // It may have been removed already, and there is nobody left to tell.
        let _ = self.runtime.block_on(self.docker.remove_network(id));
    }

    fn remove(&self, id: &str) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        // It may have been removed already, and there is nobody left to tell.
        let _ = self.runtime.block_on(self.docker.remove_container(id, Some(options)));
    }
}

/// A volume of this run with a name of its own, for `Mounts`; the engine makes it with the
/// first container that asks for it.
pub(crate) fn kept(name: &str, folder: &str) -> Value {
    json!({
        "Type": "volume", "Source": format!("{LABEL}-{}-{name}", run::id()), "Target": folder,
        "VolumeOptions": {"Labels": {LABEL: run::id()}},
    })
}

/// The images' name without the run; Podman looks for a short name elsewhere.
const IMAGE: &str = "localhost/secaudit-live";

/// The name of an image; its tag begins with the run, up to a dot.
pub(crate) fn image(tag: &str) -> String {
    format!("{IMAGE}:{tag}")
}

/// A network, removed at the end of its test, after the containers on it.
pub(crate) struct Network<'e> {
    engine: &'e Engine,
    pub(crate) name: String,
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        self.engine.remove_network(&self.name);
    }
}

/// A running container, removed at the end of its test.
pub(crate) struct Container<'e> {
    engine: &'e Engine,
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.engine.remove(&self.id);
    }
}

impl Container<'_> {
    /// What the witness says, once it has tried everything.
    pub(crate) fn testimony(&self) -> Testimony {
        self.said().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// As [`Container::testimony`], or why nobody can tell.
    pub(crate) fn said(&self) -> Result<Testimony, String> {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
        self.listen(self.engine.docker.logs(&self.id, Some(options)))
    }

    /// Starts another witness in the container; the session stays alive.
    pub(crate) fn exec(&self, user: &str, words: &[&str]) -> Testimony {
        let words = [&[WITNESS, "witness"], words].concat();
        let testimony = self.listen(self.session(user, words).1);
        testimony.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Runs a program in the container to its end: what it said, if it succeeded.
    pub(crate) fn run(&self, user: &str, words: &[&str]) -> Option<String> {
        let (id, output) = self.session(user, words.to_vec());
        let said = self.engine.block("hear a session", output.try_collect::<Vec<_>>());
        let code = wait::until("the session is over", || {
            let about = self.engine.block("inspect", self.engine.docker.inspect_exec(&id));
            about.exit_code.filter(|_| about.running == Some(false))
        });
        let said = said.iter().map(|it| String::from_utf8_lossy(it.as_ref()).into_owned());
        (code == 0).then(|| said.collect())
    }

    /// Starts a program in the container.
    fn session(
        &self,
        user: &str,
        words: Vec<&str>,
    ) -> (String, impl Stream<Item = Answer<LogOutput>> + use<>) {
        let bait = run::bait();
        let options = CreateExecOptions {
            cmd: Some(words),
            user: Some(user),
            env: Some(bait.iter().map(String::as_str).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let exec = self.engine.block("create a session", docker.create_exec(&self.id, options));
        let started = self.engine.block("start a session", docker.start_exec(&exec.id, None));
        let StartExecResults::Attached { output, .. } = started else {
            panic!("the session is attached")
        };
        (exec.id, output)
    }

    /// Whether a witness in the container can connect to this address.
    pub(crate) fn connects(&self, address: &str) -> bool {
        let options = CreateExecOptions {
            cmd: Some(vec![WITNESS, "witness", "connect", address]),
            attach_stdout: Some(true),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let exec = self.engine.block("create a session", docker.create_exec(&self.id, options));
        let started = self.engine.block("start a session", docker.start_exec(&exec.id, None));
        if let StartExecResults::Attached { output, .. } = started {
            let _ = self.engine.runtime.block_on(output.collect::<Vec<_>>());
        }
        let over = wait::until("the session is over", || {
            let about = self.engine.block("inspect", docker.inspect_exec(&exec.id));
            about.exit_code.filter(|_| about.running == Some(false))
        });
        over == 0
    }

    fn listen(&self, lines: impl Stream<Item = Answer<LogOutput>>) -> Result<Testimony, String> {
        let mut text = Vec::new();
        let hear = async {
            let mut lines = std::pin::pin!(lines);
            while let Some(Ok(line)) = lines.next().await {
                text.extend_from_slice(line.as_ref());
                if Testimony::is_complete(&text) {
                    break;
                }
            }
        };
        let heard = self
            .engine
            .runtime
            .block_on(async { tokio::time::timeout(wait::DEADLINE, hear).await });
        assert!(heard.is_ok(), "the witness of {} did not come to an end", self.name);
        Testimony::parse(&text)
    }

    /// The container's record, as the engine has it.
    pub(crate) fn inspect(&self) -> Value {
        let inspect =
            self.engine.docker.inspect_container(&self.id, None::<InspectContainerOptions>);
        serde_json::to_value(self.engine.block("inspect", inspect)).expect("a record is JSON")
    }

    /// The first process, in the host's numbering.
    pub(crate) fn pid(&self) -> u32 {
        self.inspect()["State"]["Pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())
            .expect("a running container has a first process")
    }

    /// Waits until the container's record is as `is_so` wants it.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        wait::until(what, || is_so(&self.inspect()).then_some(()));
    }

    /// Sets other limits while it runs, as `docker update` does.
    pub(crate) fn update(&self, limits: &Value) {
        let limits: ContainerUpdateBody =
            serde_json::from_value(limits.clone()).expect("a case's limits fit the API");
        self.engine.block("update", self.engine.docker.update_container(&self.id, limits));
    }

    /// Its address in the first of its networks.
    pub(crate) fn address(&self) -> Option<String> {
        let inspected = self.inspect();
        let mut networks = inspected["NetworkSettings"]["Networks"].as_object()?.values();
        networks.find_map(|network| network["IPAddress"].as_str().map(str::to_owned))
    }

    /// What the container has said so far.
    pub(crate) fn log(&self) -> String {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let lines = self.engine.docker.logs(&self.id, Some(options));
        let lines = self.engine.block("read the log", lines.try_collect::<Vec<_>>());
        lines.iter().map(|line| String::from_utf8_lossy(line.as_ref()).into_owned()).collect()
    }

    /// Waits until the engine has seen the health check succeed.
    pub(crate) fn wait_until_healthy(&self) {
        wait::until("the container is healthy", || {
            (self.inspect()["State"]["Health"]["Status"] == "healthy").then_some(())
        });
    }
}
