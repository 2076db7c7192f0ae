"""Every official client against every upstream: the caller cannot tell who answers, or that two of three tokens fail."""

import json

import pytest

from matrix import BROKEN, HEALTHY, UPSTREAMS, Case, Matrix
from speakers import SPEAKERS

HELLO, SAID = "Hello there", "You said: Hello there"
# One red pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SIGHT = "I see image/png of 70 bytes."


def tool(name, **properties):
    parameters = {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }
    return {"name": name, "description": f"The {name} of a city", "parameters": parameters}


WEATHER = tool("weather", city={"type": "string"}, unit={"type": "string", "enum": ["c", "f"]})
TIME = tool("time", zone={"type": "string"})
WEATHER_CALL, TIME_CALL = ("weather", {"city": "x", "unit": "c"}), ("time", {"zone": "x"})
INVOICE = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"}, "lines": {"type": "array", "items": {"type": "string"}},
        "paid": {"type": "boolean"},
    },
    "required": ["number", "lines", "paid"],
    "additionalProperties": False,
}
LONG = "one two three four five six seven eight"

FEATURES = {}
ERRORS = {}


def feature(function):
    FEATURES[function.__name__] = function
    return function


def error(scripts):
    """A feature of which all tokens behave as `scripts` says of the upstream."""
    def add(function):
        ERRORS[function.__name__] = (function, scripts)
        return function
    return add


def thinks(case):
    """How thoughts are asked for. OpenAI shows them in responses alone, to those who say that they want to see them."""
    return "shown" if (case.client, case.upstream) == ("openai-chat", "responses") else True


def called(turn):
    return [(name, arguments) for _, name, arguments in turn.calls]


@feature
def chat(speaker, case):
    turn = speaker.say(case.model, HELLO)
    assert (turn.text, turn.calls, turn.thought) == (SAID, [], "")
    assert (turn.input, turn.output, turn.cached, turn.finish) == (2, 4, 0, speaker.finishes["stop"])


@feature
def stream(speaker, case):
    turn = speaker.say(case.model, HELLO, stream=True)
    assert (turn.text, turn.calls, turn.thought) == (SAID, [], "")
    assert (turn.input, turn.output, turn.cached, turn.finish) == (2, 4, 0, speaker.finishes["stop"])
    assert turn.pieces == 4, "piece by piece, as they come"


@feature
def cached_usage(speaker, case):
    for stream in (False, True):
        turn = speaker.say(case.model, "this was cached before", stream=stream)
        assert (turn.input, turn.cached, turn.output) == (4, 1, 6)


@feature
def conversation(speaker, case):
    turn = speaker.say(case.model, HELLO)
    turn = speaker.say(case.model, "And again", history=turn.history)
    assert (turn.text, turn.input) == ("You said: And again", 8)


@feature
def tools(speaker, case, stream=False):
    turn = speaker.say(case.model, HELLO, tools=[WEATHER, TIME], stream=stream)
    assert (called(turn), turn.text, turn.finish) == ([WEATHER_CALL], "", speaker.finishes["tool"])
    turn = speaker.answer(case.model, turn, ["Sunny"], tools=[WEATHER, TIME], stream=stream)
    assert (turn.text, turn.finish) == (SAID + " weather gave: Sunny.", speaker.finishes["stop"])


@feature
def tools_streamed(speaker, case):
    tools(speaker, case, stream=True)


@feature
def parallel_tools(speaker, case, stream=False):
    turn = speaker.say(case.model, "Use every tool", tools=[WEATHER, TIME], stream=stream)
    turn = speaker.say(case.model, "Now every tool", tools=[WEATHER, TIME], stream=stream)
    assert called(turn) == [WEATHER_CALL, TIME_CALL]
    ids = [id for id, _, _ in turn.calls]
    assert len(set(ids)) == 2 or ids == [None, None], "each call has its own id"
    turn = speaker.answer(case.model, turn, ["Sunny", "Noon"], tools=[WEATHER, TIME], stream=stream)
    assert turn.text == "You said: Now every tool weather gave: Sunny. time gave: Noon."


@feature
def parallel_tools_streamed(speaker, case):
    parallel_tools(speaker, case, stream=True)


@feature
def named_tool(speaker, case):
    turn = speaker.say(case.model, HELLO, tools=[WEATHER, TIME], choice="time")
    assert called(turn) == [TIME_CALL]


@feature
def image(speaker, case):
    for stream in (False, True):
        assert speaker.say(case.model, HELLO, image=PIXEL, stream=stream).text == f"{SAID} {SIGHT}"


@feature
def image_from_tool(speaker, case):
    """Where a result has no place for a picture, it follows."""
    for stream in (False, True):
        turn = speaker.say(case.model, HELLO, tools=[WEATHER], stream=stream)
        turn = speaker.answer(case.model, turn, ["Sunny"], shown=PIXEL, tools=[WEATHER], stream=stream)
        assert turn.text == f"{SAID} weather gave: Sunny and image/png of 70 bytes."


@feature
def image_from_each_of_two_tools(speaker, case):
    turn = speaker.say(case.model, "Use every tool", tools=[WEATHER, TIME])
    turn = speaker.answer(case.model, turn, ["Sunny", "Noon"], shown=PIXEL, tools=[WEATHER, TIME])
    assert "weather gave: Sunny" in turn.text and "time gave: Noon" in turn.text
    assert turn.text.count("image/png of 70 bytes") == 2


@feature
def thinking(speaker, case, stream=False):
    turn = speaker.say(case.model, HELLO, think=thinks(case), stream=stream)
    assert (turn.thought, turn.text) == ("They say: Hello there", SAID)
    assert turn.output == 8, "thoughts are counted"


