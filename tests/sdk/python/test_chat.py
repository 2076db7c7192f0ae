"""Chat completions: plain, streamed, with tools, with a schema; and the older completions."""

import asyncio
import json

import pytest
from pydantic import BaseModel

HELLO = [{"role": "user", "content": "Hello there"}]
SAID = "You said: Hello there"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}


class Invoice(BaseModel):
    number: int
    lines: list[str]
    paid: bool


def test_a_chat_completion_is_answered(world):
    answer = world.client().chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.choices[0].message.content == SAID
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 4, 6)
    [call] = world.calls
    assert call.attempts >= 1
    assert world.seen(call)[-1]["path"] == "/v1/chat/completions"


def test_a_streamed_chat_ends_without_a_usage_chunk_nobody_asked_for(world):
    with world.client().chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert world.calls[0].response.headers["content-type"].startswith("text/event-stream")


def test_a_streamed_chat_ends_with_the_usage_chunk_that_was_asked_for(world):
    stream = world.client().chat.completions.create(
        model="gpt-4o-mini", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [6]
    assert chunks[-1].usage and not chunks[-1].choices
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == SAID


def test_the_chat_stream_helper_collects_the_answer(world):
    with world.client().chat.completions.stream(model="gpt-4o-mini", messages=HELLO) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert final.choices[0].message.content == SAID
    assert kinds.count("content.done") == 1


def test_a_tool_is_called_and_its_result_answered(world):
    client = world.client()
    asked = client.chat.completions.create(model="gpt-4o", messages=HELLO, tools=[WEATHER])
    [call] = asked.choices[0].message.tool_calls
    assert asked.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "x", "unit": "c"}
    messages = [
        *HELLO,
        asked.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 21 degrees"},
    ]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == f"{SAID} weather gave: Sunny, 21 degrees."


def test_a_streamed_tool_call_arrives_in_pieces(world):
    stream = world.client().chat.completions.create(model="gpt-4o", messages=HELLO, tools=[WEATHER], stream=True)
    name, arguments, finish, pieces = None, "", None, 0
    for chunk in stream:
        for piece in chunk.choices[0].delta.tool_calls or []:
            name = piece.function.name or name
            arguments += piece.function.arguments or ""
            pieces += 1
        finish = chunk.choices[0].finish_reason or finish
    assert (name, json.loads(arguments), finish) == ("weather", {"city": "x", "unit": "c"}, "tool_calls")
    assert pieces == 3


def test_structured_output_is_parsed(world):
    answer = world.client().chat.completions.parse(model="gpt-4o", messages=HELLO, response_format=Invoice)
    assert answer.choices[0].message.parsed == Invoice(number=1, lines=["x"], paid=True)


def test_a_completion_is_answered(world):
    answer = world.client().completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello there")
    assert answer.choices[0].text == SAID
    assert answer.usage.total_tokens == 6


def test_a_completion_streams(world):
    stream = world.client().completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello there", stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks) == SAID
    assert all(chunk.usage is None for chunk in chunks)


def test_the_asynchronous_client_is_served_many_at_once(world):
    async def one(client, number):
        messages = [{"role": "user", "content": f"Number {number}"}]
        if number % 2:
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=messages)
            return answer.choices[0].message.content
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def all_of_them():
        async with world.client(asynchronous=True) as client:
            return await asyncio.gather(*(one(client, number) for number in range(8)))

    assert asyncio.run(all_of_them()) == [f"You said: Number {number}" for number in range(8)]


@pytest.mark.parametrize("fault", [{"kind": "gzip", "forced": True}, {"kind": "drip", "bytes": 7, "every_ms": 0}])
def test_a_packed_or_chopped_answer_arrives_whole(make_world, fault):
    world = make_world({"sk-odd-token-00000000000000": {"faults": [fault]}})
    client = world.client()
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.choices[0].message.content == SAID
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == SAID


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error_in_200"},
        {"kind": "error_first_event"},
        {"kind": "role_only_then_cut"},
        {"kind": "empty_stream"},
        {"kind": "cut", "after_events": 1, "how": "rst"},
        {"kind": "stall_stream", "after_events": 1},
        {"kind": "malformed_event", "at": 0},
    ],
    ids=lambda fault: fault["kind"],
)
def test_trouble_before_the_first_word_of_a_stream_does_not_show(make_world, fault):
    bad, good = "sk-bad-one-0000000000000000", "sk-good-token-000000000000"
    route = {"firstTokenTimeout": "200ms", "deadline": "5s"}
    world = make_world({bad: {"faults": [fault]}, good: {}}, route=route, first=[bad])
    stream = world.client().chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID
    assert sum(chunk.choices[0].delta.role is not None for chunk in chunks) == 1, "nothing of the failed start is shown"
    assert [one["token"] for one in world.seen()] == [bad, good]
