//! The accounts that `RUN` makes.

use super::*;

/// The accounts of one `RUN`, as `name uid:gid`.
fn made(run: &str) -> Vec<String> {
    made_by(&format!("FROM a\nRUN {run}\n"))
}

fn made_by(text: &str) -> Vec<String> {
    let shown = |it: Option<u32>| it.map_or_else(|| "?".to_owned(), |it| it.to_string());
    let accounts = built(text).accounts;
    for account in &accounts {
        assert!(account.place.line > 1, "{account:?}");
    }
    let show = |it: &Account| match it.kind {
        Kind::User => format!("{} {}:{}", it.name, shown(it.uid), shown(it.gid)),
        Kind::Group => format!("@{} {}", it.name, shown(it.gid)),
    };
    accounts.iter().map(show).collect()
}

#[test]
fn useradd_has_its_numbers_in_short_joined_and_long_options() {
    for run in [
        "useradd -u 1000 -g 1000 app",
        "useradd -u1000 -g1000 app",
        "useradd --uid 1000 --gid 1000 app",
        "useradd --uid=1000 --gid=1000 -- app",
        "useradd -rm -d /home/app -s /bin/bash -g 1000 -G sudo -u 1000 app",
        "useradd -mu 1000 -c 'The app' -g 1000 app",
        "useradd app --uid 1000 -U --gid 1000 --shell /bin/sh",
        "/usr/sbin/useradd -l -K UMASK=077 -u 1000 -g 1000 app",
        "sudo useradd -u \"1000\" -g '1000' app",
    ] {
        assert_eq!(made(run), ["app 1000:1000"], "{run}");
    }
    assert_eq!(made("useradd --system --no-create-home app"), ["app ?:?"]);
}

#[test]
fn a_group_by_name_has_the_number_that_a_command_gave_it() {
    let run = "groupadd -g 2000 web && useradd -u 1000 -g web app";
    assert_eq!(made(run), ["@web 2000", "app 1000:2000"]);
    assert_eq!(made("groupadd -r web; useradd -r -g web app"), ["@web ?", "app ?:?"]);
    let chain = "FROM a AS b\nRUN groupadd --gid 5 web\nFROM b\nRUN useradd -g web app\n";
    assert_eq!(made_by(chain), ["@web 5", "app ?:5"]);
}

#[test]
fn adduser_of_busybox_is_understood() {
    for (run, accounts) in [
        ("adduser -D -u 1000 app", &["app 1000:?"] as &[&str]),
        (
            "addgroup -g 1001 -S web && adduser -S -D -H -u 1000 -G web -s /sbin/nologin -g 'Web' app",
            &["@web 1001", "app 1000:1001"],
        ),
        ("adduser -D -h /app -g \"\" app", &["app ?:?"]),
        ("addgroup -S web && adduser -S app -G web", &["@web ?", "app ?:?"]),
        ("adduser app web", &[]),
        ("addgroup app web", &[]),
        ("busybox adduser -DHu 7 app", &["app 7:?"]),
    ] {
        assert_eq!(made(run), accounts, "{run}");
    }
}

#[test]
fn adduser_of_debian_is_understood() {
    for (run, accounts) in [
        (
            "adduser --disabled-password --gecos \"\" --home /x --shell /sbin/nologin \\\n --no-create-home --uid \"10001\" app",
            &["app 10001:?"] as &[&str],
        ),
        (
            "addgroup --system --gid 101 web && adduser --system --ingroup web --uid 100 app",
            &["@web 101", "app 100:101"],
        ),
        ("adduser --system --group app", &["app ?:?"]),
        ("adduser --group --gid 12 web", &["@web ?"]),
        ("adduser --uid 1000 --gid 1001 app", &["app 1000:1001"]),
    ] {
        assert_eq!(made(run), accounts, "{run}");
    }
}

#[test]
fn changes_keep_what_they_do_not_name() {
    let run =
        "groupadd -g 5 web; useradd -u 1000 -g web app; usermod -u 2000 app; groupmod -g 6 web";
    assert_eq!(made(run), ["@web 5", "app 1000:5", "app 2000:5", "@web 6"]);
    assert_eq!(made("usermod -aG docker www-data"), ["www-data ?:?"]);
}

#[test]
fn commands_are_found_among_others() {
    for run in [
        "apt-get update && useradd -u 1000 app",
        "id app || useradd -u 1000 app",
        "set -eux; useradd -u 1000 app; rm -rf /x",
        "true | useradd -u 1000 app",
        "(useradd -u 1000 app)",
        "{ useradd -u 1000 app; }",
        "if true; then useradd -u 1000 app; fi",
        "! useradd -u 1000 app > /dev/null 2>&1",
        "A=1 useradd 2>/dev/null -u 1000 app",
        "echo a \\\n  # a comment\n && useradd \\\n  -u 1000 app",
        "echo $(useradd -u 1000 app)",
        "[\"useradd\", \"-u\", \"1000\", \"app\"]",
        "<<EOF\nid\nuseradd -u 1000 app\nEOF",
        "<<EOF\n#!/bin/bash\nuseradd -u 1000 app\nEOF",
        "<<  EOF\nuseradd -u 1000 app\nEOF",
        "bash -e <<EOF\nuseradd -u 1000 app\nEOF",
        "<<EOF bash\nuseradd -u 1000 app\nEOF",
        "<<EOF\ncat <<X > /x\nuseradd no\nX\nuseradd -u 1000 app\nEOF",
    ] {
        assert_eq!(made(run), ["app 1000:?"], "{run}");
    }
}

