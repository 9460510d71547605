//! The one client of this program that can write, for the demo alone.

mod removal;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, CreateImageOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::Mutex;

use super::containers::{HARDENED, TYPICAL, hardened, typical};
use super::maker::Maker;
use super::payload::READY;
use super::{image, note};
use crate::app::exit::Failure;
use crate::collect::containers::{Files, Plan};
use crate::collect::engine::Limits;
use crate::collect::engine::address::{Address, Choice};
use crate::model::untrusted::Untrusted;
use crate::policy::Policy;

/// Seconds that one request may take; a busy engine needs some for an image.
const PATIENCE: u64 = 120;

const START: &str = "start Docker";
const JOIN: &str = "run as root or as a member of the socket's group";

/// Why no engine makes containers for this demo.
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) remedy: &'static str,
}

/// An engine, and everything that this demo makes with it.
pub(super) struct Workshop {
    #[expect(
        clippy::disallowed_types,
        reason = "the demo makes containers; no audit can reach it"
    )]
    docker: bollard::Docker,
    address: Address,
    maker: Maker,
    /// Held while a request is under way that changes something.
    busy: Arc<Mutex<()>>,
}

impl Workshop {
    /// Connects to the first engine that answers.
    pub(super) async fn connect(choice: &Choice) -> Result<Self, Refusal> {
        let mut refusals = Vec::new();
        for address in &choice.candidates {
            match Self::at(address).await {
                Ok(workshop) => return Ok(workshop),
                Err(refusal) => refusals.push(refusal),
            }
        }
        // A socket that refuses says more than one that is not there.
        let told = refusals.iter().position(|refusal| refusal.remedy != START).unwrap_or(0);
        let nothing = Refusal { reason: "no engine's address is known".to_owned(), remedy: START };
        Err(refusals.into_iter().nth(told).unwrap_or(nothing))
    }

    #[expect(clippy::disallowed_types, reason = "the demo makes containers; no audit can reach it")]
    async fn at(address: &Address) -> Result<Self, Refusal> {
        use bollard::{API_DEFAULT_VERSION, Docker};
        let reached = match address {
            Address::Unix(path) => tokio::net::UnixStream::connect(path).await.map(drop),
            Address::Tcp(host) => tokio::net::TcpStream::connect(host).await.map(drop),
        };
        reached.map_err(|error| {
            if error.kind() == ErrorKind::PermissionDenied {
                return Refusal {
                    reason: format!("this user may not use {address}"),
                    remedy: JOIN,
                };
            }
            Refusal { reason: format!("no engine at {address} ({error})"), remedy: START }
        })?;
        let docker = match address {
            Address::Unix(path) => {
                Docker::connect_with_unix(&path.to_string_lossy(), PATIENCE, API_DEFAULT_VERSION)
            }
            Address::Tcp(host) => Docker::connect_with_http(host, PATIENCE, API_DEFAULT_VERSION),
        };
        let refused = |error| Refusal {
            reason: format!("{address} does not answer as an engine does ({})", said(&error)),
            remedy: "check DOCKER_HOST and the engine's log",
        };
        let docker = docker.map_err(refused)?;
        docker.ping().await.map_err(refused)?;
        let busy = Arc::default();
        Ok(Self { docker, address: address.clone(), maker: Maker::here(), busy })
    }

    /// What will be made, a line each.
    pub(super) fn announcement(&self) -> Vec<(&'static str, String)> {
        let socket = if self.socket().is_some() { ", with the engine's socket" } else { "" };
        vec![
            ("engine", self.address.to_string()),
            ("image", format!("{}: this program and what it is linked with", self.image())),
            ("container", format!("{HARDENED}: with every safeguard")),
            ("container", format!("{TYPICAL}: as people run it, nothing set{socket}")),
        ]
    }

