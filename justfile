# `just` lists the recipes; `just check` is what CI runs.

[private]
default:
    @just --list

# Everything that CI checks
check:
    .ci/run

# Formatting and lints, warnings denied
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# All tests; live ones are skipped where no engine is
test:
    cargo test

# Live tests only; a skip is a failure
live:
    SECAUDIT_LIVE=required cargo test --test integration

# Renew what is generated: rule reference and schema
bless:
    BLESS=1 cargo test --test hermetic catalogue

# Record the evidence of the live cases anew
record:
    SECAUDIT_RECORD=tests/bundles SECAUDIT_LIVE=required cargo test --test integration

# The walk through files beside GNU find, and the memory that it takes
bench:
    cargo bench --bench walk

# Compose files through the whole program: time and memory
bench-compose:
    cargo bench --bench compose

# The demo fleet of real services: `up before|after [NUMBER]…`, `down`, `clean`
fleet *words:
    integration/fleet/run {{words}}

# Documentation, warnings denied
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Dependencies: licences, bans, sources
deny:
    cargo deny --offline check bans licenses sources

# One static file for any Linux host
static target="x86_64-unknown-linux-musl":
    cargo build --release --target {{target}}
