//! What a target is called across runs.
//!
//! A container lives for days, its service for years. What names the service is
//! what a finding is told by: neither the container's id nor its number, nor the
//! tag of an image that was built anew.

use super::bundle::Bundle;
use super::image_name::ImageName;
use super::source::Source;
use super::target::{Kind, Target};
use super::untrusted::Untrusted;

/// What a container's labels say of its place in a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The project; empty where it is of none.
    pub project: String,
    /// The service that it is of; empty where it is of none.
    pub service: String,
    /// Whether it was made for one command (`docker compose run`): the service
    /// does not run by that.
    pub is_one_off: bool,
}

/// Labels that compose gives to containers and to nothing else: which project and
/// service an image was built for it writes onto the image too.
const OF_CONTAINERS: [&str; 3] = ["config-hash", "container-number", "oneoff"];

/// The place of a container in its project, as docker compose labels it. What its
/// image brings along says nothing: whoever makes an image can write what he likes.
pub fn role(bundle: &Bundle, target: &Target) -> Role {
    let labels = Labels::of(bundle, target);
    let is_inherited = |name: &str| {
        let label = format!("com.docker.compose.{name}");
        labels.get(&label).is_some() && labels.own(&label).is_none()
    };
    let is_made_by_compose =
        OF_CONTAINERS.iter().any(|it| labels.own(&format!("com.docker.compose.{it}")).is_some());
    let is_hearsay = ["project", "service"].iter().any(|it| is_inherited(it));
    if is_hearsay && !is_made_by_compose {
        return Role::default();
    }
    let label = |name: &str| labels.get(&format!("com.docker.compose.{name}"));
    let named = |name: &str| label(name).unwrap_or_default().to_owned();
    Role {
        project: named("project"),
        service: named("service"),
        is_one_off: label("oneoff").is_some_and(|it| it.eq_ignore_ascii_case("true")),
    }
}

/// What names a target across runs, together with its kind.
///
/// - A container of a compose service or of a Swarm service: `project/service`,
///   whichever replica it is, with ` (one-off)` where it was made for one command.
/// - Any other container: its name.
/// - A service: `project/service`.
/// - An image: its repository without tag and digest; one that is named by its id, that.
/// - A Dockerfile: its path as it was given.
pub fn identity(bundle: &Bundle, target: &Target) -> Untrusted {
    let name = target.name.raw();
    match target.kind {
        Kind::Container => {
            container(bundle, target).map_or_else(|| target.name.clone(), Into::into)
        }
        Kind::Service => match bundle.projects.get(&target.id) {
            Some(project) if !name.starts_with(&format!("{}/", project.raw())) => {
                format!("{}/{name}", project.raw()).into()
            }
            Some(_) | None => target.name.clone(),
        },
        Kind::Image => repository(name).into(),
        Kind::Dockerfile => name.strip_prefix("./").unwrap_or(name).into(),
    }
}

fn container(bundle: &Bundle, target: &Target) -> Option<String> {
    let Role { project, service, is_one_off } = role(bundle, target);
    if !project.is_empty() && !service.is_empty() {
        let one_off = if is_one_off { " (one-off)" } else { "" };
        return Some(format!("{project}/{service}{one_off}"));
    }
    let labels = Labels::of(bundle, target);
    let service = labels.own("com.docker.swarm.service.name")?;
    // A stack puts its own name before that of each of its services.
    let stack = labels.own("com.docker.stack.namespace");
    let own =
        stack.and_then(|stack| Some((stack, service.strip_prefix(stack)?.strip_prefix('_')?)));
    Some(own.map_or_else(|| service.to_owned(), |(stack, own)| format!("{stack}/{own}")))
}

/// An image's name without tag and digest, and with the platform that is behind it.
fn repository(name: &str) -> String {
    let (called, platform) = match name.split_once(' ') {
        Some((called, platform)) => (called, format!(" {platform}")),
        None => (name, String::new()),
    };
    match ImageName::is_id(called) {
        true => name.to_owned(),
        false => format!("{}{platform}", ImageName::parse(called).repository),
    }
}

/// A container's labels beside those of its image.
struct Labels<'a> {
    container: Option<&'a serde_json::Value>,
    image: Option<&'a serde_json::Value>,
}

impl<'a> Labels<'a> {
    fn of(bundle: &'a Bundle, target: &Target) -> Self {
        let record = bundle.json(&Source::container(&target.id)).ok();
        let image = record.and_then(|it| it.get("Image")?.as_str());
        let image = image.and_then(|id| bundle.json(&Source::image(id)).ok());
        let labels = |of: Option<&'a serde_json::Value>| of?.pointer("/Config/Labels");
        Self { container: labels(record), image: labels(image) }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.container?.get(name)?.as_str()
    }

