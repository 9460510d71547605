//! Removing: by label, so that it finds what was made up to an interruption.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, ImageSummary};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptionsBuilder,
};

use super::{Workshop, not_made, said};
use crate::app::demo::maker::{MADE_BY, Maker};
use crate::app::demo::note;
use crate::app::exit::Failure;

impl Workshop {
    /// Removes everything that this demo has made so far.
    pub(in crate::app::demo) async fn remove(&self) -> Result<(), Failure> {
        // What was asked for before an interruption is there only once it is answered.
        drop(self.busy.lock().await);
        let removed = self.remove_what(|maker, _| maker == Some(&self.maker)).await;
        removed.map(drop).map_err(|error| {
            Failure::Demo(format!(
                "cannot remove what the demo made: {}; remove it with \
                 `docker rm -f $(docker ps -aq --filter label={MADE_BY})` and \
                 `docker rmi $(docker images -q --filter label={MADE_BY})`",
                said(&error)
            ))
        })
    }

    /// Removes what demos left behind that could not clean up any more.
    pub(super) async fn remove_leftovers(&self) -> Result<(), Failure> {
        let (containers, images) =
            self.remove_what(Maker::has_left).await.map_err(|error| not_made("room", &error))?;
        if containers + images > 0 {
            note(&format!(
                "removed what an earlier demo left behind: containers {containers}, images {images}"
            ));
        }
        Ok(())
    }

    /// Removes containers, then images, by who made them and whether they run;
    /// tells how many.
    async fn remove_what(
        &self,
        fits: impl Fn(Option<&Maker>, bool) -> bool,
    ) -> Result<(usize, usize), Error> {
        let containers = self.containers().await?;
        let mut removed = (0, 0);
        for each in &containers {
            let maker = each.labels.as_ref().and_then(maker);
            if let Some(id) = each.id.clone().filter(|_| fits(maker.as_ref(), is_running(each))) {
                let docker = self.docker.clone();
                let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                let request = async move { docker.remove_container(&id, Some(options)).await };
                unless_gone(self.change(request).await)?;
                removed.0 += 1;
            }
        }
        for ImageSummary { id, labels, .. } in self.images().await? {
            let runs =
                |each: &ContainerSummary| is_running(each) && each.image_id.as_ref() == Some(&id);
            if fits(maker(&labels).as_ref(), containers.iter().any(runs)) {
                let docker = self.docker.clone();
                let options = RemoveImageOptionsBuilder::new().build();
                let request =
                    async move { docker.remove_image(&id, Some(options), None).await.map(drop) };
                unless_gone(self.change(request).await)?;
                removed.1 += 1;
            }
        }
        Ok(removed)
    }

    async fn containers(&self) -> Result<Vec<ContainerSummary>, Error> {
        let options = ListContainersOptionsBuilder::new().all(true).filters(&labelled()).build();
        self.docker.list_containers(Some(options)).await
    }

    async fn images(&self) -> Result<Vec<ImageSummary>, Error> {
        let options = ListImagesOptionsBuilder::new().filters(&labelled()).build();
        self.docker.list_images(Some(options)).await
    }
}

fn labelled() -> HashMap<&'static str, Vec<&'static str>> {
    HashMap::from([("label", vec![MADE_BY])])
}

fn maker(labels: &HashMap<String, String>) -> Option<Maker> {
    Maker::of(labels.get(MADE_BY)?)
}

fn is_running(container: &ContainerSummary) -> bool {
    container.state == Some(ContainerSummaryStateEnum::RUNNING)
}

/// What another demo has removed meanwhile, or is just removing, is gone.
fn unless_gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        Err(Error::DockerResponseServerError { status_code: 409, message })
            if message.contains("already in progress") =>
        {
            Ok(())
        }
        other => other,
    }
}
