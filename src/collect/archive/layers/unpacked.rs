//! What is compressed, as the bytes that it stands for; and how far that may go.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Cursor, Read};
use std::rc::Rc;
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use sha2::{Digest, Sha256};

use crate::model::reading::Reason;

/// How compressed files begin, and by what they were.
const FORMS: [(&[u8], Form); 4] = [
    (b"\x1f\x8b", Form::Gzip),
    (b"\x28\xb5\x2f\xfd", Form::Zstd),
    (b"\xfd7zXZ", Form::Other("xz")),
    (b"BZh", Form::Other("bzip2")),
];

/// How many of the first bytes tell by what a file was compressed.
pub(super) const TELLING: usize = 6;

/// The most that a decoder of zstd may look back: as far as every level but the
/// `--long` ones does.
const WINDOW: u64 = 8 << 20;

/// How something is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Gzip,
    Zstd,
    /// In a way that is not read.
    Other(&'static str),
}

/// How something is compressed that begins so, if it is.
pub(super) fn form(begin: &[u8]) -> Option<Form> {
    FORMS.iter().find(|(magic, _)| begin.starts_with(magic)).map(|(_, form)| *form)
}

/// The bytes that compressed ones stand for.
///
/// # Errors
/// It cannot be read, or begins as what it is not.
pub(super) fn unpacked<'r>(form: Form, input: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let input = io::BufReader::with_capacity(64 << 10, input);
    Ok(match form {
        Form::Gzip => Box::new(MultiGzDecoder::new(input)),
        Form::Zstd => Box::new(Frames::new(input)),
        Form::Other(name) => return Err(io::Error::other(format!("it is compressed by {name}"))),
    })
}

/// The frames of zstd, one after another.
struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    is_within: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { input, decoder, is_within: false }
    }

    /// Begins the next frame; whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.input.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_within && !self.begin()? {
                return Ok(0);
            }
            self.is_within = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.input, one);
                decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            self.is_within = false;
        }
    }
}

/// What reading has cost, and may.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    left: Rc<Cell<u64>>,
    until: Instant,
}

impl Spent {
    pub(super) fn new(bytes: u64, until: Instant) -> Self {
        Self { left: Rc::new(Cell::new(bytes)), until }
    }

    /// The same time, and whatever number of bytes.
    pub(super) fn in_time(&self) -> Self {
        Self { left: Rc::new(Cell::new(u64::MAX)), until: self.until }
    }
}

/// More than may be spent.
#[derive(Debug)]
pub(super) struct Exceeded(pub(super) Reason, pub(super) &'static str);

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

impl std::error::Error for Exceeded {}

/// What streams by, as long as it may cost.
pub(super) struct Bounded<R> {
    input: R,
    spent: Spent,
}

impl<R: Read> Bounded<R> {
    pub(super) const fn new(input: R, spent: Spent) -> Self {
        Self { input, spent }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.spent.until {
            let late = Exceeded(Reason::TimedOut, "reading it took too long");
            return Err(io::Error::other(late));
        }
        let length = self.input.read(buffer)?;
        match self.spent.left.get().checked_sub(length as u64) {
            Some(left) => self.spent.left.set(left),
            None => {
                let large = Exceeded(Reason::TooLarge, "its layers unpack to more than is read");
                return Err(io::Error::other(large));
            }
        }
        Ok(length)
    }
}

/// What streams by, with the digest of all of it.
pub(super) struct Hashed<R> {
    input: R,
    hash: Sha256,
}

impl<R: Read> Hashed<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, hash: Sha256::new() }
    }

    /// The digest, once what is left has streamed by too.
    pub(super) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(in_digits(&self.hash.finalize()))
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// The digest of some bytes, as `sha256:` and digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    in_digits(&Sha256::digest(bytes))
}

fn in_digits(bytes: &[u8]) -> String {
    bytes.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// What was looked at already, and the rest.
pub(super) fn again<R: Read>(begin: Vec<u8>, rest: R) -> io::Chain<Cursor<Vec<u8>>, R> {
    Cursor::new(begin).chain(rest)
}
