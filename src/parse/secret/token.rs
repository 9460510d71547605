//! Tokens that their issuers write in a form of their own.

/// A form: how it begins, how many characters follow at least, and of which.
struct Issued {
    issuer: &'static str,
    prefix: &'static str,
    rest: usize,
}

/// From the issuers' documentation of their token formats.
const ISSUED: [Issued; 33] = [
    Issued { issuer: "a GitHub token", prefix: "ghp_", rest: 30 },
    Issued { issuer: "a GitHub token", prefix: "gho_", rest: 30 },
    Issued { issuer: "a GitHub token", prefix: "ghs_", rest: 30 },
    Issued { issuer: "a GitHub token", prefix: "ghu_", rest: 30 },
    Issued { issuer: "a GitHub token", prefix: "ghr_", rest: 30 },
    Issued { issuer: "a GitHub token", prefix: "github_pat_", rest: 40 },
    Issued { issuer: "a GitLab token", prefix: "glpat-", rest: 20 },
    Issued { issuer: "a GitLab token", prefix: "gldt-", rest: 20 },
    Issued { issuer: "a GitLab token", prefix: "glrt-", rest: 20 },
    Issued { issuer: "a Slack token", prefix: "xoxb-", rest: 20 },
    Issued { issuer: "a Slack token", prefix: "xoxp-", rest: 20 },
    Issued { issuer: "a Slack token", prefix: "xapp-", rest: 20 },
    Issued { issuer: "a Stripe key", prefix: "sk_live_", rest: 16 },
    Issued { issuer: "a Stripe key", prefix: "rk_live_", rest: 16 },
    Issued { issuer: "a Stripe key", prefix: "sk_test_", rest: 16 },
    Issued { issuer: "a Stripe webhook secret", prefix: "whsec_", rest: 24 },
    Issued { issuer: "a Google API key", prefix: "AIza", rest: 35 },
    Issued { issuer: "a Google OAuth secret", prefix: "GOCSPX-", rest: 20 },
    Issued { issuer: "an npm token", prefix: "npm_", rest: 30 },
    Issued { issuer: "a PyPI token", prefix: "pypi-", rest: 50 },
    Issued { issuer: "a SendGrid key", prefix: "SG.", rest: 40 },
    Issued { issuer: "a Vault token", prefix: "hvs.", rest: 20 },
    Issued { issuer: "a DigitalOcean token", prefix: "dop_v1_", rest: 60 },
    Issued { issuer: "a Hugging Face token", prefix: "hf_", rest: 30 },
    Issued { issuer: "a Shopify token", prefix: "shpat_", rest: 30 },
    Issued { issuer: "a Docker Hub token", prefix: "dckr_pat_", rest: 20 },
    Issued { issuer: "a Databricks token", prefix: "dapi", rest: 32 },
    Issued { issuer: "a Terraform token", prefix: "atlasv1.", rest: 40 },
    Issued { issuer: "a Telegram bot token", prefix: "bot", rest: 40 },
    Issued { issuer: "a Grafana token", prefix: "glsa_", rest: 30 },
    Issued { issuer: "an age key", prefix: "AGE-SECRET-KEY-", rest: 50 },
    Issued { issuer: "an API key of a model's provider", prefix: "sk-ant-", rest: 30 },
    Issued { issuer: "an API key of a model's provider", prefix: "sk-proj-", rest: 30 },
];

/// Who issued this token, if it is one.
pub(super) fn issuer(value: &str) -> Option<&'static str> {
    let issued = ISSUED.iter().find(|form| {
        value
            .strip_prefix(form.prefix)
            .is_some_and(|rest| rest.len() >= form.rest && is_dense(rest))
    });
    issued.map(|form| form.issuer).or_else(|| is_jwt(value).then_some("a JSON web token"))
}

/// A token that stands in a URL: as its user, or because the address is the secret.
pub(super) fn in_url(value: &str) -> Option<&'static str> {
    let (_, rest) = value.split_once("://")?;
    let is_webhook = |path: &str| path.len() >= 30 && path.split('/').count() == 3;
    if rest.strip_prefix("hooks.slack.com/services/").is_some_and(is_webhook) {
        return Some("a Slack webhook");
    }
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    user.split(':').find_map(issuer)
}

fn is_dense(text: &str) -> bool {
    let has_digit = text.chars().any(|it| it.is_ascii_digit());
    has_digit
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.' | ':'))
}

/// RFC 7519: three parts in base64url, of which two are JSON objects.
fn is_jwt(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return false };
    // `{"` in base64url.
    header.starts_with("eyJ") && claims.starts_with("eyJ") && signature.len() >= 16
}
