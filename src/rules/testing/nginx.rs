//! How nginx is configured in a case.

use super::{Case, INIT};
use crate::model::bundle::Answer;
use crate::model::nginx::Configuration;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::parse::nginx;

impl Case {
    fn nginx_source(&self) -> Source {
        if self.is_image() { Source::nginx_in_layers(&self.id()) } else { Source::nginx(INIT) }
    }

    fn is_image(&self) -> bool {
        self.bundle.targets[0].kind == Kind::Image
    }

    /// nginx runs, or is in the image, and this is its configuration.
    pub(in crate::rules) fn nginx(mut self, text: &str) -> Self {
        let directives = nginx::parse(text, "/etc/nginx/nginx.conf").unwrap();
        let configuration = Configuration { directives, unread: Vec::new() };
        self.put(self.nginx_source(), Answer::Nginx(configuration));
        if self.is_image() {
            return self;
        }
        self.status(&[("Name", "nginx")])
    }

    /// Something that it includes could not be read.
    pub(in crate::rules) fn nginx_unread(mut self) -> Self {
        let source = self.nginx_source();
        let mut configuration = self.bundle.nginx(&source).unwrap().unwrap().clone();
        let detail = "include at /etc/nginx/nginx.conf:7 names a file that is not there";
        configuration.unread.push(Gap::new(Reason::Malformed, source.clone(), detail));
        self.put(source, Answer::Nginx(configuration));
        self
    }

    /// Nobody could read its configuration.
    pub(in crate::rules) fn without_nginx(mut self) -> Self {
        let source = self.nginx_source();
        let gap = Gap::new(Reason::Denied, source.clone(), "the kernel refused it");
        self.bundle.record(source, Err(gap));
        self
    }
}
