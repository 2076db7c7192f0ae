use proptest::prelude::*;

use super::*;

#[test]
fn every_suffix_is_recognised_behind_any_prefix() {
    for (suffix, operation) in SUFFIXES {
        assert_eq!(recognise(suffix).0, *operation);
        assert_eq!(recognise(&format!("/any/thing{suffix}")).0, *operation);
        assert_eq!(recognise(&format!("{suffix}/")).0, Operation::Other, "{suffix}/");
        let bare = suffix.trim_start_matches("/v1");
        let expected = if bare == "/rerank" { Operation::Rerank } else { Operation::Other };
        assert!(bare == *suffix || recognise(bare).0 == expected, "{suffix} without /v1");
    }
}

#[test]
fn rankings_are_recognised_in_both_versions_and_without_one() {
    let bare = ["/rerank", "/team/rerank"];
    bare.iter().for_each(|path| assert_eq!(recognise(path), (Operation::Rerank, Dialect::OpenAi), "{path}"));
    assert_eq!(recognise("/v2/rerank").0, Operation::RerankV2);
    for path in ["/v3/rerank", "/v1beta/rerank", "/text-rerank", "rerank", "/rerank/"] {
        assert_eq!(recognise(path).0, Operation::Other, "{path}");
    }
}

type Ids<'a> = &'a [(&'a str, &'a str)];

#[test]
fn every_pattern_is_recognised_with_its_ids() {
    let cases: &[(&str, Operation, Ids<'_>)] = &[
        ("/v1/batches/b", Operation::RetrieveBatch, &[("batch_id", "b")]),
        ("/p/v1/batches/b/cancel", Operation::CancelBatch, &[("batch_id", "b")]),
        ("/v1/files/f", Operation::RetrieveFile, &[("file_id", "f")]),
        ("/v1/files/f/content", Operation::RetrieveFileContent, &[("file_id", "f")]),
        ("/v1/videos/v", Operation::RetrieveVideo, &[("video_id", "v")]),
        ("/v1/videos/v/content", Operation::RetrieveVideoContent, &[("video_id", "v")]),
        ("/v1/videos/v/remix", Operation::VideoRemix, &[("video_id", "v")]),
        ("/v1/fine_tuning/jobs/j", Operation::RetrieveFineTuningJob, &[("fine_tuning_job_id", "j")]),
        ("/v1/fine_tuning/jobs/j/events", Operation::FineTuningJobEvents, &[("fine_tuning_job_id", "j")]),
        ("/v1/fine_tuning/jobs/j/checkpoints", Operation::FineTuningJobCheckpoints, &[("fine_tuning_job_id", "j")]),
        ("/v1/fine_tuning/jobs/j/cancel", Operation::CancelFineTuningJob, &[("fine_tuning_job_id", "j")]),
        ("/v1/fine_tuning/jobs/j/resume", Operation::ResumeFineTuningJob, &[("fine_tuning_job_id", "j")]),
        ("/v1/fine_tuning/jobs/j/pause", Operation::PauseFineTuningJob, &[("fine_tuning_job_id", "j")]),
        (
            "/v1/fine_tuning/checkpoints/c/permissions",
            Operation::CheckpointPermissions,
            &[("fine_tuned_model_checkpoint", "c")],
        ),
        (
            "/x/v1/fine_tuning/checkpoints/c/permissions/p",
            Operation::DeleteCheckpointPermission,
            &[("fine_tuned_model_checkpoint", "c"), ("permission_id", "p")],
        ),
        ("/v1/responses/r", Operation::RetrieveResponse, &[("response_id", "r")]),
        ("/v1/responses/r/input_items", Operation::RetrieveResponse, &[("response_id", "r")]),
        ("/v1/models/gpt-4o", Operation::RetrieveModel, &[("model", "gpt-4o")]),
        ("/v1/models/org/name", Operation::RetrieveModel, &[("model", "org/name")]),
        ("/v1beta/models/gemini-2:generateContent", Operation::GeminiGenerateContent, &[("model", "gemini-2")]),
        (
            "/v1/projects/p/publishers/google/models/g:streamGenerateContent",
            Operation::GeminiStreamGenerateContent,
            &[("model", "g")],
        ),
        ("/api/v1/services/aigc/text-generation/generation", Operation::QwenAigc, &[]),
        ("/api/v1/tasks/t", Operation::QwenTasks, &[]),
    ];
    for (path, operation, expected) in cases {
        assert_eq!(recognise(path).0, *operation, "{path}");
        assert_eq!(ids(path), *expected, "{path}");
    }
}

#[test]
fn what_no_table_has_is_other() {
    for path in [
        "",
        "/",
        "*",
        "/v1",
        "/v1/files/",
        "/v1/files/a/b",
        "/v1/files/..",
        "/v1/models/",
        "/v1/models/a/../b",
        "/models/m:generateContent",
        "/v1beta/models/:generateContent",
        "/v1/fine_tuning/jobs/j/explode",
        "/v1/batches//cancel",
        "/v1/chat/completions%",
        "/v1/chat/completions%zz",
        "/v1/files/%ff",
        "/v2/embeddings",
    ] {
        assert_eq!(recognise(path).0, Operation::Other, "{path}");
    }
}

#[test]
fn escapes_are_resolved_before_matching_and_kept_in_ids() {
    assert_eq!(recognise("/v1/chat%2Fcompletions").0, Operation::ChatCompletions);
    assert_eq!(ids("/v1/files/a%20b"), [("file_id", "a%20b")]);
    assert_eq!(model_in("/v1/models/org%2Fname").as_deref(), Some("org/name"));
    assert_eq!(recognise("/v1/models/org%2Fname").0, Operation::RetrieveModel);
}

#[test]
fn the_dialect_follows_the_path_even_for_unknown_operations() {
    assert_eq!(recognise("/v1/messages"), (Operation::AnthropicMessages, Dialect::Anthropic));
    assert_eq!(recognise("/v1/messages/count_tokens"), (Operation::Other, Dialect::Anthropic));
    for path in ["/v1beta/models/m:countTokens", "/v1/models/m:countTokens", "/v1/models/m:batchEmbedContents"] {
        assert_eq!(recognise(path), (Operation::Other, Dialect::Gemini), "{path}");
    }
    assert_eq!(model_in("/v1beta/models/m:countTokens").as_deref(), Some("m"));
    assert_eq!(model_in("/v1/models/ft:m:org").as_deref(), Some("ft:m:org"));
    assert_eq!(recognise("/v1beta/models/m:generateContent").1, Dialect::Gemini);
    assert_eq!(recognise("/anything").1, Dialect::OpenAi);
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn no_path_makes_it_panic(words in prop::collection::vec(
        prop::sample::select(vec!["/", "v1", "models", ":", "generateContent", "%", "2F", "é", "..", "files", "%ff"]), 0..12,
    )) {
        let path = words.concat();
        let _ = (recognise(&path), ids(&path), model_in(&path));
    }
}
