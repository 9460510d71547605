//! How nginx is configured in an image, by the files that are to be seen of it.
//!
//! Layers are read as they stream by, before anybody knows which files are included.
//! So all files of the folders are parsed in which configurations are kept, and what
//! is included from elsewhere is said to be unread.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::contents::Content;
use crate::collect::archive::entries::Entry;
use crate::collect::archive::name::split;
use crate::model::bundle::Answer;
use crate::model::files::Kind;
use crate::model::nginx::Directive;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::nginx;

/// The folders that are read, each with all below it: those of distributions and of
/// nginx itself, and those of others who ship images.
const FOLDERS: [&str; 6] = [
    "/etc/nginx",
    "/opt/bitnami/nginx/conf",
    "/usr/local/nginx/conf",
    "/usr/local/openresty/nginx/conf",
    "/usr/share/nginx/modules",
    "/usr/share/nginx/modules-available",
];

/// The most links on the way to one file.
const MOST_LINKS: usize = 16;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file, by what is kept of it.
    File(Vec<Directive>),
    /// A link, by what it leads to.
    Link(String),
    /// A file that is no configuration, or not read, and why.
    Unread(Reason, String),
}

impl Found {
    /// What it takes to remember it, about.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::File(directives) => 256 + directives.iter().map(memory).sum::<usize>(),
            Self::Link(text) | Self::Unread(_, text) => 256 + text.len(),
        }
    }
}

fn memory(directive: &Directive) -> usize {
    let arguments: usize = directive.arguments.iter().map(|it| it.raw().len() + 32).sum();
    let own = 256 + directive.file.raw().len() + arguments;
    own + directive.block.iter().map(memory).sum::<usize>()
}

