//! Real software from Debian's packages, packed once and kept.
//!
//! `debootstrap` makes the file system, which takes about a minute; it is kept
//! as a tar archive outside the repository, under the digest of its recipe. A
//! changed recipe is another archive, and an interrupted build leaves none.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// Where the archives are kept, unless [`CACHE_VARIABLE`] names a folder.
const CACHE: &str = "/var/cache/secaudit-live";
const CACHE_VARIABLE: &str = "SECAUDIT_LIVE_CACHE";

const SUITE: &str = "bookworm";
/// Asked where this machine's own packages come from elsewhere.
const MIRROR: &str = "http://deb.debian.org/debian";
const PACKAGES: [&str; 10] = [
    "dumb-init",
    "gunicorn",
    "libcap2-bin",
    "nginx-light",
    "nodejs",
    "postgresql",
    "python3",
    "python3-flask",
    "redis-server",
    "tini",
];

/// What nothing here needs at run time, a third of the whole: documentation,
/// translations, the packages themselves, and PostgreSQL's own compiler; and
/// the site of nginx that everybody removes first.
const LEFT_OUT: [&str; 15] = [
    "./dev/*",
    "./etc/nginx/sites-enabled/default",
    "./usr/lib/postgresql/*/lib/bitcode",
    "./usr/lib/postgresql/*/lib/llvmjit*",
    "./usr/lib/*/libLLVM*",
    "./usr/lib/*/libz3*",
    "./usr/share/doc",
    "./usr/share/i18n",
    "./usr/share/info",
    "./usr/share/lintian",
    "./usr/share/locale",
    "./usr/share/man",
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./var/log/*.log",
];

/// An account for what is no service of Debian's own: nobody can log in.
const ACCOUNTS: [(&str, &str); 2] = [
    ("etc/passwd", "app:x:1000:1000:app:/srv:/usr/sbin/nologin\n"),
    ("etc/group", "app:x:1000:\n"),
];

/// The archive, made by the first case that asks; or why there is none.
pub(crate) fn archive() -> Result<&'static Path, &'static str> {
    static ARCHIVE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = ARCHIVE.get_or_init(|| {
        let cache = std::env::var_os(CACHE_VARIABLE).map_or_else(|| CACHE.into(), PathBuf::from);
        kept(&cache, &recipe(), build)
    });
    made.as_deref().map_err(String::as_str)
}

/// The archive of a recipe: the one that is kept, or else one that `build`
/// makes in a folder of its own. One run at a time builds.
pub(crate) fn kept(
    cache: &Path,
    recipe: &str,
    build: impl FnOnce(&Path) -> Result<PathBuf, String>,
) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", cache.display());
    fs::create_dir_all(cache).map_err(failed)?;
    let lock = File::create(cache.join("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    remove_unfinished(cache);
    let digest: String =
        Sha256::digest(recipe).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let archive = cache.join(format!("{SUITE}-{digest}.tar"));
    if !archive.exists() {
        let folder =
            tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(cache).map_err(failed)?;
        let built = build(folder.path())?;
        fs::rename(built, &archive).map_err(failed)?;
    }
    Ok(archive)
}

/// The folders of builds begin so; whoever holds the lock may remove them.
const UNFINISHED: &str = "building-";

#[expect(clippy::disallowed_methods, reason = "the tests look at their own cache")]
fn remove_unfinished(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Everything that decides what is in the archive.
fn recipe() -> String {
    let accounts = ACCOUNTS.map(|(file, line)| format!("{file} {line}"));
    let parts = [&PACKAGES[..], &LEFT_OUT[..]].concat().join("\n");
    format!("{SUITE} {}\n{parts}\n{}", std::env::consts::ARCH, accounts.concat())
}

#[expect(clippy::disallowed_methods, reason = "the file system is the test's own")]
fn build(folder: &Path) -> Result<PathBuf, String> {
    let root = folder.join("root");
    let include = format!("--include={}", PACKAGES.join(","));
    // In a mount and pid namespace of its own, so that whatever ends it, no
    // mount and no service that a package started stays behind. A mirror that
    // never answers does not hold up the tests for ever.
    let alone = ["--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork"];
    let bounded = ["--kill-child", "timeout", "900"];
    let made = ["debootstrap", "--variant=minbase", &include, SUITE];
    let mut debootstrap = Command::new("setpriv");
    debootstrap.args(alone).args(bounded).args(made).arg(&root).arg(mirror());
    succeed(debootstrap)?;
    for (file, line) in ACCOUNTS {
        let path = root.join(file);
        let before = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        fs::write(&path, before + line).map_err(|error| format!("{file}: {error}"))?;
    }
    let archive = folder.join("archive");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--file"]).arg(&archive).arg("--directory").arg(&root);
    tar.args(LEFT_OUT.map(|pattern| format!("--exclude={pattern}"))).arg(".");
    succeed(tar)?;
    Ok(archive)
}

/// Where this machine's own packages come from, if that is Debian.
fn mirror() -> String {
    let asked = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"])
        .output();
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let found = text.unwrap_or_default();
    // Beside it there may be security updates, and others' packages.
    let is_debian = |uri: &&str| format!("{uri}/").contains("/debian/");
    found
        .lines()
        .map(|line| line.trim_end_matches('/'))
        .find(is_debian)
        .unwrap_or(MIRROR)
        .to_owned()
}

/// Runs a command, or says what its last words were.
fn succeed(mut command: Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let program = command.get_program().to_string_lossy().into_owned();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let last: Vec<&str> = said.lines().rev().take(4).collect();
    let words: Vec<&OsStr> = command.get_args().collect();
    Err(format!("{program} {words:?}: {}: {}", output.status, last.join(" · ")))
}