    /// Makes image and containers, and tells what is to be audited.
    pub(super) async fn make(&self) -> Result<Plan, Failure> {
        self.remove_leftovers().await?;
        note("making the image …");
        let tar = image::of_this_program(&[]).map_err(|error| {
            Failure::Demo(format!("cannot put this program into an image: cannot read {error}"))
        })?;
        self.import(tar).await.map_err(|error| not_made("the image", &error))?;
        note("starting the containers …");
        let refused = |error| not_made("the containers", &error);
        let hardened = self.create(HARDENED, hardened()).await.map_err(refused)?;
        let typical = match (self.create(TYPICAL, typical(self.socket())).await, self.socket()) {
            // A socket that was forwarded from elsewhere is no file of the engine's host.
            (Err(Error::DockerResponseServerError { .. }), Some(_)) => {
                note("the engine cannot mount its socket, so the demo goes on without it");
                self.create(TYPICAL, typical(None)).await
            }
            (created, _) => created,
        };
        let names = vec![hardened, typical.map_err(refused)?];
        for id in &names {
            self.start(id).await?;
        }
        let named_by = Some("the demo".to_owned());
        let engine = Ok(Choice { candidates: vec![self.address.clone()], named_by });
        Ok(Plan {
            engine,
            names,
            sought: Policy::baseline().sought(),
            files: Files::Kernel,
            limits: Limits::default(),
        })
    }

    async fn import(&self, tar: Vec<u8>) -> Result<(), Error> {
        let labels = self.maker.labels();
        let labels: Vec<_> = labels.map(|(key, value)| format!("{key}={value}")).into();
        let changes = vec![format!("LABEL {}", labels.join(" "))];
        let options = CreateImageOptionsBuilder::new()
            .from_src("-")
            .repo(&self.image())
            .changes(changes)
            .build();
        let docker = self.docker.clone();
        let body = bollard::body_full(tar.into());
        self.change(async move {
            docker
                .create_image(Some(options), Some(body), None)
                .try_for_each(|_| async { Ok(()) })
                .await
        })
        .await
    }

    /// Creates a container, under another name where this one is taken, and
    /// gives its id.
    async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String, Error> {
        let labels = Some(HashMap::from(self.maker.labels()));
        let body = ContainerCreateBody { image: Some(self.image()), labels, ..body };
        let create = |name: &str| {
            let (docker, body) = (self.docker.clone(), body.clone());
            let options = CreateContainerOptionsBuilder::new().name(name).build();
            self.change(async move { docker.create_container(Some(options), body).await })
        };
        let created = match create(name).await {
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => {
                let name = format!("{name}-{}", std::process::id());
                note(&format!("the name is taken, so this one is called {name}"));
                create(&name).await
            }
            other => other,
        };
        created.map(|created| created.id)
    }

    /// Starts a container, and waits until its program says that it runs.
    async fn start(&self, id: &str) -> Result<(), Failure> {
        let refused = |error| not_made("the containers run", &error);
        let options =
            AttachContainerOptionsBuilder::new().stream(true).stdout(true).stderr(true).build();
        // Attached before the start, so that nothing it says is missed.
        let mut attached =
            self.docker.attach_container(id, Some(options)).await.map_err(refused)?;
        let (docker, id) = (self.docker.clone(), id.to_owned());
        let started = async move { docker.start_container(&id, None).await };
        self.change(started).await.map_err(refused)?;
        let said = attached.output.next().await.transpose().map_err(refused)?;
        let said = said.map(|said| said.to_string()).unwrap_or_default();
        if said.trim() == READY {
            return Ok(());
        }
        Err(Failure::Demo(format!(
            "a container ended at once and said \"{}\"; look at the engine's own log, \
             or run `secaudit demo --with namespaces`",
            Untrusted::from(said.trim())
        )))
    }

    /// Sends a request that changes something. It runs as a task of its own:
    /// whoever waits for it may be interrupted, the request is not.
    async fn change<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.busy).lock_owned().await;
        let task = tokio::spawn(async move {
            let done = request.await;
            drop(turn);
            done
        });
        task.await.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
    }

    fn image(&self) -> String {
        format!("secaudit-demo:{}", std::process::id())
    }

    /// The engine's socket, where it listens on one.
    fn socket(&self) -> Option<&Path> {
        match &self.address {
            Address::Unix(path) => Some(path),
            Address::Tcp(_) => None,
        }
    }
}

fn not_made(what: &str, error: &Error) -> Failure {
    Failure::Demo(format!(
        "the engine did not make {what}: {}; look at the engine's own log, \
         or run `secaudit demo --with namespaces`",
        said(error)
    ))
}

/// The error's words, safe to print.
fn said(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        return Untrusted::from(message.trim()).to_string();
    }
    Untrusted::from(error.to_string()).to_string()
}