/// Whether a path is in such a folder, or a folder on the way to one.
pub(super) fn is_on_the_way(path: &[u8]) -> bool {
    let below = |one: &[u8], other: &[u8]| {
        one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    FOLDERS.iter().any(|it| below(path, it.as_bytes()) || below(it.as_bytes(), path))
}

/// Whether a path is that of nginx itself.
pub(super) fn is_program(path: &[u8]) -> bool {
    let (folder, name) = split(path);
    let is_named = std::str::from_utf8(name).is_ok_and(nginx::is_program);
    is_named && matches!(split(folder).1, b"bin" | b"sbin")
}

/// What is at a path of such a folder; nothing where it is a folder.
///
/// # Errors
/// The stream failed.
pub(super) fn found(
    path: &[u8],
    entry: &Entry,
    input: &mut impl Read,
) -> io::Result<Option<Found>> {
    let unread = |reason, what: &str| Ok(Some(Found::Unread(reason, what.to_owned())));
    match (entry.traits.kind, &entry.target) {
        (Kind::Folder, _) => return Ok(None),
        (Kind::Link, Some(target)) => {
            return Ok(Some(Found::Link(String::from_utf8_lossy(target).into_owned())));
        }
        (Kind::File, _) if !entry.is_hard_link => {}
        _ => return unread(Reason::Unsupported, "is no file of its own"),
    }
    let mut bytes = Vec::new();
    input.take(nginx::LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > nginx::LONGEST {
        return unread(Reason::TooLarge, "is larger than what is read of it");
    }
    let parsed = nginx::parse(&String::from_utf8_lossy(&bytes), &String::from_utf8_lossy(path));
    Ok(Some(match parsed {
        Ok(directives) => Found::File(directives),
        Err(fault) => Found::Unread(Reason::Malformed, fault.to_string()),
    }))
}

/// How nginx is configured by what is to be seen of an image that starts `words`. Where
/// a layer could not be read (`doubt`), that may have been a later version of it.
pub(super) fn answer(
    contents: &BTreeMap<&[u8], &Content>,
    words: &[&str],
    doubt: Option<&Gap>,
    source: &Source,
) -> Result<Answer, Gap> {
    if let Some(gap) = doubt {
        return Err(gap.clone());
    }
    let told = nginx::of_words(words.iter().copied());
    let is_there = contents.values().any(|it| matches!(it, Content::NginxProgram));
    let mut files = Seen { contents, source };
    files.behind_links()?;
    let found = nginx::assemble(&told.clone().unwrap_or_default(), None, &mut files, source)?;
    match found {
        Some(configuration) => Ok(Answer::Nginx(configuration)),
        None if told.is_some() || is_there => {
            let detail = "nginx's configuration is at none of the usual places";
            let gap = Gap::new(Reason::Unsupported, source.clone(), detail);
            Err(gap.mend("audit a container of the image"))
        }
        None => Ok(Answer::Nothing),
    }
}

/// The files of an image.
struct Seen<'a> {
    contents: &'a BTreeMap<&'a [u8], &'a Content>,
    source: &'a Source,
}

impl<'a> Seen<'a> {
    fn at(&self, path: &str) -> Option<&'a Content> {
        self.contents.get(path.as_bytes()).copied()
    }

    fn gap(&self, reason: Reason, path: &str, what: &str) -> Gap {
        let path = Untrusted::from(path);
        let gap = Gap::new(reason, self.source.clone(), format!("{path} {what}"));
        gap.mend("audit a container of the image")
    }

    /// A layer that tells of a file below what is a link by now is laid another way.
    fn behind_links(&self) -> Result<(), Gap> {
        for (path, _) in self.contents.iter().filter(|(_, it)| matches!(it, Content::Nginx(_))) {
            let around = std::iter::successors(Some(split(path).0), |it| Some(split(it).0));
            for folder in around.take_while(|it| !it.is_empty()) {
                if self.contents.get(folder).is_some_and(|it| is_link(it)) {
                    let path = String::from_utf8_lossy(path);
                    let what = "lies behind a link, which is not followed";
                    return Err(self.gap(Reason::Unsupported, &path, what));
                }
            }
        }
        Ok(())
    }

    /// Where a path leads, no link left in it.
    fn followed(&self, path: &str) -> Result<String, Gap> {
        let mut left: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let (mut followed, mut links) = (String::new(), 0);
        while let Some(part) = left.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    followed.truncate(followed.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = format!("{followed}/{part}");
            match self.at(&next) {
                Some(Content::Nginx(Found::Link(target))) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(self.gap(Reason::Unsupported, path, "is a link to links"));
                    }
                    if target.starts_with('/') {
                        followed.clear();
                    }
                    left.extend(target.rsplit('/').map(str::to_owned));
                }
                Some(other) if is_link(other) => {
                    let what = "lies behind a link, which is not followed";
                    return Err(self.gap(Reason::Unsupported, path, what));
                }
                _ => followed = next,
            }
        }
        let is_read = FOLDERS.iter().any(|it| crate::parse::path::is_within(&followed, it));
        if is_read {
            Ok(followed)
        } else {
            let what = "lies outside of the folders in which configurations are looked for";
            Err(self.gap(Reason::Unsupported, path, what))
        }
    }
}

/// Whether something is a link: the folder of accounts is told of in its own way.
const fn is_link(content: &Content) -> bool {
    matches!(content, Content::Nginx(Found::Link(_)) | Content::Names(Err(_)))
}

