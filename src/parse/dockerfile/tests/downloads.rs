//! What is trusted that should not be.

use super::super::calls::of_script;
use super::super::downloads::unverified;
use super::super::variables::Known;
use super::*;

fn found(script: &str) -> Vec<(bool, String)> {
    let place = |_| Place { line: 1, column: 1, length: 1 };
    let mut calls = Vec::new();
    of_script(script, &|_| Known::Untold("x"), &place, &mut calls);
    unverified(&calls).into_iter().map(|(_, it)| (it.is_mild, it.what)).collect()
}

#[test]
fn what_is_run_as_it_comes_is_found() {
    for script in [
        "curl -fsSL https://x.y/i.sh | sh",
        "curl https://x.y/i.sh | sudo -E bash -s -- -y",
        "wget -qO- https://x.y/i.sh | bash",
        "bash <(curl -s https://x.y/i.sh)",
        "sh -c \"$(curl -fsSL https://x.y/i.sh)\"",
        "eval \"$(wget -O - https://x.y/i.sh)\"",
        "curl https://x.y/i.gz | gunzip | sh",
        "(cd /tmp && curl https://x.y/i.sh) | sh",
        "curl \"$URL\" | python3 -",
        "bash -c 'curl https://x.y/i.sh | sh'",
        ". <(curl https://x.y/i.sh)",
    ] {
        let found = found(script);
        assert!(
            matches!(found.as_slice(), [(false, what)] if what.contains("as it comes")),
            "{script}: {found:?}"
        );
    }
    for script in [
        "curl https://x.y/a.tgz | tar xz",
        "curl https://x.y/a.json | python3 -c 'import json'",
        "curl https://x.y/a || sh x",
        "curl https://x.y/a | gpg --verify - && sh x",
        "echo 'curl x | sh'",
        "curl --version | sh",
    ] {
        assert_eq!(found(script), [], "{script}");
    }
}

#[test]
fn a_check_that_is_switched_off_is_found() {
    for script in [
        "curl -k https://x.y/a",
        "curl -fsSLk https://x.y/a",
        "curl --insecure https://x.y/a",
        "wget --no-check-certificate https://x.y/a",
        "apt-get install -y --allow-unauthenticated a",
        "apt-get -y --force-yes install a",
        "apt-get -o Acquire::AllowInsecureRepositories=true update",
        "apk add --allow-untrusted a.apk",
        "yum install --nogpgcheck a",
        "dnf --setopt=sslverify=0 install a",
        "zypper --no-gpg-checks in a",
        "pip install --trusted-host pypi.org a",
        "pip3 install --trusted-host=pypi.org a",
        "npm config set strict-ssl false",
        "npm install --strict-ssl=false",
        "git config --global http.sslVerify false",
        "git -c http.sslVerify=false clone https://x.y/z",
        "NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci",
        "env GIT_SSL_NO_VERIFY=true git clone https://x.y/z",
        "echo 'deb [trusted=yes] https://x.y ./' > /etc/apt/sources.list.d/x.list",
    ] {
        let found = found(script);
        assert!(matches!(found.as_slice(), [(false, _)]), "{script}: {found:?}");
    }
    for script in [
        "curl -o k https://x.y/k",
        "curl -Hk https://x.y/k",
        "wget https://x.y/k",
        "apt-get install a",
        "apt-get -o Acquire::AllowInsecureRepositories=false update",
        "NODE_TLS_REJECT_UNAUTHORIZED=1 npm ci",
        "npm config set strict-ssl true",
        "echo --no-check-certificate",
    ] {
        assert_eq!(found(script), [], "{script}");
    }
}

#[test]
fn a_download_that_nothing_is_held_against_is_mild() {
    for (script, count) in [
        ("curl -fsSLo i.sh https://x.y/i && sh i.sh", 1),
        ("curl -O https://x.y/i.sh; chmod +x i.sh && ./i.sh", 1),
        ("wget https://x.y/a.tgz?b=c && tar xzf a.tgz", 1),
        ("wget -O /tmp/a.deb https://x.y/z && dpkg -i /tmp/a.deb", 1),
        ("curl https://x.y/t > t && chmod 755 ./t", 1),
        ("curl -o t https://x.y/t && echo \"$SUM  t\" | sha256sum -c - && chmod +x t", 0),
        ("curl -o t https://x.y/t && gpg --verify t.asc t && tar xf t", 0),
        ("curl -o t https://x.y/t && cat t", 0),
    ] {
        let found = found(script);
        assert_eq!(found.len(), count, "{script}: {found:?}");
        assert!(found.iter().all(|(is_mild, _)| *is_mild), "{script}: {found:?}");
    }
}
