//! Dockerfiles through the whole program: read, parsed, judged, reported.
//!
//! `cargo bench --bench dockerfile` makes 1 000 ordinary Dockerfiles and gives them to
//! one process, and prints the time, what one file takes, and the memory. It fails
//! where they take more than 0.45 s, or more than 64 MB.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark lays out its files, prints, and stops where it cannot go on"
)]

mod timed;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use timed::timed;

/// How many files one process is given.
const FILES: usize = 1_000;

/// The most that they may take.
const MOST: Duration = Duration::from_millis(450);

/// The most memory that a process may hold, in KiB.
const MOST_MEMORY: u64 = 64_000;

/// How often it is timed. The median counts.
const ROUNDS: usize = 21;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        let project = folder.path().join(format!("project-{number:04}"));
        fs::create_dir(&project).unwrap();
        fs::write(project.join("Dockerfile"), ordinary(number)).unwrap();
        fs::write(project.join("package.json"), "{}").unwrap();
    }
    let pattern = folder.path().join("*/Dockerfile");
    let (all, memory) =
        timed(&["dockerfile", "--engine", "none", pattern.to_str().unwrap()], ROUNDS);
    let each = all / u32::try_from(FILES).unwrap();
    let ratio = all.as_secs_f64() / MOST.as_secs_f64();
    println!("{FILES} files in one process: {all:.0?}, {ratio:.2} of {MOST:?}");
    println!("{each:.0?} a file");
    println!("the most memory of it: {memory} kB (at most {MOST_MEMORY} kB)");
    if all <= MOST && memory <= MOST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
