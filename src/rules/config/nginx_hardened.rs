//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::nginx::{Compressed, Compression, Headers, Serving, Tokens, Transport, Way};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// nginx sends the security headers, hides its version and compresses texts.
    ///
    /// Judged by the configuration that is in the container as nginx's own first process sees
    /// it, or in the image's layers, with all that it includes and with nginx's inheritance: a
    /// block with one `add_header` of its own loses all those of the blocks around it. A server
    /// or location that only redirects or refuses sends no content and need add nothing, and
    /// `frame-ancestors` in a Content-Security-Policy stands for X-Frame-Options. Compression is
    /// asked of whatever answers the requests that no location takes for its own. Where a
    /// program behind nginx answers and nginx adds nothing, that is unknown. An image's
    /// configuration is looked for in the folders of the usual packages; what its entrypoint
    /// writes only a container shows. nginx may still run with what it read before a file was
    /// changed.
    ///
    /// ## Why it matters
    /// The headers keep browsers from guessing types, from being framed by strangers and from
    /// running scripts that nobody meant. A version tells which published flaw to try.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY nginx.conf /etc/nginx/nginx.conf`, with `server_tokens off;`, `gzip on;`, `gzip_types text/css application/javascript application/json;` and `add_header X-Content-Type-Options nosniff always;` in `http`, the other headers likewise, and none in `location`
    /// compose: `volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]`
    /// run: `--volume "$PWD/nginx.conf:/etc/nginx/nginx.conf:ro"`
    pub static RULE = {
        id: "nginx-hardened",
        title: "nginx sends security headers, hides its version and compresses texts",
        severity: Severity::Med,
        targets: [Container, Image],
        references: &["CIS NGINX 2.1: 2.5.1", "CIS NGINX 2.1: 5.3", "gixy add_header_redefinition"],
        parameters: &[
            Parameter {
                name: "demands",
                about: "What is demanded: headers, server-tokens, compression, tls",
                shape: Shape::List,
                default: &["headers", "server-tokens", "compression"],
                check: is_demand,
            },
            Parameter {
                name: "headers",
                about: "The headers that every answer with content has",
                shape: Shape::List,
                default: &["X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy"],
                check: is_header,
            },
        ],
        judge: judge,
    }
}

const DEMANDS: [&str; 4] = ["headers", "server-tokens", "compression", "tls"];

fn is_demand(text: &str) -> Result<(), String> {
    if DEMANDS.contains(&text) {
        Ok(())
    } else {
        Err(format!("{text:?} is none of {}", DEMANDS.join(", ")))
    }
}

fn is_header(text: &str) -> Result<(), String> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-';
    if !text.is_empty() && text.chars().all(is_part) {
        Ok(())
    } else {
        Err(format!("{text:?} is not a header such as X-Frame-Options"))
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let nginx = &facts.nginx;
    let serving = nginx.serving.judge(|serving| match serving {
        Serving::NoNginx => Check::moot("there is no nginx"),
        Serving::Nothing => Check::moot("nginx is told to serve nothing by HTTP"),
        Serving::Servers(_) => Check::holds("nginx serves"),
    });
    let is_demanded = |name: &str| settings.list("demands").iter().any(|it| it == name);
    let demanded = [
        is_demanded("headers").then(|| nginx.headers(settings.list("headers")).judge(headers)),
        is_demanded("server-tokens").then(|| nginx.tokens.judge(tokens)),
        is_demanded("compression").then(|| nginx.compression.judge(compression)),
        is_demanded("tls").then(|| nginx.transport.judge(transport)),
    ];
    let verdict = demanded.into_iter().flatten().reduce(Verdict::and);
    let nothing = || nginx.serving.unasked("the policy demands nothing of nginx");
    verdict.unwrap_or_else(nothing).where_holds(serving)
}

fn headers(headers: &Headers) -> Check {
    let Headers { at, missing, idle, loses, is_late } = headers;
    if !missing.is_empty() {
        let because = if *loses {
            ": it adds headers of its own, and so inherits none of those around it"
        } else {
            ""
        };
        return Check::broken(format!("{at} adds no {}{because}", missing.join(", ")));
    }
    if !idle.is_empty() {
        let idle = idle.join(", ");
        return Check::broken(format!("{at} adds {idle} with a value that browsers ignore"));
    }
    let late = if *is_late { ", without always not to errors" } else { "" };
    Check::holds(format!("{at} adds the headers{late}"))
}

fn tokens(tokens: &Tokens) -> Check {
    let at = &tokens.at;
    match &tokens.set {
        None => Check::broken(format!("{at} tells nginx's version: server_tokens is not set")),
        Some(set) if tokens.tells => {
            Check::broken(format!("{at} tells nginx's version: it is {set}"))
        }
        Some(_) => Check::holds(format!("{at} hides nginx's version")),
    }
}

fn compression(compression: &Compression) -> Check {
    let at = &compression.at;
    match compression.what {
        Compressed::Nothing => Check::broken(format!("{at} compresses nothing: gzip is off")),
        Compressed::PagesAlone => Check::broken(format!(
            "{at} compresses neither style sheets nor scripts nor JSON: gzip_types names none"
        )),
        Compressed::Texts => Check::holds(format!("{at} compresses texts")),
    }
}