    /// As [`Labels::get`], where the image has no such label.
    fn own(&self, name: &str) -> Option<&'a str> {
        let inherited = self.image.and_then(|it| it.get(name));
        self.get(name).filter(|_| inherited.is_none())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::bundle::{Answer, Origin};

    fn target(kind: Kind, name: &str) -> Target {
        Target { kind, id: "1".into(), name: name.into(), image: None }
    }

    /// What a container with these labels is called, whose image has those.
    fn called(name: &str, labels: &Value, of_image: &Value) -> String {
        let mut bundle = Bundle::new(Origin::Engine);
        let record = json!({"Image": "sha256:1", "Config": {"Labels": labels}});
        let image = json!({"Config": {"Labels": of_image}});
        bundle.record(Source::container("1"), Ok(Answer::Json(record)));
        bundle.record(Source::image("sha256:1"), Ok(Answer::Json(image)));
        identity(&bundle, &target(Kind::Container, name)).raw().to_owned()
    }

    fn compose(number: &str) -> Value {
        json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web",
               "com.docker.compose.container-number": number, "com.docker.compose.oneoff": "False"})
    }

    #[test]
    fn replicas_of_a_service_have_one_name_whatever_their_numbers() {
        assert_eq!(called("shop-web-1", &compose("1"), &json!({})), "shop/web");
        assert_eq!(called("shop-web-12", &compose("12"), &json!(null)), "shop/web");
        let swarm = |name: &str| json!({"com.docker.swarm.service.name": name, "com.docker.stack.namespace": "shop"});
        assert_eq!(called("shop_web.1.x8sd", &swarm("shop_web"), &json!({})), "shop/web");
        assert_eq!(called("shop_web.2.k2jf", &swarm("shop_web"), &json!({})), "shop/web");
        let alone = json!({"com.docker.swarm.service.name": "web"});
        assert_eq!(called("web.1.x8sd", &alone, &json!({})), "web");
    }

    #[test]
    fn one_that_was_made_for_one_command_is_not_its_service() {
        let mut labels = compose("1");
        labels["com.docker.compose.oneoff"] = json!("True");
        assert_eq!(called("shop-web-run-4f1c", &labels, &json!({})), "shop/web (one-off)");
    }

    #[test]
    fn a_container_without_labels_is_called_by_its_name() {
        assert_eq!(called("web", &json!({}), &json!({})), "web");
        assert_eq!(called("web-1", &json!(null), &json!(null)), "web-1");
    }

    #[test]
    fn no_image_makes_its_container_one_of_another_project() {
        let claimed = compose("1");
        assert_eq!(called("evil", &claimed, &claimed), "evil");
        let swarm = json!({"com.docker.swarm.service.name": "shop_web"});
        assert_eq!(called("evil", &swarm, &swarm), "evil");
        // Compose writes these two onto an image that it builds.
        let built =
            json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web"});
        assert_eq!(called("shop-web-1", &compose("1"), &built), "shop/web");
        assert_eq!(called("by-hand", &built, &built), "by-hand");
    }

    #[test]
    fn an_image_is_called_by_its_repository_and_a_dockerfile_by_its_path() {
        let bundle = Bundle::new(Origin::Archive);
        let id = format!("sha256:{}", "a".repeat(64));
        for (kind, name, called) in [
            (Kind::Image, "shop/web:1.4", "shop/web"),
            (Kind::Image, "registry:5000/web", "registry:5000/web"),
            (Kind::Image, "web:1@sha256:ab", "web"),
            (Kind::Image, "web:1.4 (linux/arm64)", "web (linux/arm64)"),
            (Kind::Image, &id, &id),
            (Kind::Dockerfile, "app/Dockerfile", "app/Dockerfile"),
            (Kind::Dockerfile, "./app/Dockerfile", "app/Dockerfile"),
        ] {
            assert_eq!(identity(&bundle, &target(kind, name)).raw(), called);
        }
    }

    #[test]
    fn a_service_is_called_the_same_alone_and_among_other_projects() {
        let mut bundle = Bundle::new(Origin::Compose);
        bundle.projects.insert("1".to_owned(), "shop".into());
        for name in ["web", "shop/web"] {
            assert_eq!(identity(&bundle, &target(Kind::Service, name)).raw(), "shop/web");
        }
    }
}
