//! What nginx does with requests: what it adds to answers, and what it tells.

use std::collections::BTreeSet;

use crate::model::nginx::{Configuration, Directive};
use crate::model::untrusted::Untrusted;
use crate::parse::nginx::may_be_empty;

use super::Said;
use super::scope::{Scope, servers};

/// Which headers nginx sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Headers {
    /// The block that decides it, as `server at /etc/nginx/nginx.conf:12`.
    pub at: String,
    /// Those that it does not send.
    pub missing: Vec<String>,
    /// Those that it sends with a value that browsers do not heed.
    pub idle: Vec<String>,
    /// Whether an outer block adds headers that this one does not inherit, since it adds
    /// some of its own.
    pub loses: bool,
    /// Whether some are not sent with errors.
    pub is_late: bool,
}

/// Whether nginx tells its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokens {
    /// The directive or the server that decides it.
    pub at: String,
    /// What `server_tokens` is; nothing where it is not set, which is `on`.
    pub set: Option<Untrusted>,
    /// Whether the version is told.
    pub tells: bool,
}

/// Whether nginx compresses texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compression {
    /// The block that answers what no other takes.
    pub at: String,
    /// What it compresses.
    pub what: Compressed,
}

/// What is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compressed {
    /// Nothing.
    Nothing,
    /// No style sheets, scripts or JSON.
    PagesAlone,
    /// Them as well.
    Texts,
}

/// How requests come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transport {
    /// The directive or the server that decides it.
    pub at: String,
    /// How.
    pub how: Way,
}

/// How requests come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// In the clear.
    Plain,
    /// In the clear, only to be led to HTTPS; or from the container itself.
    Led,
    /// By TLS, also in these versions that are broken.
    Weak(Vec<Untrusted>),
    /// By TLS.
    Tls,
}

/// A directive as evidence: where it stands, and what it is.
fn told(directive: &Directive, with: &[&str]) -> (Untrusted, String) {
    let words = [directive.name.as_str()].into_iter().chain(with.iter().copied());
    (directive.place(), words.collect::<Vec<_>>().join(" "))
}

pub(super) fn headers(configuration: &Configuration, wanted: &[String]) -> BTreeSet<Said<Headers>> {
    let answering = servers(&configuration.directives).flat_map(|server| server.answering());
    answering.filter(Scope::has_content).flat_map(|scope| headers_of(&scope, wanted)).collect()
}

fn headers_of(scope: &Scope<'_>, wanted: &[String]) -> Vec<Said<Headers>> {
    let at = told(scope.decided_in, &[]);
    let (mut missing, mut idle, mut open) = (Vec::new(), Vec::new(), None);
    for name in wanted {
        let values = sent(&scope.headers, &scope.more, name);
        let is_real = |it: &&str| !it.is_empty() && !may_be_empty(it);
        let mut real = values.iter().copied().filter(is_real).peekable();
        let is_framed = || {
            let policies = sent(&scope.headers, &scope.more, "Content-Security-Policy");
            name.eq_ignore_ascii_case("X-Frame-Options")
                && policies.iter().any(|it| it.to_ascii_lowercase().contains("frame-ancestors"))
        };
        if is_framed() {
            continue;
        }
        if real.peek().is_some() {
            if !real.any(|it| is_heeded(name, it)) {
                idle.push(name.clone());
            }
        } else if values.iter().any(|it| !it.is_empty()) {
            open = Some(name.clone());
        } else {
            missing.push(name.clone());
        }
    }
    let loses = missing.iter().any(|name| !sent(&scope.lost, &[], name).is_empty());
    let is_wanted =
        |it: &&&Directive| wanted.iter().any(|name| name.eq_ignore_ascii_case(it.argument(0)));
    let is_late = scope.headers.iter().filter(is_wanted).any(|it| it.argument(2) != "always");
    let value = Headers { at: scope.decided_in.to_string(), missing, idle, loses, is_late };
    let written = (!value.idle.is_empty()).then(|| {
        let value = Headers { missing: Vec::new(), loses: false, ..value.clone() };
        Said::Bad { value, at: at.clone(), is_written: true }
    });
    let value = Headers { idle: Vec::new(), ..value };
    let other = match (&*value.missing, scope.another, open) {
        ([name, ..], Some(another), _) => {
            let detail =
                format!("{} adds no {name}, and {another} may let another do so", value.at);
            Some(Said::Doubt(detail, "add the header in nginx"))
        }
        ([_, ..], None, _) => Some(Said::Bad { value, at, is_written: false }),
        ([], _, Some(name)) => {
            let detail = format!("{} adds {name} with a value that may be empty", value.at);
            Some(Said::Doubt(detail, "write the header's value out"))
        }
        ([], ..) => written.is_none().then_some(Said::Good { value, at }),
    };
    written.into_iter().chain(other).collect()
}

