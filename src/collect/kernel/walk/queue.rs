//! Work handed from a walker that has much to one that has none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Work that waits, and who works.
///
/// A walker goes on by itself and hands work over only while somebody is idle,
/// so what waits is never more than there are walkers, however wide the tree.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// How many wait for work beyond what is there.
    hungry: AtomicUsize,
}

struct State<T> {
    waiting: Vec<T>,
    /// How many may still bring more.
    busy: usize,
}

impl<T> Queue<T> {
    /// A queue for this many walkers, with the work to begin with.
    pub(super) fn new(walkers: usize, first: Vec<T>) -> Self {
        let state = State { waiting: first, busy: walkers };
        Self { state: Mutex::new(state), changed: Condvar::new(), hungry: AtomicUsize::new(0) }
    }

    /// Whether somebody would take work at once.
    pub(super) fn is_wanted(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    /// Hands over a piece of work.
    pub(super) fn give(&self, work: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.push(work);
        let hungry = self.hungry.load(Ordering::Relaxed);
        self.hungry.store(hungry.saturating_sub(1), Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// One walker fewer than there were to be.
    pub(super) fn leave(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy -= 1;
        self.changed.notify_all();
    }

    /// The next piece of work; `None` once nobody can bring any.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = state.waiting.pop() {
            return Some(work);
        }
        state.busy -= 1;
        self.hungry.fetch_add(1, Ordering::Relaxed);
        loop {
            if let Some(work) = state.waiting.pop() {
                state.busy += 1;
                return Some(work);
            }
            if state.busy == 0 {
                self.changed.notify_all();
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
