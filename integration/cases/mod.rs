//! The cases, in files by what they need.

mod daemons;
mod demo;
mod docker;
mod entered;
mod fleet;
mod harness;
mod restless;
mod users;
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
        entered::all(),
        fleet::all(),
        demo::all(),
        restless::all(),
        users::all(),
        walls::all(),
        daemons::all(),
        without_engine::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
