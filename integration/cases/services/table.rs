//! The table: what must be found of each service.

use super::{Case, Written};
use crate::agree::{Expectation, done, fails, gained, not_applicable, not_gained, passes, refused};
use crate::services::{GUNICORN, NGINX, NODE, POSTGRES, REDIS, Service};
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, ExceedMemory, ExceedPids, Mount, OpenHostQueue,
    OpenKernelSetting, OpenRawSocket, ReachEngine, ReachHostLoopback, ReadHostSecret, WriteRoot,
    WriteTmp,
};

/// What holds whether anybody cared or not: the engine's defaults.
const ISOLATED: &[Expectation] = &[
    passes("no-dangerous-capabilities", &[refused(Mount), not_gained(Mount)]),
    passes("not-privileged", &[refused(OpenKernelSetting)]),
    passes("seccomp-filter", &[refused(ChangePersonality)]),
    passes("no-privileged-exec", &[]),
    passes("private-pid-namespace", &[]),
    passes("private-network-namespace", &[refused(ReachHostLoopback)]),
    passes("private-ipc-namespace", &[refused(OpenHostQueue)]),
    passes("no-engine-socket", &[refused(ReachEngine)]),
    passes("no-sensitive-mounts", &[refused(ReadHostSecret)]),
];

/// What everybody leaves out who writes nothing.
const PLAIN: &[Expectation] = &[
    fails("no-new-privileges", &[gained(BecomeRoot)]),
    fails("capabilities-dropped", &[gained(OpenRawSocket)]),
    fails("read-only-root", &[done(WriteTmp)]),
    not_applicable("tmpfs-for-writes", &[done(WriteTmp)]),
    fails("memory-limit", &[done(ExceedMemory)]),
    fails("pids-limit", &[done(ExceedPids)]),
    fails("healthcheck", &[]),
];

const AS_ROOT: &[Expectation] = &[
    fails("non-root-user", &[done(BecomeRoot)]),
    fails("capabilities-dropped", &[done(OpenRawSocket)]),
    fails("read-only-root", &[done(WriteRoot)]),
];

const HARDENED: &[Expectation] = &[
    passes("non-root-user", &[refused(BecomeRoot)]),
    passes("no-new-privileges", &[not_gained(BecomeRoot)]),
    passes("capabilities-dropped", &[refused(OpenRawSocket), not_gained(OpenRawSocket)]),
    passes("not-privileged", &[not_gained(OpenKernelSetting)]),
    passes("read-only-root", &[refused(WriteRoot), not_gained(WriteRoot)]),
    passes("tmpfs-for-writes", &[done(WriteTmp)]),
    passes("memory-limit", &[refused(ExceedMemory)]),
    passes("pids-limit", &[refused(ExceedPids)]),
    passes("healthcheck", &[]),
];

const fn plain(
    service: &'static Service,
    user: &'static str,
    expected: &'static [&'static [Expectation]],
) -> Case {
    Case { service, written: Written::Plain, user, expected }
}

const fn hardened(
    service: &'static Service,
    user: &'static str,
    expected: &'static [&'static [Expectation]],
) -> Case {
    Case { service, written: Written::Hardened, user, expected }
}

/// What is to be found of one service alone is a further list, or a line in it.
pub(super) const CASES: &[Case] = &[
    plain(&NGINX, "root", &[ISOLATED, PLAIN, AS_ROOT]),
    hardened(&NGINX, "33:33", &[ISOLATED, HARDENED]),
    plain(&NODE, "root", &[ISOLATED, PLAIN, AS_ROOT]),
    hardened(&NODE, "1000:1000", &[ISOLATED, HARDENED]),
    plain(&GUNICORN, "root", &[ISOLATED, PLAIN, AS_ROOT]),
    hardened(&GUNICORN, "1000:1000", &[ISOLATED, HARDENED]),
    // Declared as root, and no root any more: the kernel decides.
    plain(
        &POSTGRES,
        "postgres",
        &[
            ISOLATED,
            PLAIN,
            &[passes("non-root-user", &[refused(BecomeRoot)])],
            &[fails("read-only-root", &[refused(WriteRoot)])],
        ],
    ),
    hardened(&POSTGRES, "101:103", &[ISOLATED, HARDENED]),
    plain(&REDIS, "root", &[ISOLATED, PLAIN, AS_ROOT]),
    hardened(&REDIS, "100:102", &[ISOLATED, HARDENED]),
];
