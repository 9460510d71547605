//! The table: what must be found of each service.

use secaudit::model::severity::Severity;

use super::{Case, Written};
use crate::agree::{Expectation, done, fails, gained, not_applicable, not_gained, passes, refused};
use crate::services::{GUNICORN, NGINX, NODE, POSTGRES, REDIS, Service};
use crate::witness::Act::{
    BecomeRoot, ChangePersonality, ExceedMemory, ExceedPids, Mount, OpenHostQueue,
    OpenKernelSetting, OpenRawSocket, ReachEngine, ReachHostLoopback, ReadHostSecret,
    StartOwnShell, WriteRoot, WriteTmp,
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
    passes("runs-as-declared", &[]),
    passes("no-undeclared-listeners", &[]),
    not_applicable("published-ports-bound", &[]),
    passes("no-secrets-in-environment", &[]),
    passes("no-default-credentials", &[]),
    passes("no-host-devices", &[]),
    passes("no-escape-path", &[]),
    passes("no-shared-propagation", &[]),
    passes("private-uts-namespace", &[]),
    passes("handles-sigterm", &[]),
    passes("exec-form-command", &[]),
];

/// What everybody leaves out who writes nothing.
const PLAIN: &[Expectation] = &[
    fails("no-new-privileges", &[gained(BecomeRoot)]),
    fails("capabilities-dropped", &[gained(OpenRawSocket)]),
    fails("read-only-root", &[]),
    not_applicable("tmpfs-for-writes", &[done(WriteTmp)]),
    fails("memory-limit", &[done(ExceedMemory)]),
    fails("pids-limit", &[done(ExceedPids)]),
    fails("healthcheck", &[]),
    fails("custom-network", &[]),
    fails("non-root-exec", &[]),
    fails("no-login-shell", &[done(StartOwnShell)]),
    fails("private-user-namespace", &[]),
    fails("cpu-limit", &[]),
    fails("restart-policy", &[]),
    not_applicable("healthcheck-works", &[]),
    not_applicable("healthcheck-timing", &[]),
    not_applicable("heap-fits-limit", &[]),
];

/// Nobody but root, and no worker that is somebody else.
const ALL_ROOT: &[Expectation] = &[
    fails("non-root-user", &[done(BecomeRoot)]).at(Severity::High),
    not_applicable("no-privileged-groups", &[]),
];

const AS_ROOT: &[Expectation] = &[
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
    passes("immutable-code", &[]),
    passes("no-world-writable", &[]),
    passes("secret-file-modes", &[]),
    passes("memory-limit", &[refused(ExceedMemory)]),
    passes("pids-limit", &[refused(ExceedPids)]),
    passes("healthcheck", &[]),
    passes("custom-network", &[]),
    passes("non-root-exec", &[]),
    passes("fixed-uid", &[]),
    passes("no-privileged-groups", &[]),
    passes("no-setuid-escalation", &[not_gained(BecomeRoot)]),
    passes("private-cgroup-namespace", &[]),
    not_applicable("private-user-namespace", &[]),
    passes("cpu-limit", &[]),
    passes("restart-policy", &[]),
    passes("log-driver", &[]),
    passes("init-process", &[]),
    passes("healthcheck-works", &[]),
    passes("healthcheck-timing", &[]),
];

/// Somebody in it is an ordinary user, and one file away from root.
const CLIMBS: &[Expectation] = &[fails("no-setuid-escalation", &[gained(BecomeRoot)])];

/// A heap, or workers, that the memory limit has room for.
const FITS: &[Expectation] = &[passes("heap-fits-limit", &[])];

/// Workers that somebody thought about, and such that nobody did.
const TUNED: &[Expectation] = &[passes("gunicorn-tuned", &[])];
const UNTUNED: &[Expectation] = &[fails("gunicorn-tuned", &[])];

/// It collects whoever is left to the first process.
const REAPS: &[Expectation] = &[passes("init-process", &[])];

/// It does not, and would leave them as zombies.
const LEAVES_ORPHANS: &[Expectation] = &[fails("init-process", &[]).at(Severity::Low)];

/// Reached by its neighbours alone: the network leads nowhere else.
const INNER_STORE: &[Expectation] = &[passes("datastore-internal", &[])];

/// The account is the service's own, and nobody logs in with it.
const OWN_ACCOUNT: &[Expectation] = &[passes("no-login-shell", &[refused(StartOwnShell)])];

const NO_NGINX: &[Expectation] = &[not_applicable("nginx-hardened", &[])];

const NO_STORE: &[Expectation] = &[not_applicable("datastore-internal", &[])];
/// The engine's default network leads out of the host.
const OPEN_STORE: &[Expectation] = &[fails("datastore-internal", &[]).at(Severity::Low)];

/// Its data is in the container's own layer, and gone with it.
const LOSES_DATA: &[Expectation] = &[fails("persistent-data", &[])];
const KEEPS_DATA: &[Expectation] = &[passes("persistent-data", &[])];
const NO_DATA: &[Expectation] = &[not_applicable("persistent-data", &[])];

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
    plain(
        &NGINX,
        "root",
        &[
            ISOLATED,
            PLAIN,
            AS_ROOT,
            NO_STORE,
            REAPS,
            CLIMBS,
            // A root master above workers that are not: a milder case.
            &[fails("non-root-user", &[done(BecomeRoot)]).at(Severity::Med)],
            &[passes("no-privileged-groups", &[]), fails("nginx-hardened", &[])],
        ],
    ),
    hardened(
        &NGINX,
        "33:33",
        &[ISOLATED, HARDENED, OWN_ACCOUNT, NO_STORE, &[passes("nginx-hardened", &[])]],
    ),
    plain(&NODE, "root", &[ISOLATED, PLAIN, AS_ROOT, ALL_ROOT, NO_STORE, LEAVES_ORPHANS, NO_NGINX]),
    hardened(&NODE, "1000:1000", &[ISOLATED, HARDENED, OWN_ACCOUNT, NO_STORE, FITS]),
    plain(&GUNICORN, "root", &[ISOLATED, PLAIN, AS_ROOT, ALL_ROOT, NO_STORE, REAPS, UNTUNED]),
    hardened(&GUNICORN, "1000:1000", &[ISOLATED, HARDENED, OWN_ACCOUNT, NO_STORE, FITS, TUNED]),
    plain(
        &POSTGRES,
        "postgres",
        &[
            ISOLATED,
            PLAIN,
            OPEN_STORE,
            LOSES_DATA,
            REAPS,
            CLIMBS,
            // Declared as root, and no root any more: the kernel decides. What
            // is executed later would be root.
            &[passes("non-root-user", &[refused(BecomeRoot)])],
            &[fails("read-only-root", &[refused(WriteRoot)])],
            &[passes("no-privileged-groups", &[])],
        ],
    ),
    // Debian lets its administrators log in as postgres.
    hardened(
        &POSTGRES,
        "101:103",
        &[
            ISOLATED,
            HARDENED,
            INNER_STORE,
            KEEPS_DATA,
            &[fails("no-login-shell", &[done(StartOwnShell)])],
        ],
    ),
    plain(
        &REDIS,
        "root",
        &[ISOLATED, PLAIN, AS_ROOT, ALL_ROOT, OPEN_STORE, LOSES_DATA, LEAVES_ORPHANS],
    ),
    hardened(&REDIS, "100:102", &[ISOLATED, HARDENED, OWN_ACCOUNT, INNER_STORE, NO_DATA]),
];
