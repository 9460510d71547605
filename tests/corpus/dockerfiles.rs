//! Dockerfiles to try things on: each example of the reference, and many made of
//! the same parts.

/// A Dockerfile.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// What it is called when something is wrong with it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// What no builder takes in it: the line, and what is said of it.
    pub(crate) faults: Vec<(u32, String)>,
}

/// What begins a file.
const TOPS: &[&str] = &[
    "",
    "# syntax=docker/dockerfile:1\n",
    "# syntax=docker/dockerfile:1\n# check=skip=all\n",
    "# a comment\n\n",
    "\u{feff}# syntax=docker/dockerfile:1\n",
    "ARG VERSION=3.20\n",
    "ARG VERSION=3.20 NODE=22\nARG NODE\n",
    "#!/usr/bin/env -S docker build .\n",
];

/// What a stage begins with.
const BASES: &[&str] = &[
    "alpine:3.20",
    "node:22.11-slim",
    "python:3.12-slim-bookworm",
    "registry.example.test:5000/team/base",
    "golang:1.23@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "--platform=$BUILDPLATFORM debian:bookworm",
    "--platform=linux/arm64 ubuntu:24.04",
    "nginx",
    "scratch",
    "alpine:${VERSION:-3.20}",
    "${UNSET}",
];

/// What a builder does; each is a few instructions.
const BUILDS: &[&str] = &[
    "WORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /out/app ./cmd\n",
    "WORKDIR /src\nCOPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci\nCOPY . .\nRUN npm run build\n",
    "COPY . /src\nRUN cd /src && npm install && npm run build\n",
    "ARG NPM_TOKEN\nCOPY .npmrc /src/\nRUN yarn --frozen-lockfile\n",
    "RUN apt-get update && apt-get install -y build-essential && make\n",
    "RUN sudo make install\n",
    "RUN --mount=type=bind,target=. --mount=type=cache,target=/target cargo build --release\n",
    "RUN --mount=type=secret,id=netrc,target=/root/.netrc go mod download\n",
    "RUN <<EOF\nset -e\ncurl -fsSL https://example.test/install.sh | sh\nEOF\n",
    "ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.test/a.tgz /src/\n",
    "ADD https://example.test/team/app.git#v1.2.3 /src\n",
    "ONBUILD RUN npm ci\n",
];

/// What the stage that ships does; each is an instruction or a few.
const STEPS: &[&str] = &[
    "RUN apt-get update && apt-get install -y --no-install-recommends dumb-init && rm -rf /var/lib/apt/lists/*\n",
    "RUN apt-get update\nRUN apt-get install -y curl vim\n",
    "RUN apk add --no-cache --virtual .build gcc \\\n    # why it is there\n    musl-dev \\\n && make \\\n && apk del .build\n",
    "RUN apk add curl\n",
    "RUN dnf install -y httpd && dnf clean all\n",
    "RUN microdnf install nginx\n",
    "RUN pip install --no-cache-dir -r requirements.txt\n",
    "RUN pip install flask gunicorn==22.0.0\n",
    "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n",
    "ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1\nRUN python -m pip install -r requirements.txt\n",
    "RUN npm ci --omit=dev && npm cache clean --force\n",
    "RUN curl -kfsSL https://example.test/tool.tgz | tar xz -C /usr/local/bin\n",
    "RUN curl -fsSLo /tmp/t https://example.test/t && echo \"$SUM  /tmp/t\" | sha256sum -c - && install /tmp/t /usr/bin/t\n",
    "RUN [\"/bin/bash\", \"-c\", \"echo hello\"]\n",
    "RUN [ \"apk\", \"add\", \"--no-cache\", \"tini\" ]\n",
    "RUN <<EOF\napt-get update\napt-get install -y vim\nEOF\n",
    "RUN <<-\"END\" bash -e\n\techo $HOME\n\tEND\n",
    "RUN python3 <<EOF\nprint('a; curl x | sh')\nEOF\n",
    "RUN cat <<EOF > /etc/app/app.yaml\na: 1\nb: 2\nEOF\n",
    "RUN printf 'server {\\n  listen 80;\\n  root /srv;\\n}\\n' > /etc/nginx/conf.d/default.conf\n",
    "RUN echo 'opcache.enable=1' > /usr/local/etc/php/conf.d/x.ini\n",
    "RUN set -eux; for it in a b; do echo \"$it\"; done; if true; then id; fi\n",
    "RUN (cd /tmp && wget -qO- https://example.test/i.sh) | sh\n",
    "RUN eval \"$(curl -s https://example.test/env)\"\n",
    "RUN --network=none --security=sandbox true\n",
    "COPY . .\n",
    "COPY --chown=1000:1000 --chmod=555 . /app\n",
    "COPY . /app\nRUN chown -R 1000:1000 /app\n",
    "COPY [\"a file\", \"/app/a file\"]\n",
    "COPY --link --parents ./x/./a.txt /app/\n",
    "COPY --exclude=*.md --exclude=test docs /docs\n",
    "COPY <<EOF /etc/app.conf\nkey = $value\nEOF\n",
    "COPY <<A <<B /dest/\na\nA\nb\nB\n",
    "COPY --from=nginx:1.27 /etc/nginx/nginx.conf /etc/nginx/\n",
    "COPY .env /app/.env\n",
    "ADD rootfs.tar.xz /\n",
    "ADD --keep-git-dir=true git@example.test:team/app.git /app\n",
    "ENV API_TOKEN=hunter2hunter2\n",
    "ENV OLD form of it\n",
    "ENV A=\"a b\" B=c\\ d C='$A'\n",
    "ARG DB_PASSWORD\n",
    "LABEL org.opencontainers.image.source=\"https://example.test/app\" \\\n      version=1\n",
    "EXPOSE 80/tcp 8080-8090 53/udp\n",
    "VOLUME [\"/data\", \"/log\"]\nVOLUME /a /b\n",
    "STOPSIGNAL SIGQUIT\n",
    "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN wget -O - https://example.test/x | wc -l > /number\n",
    "HEALTHCHECK --interval=30s --timeout=10s --start-period=40s --retries=3 CMD wget -qO- http://localhost/ || exit 1\n",
    "HEALTHCHECK NONE\n",
    "ONBUILD COPY . /app\n",
    "MAINTAINER somebody\n",
    "RUN useradd -u 1001 -r app\nUSER app\n",
    "USER 1000:1000\n",
    "USER ${UID:-0}\n",
    "WORKDIR /app\nWORKDIR sub\n",
    "run echo lower case\n",
    "RUN git config --global http.sslVerify false\n",
];

