//! See [`RULE`].

use std::sync::Arc;

use crate::facts::Facts;
use crate::facts::build::Foundation;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::known_image::Size;
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// The image is built upon a small system.
    ///
    /// What is counted is the packages that the system's own database names as installed, of
    /// Debian, Ubuntu, Alpine and what is made of their packages. An image without a database, made
    /// from scratch, has none. The database of RPM is known and not read: then nothing can be told.
    ///
    /// Of a Dockerfile the image that the stages which ship begin with is known by its name alone:
    /// variants such as `alpine`, `slim` and `distroless` are small, and so is `scratch`; the
    /// distributions themselves, and the languages' images upon them, are not. A name that tells
    /// nothing is unknown.
    ///
    /// ## Why it matters
    /// Each package is code that nobody asked for, with faults of its own to come. A compiler or
    /// an interpreter that is not there helps no intruder.
    ///
    /// ## How to fix
    /// Dockerfile: `FROM node:22-slim` or `FROM gcr.io/distroless/nodejs22-debian12` for the stage that ships
    /// compose: `build: {target: production}`, where that stage is built upon a small base
    /// run: `docker build --target production .`
    pub static RULE = {
        id: "minimal-base",
        title: "the image is built upon a small system",
        severity: Severity::Low,
        targets: [Image, Dockerfile],
        references: &["CIS Docker 1.6: 4.3"],
        parameters: &[
            Parameter {
                name: "packages",
                about: "How many packages of the system an image may have",
                shape: Shape::One,
                default: &["150"],
                check: settings::is_number,
            },
            Parameter {
                name: "small",
                about: "Further images that are small, by their names, in which * stands for anything",
                shape: Shape::List,
                default: &[],
                check: settings::is_glob,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let most: u64 = settings.number("packages").unwrap_or(u64::MAX);
    let named = facts.build.foundation(|name| settings.fits("small", name)).judge(by_name);
    let counted = facts.supply.base.judge(|base| {
        let count: u64 = base.packages.iter().filter_map(|it| it.count).sum();
        let of = base.system.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        if base.packages.is_empty() {
            return Check::holds("no package database is in it");
        }
        let told = format!("{count} packages{of} are installed");
        if count <= most {
            return Check::holds(told);
        }
        let broken = Check::broken(format!("{told}, more than {most}"));
        base.packages.iter().fold(broken, |broken, it| {
            let count = it.count.map_or("not read".to_owned(), |it| format!("{it} packages"));
            broken.showing(it.path.clone(), count)
        })
    });
    counted.and(named)
}

fn by_name(Foundation { base, size }: &Foundation) -> Check {
    match (&base.name, size) {
        (None, _) => Check::holds("it is built upon nothing"),
        (Some(name), Size::Small) => Check::holds(format!("it is built upon {name}")),
        (Some(name), Size::Whole) => {
            let line = base.origin.at.line;
            let what = format!("line {line}: it is built upon {name}, which is a whole system");
            Check::broken(what).at(Arc::clone(&base.origin), name.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile, shipped};

    const DPKG: &str = "/var/lib/dpkg/status";

    cases! { RULE:
        an_image_from_scratch_passes: shipped() => "Pass",
        a_slim_system_passes: shipped().built_upon("debian 12", DPKG, Some(88)) => "Pass",
        a_whole_system_fails: shipped().built_upon("debian 12", DPKG, Some(431)) => "Fail",
        the_policy_says_how_many:
            shipped().built_upon("debian 12", DPKG, Some(431)).set("packages", &["500"]) => "Pass",
        a_database_that_cannot_be_read_is_unknown:
            shipped().built_upon("fedora 41", "/var/lib/rpm/rpmdb.sqlite", None) => "Unknown",
        a_layer_that_cannot_be_read_leaves_it_unknown:
            shipped().built_upon("debian 12", DPKG, Some(88)).layer_unread() => "Unknown",
        what_is_there_convicts_whatever_is_unread:
            shipped().built_upon("debian 12", DPKG, Some(431)).layer_unread() => "Fail",
        a_file_upon_a_small_variant_passes: dockerfile("FROM python:3.12-slim\n") => "Pass",
        upon_nothing_as_well: dockerfile("FROM golang:1.23 AS b\nFROM scratch\nCOPY --from=b /a /a\n") => "Pass",
        upon_a_whole_distribution_fails: dockerfile("FROM ubuntu:24.04\n") => "Fail",
        upon_a_languages_whole_image_fails: dockerfile("FROM node:20\n") => "Fail",
        the_lowest_stage_that_ships_counts:
            dockerfile("FROM debian:12 AS a\nFROM a AS b\nFROM b\n") => "Fail",
        a_name_by_an_argument_counts: dockerfile("ARG V=22-alpine\nFROM node:$V\n") => "Pass",
        a_name_that_tells_nothing_is_unknown: dockerfile("FROM registry.example.org/team/base:1\n") => "Unknown",
        a_policy_may_know_it: dockerfile("FROM registry.example.org/team/base:1\n")
            .set("small", &["registry.example.org/team/*"]) => "Pass",
        a_name_that_nobody_can_tell_is_unknown: dockerfile("FROM $BASE\n") => "Unknown",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM scratch\n").unread_dockerfile() => "Unknown",
    }
}
