//! What is recognised, and what other tools take for a secret and is none.

use super::*;

#[test]
fn values_are_recognised_by_what_they_look_like() {
    for (value, expected) in [
        ("", Form::Empty),
        ("''", Form::Empty),
        ("true", Form::Flag),
        ("OFF", Form::Flag),
        ("30", Form::Number),
        ("512m", Form::Number),
        ("1.5GB", Form::Number),
        ("3.1.4", Form::Version),
        ("v20.11.1", Form::Version),
        ("16.3-1.pgdg120+1", Form::Version),
        ("/run/secrets/db_password", Form::Path),
        ("./keys/server.pem", Form::Path),
        ("https://sso.example.org/realms/shop", Form::Url),
        ("redis://cache:6379/0", Form::Url),
        ("db.internal:5432", Form::Address),
        ("10.0.0.7", Form::Address),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host", Form::Public),
        ("-----BEGIN PUBLIC KEY-----\nMIIB", Form::Public),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", Form::PrivateKey),
        ("${DB_PASSWORD}", Form::Reference),
        ("{{ vault.token }}", Form::Reference),
        ("<from the console>", Form::Reference),
        ("postgres://app:${PW}@db/shop", Form::Reference),
        ("$2b$12$C6UzMDM.H6dfI/f/IKcEeO", Form::Hash),
        ("changeme", Form::Common),
        ("Password123!", Form::Common),
        ("123456", Form::Common),
        ("your-256-bit-secret", Form::Common),
        ("secure-password-here", Form::Common),
        ("postgres://app:SECURE_PASSWORD_HERE@db/shop", Form::Credentials { common: true }),
        ("postgres://postgres:postgres@db/shop", Form::Credentials { common: true }),
        ("postgres://app:kW7vPq29sLx@db/shop", Form::Credentials { common: false }),
        ("Server=db;User=sa;Password=kW7vPq29sLx;", Form::Credentials { common: false }),
        (
            "jdbc:postgresql://db:5432/shop?user=app&password=kW7vPq29sLx",
            Form::Credentials { common: false },
        ),
        ("jdbc:mysql://db/shop?password=postgres", Form::Credentials { common: true }),
        ("jdbc:postgresql://db:5432/shop?user=app", Form::Url),
        ("app:kW7vPq29sLx@tcp(db:3306)/shop", Form::Credentials { common: false }),
        ("https://0123456789abcdef@o1.ingest.example.org/2", Form::Url),
        ("kW7vPq29sLx", Form::Opaque),
        ("/9j+abcDEF0123456789/xyz==", Form::Opaque),
        ("correct horse battery staple", Form::Opaque),
    ] {
        assert_eq!(form(value), expected, "{value}");
    }
}

#[test]
fn tokens_are_known_by_their_issuers_forms() {
    // Put together here, so that no scanner takes this file for a leak.
    let random = "Zk3".repeat(14);
    for (prefix, issuer) in [
        ("ghp_", "a GitHub token"),
        ("glpat-", "a GitLab token"),
        ("sk_live_", "a Stripe key"),
        ("hf_", "a Hugging Face token"),
    ] {
        assert_eq!(form(&format!("{prefix}{random}")), Form::Token(issuer.into()));
    }
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{random}");
    assert_eq!(form(&jwt), Form::Token("a JSON web token".into()));
}

#[test]
fn a_token_in_a_url_is_one() {
    let random = "Zk3".repeat(14);
    let remote = format!("https://ghp_{random}@github.com/shop/web");
    assert_eq!(form(&remote), Form::Token("a GitHub token".into()));
    let hook = format!("https://hooks.slack.com/services/T{random}/B{random}/{random}");
    assert_eq!(form(&hook), Form::Token("a Slack webhook".into()));
    assert_eq!(form("https://hooks.slack.com/services/"), Form::Url);
}

#[test]
fn a_secret_in_the_place_of_a_name_is_none() {
    for (name, value) in [
        (format!("ghp_{}", "Zk3".repeat(14)).as_str(), "1"),
        ("a2Y3UGFzc3dvcmRPZlRoZVNob3A", ""),
        ("a2Y3UGFzc3dvcmRPZlRoZVNob3", "="),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", ""),
        ("postgres://app:kW7vPq29sLx@db/shop?sslmode", "off"),
    ] {
        assert!(stands_for_a_name(name, value), "{name}");
    }
    for name in ["DB_PASSWORD", "ASPNETCORE_URLS", "libcrypto3", "MyServicePassword", "S6_OVERLAY2"]
    {
        assert!(!stands_for_a_name(name, ""), "{name}");
    }
}

#[test]
fn a_word_that_only_begins_like_a_token_is_none() {
    for value in ["ghp_", "sk_live_", "hf_transfer", "bottleneck", "npm_config", "eyJ.eyJ.x"] {
        assert!(!matches!(form(value), Form::Token(_)), "{value}");
    }
}
