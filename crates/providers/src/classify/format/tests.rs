use claviger_types::Class;

use super::*;
use crate::classify::time::Calendar;

fn rule(text: &str) -> RuleDraft {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn wrong(text: &str) -> Vec<&'static str> {
    rule(text).problems().iter().map(|problem| problem.key).collect()
}

#[test]
fn the_words_are_those_of_the_program() {
    assert_eq!(CLASSES.to_vec(), Class::ALL.map(Class::name));
    assert_eq!(RESETS.to_vec(), Calendar::ALL.map(|(name, _)| name));
}

#[test]
fn what_is_wrong_with_a_rule_is_told() {
    assert_eq!(wrong("status = [429, \"5xx\"]\nclass = \"rate_limited\""), Vec::<&str>::new());
    assert_eq!(wrong("status = [429]\nclass = \"rate_limit\""), ["class"]);
    assert_eq!(wrong("status = [29]\nscope = \"key\"\nclass = \"timeout\""), ["scope", "status"]);
    assert_eq!(wrong("says = [\"Busy\"]\nclass = \"overloaded\""), ["says"]);
    assert_eq!(wrong("code = [\"a\", \"a\"]\nclass = \"overloaded\""), ["code"]);
    assert_eq!(wrong("class = \"overloaded\""), [""]);
    assert_eq!(wrong("transport = [\"cut\"]\nstatus = [500]\nclass = \"connection\""), ["transport"]);
    assert!(toml::from_str::<RuleDraft>("staus = [429]\nclass = \"timeout\"").is_err());
}

#[test]
fn rules_that_an_earlier_one_takes_are_found() {
    for (earlier, later, dead) in [
        ("code = [\"a*\"]", "code = [\"ab\"]\nstatus = [400]", Some("it can never be reached")),
        ("code = [\"a*\"]", "code = [\"ab\", \"c\"]", Some("`ab` in `code` can never be reached")),
        ("status = [\"5xx\"]", "status = [503]\nsays = [\"busy\"]", Some("it can never be reached")),
        ("says = [\"busy\"]", "says = [\"too busy now\"]", Some("it can never be reached")),
        ("any = [\"a\"]", "type = [\"A\"]", Some("it can never be reached")),
        ("code = [\"a\"]", "type = [\"a\"]", None),
        ("status = [503]\nsays = [\"busy\"]", "status = [503]", None),
        ("says = [\"busy\"]", "body = [\"html\"]\nsays = [\"busy\"]", None),
        ("param = false\nstatus = [400]", "status = [400]", None),
    ] {
        let found = unreachable(&rule(earlier), &rule(later));
        assert_eq!(found.as_deref(), dead, "{earlier} before {later}");
    }
}

#[test]
fn phrases_have_parts_and_may_begin_the_message() {
    assert!(contains("a limit of 10 calls / month", "limit*/ month") && !contains("/ month limit", "limit*/ month"));
    assert!(contains("your key is bad", "^your key") && !contains("is your key", "^your key"));
    assert!(contains("your old key", "^your*key") && !contains("not your key", "^your*key"));
}
