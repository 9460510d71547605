//! What is behind a volume: the engine's own folder, the host's, or nobody knows.

use super::*;

/// The one mount of a service that has this volume.
fn mounted(volume: &Json, field: &str) -> Json {
    let root = json!({
        "services": {"web": {"volumes": ["data:/v"]}}, "volumes": {"data": volume},
    });
    at(&lower(&project(&root), "web", &bare()), &format!("/Mounts/0/{field}"))
}

fn with(kind: &str, flags: &str, device: &str) -> Json {
    json!({"driver": "local", "driver_opts": {"type": kind, "o": flags, "device": device}})
}

#[test]
fn what_mounts_a_part_of_the_host_is_a_bind_of_it() {
    for (volume, source) in [
        (with("none", "bind", "/etc"), "/etc"),
        (with("none", "rw,rbind", "/"), "/"),
        (with("ext4", "", "/dev/sda1"), "/dev/sda1"),
        (json!({"driver_opts": {"device": "/dev/sda1"}}), "/dev/sda1"),
        (with("proc", "", "proc"), "/proc"),
        (with("sysfs", "", "sysfs"), "/sys"),
        (with("overlay", "lowerdir=/etc", "overlay"), "/etc"),
        (with("overlay", "lowerdir=/opt/a:/,upperdir=/u,workdir=/w", "overlay"), "/"),
    ] {
        assert_eq!(mounted(&volume, "Type"), "bind", "{volume}");
        assert_eq!(mounted(&volume, "Source"), source, "{volume}");
    }
    assert_eq!(mounted(&with("ext4", "ro", "/dev/sda1"), "RW"), false);
}

#[test]
fn memory_and_other_hosts_files_are_a_volume() {
    for volume in [
        json!(null),
        with("tmpfs", "size=1m", "tmpfs"),
        with("nfs", "addr=10.0.0.1", ":/x"),
        with("cifs", "", "//h/s"),
    ] {
        assert_eq!(mounted(&volume, "Type"), "volume", "{volume}");
        assert_eq!(
            mounted(&volume, "Source"),
            "/var/lib/docker/volumes/shop_data/_data",
            "{volume}"
        );
    }
}

#[test]
fn what_is_behind_the_volumes_of_others_cannot_be_told() {
    for volume in [
        json!({"external": true}),
        json!({"driver": "rexray"}),
        with("overlay", "lowerdir=/a:/b", "overlay"),
    ] {
        assert_eq!(mounted(&volume, "Source"), "(not collected)", "{volume}");
    }
    assert_eq!(mounted(&with("${T}", "", "/x"), "Source"), "(not set)");
}
