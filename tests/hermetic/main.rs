//! Everything that can be tested without an engine, a container or root.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on, and lays out its own files"
)]

mod archives;
mod baselines;
mod catalogue;
mod checklists;
mod cli;
mod compose;
mod compose_documents;
mod compose_gate;
mod compose_hostile;
mod compose_services;
mod compose_spans;
mod compose_unknown;
#[path = "../corpus/mod.rs"]
mod corpus;
mod dockerfile_corpus;
mod dockerfile_documents;
mod dockerfile_files;
#[path = "../corpus/dockerfiles.rs"]
mod dockerfile_fixtures;
mod dockerfiles;
mod drift;
mod engine;
mod env_files;
mod evidence_digests;
mod files;
mod formats;
mod host;
mod hostile;
mod images;
mod join;
mod kernel;
mod needs;
mod next;
mod next_fragments;
mod nginx;
mod policy_mistakes;
mod properties;
mod reachability;
mod settings;
mod support;
mod waiver_life;
mod waivers;
mod walls;