@feature
def thinking_streamed(speaker, case):
    thinking(speaker, case, stream=True)


@feature
def thinking_with_tools(speaker, case, stream=False):
    """The thought, sealed, survives the round trip: without it the model would have to think anew, or refuse."""
    think = thinks(case)
    turn = speaker.say(case.model, HELLO, think=think, tools=[WEATHER], stream=stream)
    assert (turn.thought, called(turn)) == ("They say: Hello there", [WEATHER_CALL])
    turn = speaker.answer(case.model, turn, ["Sunny"], think=think, tools=[WEATHER], stream=stream)
    # OpenAI takes thoughts back in its responses alone
    keeps = case.upstream in ("responses", "anthropic", "gemini", "bedrock") or (case.client, case.upstream) == ("openai-responses", "openai")
    memory = " I remember my thought." if keeps else ""
    assert turn.text == f"{SAID} weather gave: Sunny.{memory}"


@feature
def thinking_with_tools_streamed(speaker, case):
    thinking_with_tools(speaker, case, stream=True)


@feature
def structured(speaker, case):
    for stream in (False, True):
        turn = speaker.say(case.model, HELLO, schema=INVOICE, stream=stream)
        assert json.loads(turn.text) == {"number": 1, "lines": ["x"], "paid": True}


@feature
def count_tokens(speaker, case):
    assert 2 <= speaker.count(case.model, HELLO) <= 20


@feature
def embeddings(speaker, case):
    one, two = speaker.embed(case.model, ["Hello", "there"])
    assert len(one) == len(two) == 8 and one != two
    assert speaker.embed(case.model, ["Hello"]) == [one]


@error({"faults": [{"kind": "status", "status": 400}]})
def bad_request(speaker, case, matrix):
    for stream in (False, True):
        with pytest.raises(speaker.exceptions["bad"]) as caught:
            speaker.say(case.model, HELLO, stream=stream)
        assert "invalid" in str(caught.value)
        assert status(caught.value) == 400
    assert len(matrix.seen(case)) == 2, "a caller's own mistake costs one attempt"


@error({})
def wrong_key(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["auth"]) as caught:
        type(speaker)(matrix.url, "ck-wrong-key").say(case.model, HELLO)
    assert "ck-wrong-key" not in str(caught.value)
    assert matrix.seen(case) == []


@error({"faults": [{"kind": "status", "status": 404}]})
def not_found(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["missing"]) as caught:
        speaker.say(case.model, HELLO)
    assert status(caught.value) == 404


@error({})
def unknown_model(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["missing"]) as caught:
        speaker.say("nobody-serves-this", HELLO)
    assert status(caught.value) == 404


@error({"faults": [{"kind": "status", "status": 429, "headers": {"retry-after": "30"}}]})
def rate_limit(speaker, case, matrix):
    for stream in (False, True):
        with pytest.raises(speaker.exceptions["rate"]) as caught:
            speaker.say(case.model, HELLO, stream=stream)
        assert status(caught.value) == 429
    assert len(matrix.seen(case)) == 3, "each token once; the second request knows"


@error({"faults": [{"kind": "status", "status": 401}]})
def all_dead(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["dead"]) as caught:
        speaker.say(case.model, HELLO)
    assert status(caught.value) == 503
    assert not any(token in str(caught.value) for token in case.tokens)


@error(lambda entry: {"faults": [{"kind": "error_mid_stream", "after_events": 8, "body": entry["overloaded"]}]})
def overloaded_in_mid_stream(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["stream"], match="Overloaded"):
        speaker.say(case.model, LONG, stream=True)
    assert len(matrix.seen(case)) == 1


@error({"faults": [{"kind": "cut", "after_events": 8}]})
def cut_in_mid_stream(speaker, case, matrix):
    with pytest.raises(speaker.exceptions["stream"]) as caught:
        speaker.say(case.model, LONG, stream=True)
    assert "Connection" not in type(caught.value).__name__, "an error event, not silence"
    assert len(matrix.seen(case)) == 1


def status(caught):
    return getattr(caught, "status_code", None) or getattr(caught, "code", None)


def is_able(client, upstream, name):
    speaks = SPEAKERS[client]
    if name == "count_tokens":
        return hasattr(speaks, "count")
    if name.startswith("image_from"):
        # a tool's message holds text alone
        return client != "openai-chat"
    if name == "embeddings":
        return hasattr(speaks, "embed") and "embeddings" in UPSTREAMS[upstream]
    return True


def all_cases():
    cases = []
    for client in SPEAKERS:
        for upstream, entry in UPSTREAMS.items():
            for name in FEATURES:
                for world in (HEALTHY, BROKEN):
                    if is_able(client, upstream, name):
                        cases.append(Case(client, upstream, name, world, len(cases), name == "embeddings"))
            for name, (_, scripts) in ERRORS.items():
                scripts = scripts(entry) if callable(scripts) else scripts
                cases.append(Case(client, upstream, name, HEALTHY, len(cases), scripts=scripts))
    return cases


CASES = all_cases()


@pytest.fixture(scope="module")
def matrix():
    made = Matrix(CASES, SPEAKERS)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("case", CASES, ids=Case.id)
def test_matrix(matrix, case):
    matrix.upstream.clear()
    speaker = matrix.speaker(case.client)
    if case.feature in FEATURES:
        FEATURES[case.feature](speaker, case)
    else:
        ERRORS[case.feature][0](speaker, case, matrix)
    matrix.check(case)
