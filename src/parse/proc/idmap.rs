//! `/proc/<pid>/uid_map` and `gid_map` (`user_namespaces(7)`).

/// How a user namespace's ids stand for the reader's ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMap {
    ranges: Vec<Range>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

impl IdMap {
    /// The map by which every id is itself.
    pub fn identity() -> Self {
        Self { ranges: vec![Range { inside: 0, outside: 0, count: u32::MAX }] }
    }

    /// Reads the three-column lines. An empty map is a namespace without ids.
    ///
    /// # Errors
    /// A line does not hold three numbers.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ranges = text
            .lines()
            .map(|line| {
                let mut words = line.split_whitespace().map(str::parse);
                match (words.next(), words.next(), words.next()) {
                    (Some(Ok(inside)), Some(Ok(outside)), Some(Ok(count))) => {
                        Ok(Range { inside, outside, count })
                    }
                    _ => Err(format!("{line:?} is no range of ids")),
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { ranges })
    }

    /// Whether every id is itself: the reader's own user namespace, or as good.
    pub fn is_identity(&self) -> bool {
        matches!(self.ranges.as_slice(), [Range { inside: 0, outside: 0, count: u32::MAX }])
    }

    /// The id inside the namespace that the reader knows as `outside`.
    pub fn inside(&self, outside: u32) -> Option<u32> {
        self.ranges.iter().find_map(|range| {
            let offset = outside.checked_sub(range.outside)?;
            (offset < range.count).then(|| range.inside.checked_add(offset)).flatten()
        })
    }

    /// The id that the reader knows for `inside`.
    pub fn outside(&self, inside: u32) -> Option<u32> {
        self.ranges.iter().find_map(|range| {
            let offset = inside.checked_sub(range.inside)?;
            (offset < range.count).then(|| range.outside.checked_add(offset)).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_namespace_maps_every_id_to_itself() {
        let map = IdMap::parse("         0          0 4294967295\n").unwrap();
        assert!(map.is_identity());
        assert_eq!(map, IdMap::identity());
        assert_eq!(map.inside(1000), Some(1000));
    }

    #[test]
    fn a_remapped_root_is_an_ordinary_user_outside() {
        let map = IdMap::parse("0 165536 65536\n").unwrap();
        assert!(!map.is_identity());
        assert_eq!(map.inside(165_536), Some(0));
        assert_eq!(map.inside(0), None);
        assert_eq!(map.outside(0), Some(165_536));
        assert_eq!(map.outside(65_536), None);
    }

    #[test]
    fn a_line_that_is_no_range_is_an_error() {
        assert!(IdMap::parse("0 1\n").is_err());
        assert!(IdMap::parse("a b c\n").is_err());
    }
}
