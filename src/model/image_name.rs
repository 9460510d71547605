//! The name of an image, as people ask for one: `registry:5000/team/web:1.2@sha256:…`.

/// A name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageName<'a> {
    /// Everything but the tag and the digest.
    pub repository: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest, with its algorithm.
    pub digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    /// Takes a name apart. The port of a registry is no tag.
    pub fn parse(name: &'a str) -> Self {
        let (name, digest) = match name.split_once('@') {
            // What stands before a registry may be somebody's name.
            Some((name, digest)) if !digest.contains('/') => (name, Some(digest)),
            Some(_) | None => (name, None),
        };
        match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => {
                Self { repository, tag: Some(tag), digest }
            }
            Some(_) | None => Self { repository: name, tag: None, digest },
        }
    }

    /// The short name of an image of Docker's official ones, whatever it is fetched through:
    /// `docker.io/library/node` is `node`. None where it is somebody else's.
    pub fn official(&self) -> Option<&'a str> {
        const HOME: [&str; 6] = [
            "docker.io/library/",
            "docker.io/",
            "index.docker.io/library/",
            "library/",
            "mirror.gcr.io/library/",
            "public.ecr.aws/docker/library/",
        ];
        let inner = HOME.iter().find_map(|it| self.repository.strip_prefix(it));
        let name = inner.unwrap_or(self.repository);
        (!name.is_empty() && !name.contains(['/', ':'])).then_some(name)
    }

    /// The words of the tag: `3.12-slim-bookworm` has three.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        self.tag.into_iter().flat_map(|it| it.split(['-', '_']))
    }

    /// Whether it is no name but an image's id, which names one image for ever.
    pub fn is_id(name: &str) -> bool {
        let digits = name.strip_prefix("sha256:").unwrap_or(name);
        let is_long = digits.len() == 64 || (name != digits && digits.len() >= 12);
        is_long && digits.bytes().all(|it| it.is_ascii_hexdigit())
    }
}

/// How many numbers of a version a tag has: `3.20-alpine` has two, `latest` none.
pub fn numbers(tag: &str) -> usize {
    let part = |it: &&str| {
        let bare = it.strip_prefix(['v', 'V']).unwrap_or(it);
        bare.starts_with(|it: char| it.is_ascii_digit())
    };
    let version = tag.split(['-', '_', '+']).find(part).unwrap_or_default();
    let version = version.trim_start_matches(['v', 'V']);
    let is_number = |it: &&str| it.starts_with(|it: char| it.is_ascii_digit());
    version.split('.').take_while(is_number).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart_where_registries_do() {
        for (name, repository, tag, digest) in [
            ("nginx", "nginx", None, None),
            ("nginx:1.27", "nginx", Some("1.27"), None),
            ("registry:5000/x", "registry:5000/x", None, None),
            ("registry:5000/x:1", "registry:5000/x", Some("1"), None),
            ("me:pw@registry:5000/x:1", "me:pw@registry:5000/x", Some("1"), None),
            ("a/b:1@sha256:ab", "a/b", Some("1"), Some("sha256:ab")),
            ("a@sha256:ab", "a", None, Some("sha256:ab")),
        ] {
            assert_eq!(ImageName::parse(name), ImageName { repository, tag, digest }, "{name}");
        }
        assert!(ImageName::is_id(&format!("sha256:{}", "a".repeat(64))));
        assert!(ImageName::is_id(&"a1".repeat(32)) && !ImageName::is_id("nginx"));
    }

    #[test]
    fn the_numbers_of_a_version_are_counted_wherever_it_stands() {
        for (tag, count) in [
            ("22", 1),
            ("22.1.0-slim", 3),
            ("3.20", 2),
            ("v1.2.3", 3),
            ("alpine", 0),
            ("alpine3.20", 0),
            ("latest", 0),
            ("slim-1.2", 2),
            ("2024-05-01", 1),
            ("1.x", 1),
            ("vim", 0),
        ] {
            assert_eq!(numbers(tag), count, "{tag}");
        }
    }
}
