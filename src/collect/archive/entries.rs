//! A tar archive entry by entry, as it streams by (`tar(5)`, `pax(1)`).
//!
//! Only headers are kept, and each of them only up to a limit: what an archive
//! holds was written by whoever made the container, and it may lie about every
//! length. Contents are skipped, or handed on as a stream.

use std::io::{self, Read};

use tar::{GnuExtSparseHeader, Header};

use super::name::absolute;
use super::pax::Extension;
use super::tree::shown;
use crate::model::files::Kind;
use crate::model::reading::Reason;
use crate::model::survey::Traits;

/// The length of a header, and of what contents are rounded up to.
pub(super) const BLOCK: u64 = 512;

/// The most bytes of a header for a long name or for further attributes: as
/// many as Go's `archive/tar` takes, with which engines read and write.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// The bits of a mode that say what a file is (`inode(7)`). Some engines write
/// them, so that a hard link tells what it is a link to.
const FORMAT: u32 = 0o170_000;

/// What an archive tells of next.
#[derive(Debug)]
pub(super) enum Told {
    /// A file.
    Entry(Entry),
    /// Something that cannot be understood, or only at too high a price. What
    /// comes after it can.
    Refused(Reason, String),
}

/// One file of an archive.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name, in whatever bytes and however long.
    pub(super) name: Vec<u8>,
    /// Where a symbolic link leads.
    pub(super) target: Option<Vec<u8>>,
    /// Whether it is one more name of a file, whose content stands elsewhere.
    pub(super) is_hard_link: bool,
    /// What it is.
    pub(super) traits: Traits,
}

/// The entries of a stream.
#[derive(Debug)]
pub(super) struct Entries<R> {
    input: R,
    /// How many bytes of the archive have passed.
    passed: u64,
    /// What is left of the present entry's content, and of the zeros after it.
    content: u64,
    padding: u64,
}

impl<R: Read> Entries<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, passed: 0, content: 0, padding: 0 }
    }

    /// How many bytes have passed.
    pub(super) const fn passed(&self) -> u64 {
        self.passed
    }

    /// What is left of the stream.
    pub(super) fn into_inner(self) -> R {
        self.input
    }

    /// The next entry; none after the archive's end.
    ///
    /// # Errors
    /// The stream failed, or it is no archive from here on.
    pub(super) fn next(&mut self) -> io::Result<Option<Told>> {
        let mut extension = Extension::default();
        let mut refused = None;
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size().map_err(malformed)?;
            self.lie_ahead(size)?;
            let flag = header.entry_type().as_byte();
            match flag {
                b'x' | b'L' | b'K' if size > LONGEST_EXTENSION => {
                    refused = Some(format!("a name or its attributes take {size} bytes"));
                }
                b'x' => extension.read(&self.whole()?).map_err(malformed)?,
                b'L' => extension.name = Some(text(&self.whole()?)),
                b'K' => extension.target = Some(text(&self.whole()?)),
                // Attributes for all that follows: engines take no notice of them.
                b'g' => {}
                _ => {
                    if flag == b'S' {
                        self.skip_map(&header)?;
                    }
                    if let Some(size) = extension.size {
                        self.lie_ahead(size)?;
                    }
                    if has_no_content(flag) {
                        self.lie_ahead(0)?;
                    }
                    if let Some(detail) = refused {
                        return Ok(Some(Told::Refused(Reason::TooLarge, detail)));
                    }
                    return Ok(Some(told(&header, extension)));
                }
            }
        }
    }

    /// What is left of the present entry's content.
    pub(super) const fn content(&mut self) -> Content<'_, R> {
        Content { entries: self }
    }

    /// Says how long the present entry's content is.
    fn lie_ahead(&mut self, size: u64) -> io::Result<()> {
        let whole = size.checked_next_multiple_of(BLOCK);
        let whole = whole.ok_or_else(|| malformed(format!("a file of {size} bytes")))?;
        (self.content, self.padding) = (size, whole - size);
        Ok(())
    }

    /// The present entry's content as a whole; it is known not to be long.
    fn whole(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let size = self.content;
        self.content().read_to_end(&mut bytes)?;
        if bytes.len() as u64 == size { Ok(bytes) } else { Err(cut(self.passed)) }
    }

    /// Passes over what is left of the present entry.
    fn skip(&mut self) -> io::Result<()> {
        let rest = self.content.checked_add(self.padding);
        let rest = rest.ok_or_else(|| malformed("a file without end"))?;
        let passed = io::copy(&mut self.input.by_ref().take(rest), &mut io::sink())?;
        self.passed = self.passed.saturating_add(passed);
        (self.content, self.padding) = (0, 0);
        if passed == rest { Ok(()) } else { Err(cut(self.passed)) }
    }

    /// The next header; none where two blocks of zeros end the archive.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let block = self.block()?;
        if block == [0; BLOCK as usize] {
            return if self.block()? == block {
                Ok(None)
            } else {
                Err(malformed("only one block of zeros"))
            };
        }
        let mut header = Header::new_old();
        *header.as_mut_bytes() = block;
        if is_header(&block) { Ok(Some(header)) } else { Err(malformed("no header")) }
    }

    fn block(&mut self) -> io::Result<[u8; BLOCK as usize]> {
        let mut block = [0; BLOCK as usize];
        match self.input.read_exact(&mut block) {
            Ok(()) => {
                self.passed = self.passed.saturating_add(BLOCK);
                Ok(block)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(cut(self.passed)),
            Err(error) => Err(error),
        }
    }

    /// Passes over the further headers that say where a sparse file has holes.
    fn skip_map(&mut self, header: &Header) -> io::Result<()> {
        let mut goes_on = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while goes_on {
            let mut map = GnuExtSparseHeader::new();
            *map.as_mut_bytes() = self.block()?;
            goes_on = map.is_extended();
        }
        Ok(())
    }
}

