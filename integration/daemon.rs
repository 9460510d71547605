//! An engine of a test's own, with everything it writes in one folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::engine::Engine;
use crate::run;
use crate::wait;

/// A running daemon, stopped at the end of its test.
pub(crate) struct Daemon {
    child: Child,
    folder: TempDir,
}

const LOG: &str = "daemon.log";
const SOCKET: &str = "engine.sock";

impl Daemon {
    /// Starts a daemon and waits until its engine answers. `arguments` makes
    /// the command line from the folder and the socket.
    pub(crate) fn start(arguments: impl FnOnce(&str, &str) -> Vec<String>) -> (Self, Engine) {
        let folder = run::folder();
        // The root of a user namespace must get through to its own files.
        let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder.path(), passable).expect("the folder is the test's own");
        let socket = folder.path().join(SOCKET);
        let log = File::create(folder.path().join(LOG)).expect("a log can be made");
        let words = arguments(&folder.path().to_string_lossy(), &socket.to_string_lossy());
        // It ends with the test's thread, however that ends.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            // Engines leave files where they stand, such as a note of an OOM kill.
            .current_dir(folder.path())
            .args(words)
            .stdout(log.try_clone().expect("a file can be cloned"))
            .stderr(log)
            .spawn()
            .expect("the daemon can be started");
        let mut daemon = Self { child, folder };
        let engine = wait::until("the daemon's engine answers", || {
            let ended = daemon.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "the daemon ended: {}", daemon.log());
            Engine::connect(&socket).ok()
        });
        (daemon, engine)
    }

    fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join(LOG);
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

/// Where [`podman`] keeps what it has.
const STORAGE: &str = "storage";

/// Podman's command line with everything below one folder.
pub(crate) fn podman(folder: &str, command: &[&str]) -> Vec<String> {
    let places = [("--root", STORAGE), ("--runroot", "run"), ("--tmpdir", "tmp")];
    let places =
        places.iter().flat_map(|(name, at)| [(*name).to_owned(), format!("{folder}/{at}")]);
    let command = command.iter().map(|&word| word.to_owned());
    std::iter::once("podman".to_owned()).chain(places).chain(command).collect()
}

/// Ends the containers in a folder whose daemon may be gone: those of Podman
/// outlive it, those of Docker do not.
pub(crate) fn end_containers(folder: &Path) {
    if folder.join(STORAGE).exists() {
        let words = podman(&folder.to_string_lossy(), &["rm", "--all", "--force", "--time=0"]);
        // What cannot be removed shows up as a folder that stays.
        let _ = Command::new(&words[0]).args(&words[1..]).output();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
        // It may have ended already.
        let _ = pid.map(|pid| kill(pid, Signal::SIGTERM));
        let _ = self.child.wait();
        run::remove_folder(self.folder.path());
    }
}