fn transport(transport: &Transport) -> Check {
    let at = &transport.at;
    match &transport.how {
        Way::Plain => Check::broken(format!("{at} serves without TLS")),
        Way::Weak(versions) => {
            let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
            Check::broken(format!("{at} allows {}, which are broken", versions.join(", ")))
        }
        Way::Led => {
            Check::holds(format!("{at} only leads to HTTPS, or serves the container alone"))
        }
        Way::Tls => Check::holds(format!("{at} serves by TLS")),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, shipped};
    use serde_json::json;

    /// A server in an `http` block in which everything is in order.
    fn server(inner: &str) -> String {
        format!("http {{\n{GOOD}\nserver {{\nlisten 80;\n{inner}\n}}\n}}\n")
    }

    const HEADERS: &str = "add_header X-Content-Type-Options nosniff always;\n\
        add_header X-Frame-Options DENY always;\n\
        add_header Content-Security-Policy \"default-src 'self'\" always;\n";

    const GOOD: &str = "server_tokens off; gzip on; gzip_types text/css application/javascript;\n\
        add_header X-Content-Type-Options nosniff always;\n\
        add_header X-Frame-Options DENY always;\n\
        add_header Content-Security-Policy \"default-src 'self'\" always;\n";

    fn runs(inner: &str) -> Case {
        container().nginx(&server(inner))
    }

    fn whole(text: &str) -> Case {
        container().nginx(text)
    }

    fn by_tls(inner: &str) -> Case {
        let text = format!("http {{ {inner} }}");
        container().nginx(&text).set("demands", &["tls"])
    }

    const ONLY_LEADS: &str = "server { listen 80; return 301 https://$host$request_uri; }";

    cases! { RULE:
        all_in_order_passes: runs("location / { root /srv; }") => "Pass",
        an_image_in_order_passes: shipped().nginx(&server("root /srv;")) => "Pass",
        an_image_without_headers_fails: shipped()
            .nginx("http { server_tokens off; gzip on; gzip_types *; server { } }") => "Fail",
        an_image_without_nginx_does_not_apply: shipped() => "NotApplicable",
        an_image_whose_layers_are_unread_is_unknown: shipped().without_nginx() => "Unknown",
        a_container_without_nginx_does_not_apply: container() => "NotApplicable",
        the_kernel_overrules_a_command_that_names_nginx: container()
            .declares("/Config/Cmd", json!(["nginx", "-g", "daemon off;"])) => "NotApplicable",
        which_programs_run_has_to_be_known: container().denied("exe") => "Unknown",
        a_configuration_that_nobody_read_is_unknown: runs("").without_nginx() => "Unknown",
        an_nginx_that_serves_no_http_does_not_apply:
            whole("stream { server { listen 5432; } }") => "NotApplicable",
        nothing_demanded_does_not_apply: whole("http { server { } }").set("demands", &[]) => "NotApplicable",

        // Headers and their inheritance.
        a_location_with_one_header_of_its_own_loses_the_others:
            runs("location /a { add_header X-A b; }") => "Fail",
        a_location_that_repeats_them_passes:
            runs(&format!("location /a {{ add_header X-A b; {HEADERS} }}")) => "Pass",
        a_condition_with_one_of_its_own_loses_the_others:
            runs("location / { if ($a) { add_header X-A b; } }") => "Fail",
        a_location_that_merges_passes:
            runs("location /a { add_header_inherit merge; add_header X-A b; }") => "Pass",
        a_location_that_takes_them_away_fails: runs("location /a { add_header_inherit off; }") => "Fail",
        where_every_location_adds_them_the_server_need_not: whole(&format!(
            "http {{ server_tokens off; gzip on; gzip_types *; server {{ location / {{ {HEADERS} }} }} }}"
        )) => "Pass",
        frame_ancestors_stand_for_x_frame_options: whole(
            "http { server_tokens off; gzip on; gzip_types *; server {
                add_header X-Content-Type-Options nosniff;
                add_header Content-Security-Policy \"frame-ancestors 'none'\"; } }"
        ) => "Pass",
        a_value_that_browsers_ignore_fails:
            runs(&HEADERS.replace("DENY", "ALLOWALL")) => "Fail",
        an_empty_value_adds_nothing: runs(&HEADERS.replace("DENY", "''")) => "Fail",
        a_value_that_may_be_empty_is_unknown: runs(&HEADERS.replace("DENY", "$frame")) => "Unknown",
        what_only_redirects_need_add_nothing:
            runs("location /old { add_header X-A b; return 301 /new; }") => "Pass",
        a_health_check_that_answers_is_an_answer:
            runs("location /health { add_header X-A b; return 200 'ok'; }") => "Fail",
        what_a_program_behind_it_adds_is_unknown:
            runs("location /api { add_header X-A b; proxy_pass http://api; }") => "Unknown",
        what_a_program_behind_it_adds_acquits_nobody_else: runs(
            "location /api { add_header X-A b; proxy_pass http://api; } location /a { add_header X-A b; }"
        ) => "Fail",
        headers_by_another_module_add_up: runs(
            "location / { add_header_inherit off; more_set_headers 'X-Frame-Options: DENY'
                'X-Content-Type-Options: nosniff' \"Content-Security-Policy: default-src 'self'\"; }"
        ) => "Pass",
        headers_for_errors_alone_do_not_count: runs(
            "location / { add_header_inherit off; more_set_headers -s 404 'X-Frame-Options: DENY'
                'X-Content-Type-Options: nosniff' \"Content-Security-Policy: default-src 'self'\"; }"
        ) => "Fail",
        a_header_of_another_module_that_is_taken_away_again_is_none: whole(
            "http { server_tokens off; gzip on; gzip_types *; server {
                more_set_headers 'X-Content-Type-Options: nosniff'; more_clear_headers 'X-*'; } }"
        ).set("headers", &["X-Content-Type-Options"]) => "Fail",
        other_headers_may_be_demanded: runs("").set("headers", &["Referrer-Policy"]) => "Fail",

        // Version and compression.
        a_version_that_is_told_fails: runs("server_tokens on;") => "Fail",
        a_version_is_told_by_default: whole(&format!(
            "http {{ gzip on; gzip_types *; {HEADERS} server {{ }} }}"
        )) => "Fail",
        a_location_that_tells_it_fails: runs("location /a { server_tokens build; }") => "Fail",
        without_compression_it_fails: runs("gzip off;") => "Fail",
        pages_alone_are_compressed_by_default: whole(&format!(
            "http {{ server_tokens off; gzip on; {HEADERS} server {{ }} }}"
        )) => "Fail",
        compression_by_another_module_counts:
            runs("gzip off; brotli on; brotli_types text/css;") => "Pass",
        files_compressed_on_disk_are_not_looked_at: runs("gzip off; gzip_static on;") => "Unknown",
        a_location_for_pictures_need_not_compress: runs("location /img { gzip off; }") => "Pass",

        // What could not be read.
        an_include_that_is_missing_leaves_it_unknown: runs("").nginx_unread() => "Unknown",
        what_is_missing_may_be_in_what_is_unread: whole("http { server { } }").nginx_unread() => "Unknown",
        what_stands_there_convicts_whatever_is_unread: runs("server_tokens on;").nginx_unread() => "Fail",

        // TLS, where it is demanded.
        without_tls_is_well_where_nobody_demands_it: runs("") => "Pass",
        in_the_clear_fails: by_tls("server { listen 80; }") => "Fail",
        without_listen_it_is_in_the_clear: by_tls("server { }") => "Fail",
        a_server_that_leads_to_https_passes: by_tls(ONLY_LEADS) => "Pass",
        one_that_leads_elsewhere_in_the_clear_fails: by_tls("server { return 301 /b; }") => "Fail",
        challenges_come_in_the_clear: by_tls(
            "server { location ^~ /.well-known/acme-challenge/ { root /acme; }
                location / { return 301 https://$host$request_uri; } }"
        ) => "Pass",
        one_server_for_both_may_lead_what_comes_in_the_clear: by_tls(
            "server { listen 80; listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3;
                if ($scheme != \"https\") { return 301 https://$host$request_uri; } }"
        ) => "Pass",
        tls_in_its_own_versions_passes:
            by_tls("ssl_protocols TLSv1.3; server { listen 443 ssl; }") => "Pass",
        a_broken_version_fails:
            by_tls("server { listen 443 ssl; ssl_protocols TLSv1 TLSv1.2; }") => "Fail",
        the_default_versions_depend_on_nginx: by_tls("server { listen [::]:443 ssl; }") => "Unknown",
        the_container_itself_may_ask_in_the_clear:
            by_tls("server { listen 127.0.0.1:81; } server { listen unix:/run/a.sock; }") => "Pass",
    }

    #[test]
    fn each_fault_is_told_by_file_and_line_and_nothing_else_of_the_file() {
        let text = "http {\n  server {\n    set $token s3cret;\n    \
            location /s3cret {\n      add_header X-Token s3cret;\n    }\n  }\n}\n";
        let told = format!("{:?}", container().nginx(text).judge(&super::RULE));
        for expected in [
            "server at /etc/nginx/nginx.conf:2 adds no X-Content-Type-Options",
            "location at /etc/nginx/nginx.conf:4 adds no X-Content-Type-Options",
            "server at /etc/nginx/nginx.conf:2 tells nginx's version: server_tokens is not set",
            "server at /etc/nginx/nginx.conf:2 compresses nothing",
        ] {
            assert!(told.contains(expected), "{expected}: {told}");
        }
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[test]
    fn headers_that_errors_do_not_get_are_mentioned() {
        let late = runs(&HEADERS.replace(" always", "")).judge(&super::RULE);
        assert!(format!("{late:?}").contains("without always not to errors"));
        let always = runs("").judge(&super::RULE);
        assert!(!format!("{always:?}").contains("without always"));
    }
}
