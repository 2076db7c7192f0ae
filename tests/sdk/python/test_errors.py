"""What goes wrong arrives as the exception the client's own documentation names."""

import openai
import pytest

from world import GOOD, REFUSALS, TOKENS

HELLO = [{"role": "user", "content": "Hello there"}]
FAR = {"faults": [{"kind": "status", "status": 429, "headers": {"retry-after": "30"}}]}


def ask(client, **changes):
    return client.chat.completions.create(**{"model": "gpt-4o-mini", "messages": HELLO, **changes})


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_callers_mistake_costs_one_attempt_and_comes_back_as_the_provider_said_it(make_world, stream):
    world = make_world()
    with pytest.raises(openai.BadRequestError) as caught:
        ask(world.client(), messages="nonsense", stream=stream)
    assert caught.value.body["message"] == "Invalid type for 'messages': expected an array of objects."
    assert (caught.value.param, caught.value.code) == ("messages", "invalid_type")
    assert [one["status"] for one in world.seen()] == [400]
    assert all(one["state"] == "ready" for one in world.gateway.credentials()), "no credential is blamed"


def test_a_request_without_a_known_key_goes_nowhere(make_world):
    world = make_world()
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(world.client(api_key="ck-wrong-key"))
    assert caught.value.code == "invalid_api_key"
    assert "ck-wrong-key" not in str(caught.value)
    assert world.seen() == []


def test_a_key_of_the_provider_does_not_open_our_door(make_world):
    world = make_world()
    with pytest.raises(openai.AuthenticationError):
        ask(world.client(api_key=GOOD))
    assert world.seen() == []


def test_a_model_no_route_serves_is_not_found(make_world):
    world = make_world(routes=[{"match": {"models": ["gpt-*"]}, "tiers": [[{"provider": "main"}]]}])
    with pytest.raises(openai.NotFoundError) as caught:
        ask(world.client(), model="claude-9")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert world.seen() == []


def test_a_model_the_provider_does_not_know_is_not_found(make_world):
    world = make_world()
    with pytest.raises(openai.NotFoundError) as caught:
        ask(world.client(), model="no-such-model")
    assert caught.value.code == "model_not_found"
    ask(world.client())
    with pytest.raises(openai.NotFoundError):
        ask(world.client(), model="no-such-model")


def test_a_path_nobody_knows_is_not_found(make_world):
    world = make_world()
    client = world.client()
    with pytest.raises(openai.NotFoundError):
        client.post("/no/such/thing", cast_to=object, body={})
    # nobody else is harmed, least of all what names no model either
    assert list(client.files.list()) == []
    assert list(client.models.list())


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_when_all_are_limited_beyond_the_longest_wait_the_client_is_told_when_to_come_back(make_world, stream):
    world = make_world(dict.fromkeys(TOKENS, FAR), route={"maxWait": "200ms"})
    client = world.client()
    for known in (False, True):
        before = len(world.seen())
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, stream=stream)
        assert caught.value.code == "no_credential_available"
        assert 20 <= int(caught.value.response.headers["retry-after"]) <= 32
        assert len(world.seen()) - before == (0 if known else 3), "what one request learned, the next one knows"


def test_a_short_limit_is_waited_for(make_world):
    near = {"faults": [{"kind": "status", "status": 429, "headers": {"retry-after-ms": "300"}, "to": 1}]}
    world = make_world({GOOD: near}, route={"maxWait": "5s"})
    world.may_ask_again = True
    assert ask(world.client()).choices[0].message.content == "You said: Hello there"
    refused, served = world.seen()
    assert served["at_ms"] - refused["at_ms"] >= 300


