//! What of a directive is kept: configurations hold passwords and tokens, so a
//! directive that nobody asks about is dropped, and of the others only what is asked.

/// What stands in the place of something that is not kept.
pub(super) const WITHHELD: &str = "…";

/// Directives whose arguments are public: switches, types and addresses.
const PLAIN: [&str; 14] = [
    "add_header_inherit",
    "brotli",
    "brotli_static",
    "brotli_types",
    "gzip",
    "gzip_static",
    "gzip_types",
    "include",
    "listen",
    "server_tokens",
    "ssl",
    "ssl_protocols",
    "zstd",
    "zstd_types",
];

/// Directives by which a response comes from somebody else than nginx.
const HANDING_ON: [&str; 8] = [
    "fastcgi_pass",
    "grpc_pass",
    "memcached_pass",
    "passenger_enabled",
    "perl",
    "proxy_pass",
    "scgi_pass",
    "uwsgi_pass",
];

/// How directives begin that run a program of the administrator's on a response.
const PROGRAMS: [&str; 7] = [
    "access_by_lua",
    "content_by_lua",
    "header_filter_by_lua",
    "js_content",
    "js_header_filter",
    "rewrite_by_lua",
    "server_rewrite_by_lua",
];

/// Response headers whose values are rules for browsers and no secrets.
const PUBLIC: [&str; 9] = [
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
];

/// Where certificate authorities look over plain HTTP (RFC 8555, 8.3).
pub const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The blocks that are gone into.
pub(super) fn is_block(name: &str) -> bool {
    matches!(name, "http" | "server" | "location" | "if")
}

/// What is kept of a directive; nothing where nobody asks about it.
pub(super) fn arguments(name: &str, arguments: &[String]) -> Option<Vec<String>> {
    let one = |text: &str| vec![text.to_owned()];
    let first = arguments.first().map_or("", String::as_str);
    let kept = match name {
        "http" | "server" => Vec::new(),
        "location" => one(location(arguments)),
        "if" => one(condition(arguments)),
        "add_header" => {
            let value = arguments.get(1).map_or("", String::as_str);
            let rest = arguments.iter().skip(2).filter(|it| *it == "always").cloned();
            [first.to_owned(), header(first, value)].into_iter().chain(rest).collect()
        }
        "more_clear_headers" => arguments.to_vec(),
        "more_set_headers" => arguments.iter().map(|it| set_header(it)).collect(),
        "return" => vec![code(arguments).to_owned(), leads_to(arguments.last()).to_owned()],
        "rewrite" => vec![rewritten(arguments).to_owned(), leads_to(arguments.get(1)).to_owned()],
        _ if PLAIN.contains(&name) => arguments.to_vec(),
        _ if is_by_another(name) => Vec::new(),
        _ => return None,
    };
    Some(kept)
}

/// Whether a directive of this name lets somebody else than nginx write the response.
pub fn is_by_another(name: &str) -> bool {
    HANDING_ON.contains(&name) || PROGRAMS.iter().any(|it| name.starts_with(it))
}

/// Which requests a location takes: all that no other takes, a challenge, or some.
fn location(arguments: &[String]) -> &'static str {
    let path = arguments.last().map(|it| it.replace('\\', "")).unwrap_or_default();
    let path = path.trim_start_matches('^');
    // The path without the slash at its end.
    let challenges = CHALLENGES.trim_end_matches('/');
    match arguments.first().map_or("", String::as_str) {
        "/" | "^~" if path == "/" => "/",
        _ if path.starts_with(challenges) => CHALLENGES,
        _ => WITHHELD,
    }
}

/// Whether a condition is that the request came without TLS.
fn condition(arguments: &[String]) -> &'static str {
    let text = arguments.join(" ");
    let words: Vec<&str> = text.trim_matches(['(', ')', ' ']).split_whitespace().collect();
    match words.as_slice() {
        ["$scheme", "=", "http"] | ["$scheme", "!=", "https"] => "plain",
        _ => WITHHELD,
    }
}

/// A header's value, where it is public; else whether there is one at all.
fn header(name: &str, value: &str) -> String {
    if value.is_empty() || PUBLIC.contains(&name.to_ascii_lowercase().as_str()) {
        return value.to_owned();
    }
    if may_be_empty(value) { "$".to_owned() } else { WITHHELD.to_owned() }
}

fn set_header(argument: &str) -> String {
    match argument.split_once(':') {
        Some((name, value)) => format!("{}: {}", name.trim(), header(name.trim(), value.trim())),
        // An option, such as one that says for which responses.
        None if argument.starts_with('-') => argument.to_owned(),
        None => WITHHELD.to_owned(),
    }
}

/// Whether a value is made of variables alone, each of which a request may leave empty.
pub fn may_be_empty(value: &str) -> bool {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    value.split('$').enumerate().all(|(place, part)| match (place, part.strip_prefix('{')) {
        (0, _) => part.is_empty(),
        (_, Some(braced)) => braced.split_once('}').is_some_and(|(_, rest)| rest.is_empty()),
        (_, None) => part.chars().all(is_name),
    })
}

/// The code of `return`: a text without one is 200, an address 302.
fn code(arguments: &[String]) -> &str {
    match arguments {
        [first] if !is_code(first) => "302",
        [first, ..] if is_code(first) => first,
        _ => WITHHELD,
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|it| it.is_ascii_digit())
}

fn leads_to(address: Option<&String>) -> &'static str {
    if address.is_some_and(|it| it.starts_with("https://")) { "https" } else { WITHHELD }
}

/// Whether every request is rewritten into a redirect.
fn rewritten(arguments: &[String]) -> &'static str {
    let pattern = arguments.first().map_or("", String::as_str);
    let flag = arguments.get(2).map_or("", String::as_str);
    let address = arguments.get(1).map_or("", String::as_str);
    let is_all = ["^", ".*", "^.*$", "^.*", "(.*)", "^(.*)$", "^(.*)", "^/(.*)$", "^/(.*)"];
    // An address with a scheme is a redirect, whatever the flag.
    let redirects = matches!(flag, "redirect" | "permanent") || address.contains("://");
    if is_all.contains(&pattern) && redirects { "all" } else { WITHHELD }
}