impl nginx::Files for Seen<'_> {
    fn read(&mut self, path: &str) -> Result<Option<Vec<Directive>>, Gap> {
        let path = self.followed(path)?;
        match self.at(&path) {
            Some(Content::Nginx(Found::File(directives))) => Ok(Some(directives.clone())),
            Some(Content::Nginx(Found::Unread(reason, what))) => {
                Err(self.gap(*reason, &path, what))
            }
            Some(_) => Err(self.gap(Reason::Unsupported, &path, "is not read as a configuration")),
            None => Ok(None),
        }
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, Gap> {
        let folder = format!("{}/", self.followed(folder)?);
        let below = self.contents.range(folder.as_bytes()..);
        let below = below.map_while(|(path, _)| path.strip_prefix(folder.as_bytes()));
        let mut names: Vec<String> = below
            .filter_map(|it| it.split(|byte| *byte == b'/').next())
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect();
        names.dedup();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::survey::Traits;

    /// What is at a path: a file's text, or where a link leads.
    enum At {
        File(&'static str),
        Link(&'static str),
        HardLink,
    }
    use At::{File, HardLink, Link};

    fn looked(laid: &[(&'static str, At)], words: &[&str]) -> Result<Answer, Gap> {
        let contents: Vec<(&[u8], Content)> = laid
            .iter()
            .map(|(path, at)| {
                let (kind, target, text) = match at {
                    File(text) => (Kind::File, None, *text),
                    Link(target) => (Kind::Link, Some(target.as_bytes().to_vec()), ""),
                    HardLink => (Kind::File, None, ""),
                };
                let traits = Traits {
                    kind,
                    linked: false,
                    mode: 0o644,
                    uid: 0,
                    gid: 0,
                    fixed: None,
                    acl: None,
                    capability: None,
                };
                let is_hard_link = matches!(at, HardLink);
                let entry = Entry { name: Vec::new(), target, is_hard_link, traits };
                let path = path.as_bytes();
                assert!(is_on_the_way(path));
                let found = found(path, &entry, &mut text.as_bytes()).unwrap().unwrap();
                (path, Content::Nginx(found))
            })
            .collect();
        let contents = contents.iter().map(|(path, content)| (*path, content)).collect();
        answer(&contents, words, None, &Source::Clock)
    }

    fn told(laid: &[(&'static str, At)]) -> (Vec<String>, Vec<String>) {
        let Answer::Nginx(found) = looked(laid, &["nginx"]).unwrap() else { panic!("it is there") };
        let directives = found.directives.iter().map(ToString::to_string).collect();
        (directives, found.unread.iter().map(|it| it.detail.to_string()).collect())
    }

    #[test]
    fn links_are_followed_as_far_as_somebody_looked() {
        let (found, unread) = told(&[
            ("/etc/nginx/nginx.conf", File("include sites-enabled/*; include modules/a;")),
            ("/etc/nginx/sites-available/shop", File("gzip on;")),
            ("/etc/nginx/sites-enabled/blog", Link("../sites-available/../sites-available/shop")),
            ("/etc/nginx/sites-enabled/shop", Link("/etc/nginx/sites-available/shop")),
            ("/etc/nginx/modules", Link("/usr/lib/nginx/modules")),
        ]);
        assert_eq!(found, ["gzip at /etc/nginx/sites-available/shop:1"; 2]);
        let outside = "/etc/nginx/modules/a lies outside of the folders in which \
            configurations are looked for";
        assert_eq!(unread, [outside]);
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        for (at, expected) in [
            (Link("a"), "/etc/nginx/a is a link to links"),
            (HardLink, "/etc/nginx/a is no file of its own"),
            (File("http {"), "/etc/nginx/a line 1: a block is not closed"),
        ] {
            let laid = [("/etc/nginx/nginx.conf", File("include a;")), ("/etc/nginx/a", at)];
            assert_eq!(told(&laid), (vec![], vec![expected.to_owned()]));
        }
        let behind = [
            ("/etc/nginx/nginx.conf", File("include conf.d/*;")),
            ("/etc/nginx/conf.d", Link("other")),
            ("/etc/nginx/conf.d/a", File("")),
        ];
        assert!(looked(&behind, &[]).unwrap_err().detail.contains("lies behind a link"));
    }

    #[test]
    fn an_image_without_nginx_is_told_from_one_that_keeps_its_configuration_elsewhere() {
        assert_eq!(looked(&[], &["node", "a.js"]), Ok(Answer::Nothing));
        assert!(looked(&[], &["nginx", "-g", "daemon off;"]).is_err());
        assert!(looked(&[], &["nginx", "-c", "/app/nginx.conf"]).is_err());
        let program = Content::NginxProgram;
        let contents = BTreeMap::from([(b"/opt/x/sbin/nginx".as_slice(), &program)]);
        assert!(is_program(b"/opt/x/sbin/nginx") && !is_program(b"/etc/init.d/nginx"));
        assert!(answer(&contents, &[], None, &Source::Clock).is_err());
    }
}