@pytest.mark.parametrize("kind", ["401", "402", "no-quota", "403"])
def test_when_all_are_dead_the_client_is_told_so_at_once(make_world, kind):
    world = make_world(dict.fromkeys(TOKENS, REFUSALS[kind]))
    client = world.client()
    for known in (False, True):
        before = len(world.seen())
        with pytest.raises(openai.InternalServerError) as caught:
            ask(client)
        assert caught.value.status_code == 503
        assert caught.value.code == "no_credential_available"
        assert not any(token in caught.value.response.text for token in TOKENS), "tokens are masked"
        assert len(world.seen()) - before == (0 if known else 3)


def test_the_client_does_not_repeat_what_the_gateway_gave_up(make_world):
    world = make_world(dict.fromkeys(TOKENS, REFUSALS["401"]))
    with pytest.raises(openai.InternalServerError):
        ask(world.client(max_retries=2))
    assert len(world.calls) == 1


def test_when_every_token_meets_a_server_error_the_client_sees_one(make_world):
    world = make_world(dict.fromkeys(TOKENS, {"faults": [{"kind": "status", "status": 500}]}))
    with pytest.raises(openai.InternalServerError) as caught:
        ask(world.client())
    assert 500 <= caught.value.status_code < 600
    assert 1 <= len(world.seen()) <= 3


@pytest.mark.parametrize("how", ["fin", "rst", "clean_end"])
def test_a_stream_cut_after_its_first_words_ends_in_an_error(make_world, how):
    cut = {"faults": [{"kind": "cut", "after_events": 4, "how": how}]}
    world = make_world(dict.fromkeys(TOKENS, cut))
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(world.client(), stream=True):
            text += chunk.choices[0].delta.content or ""
    assert not isinstance(caught.value, openai.APIConnectionError), "the stream ends in an error event, not in silence"
    assert text == "You said: Hello"
    assert caught.value.code == "stream_interrupted"
    assert len(world.seen()) == 1


def test_a_stream_that_stops_after_its_first_words_ends_in_an_error(make_world):
    stall = {"faults": [{"kind": "stall_stream", "after_events": 4}]}
    world = make_world(dict.fromkeys(TOKENS, stall), route={"streamIdleTimeout": "300ms"})
    text = ""
    with pytest.raises(openai.APIError):
        for chunk in ask(world.client(), stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text == "You said: Hello"
    assert world.wait_left()


def test_an_error_in_the_middle_of_a_stream_is_the_providers_own(make_world):
    error = {"faults": [{"kind": "error_mid_stream", "after_events": 4}]}
    world = make_world(dict.fromkeys(TOKENS, error))
    text = ""
    with pytest.raises(openai.APIError, match="server had an error"):
        for chunk in ask(world.client(), stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text == "You said: Hello"


def test_a_responses_stream_cut_after_its_first_words_ends_in_an_error(make_world):
    cut = {"faults": [{"kind": "cut", "after_events": 6}]}
    world = make_world(dict.fromkeys(TOKENS, cut))
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for event in world.client().responses.create(model="gpt-4o", input="Hello there", stream=True):
            text += event.delta if event.type == "response.output_text.delta" else ""
            if event.type == "error":
                raise openai.APIError(event.message, None, body={"code": event.code})
    assert text == "You said:"
    assert caught.value.code == "stream_interrupted"


def test_a_deadline_ends_in_a_timeout_of_the_gateway(make_world):
    stall = {"faults": [{"kind": "stall_head"}]}
    world = make_world(dict.fromkeys(TOKENS, stall), route={"deadline": "1s", "firstTokenTimeout": "200ms"})
    with pytest.raises(openai.InternalServerError) as caught:
        ask(world.client())
    assert (caught.value.status_code, caught.value.code) == (504, "deadline_exceeded")


def test_an_answer_says_who_gave_it_without_giving_the_token_away(make_world):
    world = make_world()
    first = world.client().chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=HELLO)
    assert first.headers["x-claviger-attempts"] == "1"
    assert first.headers["x-claviger-provider"] == "main"
    shown = first.headers["x-claviger-credential"]
    assert shown and not any(token in shown for token in TOKENS)
    assert first.headers["x-request-id"]
