//! Files of a container on hosts that are laid out as files: what is read of
//! them, where they are left alone, and what is kept.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use secaudit::model::bundle::Answer;
use secaudit::model::source::Source;
use secaudit::report::v1::Verdict;

use crate::host::{CONTAINER_MOUNTS, HOST_MOUNTS, Host, Process, container, id, verdict};

#[test]
fn a_symlink_in_the_container_does_not_lead_to_a_file_of_the_host() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let secret = host.root.path().join("secret");
    fs::write(&secret, "thief:x:0:0::/:/bin/sh\n").unwrap();
    let etc = host.root.path().join("proc/70/root/etc");
    fs::create_dir_all(&etc).unwrap();
    symlink(&secret, etc.join("passwd")).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    let passwd = Source::proc(70, "root/etc/passwd");
    // Inside the container the link leads nowhere.
    assert_eq!(bundle.ask(&passwd), Ok(&Answer::Nothing));

    fs::remove_file(etc.join("passwd")).unwrap();
    let fifo = etc.join("passwd");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert!(bundle.ask(&passwd).is_err(), "a FIFO is not read");
    assert!(Path::new(&fifo).exists());
}

#[test]
fn accounts_and_groups_are_kept_without_secrets_and_shells_only_where_they_are() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.write("proc/70/root/etc/passwd", "app:$6$hash:1000:1000:Ann:/:/bin/sh\nx:x:9:9::/:/no\n");
    host.write("proc/70/root/etc/group", "app:$6$hash:1000:ann\n");
    host.write("proc/70/root/bin/sh", "");
    host.write("proc/1/root/etc/group", "docker:x:998:ann\n");
    let (bundle, findings) = host.audit(&id(), 70);
    let text = |pid, file| bundle.text(&Source::proc(pid, file)).unwrap().raw().to_owned();
    assert_eq!(text(70, "root/etc/passwd"), "app:x:1000:1000:::/bin/sh\nx:x:9:9:::/no\n");
    assert_eq!(text(70, "root/etc/group"), "app:x:1000:\n");
    assert_eq!(text(1, "root/etc/group"), "docker:x:998:\n");
    let shells = bundle.files(&Source::shells(70)).unwrap();
    let paths: Vec<&str> = shells.files.iter().map(|file| file.path.raw()).collect();
    assert_eq!((paths, shells.unread.len()), (vec!["/bin/sh"], 0));
    assert_eq!(verdict(&findings, "no-login-shell"), Verdict::Fail);
}

#[test]
fn an_image_without_accounts_is_known_to_have_none() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    fs::create_dir_all(host.root.path().join("proc/70/root")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    for file in ["root/etc/passwd", "root/etc/group"] {
        assert_eq!(bundle.ask(&Source::proc(70, file)), Ok(&Answer::Nothing));
    }
    assert_eq!(verdict(&findings, "no-login-shell"), Verdict::Pass);

    // A root that cannot be opened any more says nothing about its files.
    fs::remove_dir_all(host.root.path().join("proc/70/root")).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert!(bundle.ask(&Source::proc(70, "root/etc/passwd")).is_err());
}

#[test]
fn files_behind_a_program_are_read_only_where_the_hosts_root_mounted_it() {
    let host = Host::new();
    let root = "40 30 0:44 / / ro - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n";
    host.process(&Process { mounts: root, ..container(70, &format!("/docker/{}", id())) });
    host.write("proc/70/root/etc/passwd", "app:x:1000:1000::/:/bin/false\n");
    let passwd = Source::proc(70, "root/etc/passwd");
    assert!(host.audit(&id(), 70).0.text(&passwd).is_err(), "the host does not know the mount");
    for (user, is_read) in [("1000", false), ("0", true)] {
        let mount = format!("31 20 0:44 / /merged rw - fuse.fuse-overlayfs x rw,user_id={user}\n");
        host.write("proc/1/mountinfo", &format!("{HOST_MOUNTS}{mount}"));
        assert_eq!(host.audit(&id(), 70).0.text(&passwd).is_ok(), is_read, "{user}");
    }
}

#[test]
fn what_gives_privileges_is_looked_for_only_where_a_process_can_gain_by_it() {
    let host = Host::new();
    let root = host.root.path().join("proc/70/root");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(root.join("bin/su"), "").unwrap();
    fs::set_permissions(root.join("bin/su"), fs::Permissions::from_mode(0o4755)).unwrap();
    let handle = fs::File::open(&root).unwrap();
    let info = format!("/proc/self/fdinfo/{}", std::os::fd::AsRawFd::as_raw_fd(&handle));
    let info = fs::read_to_string(info).unwrap();
    let number = info.lines().find_map(|line| line.strip_prefix("mnt_id:")).unwrap().trim();
    let mounts = CONTAINER_MOUNTS.replace("40 30", &format!("{number} 30"));
    host.process(&Process { mounts: &mounts, ..container(70, &format!("/docker/{}", id())) });
    let (bundle, findings) = host.audit(&id(), 70);
    let survey = bundle.survey(&Source::Files(id().into())).unwrap();
    assert!(!survey.privileged, "nobody asked");
    assert_eq!(verdict(&findings, "no-setuid-escalation"), Verdict::Pass);

    let status = host.root.path().join("proc/70/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")).unwrap();
    let (bundle, findings) = host.audit(&id(), 70);
    let survey = bundle.survey(&Source::Files(id().into())).unwrap();
    let su = survey.groups.iter().find(|it| it.leads_to.is_none() && it.traits.mode == 0o4755);
    let su = su.unwrap();
    assert_eq!((su.paths[0].raw(), su.count), ("/bin/su", 1));
    assert_eq!(survey.unread, []);
    // Who runs the test owns the file, and may be the process's own user.
    let own = su.traits.uid == 1000;
    let expected = if own { Verdict::Pass } else { Verdict::Fail };
    assert_eq!(verdict(&findings, "no-setuid-escalation"), expected);
}