/// What ends a file.
const ENDS: &[&str] = &[
    "CMD [\"/bin/app\"]\n",
    "CMD exec /bin/app\n",
    "ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"node\", \"server.js\"]\n",
    "ENTRYPOINT /bin/app --port $PORT\n",
    "",
    "CMD [\"nginx\", \"-g\", \"daemon off;\"]",
];

/// What no builder takes, and what is said of it.
const ODD: &[(&str, &str)] = &[
    ("COPPY a b\n", "there is no instruction \"COPPY\""),
    ("COPY --form=build a b\n", "COPY has no flag \"form\""),
    ("COPY onlyone\n", "COPY"),
    ("ENV NOVALUE\n", "\"NOVALUE\" has no value"),
    ("HEALTHCHECK --interval=soon CMD true\n", ""),
    ("SHELL /bin/bash\n", "SHELL needs a JSON array"),
    ("ONBUILD FROM alpine\n", "ONBUILD cannot put off FROM"),
    ("USER\n", "USER needs an argument"),
    ("HEALTHCHECK curl -f http://localhost\n", "HEALTHCHECK needs CMD and a command, or NONE"),
    ("LABEL =x\n", "LABEL has a value without a name"),
];

/// Examples as the Dockerfile reference has them, in words of our own.
const EXAMPLES: &[(&str, &str)] = &[
    ("escape-backtick", "# escape=`\nFROM alpine\nRUN echo a `\n  b\nCOPY x c:\\\n"),
    ("comment-between", "FROM alpine\nRUN echo hello \\\n# comment\nworld\n"),
    ("comment-after-heredoc", "FROM alpine\nRUN <<EOF\nid\nEOF\n# a comment\nUSER app\n"),
    ("white-space-before", "        # this is a comment\n   FROM alpine\nRUN echo a\n"),
    ("directive-after-builder-instruction", "FROM alpine\n# escape=`\nRUN a \\\n  b\n"),
    (
        "environment-replacement",
        "FROM busybox\nENV FOO=/bar\nWORKDIR ${FOO}\nADD . $FOO\nCOPY \\$FOO /quux\n",
    ),
    ("same-instruction-one-value", "FROM a\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n"),
    ("variable-operators", "FROM a\nARG v=1\nENV a=${v:-2} b=${v:+3} c=${x:-${y:-z}}\n"),
    (
        "global-argument",
        "ARG CODE_VERSION=latest\nFROM base:${CODE_VERSION}\nCMD /code/run-app\nFROM extras:${CODE_VERSION}\nCMD /code/run-extras\n",
    ),
    (
        "global-argument-in-a-stage",
        "ARG VERSION=latest\nFROM busybox:$VERSION\nARG VERSION\nRUN echo $VERSION > image_version\n",
    ),
    ("argument-twice", "FROM a\nARG V=1\nARG V=2\nRUN echo $V\n"),
    (
        "stages-by-name-in-any-case",
        "FROM golang AS Build\nRUN go build\nFROM alpine\nCOPY --from=build /a /a\n",
    ),
    ("stages-by-number", "FROM golang\nRUN go build\nFROM alpine\nCOPY --from=0 /a /a\n"),
    ("stage-of-a-stage", "FROM alpine AS base\nUSER 1\nFROM base AS more\nRUN id\nFROM more\n"),
    (
        "mount-of-a-stage",
        "FROM alpine AS tools\nRUN apk add jq\nFROM alpine\nRUN --mount=from=tools,target=/t /t/usr/bin/jq .\n",
    ),
    ("mount-ssh", "FROM alpine\nRUN --mount=type=ssh ssh -q -T git@example.test\n"),
    ("mount-tmpfs", "FROM a\nRUN --mount=type=tmpfs,target=/var/cache/apk,size=16m apk add x\n"),
    (
        "mount-cache-shared",
        "FROM ubuntu\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked apt update && apt-get --no-install-recommends install -y gcc\n",
    ),
    (
        "heredoc-several",
        "FROM alpine\nRUN <<FILE1 cat > file1 && <<FILE2 cat > file2\nI am\nFILE1\nfirst\nFILE2\n",
    ),
    (
        "heredoc-shebang",
        "FROM python:3.6\nRUN <<EOF\n#!/usr/bin/env python\nprint(\"hello world\")\nEOF\n",
    ),
    ("heredoc-descriptor", "FROM alpine\nRUN 3<<EOF cat <&3\nx\nEOF\n"),
    (
        "heredoc-copy-quoted",
        "FROM alpine\nCOPY <<-\"EOT\" /script.sh\n\techo \"hello ${FOO}\"\n\tEOT\n",
    ),
    ("exec-form-single-quotes", "FROM alpine\nCMD ['a', 'b']\n"),
    (
        "onbuild-triggers",
        "FROM alpine AS b\nONBUILD ADD . /app/src\nONBUILD RUN /usr/bin/build --dir /app/src\nFROM b\n",
    ),
    ("windows-line-ends", "FROM alpine\r\nRUN a \\\r\n  b\r\nUSER 1000\r\n"),
    ("no-line-end", "FROM scratch\nCOPY app /\nCMD [\"/app\"]"),
    ("empty-continuation", "FROM alpine\nRUN a \\\n\n  b\n"),
    (
        "labels-old-and-new",
        "FROM a\nLABEL \"com.example.vendor\"=\"ACME\" a='b c'\nLABEL multi.label1=\"x\" multi.label2=\"y\" other=z\n",
    ),
    ("expose-by-argument", "FROM a\nARG P=80\nEXPOSE $P/tcp ${P}00-8010\n"),
    (
        "health-start-interval",
        "FROM a\nHEALTHCHECK --start-interval=2s --start-period=1m CMD [\"app\", \"--check\"]\n",
    ),
];