/// The content of one entry, as it streams by.
#[derive(Debug)]
pub(super) struct Content<'e, R> {
    entries: &'e mut Entries<R>,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Entries { input, passed, content, .. } = &mut *self.entries;
        let length = input.by_ref().take(*content).read(buffer)?;
        *content -= length as u64;
        *passed = passed.saturating_add(length as u64);
        Ok(length)
    }
}

/// Whether a block is a header: its checksum counts its own field as blanks.
pub(super) fn is_header(block: &[u8; BLOCK as usize]) -> bool {
    let mut header = Header::new_old();
    *header.as_mut_bytes() = *block;
    let told = header.cksum().ok();
    header.as_old_mut().cksum = [b' '; 8];
    let sum = header.as_bytes().iter().map(|byte| u32::from(*byte)).sum();
    told == Some(sum)
}

/// Whether only a header is written for it, whatever size it tells.
const fn has_no_content(flag: u8) -> bool {
    matches!(flag, b'1'..=b'6')
}

fn told(header: &Header, extension: Extension) -> Told {
    let Extension { name, target, uid, gid, acl, capability, .. } = extension;
    let number = |own: Option<u64>, told: io::Result<u64>| {
        own.map_or(told, Ok).map_err(|error| error.to_string()).and_then(|number| {
            u32::try_from(number).map_err(|_| format!("{number} is no user or group"))
        })
    };
    let name = name.unwrap_or_else(|| header.path_bytes().into_owned());
    let flag = header.entry_type().as_byte();
    let traits = header.mode().map_err(|error| error.to_string()).and_then(|mode| {
        let kind = kind(flag, mode, &name);
        let (uid, gid) = (number(uid, header.uid())?, number(gid, header.gid())?);
        let capability = capability.filter(|_| kind == Kind::File);
        let (mode, linked, fixed) = (mode & 0o7777, false, None);
        Ok(Traits { kind, linked, mode, uid, gid, fixed, acl, capability })
    });
    match traits {
        Ok(traits) => {
            let linked = || header.link_name_bytes().map(std::borrow::Cow::into_owned);
            let target = matches!(flag, b'1' | b'2').then(|| target.or_else(linked)).flatten();
            let leads_out = |it: &Vec<u8>| !it.is_empty() && absolute(it).is_err();
            if flag == b'1' && target.as_ref().is_some_and(leads_out) {
                let detail = shown("a hard link leads out of the tree", &name);
                return Told::Refused(Reason::Malformed, detail);
            }
            let target = target.filter(|_| flag == b'2');
            Told::Entry(Entry { name, target, is_hard_link: flag == b'1', traits })
        }
        Err(detail) => Told::Refused(Reason::Malformed, detail),
    }
}

fn kind(flag: u8, mode: u32, name: &[u8]) -> Kind {
    match flag {
        b'1' => match mode & FORMAT {
            0o120_000 => Kind::Link,
            0o140_000 => Kind::Socket,
            0o010_000 => Kind::Fifo,
            0o020_000 => Kind::CharacterDevice,
            0o060_000 => Kind::BlockDevice,
            _ => Kind::File,
        },
        b'2' => Kind::Link,
        b'3' => Kind::CharacterDevice,
        b'4' => Kind::BlockDevice,
        b'5' | b'D' => Kind::Folder,
        b'6' => Kind::Fifo,
        // Before there were flags, a slash made a folder.
        0 | b'0' if name.ends_with(b"/") => Kind::Folder,
        _ => Kind::File,
    }
}

/// A name that is ended by a zero.
fn text(bytes: &[u8]) -> Vec<u8> {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

fn malformed(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn cut(passed: u64) -> io::Error {
    let detail = format!("it breaks off after {passed} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, detail)
}
