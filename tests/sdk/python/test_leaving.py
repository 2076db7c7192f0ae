"""A client that leaves: the provider is told, nothing stays in flight, nobody is blamed."""

import asyncio

import openai
import pytest

from processes import wait_until
from world import TOKENS

HELLO = [{"role": "user", "content": "Hello there"}]
STALL = dict.fromkeys(TOKENS, {"faults": [{"kind": "stall_head"}]})
# a stream that would go on for minutes
LONG = dict.fromkeys(TOKENS, {"words": 5000, "faults": [{"kind": "pace", "ms": 50}]})


def nobody_is_blamed(world):
    world.wait_idle()
    assert all(one["state"] == "ready" for one in world.gateway.credentials())


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_client_that_times_out_cancels_the_attempt(make_world, stream):
    world = make_world(STALL)
    with pytest.raises(openai.APITimeoutError):
        world.client(timeout=0.4).chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=stream)
    assert world.wait_left()["status"] is None
    assert len(world.seen()) == 1
    nobody_is_blamed(world)


def test_a_client_that_closes_a_stream_early_cancels_it(make_world):
    world = make_world(LONG)
    stream = world.client().chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    assert sum(one["in_flight"] for one in world.gateway.credentials()) == 1
    stream.close()
    assert world.wait_left()["status"] == 200
    nobody_is_blamed(world)


def test_a_cancelled_task_cancels_its_stream(make_world):
    world = make_world(LONG)

    async def begin_and_cancel():
        async with world.client(asynchronous=True) as client:
            begun = asyncio.Event()

            async def listen():
                stream = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
                async for chunk in stream:
                    if chunk.choices[0].delta.content:
                        begun.set()

            task = asyncio.create_task(listen())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(begin_and_cancel())
    assert world.wait_left()
    nobody_is_blamed(world)


def test_a_client_that_leaves_a_binary_answer_cancels_it(make_world):
    slow = {"faults": [{"kind": "drip", "bytes": 64, "every_ms": 100}]}
    world = make_world(dict.fromkeys(TOKENS, slow))
    client = world.client()
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Hi") as answer:
        next(answer.iter_bytes())
    assert world.wait_left()
    nobody_is_blamed(world)


def test_a_client_that_leaves_while_it_is_held_is_forgotten(make_world):
    limited = {"faults": [{"kind": "status", "status": 429, "headers": {"retry-after": "20"}}]}
    world = make_world(dict.fromkeys(TOKENS, limited), route={"maxWait": "60s", "deadline": "90s"})
    with pytest.raises(openai.APITimeoutError):
        world.client(timeout=0.5).chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    wait_until(lambda: len(world.seen()) == 3, "all were asked once")
    world.wait_idle()
