//! An image of three layers with everything odd in it that an archive can tell
//! of, and with each way in which an upper layer changes a lower one.

use std::io;

use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::engine::image;
use crate::image::witness;

/// Everything odd is in here.
pub(crate) const ODD: &str = "/odd/**";

/// `CAP_NET_RAW`, as `setcap` writes it.
const RAW_SOCKETS: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The image as `docker load` takes it.
pub(crate) fn saved(tag: &str) -> io::Result<Vec<u8>> {
    let layers = [witness()?.into_inner(), odd()?, changes()?];
    let digests: Vec<String> = layers
        .iter()
        .map(|layer| {
            let digest = Sha256::digest(layer);
            digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        })
        .collect();
    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let names: Vec<String> = (0..layers.len()).map(|it| format!("{it}/layer.tar")).collect();
    let manifest =
        json!([{"Config": "config.json", "RepoTags": [image(tag)], "Layers": names.clone()}]);
    let mut tar = Layer::default();
    for (name, layer) in names.iter().zip(&layers) {
        tar = tar.file(name, 0o644, layer)?;
    }
    let tar = tar.file("config.json", 0o644, config.to_string().as_bytes())?;
    tar.file("manifest.json", 0o644, manifest.to_string().as_bytes())?.end()
}

fn odd() -> io::Result<Vec<u8>> {
    let long = "long".repeat(40);
    let owned = Owned { mode: 0o640, uid: 1000, gid: 1001 };
    Layer::default()
        .folder("odd", 0o755)?
        .file("odd/setuid", 0o4755, b"x")?
        .file("odd/setgid", 0o2755, b"")?
        .file("odd/everybodys", 0o666, b"")?
        .file("odd/plain", 0o644, b"plain")?
        .put(EntryType::Regular, "odd/owned", owned, None)?
        .folder("odd/sticky", 0o1777)?
        .file("odd/sticky/f", 0o600, b"")?
        .folder("odd/open", 0o2777)?
        .folder("odd/closed", 0o700)?
        .file("odd/closed/su", 0o4755, b"")?
        .capable("odd/ping")?
        .put(EntryType::Fifo, "odd/fifo", Owned::root(0o622), None)?
        .put(EntryType::Char, "odd/null", Owned::root(0o666), None)?
        .put(EntryType::Block, "odd/disk", Owned::root(0o660), None)?
        .put(EntryType::Link, "odd/hard", Owned::root(0o4755), Some("odd/setuid"))?
        .put(EntryType::Symlink, "odd/link", Owned::root(0o777), Some("/../../etc/passwd"))?
        .put(EntryType::Symlink, "odd/nowhere", Owned::root(0o777), Some("../nowhere"))?
        .file("odd/two words\nand a line", 0o666, b"")?
        .file("odd/…\u{202e}", 0o666, b"")?
        .bytes(b"odd/\xff\xfe")?
        .folder(&format!("odd/{long}"), 0o755)?
        .file(&format!("odd/{long}/{long}"), 0o666, b"")?
        .file("odd/gone", 0o4755, b"")?
        .folder("odd/all-gone", 0o755)?
        .file("odd/all-gone/su", 0o4755, b"")?
        .file("odd/all-gone/plain", 0o644, b"")?
        .folder("odd/opaque", 0o700)?
        .file("odd/opaque/su", 0o4755, b"")?
        .folder("odd/opaque/below", 0o755)?
        .file("odd/opaque/below/plain", 0o644, b"")?
        .file("odd/now-a-folder", 0o4755, b"")?
        .folder("odd/now-a-file", 0o755)?
        .file("odd/now-a-file/su", 0o4755, b"")?
        .folder("odd/kept", 0o755)?
        .file("odd/kept/plain", 0o644, b"")?
        .end()
}

fn changes() -> io::Result<Vec<u8>> {
    Layer::default()
        .folder("odd", 0o755)?
        .file("odd/.wh.gone", 0o644, b"")?
        .file("odd/.wh.all-gone", 0o644, b"")?
        .folder("odd/opaque", 0o711)?
        .file("odd/opaque/.wh..wh..opq", 0o644, b"")?
        .file("odd/opaque/own", 0o4711, b"")?
        .folder("odd/now-a-folder", 0o755)?
        .file("odd/now-a-folder/f", 0o644, b"")?
        .file("odd/now-a-file", 0o644, b"")?
        .folder("odd/kept", 0o750)?
        .file("odd/kept/later", 0o666, b"")?
        .end()
}

/// Who may do what with an entry.
#[derive(Clone, Copy)]
struct Owned {
    mode: u32,
    uid: u64,
    gid: u64,
}

impl Owned {
    const fn root(mode: u32) -> Self {
        Self { mode, uid: 0, gid: 0 }
    }
}

/// A layer in the making.
struct Layer(Builder<Vec<u8>>);

impl Default for Layer {
    fn default() -> Self {
        Self(Builder::new(Vec::new()))
    }
}

impl Layer {
    fn folder(self, path: &str, mode: u32) -> io::Result<Self> {
        self.put(EntryType::Directory, path, Owned::root(mode), None)
    }

    fn put(
        mut self,
        kind: EntryType,
        path: &str,
        owned: Owned,
        target: Option<&str>,
    ) -> io::Result<Self> {
        let mut header = header(kind, owned, 0);
        if kind == EntryType::Char {
            // The one that everybody has.
            header.set_device_major(1)?;
            header.set_device_minor(3)?;
        } else {
            header.set_device_major(7)?;
            header.set_device_minor(99)?;
        }
        if let Some(target) = target {
            header.set_link_name_literal(target)?;
        }
        self.0.append_data(&mut header, path, io::empty())?;
        Ok(self)
    }

    fn file(mut self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<Self> {
        let mut header = header(EntryType::Regular, Owned::root(mode), bytes.len());
        self.0.append_data(&mut header, path, bytes)?;
        Ok(self)
    }

    /// A file whose name is no text.
    fn bytes(mut self, name: &[u8]) -> io::Result<Self> {
        let mut header = header(EntryType::Regular, Owned::root(0o666), 0);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        self.0.append(&header, io::empty())?;
        Ok(self)
    }

    /// A program with a capability.
    fn capable(mut self, path: &str) -> io::Result<Self> {
        let record = [b" SCHILY.xattr.security.capability=", RAW_SOCKETS, b"\n"].concat();
        // Two digits.
        let length = record.len() + 2;
        let record = [length.to_string().as_bytes(), &record].concat();
        let mut before = header(EntryType::XHeader, Owned::root(0o644), record.len());
        self.0.append_data(&mut before, "pax", record.as_slice())?;
        self.file(path, 0o755, b"")
    }

    fn end(self) -> io::Result<Vec<u8>> {
        self.0.into_inner()
    }
}

fn header(kind: EntryType, owned: Owned, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(owned.mode);
    header.set_uid(owned.uid);
    header.set_gid(owned.gid);
    header.set_mtime(0);
    header.set_size(size as u64);
    header
}
