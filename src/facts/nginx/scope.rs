//! What is in force in a block of nginx's configuration, by nginx's own inheritance.

use std::collections::BTreeMap;

use crate::model::nginx::Directive;
use crate::parse::nginx::{CHALLENGES, is_by_another};

/// Directives of which the innermost alone counts.
const SINGLE: [&str; 12] = [
    "add_header_inherit",
    "brotli",
    "brotli_static",
    "brotli_types",
    "gzip",
    "gzip_static",
    "gzip_types",
    "server_tokens",
    "ssl",
    "ssl_protocols",
    "zstd",
    "zstd_types",
];

/// What is in force in one block.
#[derive(Clone, Debug)]
pub(super) struct Scope<'c> {
    /// The block.
    pub(super) block: &'c Directive,
    single: BTreeMap<&'c str, &'c Directive>,
    /// `add_header`: a block that has one of its own inherits none, unless
    /// `add_header_inherit` says otherwise (`ngx_http_headers_module`).
    pub(super) headers: Vec<&'c Directive>,
    /// The block that decides which headers are sent.
    pub(super) decided_in: &'c Directive,
    /// The headers of an outer block that this one does not inherit.
    pub(super) lost: Vec<&'c Directive>,
    /// `more_set_headers` and `more_clear_headers`, which add to what the outer blocks say,
    /// before `add_header` does.
    pub(super) more: Vec<&'c Directive>,
    /// By which directive somebody else than nginx writes the response.
    pub(super) another: Option<&'c Directive>,
}

/// The servers of a configuration, with what is in force in each.
pub(super) fn servers(directives: &[Directive]) -> impl Iterator<Item = Scope<'_>> {
    directives.iter().filter(|it| it.name == "http").flat_map(|http| {
        let outer = Scope::of(http);
        http.all("server").map(move |it| outer.enter(it))
    })
}

impl<'c> Scope<'c> {
    /// The outermost block.
    fn of(block: &'c Directive) -> Self {
        let nothing = Self {
            block,
            single: BTreeMap::new(),
            headers: Vec::new(),
            decided_in: block,
            lost: Vec::new(),
            more: Vec::new(),
            another: None,
        };
        nothing.enter(block)
    }

    /// What is in force in a block of this one.
    fn enter(&self, block: &'c Directive) -> Self {
        let mut single = self.single.clone();
        let own = block.block.iter().filter(|it| SINGLE.contains(&it.name.as_str()));
        single.extend(own.map(|it| (it.name.as_str(), it)));
        let inherits = single.get("add_header_inherit").map_or("on", |it| it.argument(0));
        let own: Vec<_> = block.all("add_header").collect();
        let own_more: Vec<_> = block.block.iter().filter(|it| is_of_more(&it.name)).collect();
        let decides = !own.is_empty() || !own_more.is_empty();
        let says_nothing = self.headers.is_empty() && self.more.is_empty();
        let is_first = block.name == "server" && says_nothing;
        let (headers, lost) = match (inherits, own.is_empty()) {
            ("merge", _) => ([self.headers.clone(), own].concat(), Vec::new()),
            ("off", _) | (_, false) => (own, self.headers.clone()),
            (_, true) => (self.headers.clone(), self.lost.clone()),
        };
        let is_off = inherits == "off" && !self.headers.is_empty();
        let another = block.block.iter().find(|it| is_by_another(&it.name));
        let inherited = self.another.filter(|it| block.name == "if" || !is_content(&it.name));
        Self {
            block,
            single,
            headers,
            decided_in: if decides || is_first || is_off { block } else { self.decided_in },
            lost,
            more: [self.more.clone(), own_more].concat(),
            another: another.or(inherited),
        }
    }

    /// The directive of this name that is in force.
    pub(super) fn single(&self, name: &str) -> Option<&'c Directive> {
        self.single.get(name).copied()
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.single(name).is_some_and(|it| matches!(it.argument(0), "on" | "always"))
    }

    /// Every block in which a request to this server can be answered.
    pub(super) fn answering(&self) -> Vec<Self> {
        let mut all = Vec::new();
        if self.ended().is_some() {
            all.push(self.clone());
            return all;
        }
        if !self.block.all("location").any(takes_the_rest) {
            all.push(self.clone());
        }
        self.collect(&mut all);
        all
    }

    fn collect(&self, all: &mut Vec<Self>) {
        for block in self.block.block.iter().filter(|it| is_inner(it)) {
            let inner = self.enter(block);
            inner.collect(all);
            all.push(inner);
        }
    }

    /// The block of all requests that no location takes for its own.
    pub(super) fn rest(&self) -> Self {
        let rest = self.block.all("location").find(|it| takes_the_rest(it));
        match rest {
            Some(block) if self.ended().is_none() => self.enter(block),
            _ => self.clone(),
        }
    }

    /// What ends every request to this block at once.
    fn ended(&self) -> Option<&'c Directive> {
        let ends = |it: &&Directive| match it.name.as_str() {
            "return" => true,
            "rewrite" => it.argument(0) == "all",
            _ => false,
        };
        self.block.block.iter().find(ends)
    }

    /// Whether a request to this block may be answered with content: neither with a
    /// redirect nor with an error.
    pub(super) fn has_content(&self) -> bool {
        self.ended().is_none_or(|it| it.name == "return" && is_content_code(it.argument(0)))
    }

    /// Whether every request to this block is led to HTTPS, refused, or a challenge.
    pub(super) fn leads_to_tls(&self) -> bool {
        let is_challenge = self.block.name == "location" && self.block.argument(0) == CHALLENGES;
        let leads = |it: &Directive| match (it.name.as_str(), it.argument(0)) {
            ("return", code) if code.starts_with('3') => it.argument(1) == "https",
            ("return", code) => code.starts_with('4'),
            (_, pattern) => pattern == "all" && it.argument(1) == "https",
        };
        let is_plain = |it: &Directive| it.argument(0) == "plain";
        let mut conditions = self.block.all("if").filter(|it| is_plain(it));
        is_challenge
            || self.ended().is_some_and(leads)
            || conditions.any(|it| it.block.iter().any(|it| it.name != "add_header" && leads(it)))
    }
}

fn is_content_code(code: &str) -> bool {
    !matches!(code.as_bytes().first(), Some(b'3'..=b'5')) && code != "204"
}

/// Whether a location takes what no other takes.
fn takes_the_rest(location: &Directive) -> bool {
    location.argument(0) == "/"
}

/// A location, or a condition with headers of its own.
fn is_inner(block: &Directive) -> bool {
    let adds = || block.block.iter().any(|it| it.name == "add_header" || is_of_more(&it.name));
    block.name == "location" || (block.name == "if" && adds())
}

/// Whether a directive is one of the module headers-more.
fn is_of_more(name: &str) -> bool {
    matches!(name, "more_set_headers" | "more_clear_headers")
}

/// Whether a directive says whence the content of its own block comes, and of no other.
fn is_content(name: &str) -> bool {
    name.ends_with("_pass") || name == "perl" || name.contains("content")
}
