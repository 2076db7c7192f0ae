use serde_json::{Value, json};

use super::*;

fn read(body: &str) -> Request<'_> {
    OpenAi.read_request(body, &Context::default()).unwrap()
}

fn asked(base64: bool) -> Asked {
    Asked { model: "m".to_owned(), base64, single: false }
}

#[test]
fn all_forms_of_input_are_read() {
    let count = |input: &str| read(&format!(r#"{{"model":"m","input":{input}}}"#)).inputs.len();
    assert_eq!([count("\"a\""), count("[\"a\",\"b\"]"), count("[1,2,3]"), count("[[1,2],[3]]")], [1, 2, 1, 2]);
    assert!(OpenAi.read_request(r#"{"model":"m"}"#, &Context::default()).is_err());
    assert!(OpenAi.read_request(r#"{"model":"m","input":[true]}"#, &Context::default()).is_err());
}

#[test]
fn vectors_come_in_the_form_that_was_asked_for() {
    let numbers = r#"{"data":[{"index":1,"embedding":[2.0]},{"index":0,"embedding":[0.5,-1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let packed = r#"{"data":[{"index":0,"embedding":"AAAAPwAAgL8="},{"index":1,"embedding":"AAAAQA=="}]}"#;
    let written = |body: &str, base64: bool| -> Value {
        let mut out = Vec::new();
        OpenAi.write_answer(&OpenAi.read_answer(body).unwrap(), &asked(base64), &mut out);
        serde_json::from_slice(&out).unwrap()
    };
    for body in [numbers, packed] {
        let floats = written(body, false);
        let list: Vec<f64> = serde_json::from_value(floats["data"][0]["embedding"].clone()).unwrap();
        assert_eq!((list, floats["data"][1]["embedding"][0].as_f64()), (vec![0.5, -1.0], Some(2.0)));
        let base64 = written(body, true);
        assert_eq!(
            (&base64["data"][0]["embedding"], &base64["data"][1]["embedding"]),
            (&json!("AAAAPwAAgL8="), &json!("AAAAQA=="))
        );
    }
    assert_eq!(written(numbers, false)["usage"], json!({ "prompt_tokens": 3, "total_tokens": 3 }));
}

#[test]
fn what_is_not_base64_of_floats_stays_as_it_came() {
    let body = r#"{"data":[{"embedding":"AAA="},{"embedding":"no!"},{"embedding":["x"]}]}"#;
    let mut out = Vec::new();
    OpenAi.write_answer(&OpenAi.read_answer(body).unwrap(), &Asked::default(), &mut out);
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["data"][0]["embedding"], "AAA=");
}
