//! As much of the ELF format as it takes to find what a program is linked with
//! (`elf(5)`): 64 bits, little-endian, as every target of this program is.

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NULL: u64 = 0;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;

/// The loader that the kernel starts the program with; a static program has none.
pub(super) fn interpreter(file: &[u8]) -> Option<String> {
    let segment = segments(file).find(|segment| segment.kind == PT_INTERP)?;
    text(file, segment.offset)
}

/// The name by which the loader looks for a library.
pub(super) fn soname(file: &[u8]) -> Option<String> {
    let table = segments(file).find(|segment| segment.kind == PT_DYNAMIC)?;
    let entries = || {
        (0..table.size / 16)
            .map_while(|index| {
                let at = table.offset.checked_add(index.checked_mul(16)?)?;
                Some((number(file, at, 8)?, number(file, at.checked_add(8)?, 8)?))
            })
            .take_while(|(tag, _)| *tag != DT_NULL)
    };
    let value = |wanted| entries().find(|(tag, _)| *tag == wanted).map(|(_, value)| value);
    let names = value(DT_STRTAB)?;
    // The table of names is given by its address in memory, not in the file.
    let names = segments(file).filter(|segment| segment.kind == PT_LOAD).find_map(|segment| {
        let inside = names.checked_sub(segment.address).filter(|it| *it < segment.size)?;
        segment.offset.checked_add(inside)
    })?;
    text(file, names.checked_add(value(DT_SONAME)?)?)
}

/// A part of the file and where it lies in memory.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

fn segments(file: &[u8]) -> impl Iterator<Item = Segment> {
    let is_ours = file.starts_with(b"\x7fELF\x02\x01");
    let header = move || Some((number(file, 32, 8)?, number(file, 54, 2)?, number(file, 56, 2)?));
    let (start, width, count) = header().filter(|_| is_ours).unwrap_or_default();
    (0..count).map_while(move |index| {
        let at = start.checked_add(index.checked_mul(width)?)?;
        let field = |offset, width| number(file, at.checked_add(offset)?, width);
        Some(Segment {
            kind: field(0, 4)?,
            offset: field(8, 8)?,
            address: field(16, 8)?,
            size: field(32, 8)?,
        })
    })
}

fn number(file: &[u8], at: u64, width: usize) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = file.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// The text that ends with a zero byte.
fn text(file: &[u8], at: u64) -> Option<String> {
    let bytes = file.get(usize::try_from(at).ok()?..)?;
    let end = bytes.iter().position(|byte| *byte == 0)?;
    String::from_utf8(bytes.get(..end)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one segment for the loader, as a linker lays it out.
    fn program(loader: &str) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64] = 3;
        file[72] = 120;
        file[96] = u8::try_from(loader.len() + 1).unwrap();
        file.extend_from_slice(loader.as_bytes());
        file.push(0);
        file
    }

    #[test]
    fn the_loader_is_the_one_that_the_program_names() {
        let file = program("/lib64/ld-linux-x86-64.so.2");
        assert_eq!(interpreter(&file).as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    }

    #[test]
    fn a_script_a_static_program_and_a_torn_file_name_no_loader() {
        let mut without = program("/lib/ld");
        without[64] = 1;
        for file in [b"#!/bin/sh\n".as_slice(), b"", &without, &program("/lib/ld")[..100]] {
            assert_eq!(interpreter(file), None);
            assert_eq!(soname(file), None);
        }
    }

    #[test]
    fn a_library_of_this_very_program_says_its_own_name() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let libc = maps
            .lines()
            .filter_map(|line| line.split_whitespace().nth(5))
            .find(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with("libc.so")));
        // A statically linked test has no library to ask.
        if let Some(libc) = libc {
            let name = soname(&std::fs::read(libc).unwrap()).unwrap();
            assert!(name.starts_with("libc.so"), "{name}");
        }
    }
}
