//! Whatever a file says, there is an answer, and soon.

use proptest::prelude::*;

use super::*;
use crate::parse::compose::schema;

const WORDS: [&str; 23] = [
    "",
    "a",
    "true",
    "80:80",
    "/a:/b",
    "host",
    "service:web",
    "container:x",
    "1g",
    "-1",
    "5s",
    "${X}",
    "!reset",
    "bind",
    "volume",
    "all",
    "A=1",
    "~/x",
    "none",
    "80-90",
    "/",
    "..",
    "é",
];

const KEYS: [&str; 18] = [
    "test",
    "type",
    "source",
    "target",
    "bind",
    "limits",
    "resources",
    "memory",
    "web",
    "n",
    "internal",
    "name",
    "external",
    "published",
    "host_ip",
    "condition",
    "driver",
    "options",
];

/// Any small tree, with the words that mean something somewhere.
fn any_tree() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        proptest::sample::select(&WORDS[..]).prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(
                proptest::sample::select(&KEYS[..]).prop_map(str::to_owned),
                inner,
                0..4
            )
            .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn service_keys() -> Vec<&'static str> {
    let schema::Kind::Record(top) = schema::ROOT else { return vec![] };
    let services = schema::find(top, "services");
    let Some(schema::Kind::Named(schema::Kind::Record(keys))) = services else { return vec![] };
    keys.iter().map(|(name, _)| *name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_tree_makes_anything_panic(
        values in proptest::collection::vec((0_usize..93, any_tree()), 0..6),
        networks in any_tree(),
        volumes in any_tree(),
        shipped in any_tree(),
    ) {
        let keys = service_keys();
        let mut root = json!({"services": {"web": {}}, "networks": networks, "volumes": volumes});
        for (key, value) in values {
            root["services"]["web"][keys[key % keys.len()]] = value;
        }
        let mut tree = testing::node(&root);
        let _ = schema::unknown(&tree);
        let is_long = canonical(&mut tree).is_ok();
        // What a merge leaves behind need not be what one file may say.
        let mut project = project(&json!({}));
        project.root = tree;
        let services = project.root.get("services").unwrap().clone();
        let shipped = image(shipped);
        let lowering = Lowering::new(&project);
        for service in services.entries() {
            let draft = lowering.container(service, &shipped);
            prop_assert!(draft.document.is_object());
            prop_assert!(draft.origins.contains_key(""));
        }
        let _ = lowering.networks();
        if is_long {
            let before = testing::json(&project.root);
            prop_assert!(canonical(&mut project.root).is_ok(), "{}", before);
            prop_assert_eq!(testing::json(&project.root), before, "long forms stay");
        }
    }
}

#[test]
fn services_that_lend_to_each_other_in_a_circle_come_to_an_end() {
    let mut services = serde_json::Map::new();
    for number in 0..2000 {
        let lenders: Vec<String> = (0..20).map(|it| format!("s{}", (number + it) % 2000)).collect();
        let volumes = vec![format!("/{number}:/{number}")];
        services.insert(format!("s{number}"), json!({"volumes_from": lenders, "volumes": volumes}));
    }
    let project = project(&json!({"services": services}));
    let draft = lower(&project, "s0", &bare());
    assert_eq!(draft.gaps["/Mounts/-"].reason, Reason::TooLarge);
}