#[test]
fn what_only_looks_like_a_command_makes_nobody() {
    for run in [
        "echo useradd app",
        "echo 'a; useradd app'",
        "echo \"a && useradd app\"",
        "echo a\\; useradd app",
        "# useradd app",
        "echo > useradd app",
        "cat <<EOF > /x\nuseradd app\nEOF",
        "<<EOF cat > /x\nuseradd app\nEOF",
        "bash /script <<EOF\nuseradd app\nEOF",
        "<<EOF\n#!/usr/bin/env python3\nuseradd app\nEOF",
        "useradd",
        "useradd $WHO",
    ] {
        assert_eq!(made(run), [""; 0], "{run}");
    }
}

#[test]
fn variables_of_the_dockerfile_are_known_to_the_shell() {
    let text = "FROM a\nARG UID=10001\nENV WHO=app\nRUN adduser --uid \"${UID}\" $WHO\n";
    assert_eq!(made_by(text), ["app 10001:?"]);
    let own = "FROM a\nARG N=1\nRUN N=2; useradd -u $N app\n";
    assert_eq!(made_by(own), ["app ?:?"]);
    let looped = "FROM a\nENV u=root\nRUN for u in a b; do useradd $u; done\n";
    assert_eq!(made_by(looped), [""; 0]);
    let printed = "FROM a\nRUN useradd -u $(id -u) app\n";
    assert_eq!(made_by(printed), ["app ?:?"]);
    let bash = "FROM a\nARG UID=5\nSHELL [\"/bin/bash\", \"-c\"]\nRUN useradd -u $UID app\n";
    assert_eq!(made_by(bash), ["app ?:?"]);
}

#[test]
fn an_account_has_the_place_of_its_name() {
    let text = "FROM a\nRUN id \\\n  # why\n  && useradd -u 5 app\nRUN <<-EOF\n\tid\n\tgroupadd web\nEOF\n";
    let accounts = built(text).accounts;
    let places: Vec<_> = accounts.iter().map(|it| (it.place.line, it.place.column)).collect();
    assert_eq!(places, [(4, 19), (7, 11)]);
    assert!(accounts.iter().all(|it| excerpt(text, it.place) == it.name));
}

#[test]
fn a_group_that_is_called_group_is_no_file() {
    let run = "cd /etc && groupadd -g 5 group && useradd -u 7 -g group app";
    assert_eq!(made(run), ["@group 5", "app 7:5"]);
    assert_eq!(made("useradd -l -u 7 app && usermod -l web app"), ["app 7:?", "app 7:?"]);
}

#[test]
fn only_stages_that_the_target_rests_on_make_accounts() {
    let text = "FROM a AS b\nRUN useradd -u 1 one\nFROM a\nRUN useradd -u 2 two\n";
    assert_eq!(made_by(text), ["two 2:?"]);
}

#[test]
fn nobody_is_believed_after_the_files_were_written_otherwise() {
    for line in [
        "RUN sed -i 's/1000/0/' /etc/passwd",
        "RUN echo 'app:x:0:0::/:/bin/sh' >> /etc/passwd",
        "RUN echo app | tee -a /etc/group",
        "RUN [\"cp\", \"x\", \"/etc/passwd\"]",
        "RUN cd /etc && sed -i 's/1000/0/' passwd",
        "RUN cd etc; sed -i 's/1000/0/' ./passwd",
        "RUN cd /usr && (cd ../etc && echo x >>group)",
        "RUN cd /etc && (cd /tmp && id) && echo x > passwd",
        "RUN cd \"$X\" && sed -i 's/1000/0/' passwd",
        "RUN sh -c \"cd /etc && mv x passwd\"",
        "RUN pushd /etc && dd if=x of=passwd",
        "RUN <<EOF\ncd /etc\ncp x passwd\nEOF",
        "RUN sed -i 's/1000/0/' etc/passwd",
        "WORKDIR /etc\nRUN sed -i 's/1000/0/' passwd",
        "WORKDIR /etc/x\nRUN [\"cp\", \"x\", \"../passwd\"]",
        "RUN <<EOF\nid\nmv x /etc/passwd\nEOF",
        "ARG X\nWORKDIR $X\nRUN cp x passwd",
        "WORKDIR etc\nCOPY x passwd",
        "COPY passwd /etc/passwd",
        "COPY x /etc",
        "COPY x /etc/",
        "WORKDIR /etc\nCOPY x passwd",
        "COPY --from=a / /",
        "ADD rootfs.tar.gz /",
    ] {
        let text = format!("FROM a\nRUN useradd -u 1000 app\n{line}\n");
        assert_eq!(made_by(&text), [""; 0], "{line}");
        let again = format!("{text}RUN useradd -u 7 web\n");
        assert_eq!(made_by(&again), ["web 7:?"], "{line}");
    }
    for line in [
        "RUN grep -q app /etc/passwd || id",
        "RUN if ! grep app /etc/group; then id; fi",
        "RUN cd /etc && grep -q app passwd || cat group",
        "RUN cd /etc && passwd -d root",
        "RUN cd /etc/nginx && sed -i s/a/b/ passwd",
        "RUN cd /srv && cp x passwd",
        "RUN cp x group",
        "RUN cd $X && sed -i s/a/b/ site.conf && chgrp group site.conf",
        "WORKDIR /etc\nRUN cp /x hosts",
        "COPY app /",
        "COPY site.conf /etc/nginx/",
    ] {
        let text = format!("FROM a\nRUN useradd -u 1000 app\n{line}\n");
        assert_eq!(made_by(&text), ["app 1000:?"], "{line}");
    }
}