/// Each example, and so many that are made of the parts.
pub(crate) fn fixtures(count: u64) -> Vec<Fixture> {
    let examples = EXAMPLES.iter().map(|(name, text)| Fixture {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        faults: Vec::new(),
    });
    examples.chain((0..count).map(made)).collect()
}

/// One out of dice: the same for the same number. Each part comes at least once
/// by its turn, with others at random.
fn made(number: u64) -> Fixture {
    let mut dice = Dice(number);
    let turn = usize::try_from(number).unwrap();
    let mut text = TOPS[turn % TOPS.len()].to_owned();
    let builders = turn % 3;
    for builder in 0..builders {
        let base = BASES[dice.roll(BASES.len())];
        text +=
            &format!("FROM {base} AS build{builder}\n{}", BUILDS[(turn + builder) % BUILDS.len()]);
    }
    let below = match dice.roll(4) {
        0 if builders > 0 => "build0",
        _ => BASES[turn % BASES.len()],
    };
    text +=
        &format!("FROM {below}{}\n", ["", " AS production", " AS dev", " AS web"][dice.roll(4)]);
    if builders > 0 && dice.roll(4) > 0 {
        text += ["COPY --from=build0 /out /app\n", "COPY --from=0 /src /app\n"][dice.roll(2)];
    }
    text += STEPS[turn % STEPS.len()];
    for _ in 0..dice.roll(4) {
        text += STEPS[dice.roll(STEPS.len())];
    }
    let mut faults = Vec::new();
    if turn % 8 == 7 {
        let (odd, what) = ODD[turn / 8 % ODD.len()];
        let line = u32::try_from(text.lines().count()).unwrap() + 1;
        faults.push((line, what.to_owned()));
        text += odd;
    }
    text += ENDS[turn % ENDS.len()];
    Fixture { name: format!("made-{number:03}"), text, faults }
}

/// Falls the same way for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }
}
