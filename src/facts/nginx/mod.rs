//! How nginx answers, by the configuration that is really there.

mod answers;
mod scope;

use std::collections::BTreeSet;

use crate::model::fact::Fact;
use crate::model::nginx::Configuration;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::nginx::is_program;

use super::signs::Signs;
use super::view::View;

pub use answers::{Compressed, Compression, Headers, Tokens, Transport, Way};

/// The most places of one kind that are told of.
const MOST: usize = 64;

/// How nginx answers.
#[derive(Clone, Debug)]
pub struct Nginx {
    /// Whether nginx is there, and serves anything.
    pub serving: Fact<Serving>,
    /// Whether it tells its version, for each server.
    pub tokens: Fact<Tokens>,
    /// Whether it compresses texts, for each server.
    pub compression: Fact<Compression>,
    /// Whether requests come by TLS, for each server.
    pub transport: Fact<Transport>,
    source: Source,
    configuration: Reading<Option<Configuration>>,
}

/// What nginx is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// There is no nginx.
    NoNginx,
    /// It has no server of HTTP.
    Nothing,
    /// It serves.
    Servers(usize),
}

/// What the configuration says at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said<T> {
    /// Something that cannot be right.
    Bad {
        value: T,
        /// The directive that says it.
        at: (Untrusted, String),
        /// Whether it is written there: then nothing unread can mend it.
        is_written: bool,
    },
    /// Something that nobody can tell, and what would tell it.
    Doubt(String, &'static str),
    /// Something in order.
    Good { value: T, at: (Untrusted, String) },
}

pub(super) fn all(view: &View<'_>, signs: &Signs) -> Nginx {
    let (source, configuration) = configuration(view, signs);
    let mut nginx = Nginx {
        serving: serving(&configuration),
        tokens: Fact::declared_only(Reading::Inapplicable),
        compression: Fact::declared_only(Reading::Inapplicable),
        transport: Fact::declared_only(Reading::Inapplicable),
        source,
        configuration,
    };
    nginx.tokens = nginx.fact(answers::tokens);
    nginx.compression = nginx.fact(answers::compression);
    nginx.transport = nginx.fact(answers::transport);
    nginx
}

/// The configuration; none where there is no nginx.
fn configuration(view: &View<'_>, signs: &Signs) -> (Source, Reading<Option<Configuration>>) {
    let ask = |source: Source| {
        let reading = Reading::from(view.nginx(&source).map(|it| it.cloned()));
        let shown = |it: &Option<Configuration>| {
            let shown = if it.is_some() { "a configuration of nginx" } else { "no nginx" };
            vec![Evidence::new(source.clone(), "", shown)]
        };
        let reading = reading.shown_as(shown);
        (source, reading)
    };
    match view.kind() {
        Kind::Image => ask(Source::nginx_in_layers(view.id())),
        Kind::Container => {
            let list = view.processes_source().clone();
            let running = signs.running.effective().first().cloned();
            let is_nginx = running.unwrap_or(Reading::Inapplicable).map(|programs| {
                programs.iter().any(|it| it.names.iter().any(|name| is_program(name)))
            });
            match is_nginx {
                Reading::Known(true, _) => match view.processes() {
                    Ok(processes) => ask(Source::nginx(processes.viewer)),
                    Err(gap) => (list, Reading::Missing(gap)),
                },
                Reading::Known(false, _) => {
                    let shown = Evidence::new(list.clone(), "", "no process is nginx");
                    (list, Reading::Known(None, vec![shown]))
                }
                Reading::Missing(gap) => (list, Reading::Missing(gap)),
                Reading::Inapplicable => (list, Reading::Inapplicable),
            }
        }
        Kind::Service | Kind::Dockerfile => (Source::Clock, Reading::Inapplicable),
    }
}

fn serving(configuration: &Reading<Option<Configuration>>) -> Fact<Serving> {
    let serving = configuration.clone().and_then(|it| match it {
        None => Reading::of(Serving::NoNginx),
        Some(configuration) => {
            let count = scope::servers(&configuration.directives).count();
            match (count, configuration.unread.first()) {
                (0, Some(gap)) => Reading::Missing(gap.clone()),
                (0, None) => Reading::of(Serving::Nothing),
                (count, _) => Reading::of(Serving::Servers(count)),
            }
        }
    });
    Fact::new(Reading::Inapplicable, serving)
}

impl Nginx {
    /// Which of these headers nginx sends, for each block that decides it.
    pub fn headers(&self, wanted: &[String]) -> Fact<Headers> {
        self.fact(|configuration| answers::headers(configuration, wanted))
    }

    /// One reading for each place. What is wrong only because something is missing may be
    /// mended by what could not be read.
    fn fact<T: Ord>(&self, said: impl Fn(&Configuration) -> BTreeSet<Said<T>>) -> Fact<T> {
        let configuration = match &self.configuration {
            Reading::Known(Some(configuration), _) => configuration,
            Reading::Missing(gap) => {
                return Fact::new(Reading::Inapplicable, Reading::Missing(gap.clone()));
            }
            Reading::Known(None, _) | Reading::Inapplicable => {
                return Fact::declared_only(Reading::Inapplicable);
            }
        };
        let unread = configuration.unread.first();
        let (mut bad, mut doubts, mut good) = (Vec::new(), Vec::new(), Vec::new());
        let evidence = |(place, text): (Untrusted, String)| {
            vec![Evidence::new(self.source.clone(), place, text)]
        };
        for said in said(configuration) {
            match said {
                Said::Bad { value, at, is_written } if is_written || unread.is_none() => {
                    bad.push(Reading::Known(value, evidence(at)));
                }
                // The gap is told once.
                Said::Bad { .. } => {}
                Said::Doubt(detail, remedy) => {
                    let gap = Gap::new(Reason::Unsupported, self.source.clone(), detail);
                    doubts.push(Reading::Missing(gap.mend(remedy)));
                }
                Said::Good { value, at } => good.push(Reading::Known(value, evidence(at))),
            }
        }
        let mut readings = bad;
        readings.truncate(MOST);
        readings.extend(unread.map(|gap| Reading::Missing(gap.clone())));
        readings.extend(doubts.into_iter().take(1));
        readings.extend(good.into_iter().take(MOST));
        if readings.is_empty() {
            return Fact::declared_only(Reading::Inapplicable);
        }
        Fact::of_each(Reading::Inapplicable, &self.source, Ok(readings))
    }
}
