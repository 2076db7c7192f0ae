"""Embeddings and moderations."""

import pytest


def test_vectors_arrive_as_floats(world):
    answer = world.client().embeddings.create(
        model="text-embedding-3-small", input=["one", "two", "one"], dimensions=16, encoding_format="float"
    )
    first, second, third = (item.embedding for item in answer.data)
    assert len(first) == 16 and first == third != second
    assert all(-1 <= value <= 1 and value * 8 == int(value * 8) for value in first)
    assert answer.usage.total_tokens == 3


def test_vectors_asked_for_as_base64_are_the_same(world):
    client = world.client()
    # without a format the client asks for base64 and decodes it
    packed = client.embeddings.create(model="text-embedding-3-small", input="one", dimensions=16)
    plain = client.embeddings.create(
        model="text-embedding-3-small", input="one", dimensions=16, encoding_format="float"
    )
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)
    assert '"base64"' in world.seen(world.calls[0])[-1]["body"]


def test_moderations_flag_what_they_should(world):
    answer = world.client().moderations.create(model="omni-moderation-latest", input=["be kind", "flag me"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.harassment
