//! What the names of well-known images tell of what is in them.
//!
//! Source: the descriptions of the official images of Docker (`docker-library/docs`), of
//! distroless, Chainguard's, Microsoft's and Red Hat's images.

use crate::model::image_name::ImageName;

/// How much of a system is in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A program and what it needs, or a small distribution.
    Small,
    /// A whole distribution, or one with everything to build with upon it.
    Whole,
}

/// Words of a tag of what is made to be small.
const SMALL_TAGS: [&str; 6] = ["slim", "alpine", "busybox", "distroless", "chiseled", "minimal"];

/// Words of a name of what is.
const SMALL_NAMES: [&str; 4] = ["alpine", "busybox", "distroless", "wolfi"];

/// Where there is nothing else than small images.
const SMALL_HOMES: [&str; 6] = [
    "bitnami/minideb",
    "cgr.dev/chainguard/",
    "gcr.io/distroless/",
    "registry.access.redhat.com/ubi8/ubi-mi",
    "registry.access.redhat.com/ubi9/ubi-mi",
    "registry.access.redhat.com/ubi10/ubi-mi",
];

/// Official images that are a whole distribution, or rest upon one or upon
/// `buildpack-deps`, but for the tags that say otherwise.
const WHOLE_NAMES: [&str; 27] = [
    "almalinux",
    "amazoncorretto",
    "amazonlinux",
    "archlinux",
    "buildpack-deps",
    "centos",
    "debian",
    "eclipse-temurin",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "gradle",
    "haskell",
    "maven",
    "node",
    "openjdk",
    "oraclelinux",
    "perl",
    "pypy",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "swift",
    "ubuntu",
];

/// Whole systems of others.
const WHOLE_HOMES: [&str; 4] = [
    "mcr.microsoft.com/dotnet/sdk",
    "opensuse/leap",
    "opensuse/tumbleweed",
    "quay.io/fedora/fedora",
];

/// How large the image of this name is, where the name tells.
pub fn size(name: &str) -> Option<Size> {
    let image = ImageName::parse(name);
    let repository = image.repository;
    let own = repository.rsplit('/').next().unwrap_or_default();
    let is_small = |word: &str| {
        // `alpine3.20` is an Alpine.
        let word = word.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.');
        SMALL_TAGS.contains(&word)
    };
    if SMALL_HOMES.iter().any(|it| repository.starts_with(it))
        || own.split('-').any(|it| SMALL_NAMES.contains(&it))
        || image.words().any(is_small)
    {
        return Some(Size::Small);
    }
    // Of a digest alone nobody can tell which of the variants it is.
    let is_told = image.tag.is_some() || image.digest.is_none();
    let is_whole = image.official().is_some_and(|it| WHOLE_NAMES.contains(&it))
        || WHOLE_HOMES.contains(&repository);
    (is_told && is_whole).then_some(Size::Whole)
}

/// An image that is made to build with, and a program that it has for that.
struct Workshop {
    name: &'static str,
    programs: &'static [&'static str],
    /// Words of the tags that have none of them.
    but: &'static [&'static str],
}

const fn workshop(
    name: &'static str,
    programs: &'static [&'static str],
    but: &'static [&'static str],
) -> Workshop {
    Workshop { name, programs, but }
}

/// The tags of what does not rest upon `buildpack-deps`.
const LEAN: &[&str] = &["slim", "alpine", "windowsservercore", "nanoserver"];

const WORKSHOPS: [Workshop; 16] = [
    workshop("buildpack-deps", &["gcc", "make", "git"], &["curl", "scm"]),
    workshop("docker", &["docker"], &[]),
    workshop("eclipse-temurin", &["javac"], &["jre"]),
    workshop("amazoncorretto", &["javac"], &["headless", "jre"]),
    workshop("elixir", &["gcc", "make", "git"], LEAN),
    workshop("erlang", &["gcc", "make", "git"], LEAN),
    workshop("gcc", &["gcc", "make", "git"], &[]),
    workshop("golang", &["go"], &[]),
    workshop("gradle", &["javac"], &[]),
    workshop("maven", &["javac"], &[]),
    workshop("node", &["gcc", "make", "git"], LEAN),
    workshop("openjdk", &["javac"], &["jre"]),
    workshop("perl", &["gcc", "make", "git"], LEAN),
    workshop("python", &["gcc", "make", "git"], LEAN),
    workshop("ruby", &["gcc", "make", "git"], LEAN),
    workshop("rust", &["cargo", "rustc"], &[]),
];

/// The programs to build with that the image of this name is known to have.
pub fn programs(name: &str) -> &'static [&'static str] {
    let image = ImageName::parse(name);
    if image.repository == "mcr.microsoft.com/dotnet/sdk" {
        return &["git"];
    }
    // Of a digest alone nobody can tell which of the variants it is.
    let is_told =
        |it: &Workshop| it.but.is_empty() || image.tag.is_some() || image.digest.is_none();
    let is_it = |it: &&Workshop| {
        let is_other = |word: &str| it.but.iter().any(|but| word.starts_with(but));
        image.official() == Some(it.name) && is_told(it) && !image.words().any(is_other)
    };
    WORKSHOPS.iter().find(is_it).map_or(&[], |it| it.programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_how_large_an_image_is_or_does_not() {
        for name in [
            "alpine",
            "alpine:3.20",
            "python:3.12-slim",
            "python:3.12-slim-bookworm",
            "python:3.12-alpine3.20",
            "docker.io/library/node:22-alpine",
            "debian:12-slim",
            "gcr.io/distroless/static:nonroot",
            "cgr.dev/chainguard/python",
            "nginx:alpine",
            "registry.example.org/team/base-alpine:1",
            "bitnami/minideb",
            "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
            "busybox",
            "mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled",
            "node:22-slim@sha256:ab",
        ] {
            assert_eq!(size(name), Some(Size::Small), "{name}");
        }
        for name in [
            "debian",
            "debian:12",
            "ubuntu:24.04",
            "node:20",
            "python:3.11",
            "python",
            "docker.io/golang:1.23",
            "library/ruby:3",
            "rust:1",
            "node:20@sha256:ab",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ] {
            assert_eq!(size(name), Some(Size::Whole), "{name}");
        }
        for name in [
            "registry.example.org/team/base",
            "nginx:1.27",
            "team/python:3.11",
            "postgres",
            "python@sha256:ab",
            "localhost:5000/ubuntu",
            "team/micro-service:1",
            "registry.example.org/alpineish/x",
        ] {
            assert_eq!(size(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_tells_what_an_image_is_made_to_build_with() {
        for (name, has) in [
            ("golang:1.23-alpine", "go"),
            ("python:3.11", "gcc make git"),
            ("python:3.11-slim", ""),
            ("node:22-alpine3.20", ""),
            ("node@sha256:ab", ""),
            ("golang@sha256:ab", "go"),
            ("eclipse-temurin:21", "javac"),
            ("eclipse-temurin:21-jre-alpine", ""),
            ("team/golang:1.23", ""),
            ("docker:27-cli", "docker"),
            ("debian:12", ""),
        ] {
            assert_eq!(programs(name).join(" "), has, "{name}");
        }
    }
}
