"""The models a client is offered."""

import openai
import pytest


def test_the_provider_is_asked_which_models_there_are(world):
    models = [model.id for model in world.client().models.list()]
    assert "gpt-4o-mini" in models


def test_a_model_is_retrieved(world):
    model = world.client().models.retrieve("gpt-4o-mini")
    assert (model.id, model.owned_by) == ("gpt-4o-mini", "testkit")


NAMED = [
    {"match": {"models": ["gpt-4o", "gpt-4o-mini"]}, "tiers": [[{"provider": "main"}]]},
    {"match": {"models": ["house-model"]}, "tiers": [[{"provider": "main", "model": "gpt-4o"}]]},
]


def test_routes_that_name_their_models_offer_these(make_world):
    world = make_world(routes=NAMED)
    client = world.client()
    assert sorted(model.id for model in client.models.list()) == ["gpt-4o", "gpt-4o-mini", "house-model"]
    assert world.seen() == [], "the gateway knows this itself"
    answer = client.chat.completions.create(model="house-model", messages=[{"role": "user", "content": "Hi"}])
    assert answer.model == "gpt-4o"


def test_a_model_that_routes_name_is_described_without_asking_the_provider(make_world):
    world = make_world(routes=NAMED)
    client = world.client()
    assert client.models.retrieve("house-model").id == "house-model"
    assert world.seen() == [], "the provider does not know a name that is the route's own"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other-model")
