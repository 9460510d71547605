//! Files as an engine tells of them: in tar archives, read as they stream by.
//!
//! An archive was made by an engine of whatever a container's owner put there,
//! so its every name and number is hostile. Nothing of it is unpacked: of each
//! file only the header is looked at, names stay text, and whatever is too
//! long, too deep, too many or cut short is said to be unread.

mod container;
mod disk;
mod entries;
mod layers;
mod links;
mod name;
mod pax;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::engine::{Bounds, Engine, EngineError, ImageId};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::pattern::Patterns;

pub use container::of_container;
pub(super) use container::{fill, mend};
pub use layers::{Accounts, Image, Laid, Wanted, survey as of_saved_image};

/// How far a look into archives goes; beyond it is a gap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many names, as in a walk.
    pub(crate) names: u64,
    /// How many bytes of what has to be remembered until the end: folders, and
    /// of an image everything that an upper layer may hide.
    pub(crate) memory: usize,
    /// How many bytes the layers of an image may be, once unpacked.
    pub(crate) unpacked: u64,
    /// How long all of it may take.
    pub(crate) time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            names: 4_000_000,
            memory: 256 << 20,
            unpacked: 16 << 30,
            time: Duration::from_secs(300),
        }
    }
}

/// The most bytes of one archive. The whole root file system of a container is
/// sent; few are larger than this.
const MOST_BYTES: u64 = 8 << 30;

/// How many times as long as one question one archive may take, and all those
/// of an audit together.
const ONE: u32 = 30;
const ALL: u32 = 120;

/// When the archives that are asked for from now on must have come.
fn deadline(engine: &Engine) -> Instant {
    Instant::now() + engine.limits().deadline.saturating_mul(ALL)
}

/// What one archive may cost, within the time for all of them.
fn bounds(engine: &Engine, until: Instant) -> Bounds {
    let left = until.saturating_duration_since(Instant::now());
    let time = engine.limits().deadline.saturating_mul(ONE).min(left);
    Bounds { bytes: MOST_BYTES, time }
}

/// The files of an image, by its layers, and what little is told of their contents.
///
/// # Errors
/// The engine does not tell of the image, or the patterns are none.
pub async fn of_image(engine: &Engine, id: &ImageId, patterns: &[String]) -> Result<Laid, Gap> {
    let source = Source::Engine(format!("/images/{}/get", id.as_str()).into());
    let patterns = compiled(patterns, &source)?;
    let bounds = bounds(engine, deadline(engine));
    let archive = engine.saved(id, bounds).await.map_err(|error| error.gap(source.clone()))?;
    let limits = Limits { time: bounds.time, ..Limits::default() };
    aside(source.clone(), move || layers::of_one(archive, patterns, &source, limits)).await
}

/// The images of an archive or a folder on disk, and why there may be more. All of
/// it may take so long.
///
/// # Errors
/// The patterns are none.
pub fn of_disk(
    path: &Path,
    patterns: &[String],
    platform: &str,
    time: Duration,
) -> Result<(Vec<Image>, Vec<Gap>), Gap> {
    let patterns = compiled(patterns, &Source::Archive(path.display().to_string().into()))?;
    let wanted = Wanted { patterns, platform: platform.to_owned() };
    Ok(disk::images(path, &wanted, Limits { time, ..Limits::default() }))
}

fn compiled(patterns: &[String], source: &Source) -> Result<Arc<Patterns>, Gap> {
    Patterns::new(patterns)
        .map(Arc::new)
        .map_err(|detail| Gap::new(Reason::TooLarge, source.clone(), detail))
}

/// Reads in a thread of its own, so that what is to be read can come meanwhile.
async fn aside<T: Send + 'static>(
    source: Source,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Gap> {
    let failed = |detail: String| Gap::new(Reason::Unsupported, source, detail);
    let (sender, answer) = oneshot::channel();
    let reader = move || {
        // Where nobody waits any more, nobody wants the answer.
        let _ = sender.send(read());
    };
    if let Err(error) = std::thread::Builder::new().spawn(reader) {
        return Err(failed(format!("no thread can be started to read the files: {error}")));
    }
    answer
        .await
        .map_err(|_ended| failed("the reader of the files ended without an answer".to_owned()))
}

/// Why an archive was not read to its end.
fn broken_off(error: io::Error, source: &Source, after: &str) -> Gap {
    let error = match error.downcast::<EngineError>() {
        Ok(engine) => {
            let gap = engine.gap(source.clone());
            return Gap { detail: format!("{}, after {after}", gap.detail).into(), ..gap };
        }
        Err(error) => error,
    };
    let (whose, remedy) = if matches!(source, Source::Archive(_)) {
        ("the", "save the image again")
    } else {
        ("the engine's", "look at the engine's own log, then run again")
    };
    let detail = format!("{whose} archive cannot be read on after {after}: {error}");
    Gap::new(Reason::Malformed, source.clone(), detail).mend(remedy)
}
