//! Sandboxes of Linux namespaces alone, for a machine without an engine.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};

use super::payload::{Kind, OrFail, READY, again};
use super::{image, note};
use crate::app::exit::Failure;
use crate::collect::connect::NoEngine;
use crate::collect::containers::{Files, Plan};
use crate::collect::engine::Limits;
use crate::model::untrusted::Untrusted;
use crate::policy::Policy;

/// How long a sandbox may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// The sandboxes that have been started so far.
#[derive(Default)]
pub(super) struct Sandboxes {
    started: Vec<Sandbox>,
}

impl Sandboxes {
    /// What will be made, a line each.
    pub(super) fn announcement(&self) -> Vec<(&'static str, String)> {
        let line = |text: &str| ("process", text.to_owned());
        vec![
            line(
                "demo-hardened: in namespaces of its own, no root, no capabilities, a system \
                  call filter, no network, a read-only root in memory",
            ),
            line(
                "demo-typical: as people run it, only with a root directory and a PID namespace \
                  of its own",
            ),
        ]
    }

    /// Starts both, waits until they are as they will be audited, and tells
    /// what is to be audited.
    pub(super) async fn make(&mut self) -> Result<Plan, Failure> {
        let tar = image::of_this_program(&[]).map_err(|error| {
            Failure::Demo(format!("cannot copy this program into a sandbox: cannot read {error}"))
        })?;
        note("starting the sandboxes …");
        let mut names = Vec::new();
        for kind in [Kind::Hardened, Kind::Typical] {
            // Kept before it is waited for: whatever is started gets removed.
            self.started.push(Sandbox::start(kind)?);
            if let Some(sandbox) = self.started.last_mut() {
                let pid = sandbox.ready(&tar).await?;
                // By its pid: two demos at once have sandboxes of the same name.
                names.push(format!("pid-{pid}-"));
            }
        }
        let engine = Err(NoEngine {
            detail: "no engine made these sandboxes, so nothing is declared about them".into(),
            remedy: "run `secaudit demo --with docker`".into(),
        });
        Ok(Plan {
            engine,
            names,
            sought: Policy::baseline().sought(),
            files: Files::Kernel,
            limits: Limits::default(),
        })
    }

    /// Ends them all.
    pub(super) async fn remove(&mut self) -> Result<(), Failure> {
        for sandbox in self.started.drain(..) {
            sandbox.end().await?;
        }
        Ok(())
    }
}

/// The first process of a sandbox, outside of it, and what ties it to the demo:
/// the sandbox ends when its standard input does, so it cannot outlive the demo.
struct Sandbox {
    kind: Kind,
    child: Child,
    input: Option<Sender>,
    /// What its processes say, errors as well; it ends when the last of them has.
    output: Receiver,
}

impl Sandbox {
    fn start(kind: Kind) -> Result<Self, Failure> {
        let start = || {
            let (output, writer) = std::io::pipe()?;
            let (reader, input) = std::io::pipe()?;
            let output = Receiver::from_owned_fd(OwnedFd::from(output))?;
            let input = Some(Sender::from_owned_fd(OwnedFd::from(input))?);
            let child = again("/proc/self/exe", "sandbox", kind)
                // Ctrl-C is for the demo, which then ends its sandboxes.
                .process_group(0)
                .stdin(reader)
                .stdout(writer.try_clone()?)
                .stderr(writer)
                .spawn()?;
            Ok(Self { kind, child, input, output })
        };
        start().map_err(|error: std::io::Error| {
            Failure::Demo(format!("cannot start this program again: {error}"))
        })
    }

    /// Hands the image over, and waits for the sandbox to be as it will stay.
    /// Gives the pid of the first process inside.
    async fn ready(&mut self, tar: &[u8]) -> Result<u32, Failure> {
        if let Some(input) = &mut self.input {
            // Where the sandbox has failed nobody reads; what it says tells why.
            let _ = input.write_all(tar).await;
        }
        let mut said = Vec::new();
        let pid = loop {
            let text = String::from_utf8_lossy(&said);
            let mut lines = text.lines();
            if let (Some(pid), Some(READY)) = (lines.next(), lines.next()) {
                break pid.parse().ok();
            }
            if self.output.read_buf(&mut said).await.or_fail("listening to a sandbox")? == 0 {
                break None;
            }
        };
        pid.ok_or_else(|| refused(self.kind, &String::from_utf8_lossy(&said)))
    }

    async fn end(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        let mut said = Vec::new();
        let ended = self.output.read_to_end(&mut said);
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            self.child.kill().or_fail("ending a sandbox")?;
        }
        self.child.wait().or_fail("ending a sandbox").map(drop)
    }
}

fn refused(kind: Kind, said: &str) -> Failure {
    let reason = said.lines().find_map(|line| line.strip_prefix("secaudit: "));
    let reason = Untrusted::from(reason.unwrap_or("it ended without a word"));
    Failure::Demo(format!(
        "the {} sandbox cannot be made of namespaces here ({reason}); run as root, or allow \
         user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, \
         kernel.apparmor_restrict_unprivileged_userns), or start Docker and run `secaudit demo \
         --with docker`",
        kind.word()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_what_the_kernel_said_and_what_to_do() {
        let said = "secaudit: making a user namespace failed: EPERM: Operation not permitted\n";
        let failure = refused(Kind::Hardened, said);
        let text = failure.to_string();
        assert!(text.contains("hardened") && text.contains("(making a user namespace"), "{text}");
        assert!(text.contains("run as root") && text.contains("--with docker"), "{text}");
        assert_eq!(failure.exit_code(), 3);
    }
}
