//! Dockerfiles through the whole program: read, parsed, judged, reported.
//!
//! `cargo bench --bench dockerfile` makes 1 000 ordinary Dockerfiles and gives them to
//! one process, and prints the time, what one file takes, and the memory. It fails
//! where they take more than 0.45 s, or more than 64 MB. Of the linters that people
//! use, one takes 29 ms a file, and the quickest, without a stage graph, 0.47 ms.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark lays out its files, prints, and stops where it cannot go on"
)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// How many files one process is given.
const FILES: usize = 1_000;

/// The most that they may take.
const MOST: Duration = Duration::from_millis(450);

/// The most memory that a process may hold, in KiB.
const MOST_MEMORY: u64 = 64_000;

/// How often it is timed. The median counts.
const ROUNDS: usize = 21;

/// What the linter that most people use takes for a file.
const USUAL: Duration = Duration::from_millis(29);

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        let project = folder.path().join(format!("project-{number:04}"));
        fs::create_dir(&project).unwrap();
        fs::write(project.join("Dockerfile"), ordinary(number)).unwrap();
        fs::write(project.join("package.json"), "{}").unwrap();
    }
    let pattern = folder.path().join("*/Dockerfile");
    let (all, memory) = timed(pattern.to_str().unwrap(), ROUNDS);
    let each = all / u32::try_from(FILES).unwrap();
    let ratio = all.as_secs_f64() / MOST.as_secs_f64();
    println!("{FILES} files in one process: {all:.0?}, {ratio:.2} of {MOST:?}");
    let quicker = USUAL.as_secs_f64() / each.as_secs_f64();
    println!("{each:.0?} a file, {quicker:.0} times as quick as the usual linter");
    println!("the most memory of it: {memory} kB (at most {MOST_MEMORY} kB)");
    if all <= MOST && memory <= MOST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The median time of a process, and the most memory that any held.
fn timed(path: &str, rounds: usize) -> (Duration, u64) {
    let mut peak = 0;
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let (time, memory) = once(path);
            peak = peak.max(memory);
            time
        })
        .collect();
    times.sort_unstable();
    (*times.get(times.len() / 2).unwrap(), peak)
}

fn once(path: &str) -> (Duration, u64) {
    let begin = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_secaudit"))
        .args(["dockerfile", "--engine", "none", path])
        .current_dir(Path::new("/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Waited for without taking it away, so that its record can still be read.
    let pid = nix::unistd::Pid::from_raw(i32::try_from(process.id()).unwrap());
    let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
    nix::sys::wait::waitid(nix::sys::wait::Id::Pid(pid), flags).unwrap();
    let time = begin.elapsed();
    let status = process.wait().unwrap();
    assert!(status.code().is_some() && status.signal().is_none(), "it ends by itself");
    (time, usage())
}

/// The most memory that any child held so far, in KiB (`getrusage(2)`).
fn usage() -> u64 {
    let who = nix::sys::resource::UsageWho::RUSAGE_CHILDREN;
    let usage = nix::sys::resource::getrusage(who).unwrap();
    u64::try_from(usage.max_rss()).unwrap()
}

/// A Dockerfile as people write it.
fn ordinary(number: usize) -> String {
    let files = [
        "# syntax=docker/dockerfile:1\nARG NODE=22.12.0\nFROM node:${NODE}-slim AS build\nWORKDIR /app\nCOPY package*.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci\nCOPY . .\nRUN npm run build\n\nFROM node:${NODE}-slim\nENV NODE_ENV=production \\\n    NODE_OPTIONS=--max-old-space-size=512\nRUN apt-get update && apt-get install -y --no-install-recommends dumb-init \\\n    && rm -rf /var/lib/apt/lists/*\nWORKDIR /app\nCOPY --from=build --chown=node:node /app/dist ./dist\nUSER 1000:1000\nEXPOSE 3000\nHEALTHCHECK --interval=30s --timeout=10s CMD curl -f http://localhost:3000/health || exit 1\nENTRYPOINT [\"dumb-init\", \"--\"]\nCMD [\"node\", \"dist/server.js\"]\n",
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc curl\nRUN useradd --system --uid 1001 --shell /usr/sbin/nologin app\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\nUSER app\nCMD gunicorn -b 0.0.0.0:8000 app:app\n",
        "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /bin/app ./cmd/app\n\nFROM gcr.io/distroless/static:nonroot\nCOPY --from=build /bin/app /app\nUSER 65532:65532\nENTRYPOINT [\"/app\"]\n",
        "FROM ubuntu\nMAINTAINER somebody\nADD . /opt/app\nENV DB_PASSWORD=changeme\nRUN apt-get update\nRUN apt-get install -y openjdk-17-jre wget\nRUN wget https://example.com/tool.tar.gz && tar xf tool.tar.gz\nEXPOSE 8080\nCMD java -jar /opt/app/app.jar\n",
    ];
    let text = files.iter().cycle().nth(number).unwrap();
    format!("# Service {number}\n{text}")
}
