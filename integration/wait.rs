//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// After this a condition counts as one that never comes. A machine that is
/// busy with other things is no failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// `what` does not come within the deadline.
#[expect(clippy::disallowed_methods, reason = "a pause between two looks, not a wait")]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
