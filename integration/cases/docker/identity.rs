//! The table of who runs in a container, and with which groups.

use std::os::unix::fs::MetadataExt;

use secaudit::model::severity::Severity;
use serde_json::{Value, json};

use super::Case;
use crate::agree::{Expectation, done, fails, gained, passes, refused};
use crate::run::DOCKER;
use crate::witness::Act::{
    BecomeRoot, Mount, OpenRawSocket, ReachEngine, ReadGroupSecret, StartOwnShell,
};
use crate::witness::WITNESS;

fn user(user: &str) -> Value {
    json!({"User": user})
}

/// The group of the engine's socket: `docker`, or root's.
fn socket_group() -> String {
    std::fs::metadata(DOCKER).expect("the case needs the engine").gid().to_string()
}

const ROOT: &[Expectation] =
    &[fails("non-root-user", &[done(BecomeRoot)]), passes("no-privileged-exec", &[])];

pub(super) const CASES: &[Case] = &[
    Case { name: "user-0-0", config: || user("0:0"), code: 1, expected: ROOT },
    Case { name: "user-00", config: || user("00"), code: 1, expected: ROOT },
    Case { name: "user-toor", config: || user("toor"), code: 1, expected: ROOT },
    // The kernel overrules the declaration: nobody is root any more.
    Case {
        name: "drops-by-itself",
        config: || json!({"Cmd": [WITNESS, "witness", "drop"]}),
        code: 1,
        expected: &[
            passes("non-root-user", &[refused(BecomeRoot)]),
            fails("non-root-exec", &[]),
            passes("no-privileged-groups", &[refused(ReadGroupSecret)]),
            passes("runs-as-declared", &[]),
            fails("capabilities-dropped", &[refused(OpenRawSocket), gained(OpenRawSocket)]),
            fails("no-new-privileges", &[gained(BecomeRoot)]),
        ],
    },
    // Root stays above its workers, as in nginx: another finding than root everywhere.
    Case {
        name: "root-master",
        config: || json!({"Cmd": [WITNESS, "witness", "master"]}),
        code: 1,
        expected: &[
            fails("non-root-user", &[done(BecomeRoot)]).at(Severity::Med),
            fails("non-root-exec", &[]),
            passes("no-privileged-exec", &[]),
            passes("no-privileged-groups", &[]),
            passes("runs-as-declared", &[]),
        ],
    },
    Case {
        name: "root-master-with-too-much",
        config: || json!({"Cmd": [WITNESS, "witness", "master"], "HostConfig": {"CapAdd": ["SYS_ADMIN"]}}),
        code: 1,
        expected: &[fails("non-root-user", &[done(BecomeRoot), done(Mount)]).at(Severity::High)],
    },
    // Without an account and a group the engine gives it root's group.
    Case {
        name: "user-without-an-account",
        config: || user("4242"),
        code: 1,
        expected: &[
            passes("non-root-user", &[refused(BecomeRoot)]),
            fails("no-privileged-groups", &[done(ReadGroupSecret)]),
            fails("fixed-uid", &[]),
            passes("no-login-shell", &[refused(StartOwnShell)]),
        ],
    },
    Case {
        name: "user-with-a-group-of-its-own",
        config: || user("4242:4242"),
        code: 1,
        expected: &[
            passes("no-privileged-groups", &[refused(ReadGroupSecret)]),
            passes("fixed-uid", &[]),
        ],
    },
    Case {
        name: "further-group-root",
        config: || json!({"User": "1000:1000", "HostConfig": {"GroupAdd": ["0"]}}),
        code: 1,
        expected: &[fails("no-privileged-groups", &[done(ReadGroupSecret)])],
    },
    // Nobody in the container knows the group; on the host it is the engine's.
    Case {
        name: "group-of-the-engines-socket",
        config: || {
            json!({"User": "1000:1000", "HostConfig": {
                "Binds": ["/var/run/docker.sock:/var/run/docker.sock"],
                "GroupAdd": [socket_group()],
            }})
        },
        code: 1,
        expected: &[fails("no-privileged-groups", &[done(ReachEngine)])],
    },
    Case {
        name: "user-with-a-login-shell",
        config: || user("shelly"),
        code: 1,
        expected: &[
            fails("no-login-shell", &[done(StartOwnShell)]),
            fails("fixed-uid", &[]),
            passes("non-root-exec", &[refused(BecomeRoot)]),
        ],
    },
    // Whatever root calls itself in a namespace of its own, it is the host's root.
    Case {
        name: "takes-another-name",
        config: || {
            json!({
                "Cmd": [WITNESS, "witness", "alias"],
                "HostConfig": {"SecurityOpt": ["seccomp=unconfined"]},
            })
        },
        code: 1,
        expected: ROOT,
    },
    // What one thread gives up another may keep.
    Case {
        name: "drops-in-one-thread",
        config: || json!({"Cmd": [WITNESS, "witness", "half"]}),
        code: 1,
        expected: &[fails("capabilities-dropped", &[done(OpenRawSocket)])],
    },
];
