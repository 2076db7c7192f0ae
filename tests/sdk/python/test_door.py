"""How a client shows its key, and that the key goes no further."""

import openai
import pytest

from world import CLIENT_KEY, TOKENS

HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "x-goog-api-key"])
def test_a_key_is_accepted_in_other_headers(make_world, name):
    world = make_world()
    headers = {"Authorization": openai.Omit(), name: CLIENT_KEY}
    client = world.client(api_key="not-the-key")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, extra_headers=headers)
    assert answer.choices[0].message.content == "You said: Hello there"
    [seen] = world.seen()
    assert seen["token"] in TOKENS
    assert not {key for key, _ in seen["headers"]} & {"x-api-key", "api-key", "x-goog-api-key"}


def test_without_configured_keys_any_key_will_do_and_none_goes_on(make_world):
    world = make_world(clients=False)
    world.client(api_key="whatever-this-is").chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    [seen] = world.seen()
    assert "whatever-this-is" not in str(seen)


def test_the_clients_own_headers_arrive_unchanged(make_world):
    world = make_world()
    world.client(organization="org-1", default_headers={"x-own": "as it is"}).chat.completions.create(
        model="gpt-4o-mini", messages=HELLO, user="user-7"
    )
    [seen] = world.seen()
    sent = dict(seen["headers"])
    assert sent["x-own"] == "as it is"
    assert sent["user-agent"].startswith("OpenAI/Python")
    assert '"user":"user-7"' in seen["body"].replace(" ", "")