/// The values with which a header is added.
fn sent<'c>(added: &[&'c Directive], more: &[&'c Directive], name: &str) -> Vec<&'c str> {
    let added = added.iter().filter(|it| it.argument(0).eq_ignore_ascii_case(name));
    // Of the others the last one counts. With an option it sets a header of some responses
    // alone, and then of none for sure.
    let mut last = None;
    for directive in more {
        let has_option = directive.arguments.iter().any(|it| it.raw().starts_with('-'));
        for argument in &directive.arguments {
            let (own, value) = argument.raw().split_once(": ").unwrap_or((argument.raw(), ""));
            let is_meant = own.eq_ignore_ascii_case(name) || own.contains('*');
            if is_meant && !(has_option && directive.name == "more_set_headers") {
                last = Some(value).filter(|_| directive.name == "more_set_headers");
            }
        }
    }
    added.map(|it| it.argument(1)).chain(last).collect()
}

/// Whether browsers heed a header with this value (Fetch Standard, `X-Content-Type-Options`;
/// HTML Standard, `X-Frame-Options`).
fn is_heeded(name: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "x-content-type-options" => value == "nosniff",
        "x-frame-options" => matches!(value.as_str(), "deny" | "sameorigin"),
        _ => true,
    }
}

pub(super) fn tokens(configuration: &Configuration) -> BTreeSet<Said<Tokens>> {
    let all = servers(&configuration.directives).flat_map(|server| {
        let mut levels = server.answering();
        levels.retain(|it| it.block.all("server_tokens").next().is_some());
        levels.push(server);
        levels
    });
    all.map(|scope| match scope.single("server_tokens") {
        Some(directive) => {
            let set = directive.argument(0);
            // Only what nginx sells takes a text of its own, which may name the version too.
            let tells = matches!(set, "on" | "build");
            let at = told(directive, &[set]);
            let value = Tokens { at: directive.to_string(), set: Some(set.into()), tells };
            if tells {
                Said::Bad { value, at, is_written: true }
            } else if set.contains('$') {
                let detail = format!("{directive} has a value that every request makes anew");
                Said::Doubt(detail, "write server_tokens off;")
            } else {
                Said::Good { value, at }
            }
        }
        None => {
            let value = Tokens { at: scope.block.to_string(), set: None, tells: true };
            Said::Bad { value, at: told(scope.block, &[]), is_written: false }
        }
    })
    .collect()
}

/// Of these one at least must be compressed beside pages.
const TEXTS: [&str; 7] = [
    "*",
    "application/javascript",
    "application/json",
    "application/x-javascript",
    "text/css",
    "text/javascript",
    "text/xml",
];

pub(super) fn compression(configuration: &Configuration) -> BTreeSet<Said<Compression>> {
    let rest = servers(&configuration.directives).map(|server| server.rest());
    rest.filter(Scope::has_content).map(|scope| compression_of(&scope)).collect()
}

