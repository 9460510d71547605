//! Compose files through the whole program: read, resolved, judged, reported.
//!
//! `cargo bench --bench compose` makes 3 000 ordinary projects and gives them to
//! one process, then a single one to many processes, and prints the times, the
//! memory, and what one file takes. It fails where the many take more than half a
//! second, one more than 5 ms from its start to its end, or any more than 64 MB.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark lays out its files, prints, and stops where it cannot go on"
)]

mod timed;

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use timed::timed;

/// How many files one process is given.
const FILES: usize = 3_000;

/// The most that they may take, and the most that one may.
const MOST_FOR_ALL: Duration = Duration::from_millis(500);
const MOST_FOR_ONE: Duration = Duration::from_millis(5);

/// The most memory that a process may hold, in KiB.
const MOST_MEMORY: u64 = 64_000;

/// How often each is timed. The median counts.
const ROUNDS: usize = 21;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        let project = folder.path().join(format!("project-{number:04}"));
        fs::create_dir(&project).unwrap();
        fs::write(project.join("compose.yaml"), ordinary(number)).unwrap();
    }
    let pattern = folder.path().join("*/compose.yaml");
    let (all, memory) = timed(&["compose", "--engine", "none", pattern.to_str().unwrap()], ROUNDS);
    let each = all / u32::try_from(FILES).unwrap();
    println!(
        "{FILES} files in one process: {all:.0?}, {each:.0?} a file (at most {MOST_FOR_ALL:?})"
    );
    println!("the most memory of it: {memory} kB (at most {MOST_MEMORY} kB)");
    let single = folder.path().join("project-0002/compose.yaml");
    let (one, _) = timed(&["compose", "--engine", "none", single.to_str().unwrap()], 10 * ROUNDS);
    println!("one file from a cold start: {one:.1?} (at most {MOST_FOR_ONE:?})");
    let is_quick = all <= MOST_FOR_ALL && one <= MOST_FOR_ONE;
    if is_quick && memory <= MOST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A project as people write it: a few services, ports, volumes, an environment.
fn ordinary(number: usize) -> String {
    let mut text = String::from("services:\n");
    let services = [
        "  web:\n    image: nginx:1.27\n    ports:\n      - \"8080:80\"\n    volumes:\n      - ./nginx.conf:/etc/nginx/nginx.conf:ro\n    restart: unless-stopped\n",
        "  app:\n    image: registry.example.com/shop/app:${TAG:-2.1.0}\n    environment:\n      - DATABASE_URL=postgres://app@db:5432/app\n      - NODE_ENV=production\n      - LOG_LEVEL=info\n    user: \"1000:1000\"\n    read_only: true\n    tmpfs:\n      - /tmp\n    cap_drop:\n      - ALL\n    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:3000/health\"]\n      interval: 30s\n      timeout: 5s\n      retries: 3\n    networks:\n      - front\n      - back\n",
        "  db:\n    image: postgres:16\n    environment:\n      POSTGRES_USER: app\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n      POSTGRES_DB: app\n    volumes:\n      - data:/var/lib/postgresql/data\n    networks:\n      back:\n        aliases: [database]\n    deploy:\n      resources:\n        limits:\n          memory: 512M\n          cpus: \"0.50\"\n",
        "  cache:\n    image: redis:7-alpine\n    command: redis-server --save 60 1 --loglevel warning\n    networks: [back]\n",
    ];
    let count = 1 + number % services.len();
    services.iter().cycle().skip(number % 3).take(count).for_each(|it| text.push_str(it));
    write!(text, "\nnetworks:\n  front:\n  back:\n    internal: true\n\nvolumes:\n  data:\n")
        .unwrap();
    text
}
