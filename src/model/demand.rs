//! What a policy demands of files, and of which containers.

use std::fmt;

use globset::GlobSet;

use super::glob;

/// Everything that a policy says of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePolicy {
    /// What containers can be for, by name.
    pub roles: Vec<Role>,
    /// What is demanded, by name.
    pub demands: Vec<Demand>,
}

/// What a container is for, and how that is recognised. Any one sign is enough,
/// and so is the label `secaudit.role`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name, as a demand and the label name it.
    pub name: String,
    /// Programs of which one runs, by the names of their files.
    pub programs: Names,
    /// Images, by their names without tag and digest.
    pub images: Names,
    /// Services of a compose project.
    pub services: Names,
}

/// Names as globs.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<String>,
    /// Those that are [simple](glob::Simple).
    simple: Vec<glob::Simple>,
    /// All others.
    set: GlobSet,
}

impl Names {
    /// The names that fit one of these globs.
    ///
    /// # Errors
    /// The first that is no glob, and why; or that they are too large together.
    pub fn new(texts: Vec<String>) -> Result<Self, String> {
        let (mut simple, mut others) = (Vec::new(), Vec::new());
        for text in &texts {
            match glob::Simple::read(text) {
                Some(it) => simple.push(it),
                None => others.push(glob::read(text)?),
            }
        }
        let set = GlobSet::new(others).map_err(|error| error.kind().to_string())?;
        Ok(Self { texts, simple, set })
    }

    /// Whether a name fits one of them.
    pub fn fit(&self, name: &str) -> bool {
        self.simple.iter().any(|it| it.fits(name)) || self.set.is_match(name)
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Names {}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts.join(", "))
    }
}

/// What must hold of the files at some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What the policy calls it.
    pub name: String,
    /// The role of the containers that it speaks of; none: of all.
    pub role: Option<String>,
    /// The paths, as patterns.
    pub paths: Vec<String>,
    /// Paths that it does not speak of, as patterns.
    pub except: Vec<String>,
    /// Which files of these paths are meant.
    pub apply: Applies,
    /// Whether everything below is meant too.
    pub recursive: bool,
    /// Whether there must be such a file.
    pub required: bool,
    /// The permission bits.
    pub mode: Option<Mode>,
    /// Who must own them.
    pub owner: Option<Owner>,
    /// Which group they must have.
    pub group: Option<Owner>,
}

/// Which files a demand means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Applies {
    /// All that are no folders.
    Files,
    /// Folders.
    Folders,
    /// Both.
    #[default]
    Both,
}

/// The permission bits that are demanded, setuid, setgid and sticky among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// These and no others. Where folders and files are meant, the right to
    /// execute is the folders': a file may have it or lack it.
    Exactly(u32),
    /// None but these.
    AtMost(u32),
}

/// A user or a group, as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// By number, in the container's own numbering.
    Id(u32),
    /// By its name in the container's own `passwd(5)` or `group(5)`.
    Name(String),
    /// The one that the container's first process has.
    Runtime,
}

impl Demand {
    /// The patterns of the files that are meant.
    pub fn patterns(&self) -> Vec<String> {
        let below = self.paths.iter().filter(|_| self.recursive).map(|path| format!("{path}/**"));
        self.paths.iter().cloned().chain(below).collect()
    }

    /// The patterns of all that lies at and below its paths.
    pub fn territory(&self) -> Vec<String> {
        let below = self.paths.iter().map(|path| format!("{path}/**"));
        self.paths.iter().cloned().chain(below).collect()
    }

    /// Whether what is demanded lets nobody write: then it is also asked whether
    /// the mode holds.
    pub fn protects(&self) -> bool {
        let (Some(Mode::Exactly(bits)) | Some(Mode::AtMost(bits))) = self.mode else {
            return false;
        };
        bits & 0o222 == 0
    }
}

impl Mode {
    /// Whether a file or folder has such a mode. `mixed`: the demand means both.
    pub const fn allows(self, mode: u32, is_folder: bool, mixed: bool) -> bool {
        match self {
            Self::Exactly(wanted) if mixed && !is_folder => {
                mode & !0o111 == wanted & !0o111 && mode & !wanted == 0
            }
            Self::Exactly(wanted) => mode == wanted,
            Self::AtMost(most) => mode & !most == 0,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(bits) => write!(f, "{bits:03o}"),
            Self::AtMost(bits) => write!(f, "at most {bits:03o}"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
            Self::Runtime => f.write_str("the user that the container runs as"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn what_500_on_a_folder_means_for_the_files_in_it() {
        let mode = Mode::Exactly(0o500);
        for (bits, is_folder, expected) in [
            (0o500, true, true),
            (0o400, true, false),
            (0o700, true, false),
            (0o500, false, true),
            (0o400, false, true),
            (0o100, false, false),
            (0o444, false, false),
            (0o600, false, false),
            (0o4500, false, false),
        ] {
            assert_eq!(mode.allows(bits, is_folder, true), expected, "{bits:o} {is_folder}");
        }
    }

    #[test]
    fn an_exact_mode_is_exact_and_the_most_is_a_set_of_bits() {
        assert!(Mode::Exactly(0o444).allows(0o444, false, false));
        assert!(!Mode::Exactly(0o444).allows(0o440, false, false));
        assert!(!Mode::Exactly(0o444).allows(0o555, false, false));
        assert!(Mode::AtMost(0o440).allows(0o400, false, false));
        assert!(!Mode::AtMost(0o440).allows(0o404, false, false));
        assert!(!Mode::AtMost(0o644).allows(0o2644, false, false));
    }
}