fn compression_of(scope: &Scope<'_>) -> Said<Compression> {
    let of = |switch: &str, types: &str| {
        if !scope.is_on(switch) {
            return Compressed::Nothing;
        }
        // By default pages alone (`ngx_http_gzip_module`, `gzip_types`).
        let types = scope.single(types).map(|it| it.arguments.as_slice()).unwrap_or_default();
        let is_text = types.iter().any(|it| TEXTS.contains(&it.raw()));
        if is_text { Compressed::Texts } else { Compressed::PagesAlone }
    };
    let ways = [("gzip", "gzip_types"), ("brotli", "brotli_types"), ("zstd", "zstd_types")];
    let what = ways.map(|(switch, types)| of(switch, types)).into_iter().max();
    let what = what.unwrap_or(Compressed::Nothing);
    let written = match what {
        Compressed::Nothing => scope.single("gzip"),
        Compressed::PagesAlone => {
            scope.single("gzip_types").or_else(|| scope.single("brotli_types"))
        }
        Compressed::Texts => None,
    };
    let at = told(scope.single("gzip").unwrap_or(scope.block), &[]);
    let value = Compression { at: scope.block.to_string(), what };
    let from_disk = ["gzip_static", "brotli_static"].into_iter().find(|it| scope.is_on(it));
    match (what, from_disk, scope.another) {
        (Compressed::Texts, ..) => Said::Good { value, at },
        (Compressed::Nothing, Some(way), _) => {
            let detail = format!("{} sends what is compressed on disk ({way})", value.at);
            Said::Doubt(detail, "switch gzip on as well")
        }
        (Compressed::Nothing, None, Some(another)) if written.is_none() => {
            let detail =
                format!("{} compresses nothing, and {another} may let another do so", value.at);
            Said::Doubt(detail, "switch gzip on in nginx")
        }
        (Compressed::Nothing | Compressed::PagesAlone, ..) => {
            Said::Bad { value, at, is_written: written.is_some() }
        }
    }
}

/// Versions in which TLS is broken (RFC 8996, RFC 7568, RFC 6176).
const BROKEN: [&str; 4] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];

pub(super) fn transport(configuration: &Configuration) -> BTreeSet<Said<Transport>> {
    servers(&configuration.directives).flat_map(|server| transport_of(&server)).collect()
}

fn transport_of(server: &Scope<'_>) -> Vec<Said<Transport>> {
    let listens: Vec<&Directive> = server.block.all("listen").collect();
    let is_tls = |it: &Directive| {
        let mut options = it.arguments.iter().skip(1);
        options.any(|it| matches!(it.raw(), "ssl" | "quic")) || server.is_on("ssl")
    };
    let is_own = |it: &Directive| {
        let address = it.argument(0);
        ["unix:", "127.", "[::1]", "localhost"].iter().any(|own| address.starts_with(own))
    };
    let said = |directive: &Directive, how: Way, is_written: bool| {
        let (value, at) = (Transport { at: directive.to_string(), how }, told(directive, &[]));
        match value.how {
            Way::Plain | Way::Weak(_) => Said::Bad { value, at, is_written },
            Way::Led | Way::Tls => Said::Good { value, at },
        }
    };
    let leads = server.leads_to_tls() || server.answering().iter().all(Scope::leads_to_tls);
    let plain_or_led = || if leads { Way::Led } else { Way::Plain };
    let mut all = Vec::new();
    if listens.is_empty() {
        // Without one it is `*:80`, or `*:8000` without the privilege for that.
        let how = if server.is_on("ssl") { Way::Tls } else { plain_or_led() };
        all.push(said(server.block, how, false));
    }
    for listen in listens.iter().filter(|it| !is_tls(it)) {
        all.push(said(listen, if is_own(listen) { Way::Led } else { plain_or_led() }, false));
    }
    if listens.iter().any(|it| is_tls(it)) {
        all.push(match server.single("ssl_protocols") {
            None => Said::Doubt(
                format!(
                    "{} sets no ssl_protocols, whose default depends on the version",
                    server.block
                ),
                "write ssl_protocols TLSv1.2 TLSv1.3;",
            ),
            Some(protocols) => {
                let broken = protocols.arguments.iter().filter(|it| BROKEN.contains(&it.raw()));
                let broken: Vec<_> = broken.cloned().collect();
                let how = if broken.is_empty() { Way::Tls } else { Way::Weak(broken) };
                said(protocols, how, true)
            }
        });
    }
    all
}
