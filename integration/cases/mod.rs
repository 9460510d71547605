//! The cases, in files by what they need.

mod archives;
mod compose;
mod config;
mod daemons;
mod declared;
mod demo;
mod docker;
mod documents;
mod drift;
mod entered;
mod env_files;
mod files;
mod fleet;
mod harness;
pub(crate) mod images;
mod join;
mod network;
mod next;
mod only_looks;
mod restless;
mod secrets;
mod services;
mod storage;
mod users;
mod waivers;
mod walls;
mod without_engine;

use crate::needs::Need;

/// One live test.
pub(crate) struct Live {
    pub(crate) name: String,
    pub(crate) needs: Vec<Need>,
    pub(crate) run: Box<dyn FnOnce() + Send>,
}

/// A live test that is a function.
fn live(name: &str, needs: &[Need], run: fn()) -> Live {
    Live { name: name.to_owned(), needs: needs.to_vec(), run: Box::new(run) }
}

pub(crate) fn all() -> Vec<Live> {
    [
        harness::all(),
        docker::all(),
        documents::all(),
        entered::all(),
        env_files::all(),
        files::all(),
        declared::all(),
        fleet::all(),
        network::all(),
        next::all(),
        demo::all(),
        restless::all(),
        secrets::all(),
        config::all(),
        users::all(),
        waivers::all(),
        walls::all(),
        daemons::all(),
        without_engine::all(),
        services::all(),
        storage::all(),
        archives::all(),
        images::all(),
        compose::all(),
        drift::all(),
        join::all(),
        only_looks::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
