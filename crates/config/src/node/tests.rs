use super::*;

fn one(text: &str) -> Node {
    let (mut documents, errors) = parse(text);
    assert_eq!(errors, []);
    documents.pop().expect("a document")
}

fn get<'a>(node: &'a Node, key: &str) -> (&'a Key, &'a Node) {
    let Value::Map(entries) = &node.value else { panic!("no map: {node:?}") };
    entries.iter().find(|(k, _)| k.text == key).map(|(k, node)| (k, node)).expect("the key")
}

#[test]
fn every_key_and_value_knows_its_line_and_column() {
    let root = one("a: 1\nb:\n  - x\n  - {c: y}\n  - d: z\n    e: 2\n");
    let (key, node) = get(&root, "b");
    assert_eq!((key.line, key.column), (2, 1));
    let Value::List(items) = &node.value else { panic!("no list") };
    assert_eq!((items[0].line, items[0].column), (3, 5));
    assert_eq!((items[1].line, items[1].column), (4, 5));
    assert_eq!((get(&items[1], "c").1.line, get(&items[1], "c").1.column), (4, 9));
    assert_eq!((items[2].line, items[2].column), (5, 5));
    assert_eq!((get(&items[2], "e").0.line, get(&items[2], "e").1.column), (6, 8));
}

#[test]
fn scalars_have_yaml_types_and_keep_how_they_are_written() {
    let root = one("i: 007\nf: 1.50\nb: true\nn:\ns: \"12\"\nt: 12345678901234567890123\n");
    assert_eq!(get(&root, "i").1.value, Value::Int(7, "007".into()));
    assert_eq!(written(&get(&root, "f").1.value).as_deref(), Some("1.50"));
    assert_eq!(get(&root, "b").1.value, Value::Bool(true));
    assert_eq!(get(&root, "n").1.value, Value::Null);
    assert_eq!(get(&root, "s").1.value, Value::Str("12".into()));
    assert_eq!(written(&get(&root, "t").1.value).as_deref(), Some("12345678901234567890123"));
}

#[test]
fn every_duplicate_key_is_reported_and_the_first_one_counts() {
    let (documents, errors) = parse("a: 1\na: 2\nb: {c: 1, c: 2}\n");
    let places: Vec<_> = errors.iter().map(|e| (e.line, e.column, e.duplicate.as_deref())).collect();
    assert_eq!(places, [(2, 1, Some("a")), (3, 11, Some("c"))]);
    assert_eq!(get(&documents[0], "a").1.value, Value::Int(1, "1".into()));
}

#[test]
fn what_is_no_yaml_is_reported_with_its_line() {
    for (text, line) in [("a: 1\nb: [1, 2\n", 3), ("a: 1\n b: 2\n", 2), ("a: \"x\n", 1), ("a: *nothing\n", 1)] {
        let (_, errors) = parse(text);
        assert_eq!(
            errors.iter().map(|e| (e.line, e.duplicate.is_some())).collect::<Vec<_>>(),
            [(line, false)],
            "{text}"
        );
    }
}

#[test]
fn documents_anchors_and_merge_keys_are_understood() {
    let (documents, errors) =
        parse("---\nkind: A\n---\nbase: &b {x: 1, y: 2}\nmore: {<<: *b, x: 3}\nlast: {x: 4, <<: *b}\n");
    assert_eq!((documents.len(), errors.len()), (2, 0), "{errors:?}");
    assert_eq!(get(get(&documents[1], "last").1, "x").1.value, Value::Int(4, "4".into()));
    assert_eq!(get(get(&documents[1], "more").1, "y").1.value, Value::Int(2, "2".into()));
    assert_eq!(get(get(&documents[1], "more").1, "x").1.value, Value::Int(3, "3".into()));
}

#[test]
fn depth_and_aliases_are_capped() {
    assert_eq!(parse(&"[".repeat(100_000)).1.len(), 1);
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(", ")));
    }
    assert_eq!(parse(&text).1.len(), 1);
}
