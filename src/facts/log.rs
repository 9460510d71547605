//! Where a container's output goes.

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::parse::command::options::bytes;

use super::view::View;

/// The log driver and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The driver's name.
    pub driver: String,
    /// The size at which a new file is begun, where one is set.
    pub max_size: Option<u64>,
}

/// The engine alone keeps the output. The daemon's defaults are already in the
/// container's record (`docker inspect`, `HostConfig.LogConfig`).
pub(super) fn fact(view: &View<'_>) -> Fact<Log> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    let declared = inspect
        .text("/HostConfig/LogConfig/Type")
        .zip(inspect.pairs("/HostConfig/LogConfig/Config"))
        .zip(inspect.text("/HostConfig/LogConfig/Size"))
        .and_then(|((driver, options), size)| {
            // What `dockerd --log-driver` sets, by default json-file.
            let by_default = (view.kind().is_to_come()).then_some("json-file");
            let Some(driver) = driver.filter(|driver| !driver.is_empty()).or(by_default) else {
                let detail = "the engine's record names no log driver";
                return Reading::Missing(Gap::new(Reason::Unsupported, source, detail));
            };
            // Podman has a field of its own, `0B` where nothing bounds the file.
            let max_size = options.iter().find(|(name, _)| *name == "max-size");
            let max_size = max_size.map(|(_, value)| *value).or(size).and_then(bytes);
            let max_size = max_size.filter(|bytes| *bytes > 0);
            Reading::of(Log { driver: driver.to_owned(), max_size })
        });
    Fact::declared_only(declared)
}
