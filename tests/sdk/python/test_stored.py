"""What a provider keeps for the token that made it: files, batches, fine-tuning jobs. Requests about such an object
go to that token and to no other."""

import openai
import pytest

from world import GOOD, HEALTHY, TOKENS

LINES = b'{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n'


def served_by(world):
    """Which token served each call, in order."""
    return [world.seen(call)[-1]["token"] for call in world.calls]


def test_a_file_stays_with_the_token_that_holds_it(careful_world):
    client = careful_world.client()
    made = client.files.create(file=("ask.jsonl", LINES), purpose="batch")
    assert (made.filename, made.bytes, made.purpose) == ("ask.jsonl", len(LINES), "batch")
    for _ in range(3):
        assert client.files.retrieve(made.id).id == made.id
        assert client.files.content(made.id).content == LINES
    listed = [file.id for file in client.files.list()]
    if careful_world.kind == HEALTHY:
        assert set(listed) <= {made.id}, "the list is that of one token, whichever is asked"
    else:
        assert listed == [made.id]
    del careful_world.calls[-1]
    assert client.files.delete(made.id).deleted
    assert len(set(served_by(careful_world))) == 1
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)


def test_many_files_on_many_tokens_are_all_found(make_world):
    world = make_world()
    client = world.client()
    made = {client.files.create(file=(f"{n}.txt", str(n).encode()), purpose="user_data").id: n for n in range(9)}
    assert len(set(served_by(world))) > 1, "creations are spread over the tokens"
    for id, n in made.items():
        assert client.files.content(id).content == str(n).encode()
        assert len(world.seen(world.calls[-1])) == 1


def test_a_file_whose_token_died_is_asked_of_no_other(make_world):
    world = make_world()
    client = world.client()
    made = client.files.create(file=("ask.jsonl", LINES), purpose="batch")
    holder = world.holder()
    world.upstream.set_token(holder, {"faults": [{"kind": "status", "status": 401}]})
    for _ in range(2):
        with pytest.raises(openai.APIStatusError) as caught:
            client.files.retrieve(made.id)
        assert caught.value.status_code != 404, "the file is not gone, its token is"
    assert {one["token"] for one in world.seen()} == {holder}


def test_a_batch_runs_where_its_file_is(careful_world):
    client = careful_world.client()
    file = client.files.create(file=("ask.jsonl", LINES), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"night": "1"}
    )
    assert batch.input_file_id == file.id
    assert client.batches.retrieve(batch.id).id == batch.id
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert len(set(served_by(careful_world))) == 1
    assert any(one.id == batch.id for one in client.batches.list()) or careful_world.kind == HEALTHY


def test_a_model_is_fine_tuned_where_its_file_is(careful_world):
    client = careful_world.client()
    file = client.files.create(file=("train.jsonl", LINES), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id)
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id
    assert [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    assert len(set(served_by(careful_world))) == 1


def test_a_file_of_which_nobody_knows_the_holder_is_sought(make_world):
    before = make_world()
    made = before.client().files.create(file=("ask.jsonl", LINES), purpose="batch")
    holder = before.holder()
    # a gateway that was not there when the file was made, in front of the same provider
    after = make_world(dict.fromkeys(TOKENS, {}), upstream=before.upstream)
    assert after.client().files.retrieve(made.id).id == made.id
    assert after.holder() == holder


def test_a_file_that_may_have_been_made_is_not_made_twice(doubtful_world):
    with pytest.raises(openai.InternalServerError):
        doubtful_world.client().files.create(file=("ask.jsonl", LINES), purpose="batch")
    [seen] = doubtful_world.seen()
    assert seen["token"] != GOOD
