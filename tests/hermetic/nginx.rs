//! How nginx's configuration is collected on a host that is laid out as files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use secaudit::model::bundle::Bundle;
use secaudit::model::nginx::Configuration;
use secaudit::model::reading::{Gap, Reason};
use secaudit::model::source::Source;
use secaudit::report::v1::Verdict;

use crate::host::{CONTAINER_MOUNTS, Host, Process, container, id, verdict};

const GOOD: &str = "http {\n server_tokens off;\n gzip on;\n gzip_types text/css;\n \
    add_header X-Content-Type-Options nosniff;\n \
    add_header Content-Security-Policy \"frame-ancestors 'self'\";\n include conf.d/*.conf;\n}\n";

/// A container that runs a master of nginx and a worker.
fn host(mounts: &str, command: &str) -> (Host, PathBuf) {
    let host = Host::new();
    let scope = format!("/docker/{}", id());
    host.process(&Process { mounts, ..container(70, &scope) });
    host.process(&Process { mounts, parent: 70, ns_pids: "71 2", ..container(71, &scope) });
    for (pid, command) in [(70, command), (71, "nginx: worker process\0\0")] {
        host.write(&format!("proc/{pid}/comm"), "nginx\n");
        host.write(&format!("proc/{pid}/cmdline"), command);
        let status = host.root.path().join(format!("proc/{pid}/status"));
        let text = fs::read_to_string(&status).unwrap();
        fs::write(status, text.replace(&format!("Name:\tapp{pid}"), "Name:\tnginx")).unwrap();
        symlink("/usr/sbin/nginx", host.root.path().join(format!("proc/{pid}/exe"))).unwrap();
    }
    host.write("proc/70/root/etc/nginx/nginx.conf", GOOD);
    host.write("proc/70/root/etc/nginx/conf.d/site.conf", "server {\n listen 80;\n}\n");
    let root = host.root.path().join("proc/70/root");
    (host, root)
}

const MASTER: &str = "nginx: master process nginx -g daemon off;\0\0\0";

fn told(bundle: &Bundle) -> Result<&Configuration, Gap> {
    bundle.nginx(&Source::nginx(70)).map(Option::unwrap)
}

fn unread(bundle: &Bundle) -> Vec<String> {
    told(bundle).unwrap().unread.iter().map(|it| it.detail.to_string()).collect()
}

#[test]
fn the_configuration_is_read_with_what_it_includes() {
    let (host, root) = host(CONTAINER_MOUNTS, MASTER);
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(unread(&bundle), [""; 0]);
    assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::Pass);

    fs::write(root.join("etc/nginx/conf.d/other.conf"), "server {\n gzip off;\n}\n").unwrap();
    let (_, findings) = host.audit(&id(), 70);
    let found = findings.iter().find(|it| it.rule == "nginx-hardened").unwrap();
    assert_eq!(found.verdict, Verdict::Fail);
    let expected = "server at /etc/nginx/conf.d/other.conf:1 compresses nothing: gzip is off";
    assert_eq!(found.statements, [expected]);
    assert_eq!(found.evidence[0].place.raw(), "/etc/nginx/conf.d/other.conf:2");
}

#[test]
fn the_file_that_the_master_was_told_counts() {
    let (host, root) = host(CONTAINER_MOUNTS, "nginx\0-c\0/srv/own.conf\0");
    fs::create_dir(root.join("srv")).unwrap();
    fs::write(root.join("srv/own.conf"), "http { server { } }").unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert_eq!(told(&bundle).unwrap().directives[0].file.raw(), "/srv/own.conf");
}

#[test]
fn nothing_that_may_be_secret_enters_the_bundle() {
    let (host, root) = host(CONTAINER_MOUNTS, MASTER);
    let text = "server {\n set $key hunter2;\n location /hunter2 {\n \
        proxy_set_header Authorization hunter2;\n add_header X-Key hunter2;\n }\n}\n# hunter2\n";
    fs::write(root.join("etc/nginx/conf.d/site.conf"), text).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert!(!serde_json::to_string(&bundle).unwrap().contains("hunter2"));
    assert_eq!(told(&bundle).unwrap().directives[0].name, "http");
}

#[test]
fn a_link_is_followed_inside_the_container_and_never_out_of_it() {
    let (host, root) = host(CONTAINER_MOUNTS, MASTER);
    fs::create_dir(root.join("srv")).unwrap();
    fs::write(root.join("srv/a"), "server { gzip off; }").unwrap();
    symlink("/srv/a", root.join("etc/nginx/conf.d/a.conf")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(unread(&bundle), [""; 0]);
    assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::Fail);

    fs::remove_file(root.join("srv/a")).unwrap();
    host.write("srv/a", "server { gzip off; }");
    fs::write(root.join("etc/nginx/nginx.conf"), "include conf.d/a.conf;").unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(
        unread(&bundle),
        ["include at /etc/nginx/nginx.conf:1 names a file that is not there"]
    );
    assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::Unknown);
}

#[test]
fn what_cannot_be_read_is_a_gap() {
    let (host, root) = host(CONTAINER_MOUNTS, MASTER);
    let file = root.join("etc/nginx/conf.d/site.conf");
    let unknown = |expected: &str| {
        let (bundle, findings) = host.audit(&id(), 70);
        assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::Unknown, "{expected}");
        assert!(unread(&bundle)[0].contains(expected), "{:?}", unread(&bundle));
    };
    fs::write(&file, "server {").unwrap();
    unknown("line 1: a block is not closed");
    fs::write(&file, "#".repeat((1 << 20) + 1)).unwrap();
    unknown("is larger than what is read of it");
    fs::remove_file(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    unknown("is no file");
    fs::write(root.join("etc/nginx/nginx.conf"), "include ../nginx/a;").unwrap();
    unknown("leads up again");
    fs::remove_file(root.join("etc/nginx/nginx.conf")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::Unknown);
    assert_eq!(told(&bundle).unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn a_container_without_nginx_is_not_asked_for_its_configuration() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    symlink("/bin/app", host.root.path().join("proc/70/exe")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.nginx(&Source::nginx(70)).unwrap_err().reason, Reason::NotCollected);
    assert_eq!(verdict(&findings, "nginx-hardened"), Verdict::NotApplicable);
}
