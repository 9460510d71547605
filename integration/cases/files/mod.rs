//! Files: the Node and nginx images of the documents before and after, with a
//! witness that tries to write, and a tree that was made to mislead.

mod hostile;
mod images;
mod rights;
mod unstarted;

use serde_json::{Value, json};

use super::services::{NEEDS, inner_network};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, passes, refused};
use crate::audit::audit;
use crate::engine::{Engine, image};
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::services::careful;
use crate::wait::until;
use crate::witness::Act::{
    ChmodConfiguration, ChmodModule, MoveProgram, ReadKey, WriteConfiguration, WriteDrop,
    WriteModule,
};
use secaudit::model::severity::Severity;

/// An image, a way to run it, and what must be found.
struct Case {
    name: &'static str,
    /// The lines that come after `FROM`.
    dockerfile: fn() -> String,
    run: fn() -> Value,
    /// Whether everything else is as it should be, the root read-only.
    is_careful: bool,
    /// Who it runs as, for the witness.
    user: &'static str,
    expected: &'static [Expectation],
}

pub(super) fn all() -> Vec<Live> {
    let live_case = |case: &'static Case| Live {
        name: format!("files::{}", case.name),
        needs: NEEDS.to_vec(),
        run: Box::new(|| run(case)),
    };
    let hostile = live("files::a-tree-that-was-made-to-mislead", &NEEDS, hostile::run);
    let images = live("files::images-that-nobody-started", &NEEDS, unstarted::images_alone);
    let rights = live("files::rights-are-the-kernels", &[Need::Root], rights::run);
    let stopped = live("files::a-stopped-container", &NEEDS, unstarted::a_stopped_container);
    CASES.iter().map(live_case).chain([hostile, images, rights, stopped]).collect()
}

const CASES: &[Case] = &[
    Case {
        name: "node-before",
        dockerfile: images::node_before,
        run: node,
        is_careful: false,
        user: "1000:1000",
        expected: &[
            fails("file-modes", &[done(WriteModule)]).at(Severity::High),
            fails("immutable-code", &[done(WriteModule), done(MoveProgram)]),
            passes("no-world-writable", &[refused(WriteDrop)]),
            passes("secret-file-modes", &[]),
        ],
    },
    Case {
        // The mode is as the document wants it, and its owner changes it back.
        name: "node-after",
        dockerfile: images::node_after,
        run: node,
        is_careful: false,
        user: "1000:1000",
        expected: &[
            passes("file-modes", &[refused(WriteModule)]),
            fails("immutable-code", &[done(ChmodModule), done(MoveProgram)]),
        ],
    },
    Case {
        name: "node-after-read-only",
        dockerfile: images::node_after,
        run: node,
        is_careful: true,
        user: "1000:1000",
        expected: &[
            passes("file-modes", &[refused(WriteModule)]),
            passes("immutable-code", &[refused(ChmodModule), refused(MoveProgram)]),
        ],
    },
    Case {
        // Without a read-only root another owner holds it.
        name: "node-of-another-owner",
        dockerfile: images::node_of_root,
        run: node,
        is_careful: false,
        user: "1000:1000",
        expected: &[
            fails("file-modes", &[refused(WriteModule)]),
            passes(
                "immutable-code",
                &[refused(WriteModule), refused(ChmodModule), refused(MoveProgram)],
            ),
        ],
    },
    Case {
        name: "nginx-before",
        dockerfile: images::nginx_before,
        run: nginx,
        is_careful: false,
        user: "33:33",
        expected: &[
            fails("file-modes", &[done(WriteConfiguration)]),
            fails("immutable-code", &[done(WriteConfiguration)]),
        ],
    },
    Case {
        // The document changes one file of several, and leaves it to the server.
        name: "nginx-after",
        dockerfile: images::nginx_after,
        run: nginx,
        is_careful: false,
        user: "33:33",
        expected: &[
            fails("file-modes", &[refused(WriteConfiguration)]),
            fails("immutable-code", &[done(ChmodConfiguration)]),
        ],
    },
    Case {
        name: "nginx-of-another-owner",
        dockerfile: images::nginx_of_root,
        run: nginx,
        is_careful: false,
        user: "33:33",
        expected: &[
            passes("file-modes", &[refused(WriteConfiguration)]),
            passes("immutable-code", &[refused(WriteConfiguration), refused(ChmodConfiguration)]),
        ],
    },
    Case {
        name: "careless",
        dockerfile: images::careless,
        run: node,
        is_careful: false,
        user: "65534:65534",
        expected: &[
            fails("no-world-writable", &[done(WriteDrop)]),
            fails("secret-file-modes", &[done(ReadKey)]),
        ],
    },
    Case {
        name: "careful-with-a-key",
        dockerfile: images::with_a_key,
        run: node,
        is_careful: false,
        user: "65534:65534",
        expected: &[passes("secret-file-modes", &[refused(ReadKey)])],
    },
];

/// As the documents' images say it.
fn node() -> Value {
    json!({"User": "1000:1000", "WorkingDir": "/app", "Cmd": ["node", "server.js"]})
}

fn nginx() -> Value {
    json!({"User": "33:33", "Cmd": ["nginx", "-g", "daemon off;"]})
}

/// Builds an image on top of the services', under a tag of this run.
fn built(engine: &Engine, name: &str, dockerfile: &str) -> String {
    let tag = format!("{}.{name}", run::id());
    engine.build(&format!("FROM {}\n{dockerfile}", image(&run::services_tag())), &tag);
    image(&tag)
}

fn run(case: &Case) {
    let engine = run::with_services();
    let network = inner_network(&engine, case.name);
    let mut config = (case.run)();
    if case.is_careful {
        config = careful(&config, &network.name);
    }
    config["Image"] = built(&engine, case.name, &(case.dockerfile)()).into();
    let container = engine.start(case.name, &config);
    // The program itself, and not the runtime that starts it.
    until(&format!("{} runs", case.name), || {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", container.pid())).ok()?;
        ["node", "nginx"].contains(&name.trim()).then_some(())
    });
    let audit = audit(&["--host", &engine.address, &container.name]);
    record(&format!("files-{}", case.name), Some(&engine.address), &container.name);
    let testimony = container.exec(case.user, &[]);
    agree(case.expected, audit.only(), &testimony);
}
