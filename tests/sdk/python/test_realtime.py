"""The realtime API: a WebSocket through the gateway."""

import asyncio

import openai
import pytest
import websockets

from world import CALL_ID, CLIENT_KEY


def connect(world, **options):
    call = world.call_id()
    client = openai.OpenAI(api_key=CLIENT_KEY, base_url=world.gateway.url + "/v1", max_retries=0)
    options = {"model": "gpt-realtime", "extra_headers": {CALL_ID: call}, **options}
    return client.realtime.connect(**options), call


def converse(connection):
    """One turn; the text that came back."""
    connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}
    )
    connection.response.create()
    text = ""
    for event in connection:
        if event.type == "response.output_text.delta":
            text += event.delta
        if event.type == "response.done":
            return text


def test_a_conversation_goes_both_ways(world):
    manager, call = connect(world)
    with manager as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(session={"type": "realtime", "instructions": "Be brief"})
        updated = connection.recv()
        assert (updated.type, updated.session.instructions) == ("session.updated", "Be brief")
        assert converse(connection) == "You said: Hello there"
        assert converse(connection) == "You said: Hello there"
        told = connection._connection.response.headers["x-claviger-attempts"]
    attempts = world.seen(call)
    assert int(told) == len(attempts)
    assert attempts[-1]["status"] == 101
    assert "model=gpt-realtime" in attempts[-1]["path"]


def test_an_open_conversation_counts_as_in_flight(make_world):
    world = make_world()
    manager, _ = connect(world)
    with manager as connection:
        connection.recv()
        assert sum(one["in_flight"] for one in world.gateway.credentials()) == 1
    world.wait_idle()


def test_the_asynchronous_client_is_served(world):
    async def talk():
        async with openai.AsyncOpenAI(api_key=CLIENT_KEY, base_url=world.gateway.url + "/v1") as client:
            headers = {CALL_ID: world.call_id()}
            async with client.realtime.connect(model="gpt-realtime", extra_headers=headers) as connection:
                return (await connection.recv()).type

    assert asyncio.run(talk()) == "session.created"


def test_a_wrong_key_opens_no_conversation(make_world):
    world = make_world()
    client = openai.OpenAI(api_key="ck-wrong", base_url=world.gateway.url + "/v1", max_retries=0)
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        client.realtime.connect(model="gpt-realtime", extra_headers={CALL_ID: world.call_id()}).enter()
    assert caught.value.response.status_code == 401
    assert world.seen() == []
