"""The responses API: created, streamed, continued, retrieved."""

import pytest
from pydantic import BaseModel

SAID = "You said: Hello there"


class City(BaseModel):
    name: str
    people: int


def test_a_response_is_created_and_retrieved(world):
    client = world.client()
    made = client.responses.create(model="gpt-4o", input="Hello there")
    assert (made.output_text, made.status, made.usage.total_tokens) == (SAID, "completed", 6)
    assert client.responses.retrieve(made.id).output_text == SAID
    assert len({world.seen(call)[-1]["token"] for call in world.calls}) == 1, "it is asked where it is kept"


def test_a_response_streams(world):
    stream = world.client().responses.create(model="gpt-4o", input="Hello there", stream=True)
    events = list(stream)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == SAID
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage.total_tokens == 6
    assert [event.sequence_number for event in events] == list(range(len(events)))


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_conversation_stays_with_the_token_that_keeps_it(world, streamed):
    client = world.client()
    last, tokens = None, set()
    for turn in range(4):
        asked = dict(model="gpt-4o", input=f"Turn {turn}", previous_response_id=last)
        if streamed:
            with client.responses.stream(**asked) as stream:
                answer = stream.get_final_response()
        else:
            answer = client.responses.create(**asked)
        assert answer.output_text == f"You said: Turn {turn}"
        last = answer.id
        tokens.add(world.holder())
    assert len(tokens) == 1


def test_a_response_calls_a_tool(world):
    tool = {
        "type": "function",
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    answer = world.client().responses.create(model="gpt-4o", input="Hello there", tools=[tool])
    [call] = answer.output
    assert (call.type, call.name, call.arguments) == ("function_call", "weather", '{"city":"x"}')


def test_a_structured_response_is_parsed(world):
    answer = world.client().responses.parse(model="gpt-4o", input="Hello there", text_format=City)
    assert answer.output_parsed == City(name="x", people=1)
