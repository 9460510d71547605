//! The one client of this program that can write, for the demo alone.

use std::collections::HashMap;
use std::sync::Arc;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerSummary, ContainerSummaryStateEnum, ImageSummary,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, CreateImageOptionsBuilder,
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::Mutex;

use super::containers::{HARDENED, TYPICAL, hardened, typical};
use super::maker::{LABEL, MADE_BY, Maker};
use super::{image, note};
use crate::app::exit::Failure;
use crate::collect::containers::Plan;
use crate::collect::engine::Limits;
use crate::collect::engine::address::{Address, Choice};
use crate::model::untrusted::Untrusted;

/// Seconds that one request may take; a busy engine needs some for an image.
const PATIENCE: u64 = 120;

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
    /// Connects to the first engine that answers; else tells why none does.
    pub(super) async fn connect(choice: &Choice) -> Result<Self, String> {
        let mut refusal = "no engine's address is known".to_owned();
        for address in &choice.candidates {
            match Self::at(address).await {
                Ok(workshop) => return Ok(workshop),
                // A socket that refuses says more than one that is not there.
                Err((_, true)) if address != choice.candidates.first().unwrap_or(address) => {}
                Err((reason, _)) => refusal = reason,
            }
        }
        Err(refusal)
    }

    /// Connects; else tells why not, and whether nothing is there at all.
    #[expect(clippy::disallowed_types, reason = "the demo makes containers; no audit can reach it")]
    async fn at(address: &Address) -> Result<Self, (String, bool)> {
        use bollard::{API_DEFAULT_VERSION, Docker};
        let reached = match address {
            Address::Unix(path) => tokio::net::UnixStream::connect(path).await.map(drop),
            Address::Tcp(host) => tokio::net::TcpStream::connect(host).await.map(drop),
        };
        reached.map_err(|error| {
            let refused = error.kind() == std::io::ErrorKind::PermissionDenied;
            let verb = if refused { "this user may not use" } else { "no engine answers at" };
            (format!("{verb} {address} ({error})"), !refused)
        })?;
        let docker = match address {
            Address::Unix(path) => {
                Docker::connect_with_unix(&path.to_string_lossy(), PATIENCE, API_DEFAULT_VERSION)
            }
            Address::Tcp(host) => Docker::connect_with_http(host, PATIENCE, API_DEFAULT_VERSION),
        };
        let refused = |error| (format!("{address} refuses: {}", said(&error)), false);
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
        self.import(tar).await.map_err(|error| not_made("the image", error))?;
        note("starting the containers …");
        let mut names = vec![self.run(HARDENED, hardened()).await?];
        names.push(match self.run(TYPICAL, typical(self.socket().as_deref())).await {
            // A socket that was forwarded from elsewhere is no file of the engine's host.
            Err(Failure::Demo(reason)) if reason.contains("bind source path") => {
                self.run(TYPICAL, typical(None)).await?
            }
            other => other?,
        });
        let named_by = Some("the demo".to_owned());
        let engine = Some(Choice { candidates: vec![self.address.clone()], named_by });
        Ok(Plan { engine, names, limits: Limits::default() })
    }

    /// Removes everything that this demo has made so far.
    pub(super) async fn remove(&self) -> Result<(), Failure> {
        // What was asked for before an interruption is there only once it is answered.
        drop(self.busy.lock().await);
        let own = self.maker.label();
        let failed = self.remove_what(|label, _| label == Some(&own)).await;
        failed.map(drop).map_err(|error| {
            Failure::Demo(format!(
                "cannot remove what the demo made: {}; remove it with \
                 `docker rm -f $(docker ps -aq --filter label={LABEL})` and \
                 `docker rmi $(docker images -q --filter label={LABEL})`",
                said(&error)
            ))
        })
    }

    async fn remove_leftovers(&self) -> Result<(), Failure> {
        let is_left = |label: Option<&String>, is_running| {
            self.maker.has_left(label.map(String::as_str), is_running)
        };
        match self.remove_what(is_left).await {
            Ok((0, 0)) => Ok(()),
            Ok((containers, images)) => {
                note(&format!(
                    "removed what an earlier demo left behind: containers {containers}, images {images}"
                ));
                Ok(())
            }
            Err(error) => Err(not_made("the demo", error)),
        }
    }

    /// Removes containers, then images, whose maker's label fits; tells how many.
    async fn remove_what(
        &self,
        fits: impl Fn(Option<&String>, bool) -> bool,
    ) -> Result<(usize, usize), Error> {
        let (containers, images) = (self.containers().await?, self.images().await?);
        let containers: Vec<String> = containers
            .into_iter()
            .filter(|each| {
                let label = each.labels.as_ref().and_then(|labels| labels.get(MADE_BY));
                fits(label, each.state == Some(ContainerSummaryStateEnum::RUNNING))
            })
            .filter_map(|each| each.id)
            .collect();
        let images: Vec<String> = images
            .into_iter()
            .filter(|each| fits(each.labels.get(MADE_BY), false))
            .map(|each| each.id)
            .collect();
        for id in containers.clone() {
            let docker = self.docker.clone();
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let removed = async move { docker.remove_container(&id, Some(options)).await };
            unless_gone(self.change(removed).await)?;
        }
        for id in images.clone() {
            let docker = self.docker.clone();
            // Not by force: an image that another demo's container uses stays.
            let options = RemoveImageOptionsBuilder::new().build();
            let removed =
                async move { docker.remove_image(&id, Some(options), None).await.map(drop) };
            unless_gone(self.change(removed).await)?;
        }
        Ok((containers.len(), images.len()))
    }

    async fn containers(&self) -> Result<Vec<ContainerSummary>, Error> {
        let options = ListContainersOptionsBuilder::new().all(true).filters(&labelled()).build();
        self.docker.list_containers(Some(options)).await
    }

    async fn images(&self) -> Result<Vec<ImageSummary>, Error> {
        let options = ListImagesOptionsBuilder::new().filters(&labelled()).build();
        self.docker.list_images(Some(options)).await
    }

    async fn import(&self, tar: Vec<u8>) -> Result<(), Error> {
        let labels = self.maker.labels();
        let labels = labels.iter().map(|(key, value)| format!("LABEL {key}=\"{value}\""));
        let options = CreateImageOptionsBuilder::new()
            .from_src("-")
            .repo(&self.image())
            .changes(labels.collect())
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

    /// Creates and starts a container, waits until its program says that it
    /// runs, and gives the container's id.
    async fn run(&self, name: &str, body: ContainerCreateBody) -> Result<String, Failure> {
        let failed = |error| not_made(name, error);
        let labels = Some(self.maker.labels());
        let body = ContainerCreateBody { image: Some(self.image()), labels, ..body };
        let id = match self.create(name, body.clone()).await {
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => {
                let name = format!("{name}-{}", std::process::id());
                note(&format!("the name is taken, so this one is called {name}"));
                self.create(&name, body).await
            }
            other => other,
        };
        let id = id.map_err(failed)?;
        let options =
            AttachContainerOptionsBuilder::new().stream(true).stdout(true).stderr(true).build();
        // Attached before the start, so that nothing it says is missed.
        let mut attached =
            self.docker.attach_container(&id, Some(options)).await.map_err(failed)?;
        let (docker, container) = (self.docker.clone(), id.clone());
        self.change(async move { docker.start_container(&container, None).await })
            .await
            .map_err(failed)?;
        match attached.output.next().await.transpose().map_err(failed)? {
            Some(said) if said.to_string().trim() == "ready" => Ok(id),
            said => {
                let said = said.map(|said| Untrusted::from(said.to_string().trim()).to_string());
                Err(Failure::Demo(format!(
                    "{name} ended at once and said {:?}; look at the engine's own log, \
                     or run `secaudit demo --with namespaces`",
                    said.unwrap_or_default()
                )))
            }
        }
    }

    async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String, Error> {
        let docker = self.docker.clone();
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let created = async move { docker.create_container(Some(options), body).await };
        self.change(created).await.map(|created| created.id)
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
    fn socket(&self) -> Option<String> {
        match &self.address {
            Address::Unix(path) => Some(path.to_string_lossy().into_owned()),
            Address::Tcp(_) => None,
        }
    }
}

fn labelled() -> HashMap<&'static str, Vec<&'static str>> {
    HashMap::from([("label", vec![LABEL])])
}

/// What is gone already, or just going, needs no removing.
fn unless_gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        other => other,
    }
}

fn not_made(what: &str, error: Error) -> Failure {
    Failure::Demo(format!(
        "the engine did not make {what}: {}; look at the engine's own log, \
         or run `secaudit demo --with namespaces`",
        said(&error)
    ))
}

/// The error's words, safe to print.
fn said(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        return Untrusted::from(message.trim()).to_string();
    }
    Untrusted::from(error.to_string()).to_string()
}
